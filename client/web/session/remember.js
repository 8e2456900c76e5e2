// Keeps the memory of this tab up to date with where its attachment is.

const EVERY_MS = 5000; // of "last seen": a browser that is killed says no goodbye

/**
 * @param {import("./attachment.js").Attachment} attachment
 * @param {import("./memory.js").Memory} memory
 * @returns {() => void} stops
 */
export function remember(attachment, memory) {
  const stopped = new AbortController();
  const options = { signal: stopped.signal };
  const note = () => {
    const { session, state, offset } = attachment;
    if (session !== null && state.phase !== "ended" && state.phase !== "detached") {
      memory.place = { sessionId: session.session_id, offset };
      memory.lastSession = { sessionId: session.session_id, name: session.name, lastSeenAt: Date.now() };
    }
  };
  const noteHidden = () => document.visibilityState === "hidden" && note();
  const forgetEnded = () => {
    if (attachment.state.phase === "ended" && attachment.sessionId !== null) {
      memory.forget(attachment.sessionId);
    }
  };
  const leave = () => {
    note();
    attachment.keepUnsent();
  };
  const timer = window.setInterval(() => attachment.state.phase === "connected" && note(), EVERY_MS);
  attachment.addEventListener("session", note, options);
  attachment.addEventListener("state", forgetEnded, options);
  window.addEventListener("pagehide", leave, options);
  document.addEventListener("visibilitychange", noteHidden, options);
  return () => {
    window.clearInterval(timer);
    stopped.abort();
  };
}

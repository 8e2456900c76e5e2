// How the page's address brings one in: a session in the fragment, or a one-time code beside it. A fragment is never
// sent to a server nor logged, and the code leaves the address bar before anything else happens.

const SESSION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * @param {string} hash as `location.hash`: `#ID`, `#login=CODE` or `#login=CODE&session=ID`
 * @returns {{ code: string | null, sessionId: string | null }}
 */
export function parseFragment(hash) {
  const text = hash.replace(/^#/, "");
  if (SESSION_ID.test(text)) return { code: null, sessionId: text };
  const parameters = new URLSearchParams(text);
  const session = parameters.get("session") ?? "";
  return { code: parameters.get("login") || null, sessionId: SESSION_ID.test(session) ? session : null };
}

/** @param {string | null} sessionId what the address bar shall name from now on, without a new entry in the history */
export function showAddress(sessionId) {
  history.replaceState(null, "", sessionId === null ? location.pathname + location.search : `#${sessionId}`);
}

// What the page says of the connection: to the eye, and to a screen reader, which hears each change of phase once and
// no countdown.

import { count, duration } from "./units.js";

/** @import { ConnectionState } from "../session/attachment.js" */

/**
 * @typedef {"good" | "busy" | "bad" | "still"} Mood
 * @typedef {{ label: string, mood: Mood, detail: string, heading: string, text: string, actions: Action[] }} ConnectionText
 * label: a word or two, always visible, and what is announced; detail: on hover and focus; heading, text: the pill over
 * the terminal (empty: none); actions: its buttons, the first one is the one to press
 * @typedef {"retry" | "take-back" | "type" | "discard" | "fresh" | "history"} Action
 */

/**
 * @param {ConnectionState} state
 * @param {number} nowMs
 * @returns {ConnectionText}
 */
export function describeConnection(state, nowMs) {
  const keys = state.waitingKeys > 0 ? `${count(state.waitingKeys, "key")} waiting` : "";
  /** @type {Action[]} */
  const discard = keys ? ["discard"] : [];
  /** @type {ConnectionText} */
  const quiet = { label: "", mood: "still", detail: "", heading: "", text: "", actions: [] };
  switch (state.phase) {
    case "connected": {
      const latency = state.latencyMs === null ? "not measured yet" : `${Math.max(1, Math.round(state.latencyMs))} ms`;
      const since = `for ${duration((nowMs - state.sinceMs) / 1000)}`;
      const good = {
        ...quiet,
        label: "Connected",
        mood: /** @type {Mood} */ ("good"),
        detail: `Round trip ${latency}, ${since}`,
      };
      if (state.question === null) return good;
      const { keys: queued, ageMs } = state.question;
      return {
        ...good,
        heading: `Type the ${count(queued, "key")} from ${duration(ageMs / 1000)} ago?`,
        text: "You typed them while there was no connection. The session may have moved on since.",
        actions: ["type", "discard"],
      };
    }
    case "connecting":
      return { ...quiet, label: "Connecting", mood: "busy", heading: keys, actions: discard };
    case "reconnecting": {
      const leftS = state.retryAtMs === null ? 0 : Math.ceil((state.retryAtMs - nowMs) / 1000);
      const when = leftS > 0 ? `Next attempt in ${leftS} s` : "Trying now";
      const times = state.attempt > 1 ? ` (attempt ${state.attempt})` : "";
      return {
        ...quiet,
        label: "Reconnecting",
        mood: "busy",
        detail: `${when}${times}`,
        heading: "Connection lost",
        text: join(`${when}${times}. The session goes on without you.`, keys && `${keys}.`),
        actions: ["retry", ...discard],
      };
    }
    case "offline":
      return {
        ...quiet,
        label: "Offline",
        mood: "bad",
        detail: "This device has no network",
        heading: "You are offline",
        text: join("It comes back by itself. The session goes on without you.", keys && `${keys}.`),
        actions: ["retry", ...discard],
      };
    case "taken-over":
      return {
        ...quiet,
        label: "Taken over",
        heading: "Open in another place",
        text: "Another window took this one's place in the session.",
        actions: ["take-back"],
      };
    case "ended":
      return {
        ...quiet,
        label: "Ended",
        detail: describeExit(state),
        heading: describeExit(state),
        text: "What it printed is kept.",
        actions: ["fresh", "history"],
      };
    case "refused":
      return {
        ...quiet,
        label: "Not connected",
        mood: "bad",
        detail: state.reason,
        heading: "The session cannot be reached",
        text: state.reason,
        actions: ["retry"],
      };
    case "detached":
      return { ...quiet, label: "Detached", heading: "Detached", text: "The session goes on.", actions: ["take-back"] };
  }
}

/**
 * @param {Pick<ConnectionState, "exit" | "reason">} state
 * @returns {string} why a session that was attached has ended
 */
export function describeExit({ exit, reason }) {
  if (exit === null) return reason || "The session was ended";
  if (exit.signal !== null) return `The process was ended by signal ${exit.signal}`;
  if (exit.code === null) return "The process has ended";
  return exit.code === 0 ? "The process has finished" : `The process has ended with code ${exit.code}`;
}

/** @param {...string} sentences */
function join(...sentences) {
  return sentences.filter(Boolean).join(" ");
}

// What the page calls a session, and what it says of one.

import { ago, duration, size } from "./units.js";

/** @import { Status } from "../api.js" */

/**
 * @param {Pick<Status, "name" | "program" | "argv">} session
 * @returns {string} its name, or what runs in it
 */
export function labelOf({ name, program, argv }) {
  return name || program || baseName(argv[0] ?? "") || "session";
}

/**
 * @param {string} path
 * @returns {string} its last two parts: enough to tell folders apart, short enough for a list
 */
export function shortPath(path) {
  const parts = path.split("/").filter(Boolean);
  return parts.length <= 2 ? `/${parts.join("/")}` : `…/${parts.slice(-2).join("/")}`;
}

/**
 * @param {Status} session
 * @param {number} nowS
 * @param {string} ownClientId
 * @returns {string} who is there: `here`, `2 attached`, `disconnected, waiting`, ...
 */
export function describePresence(session, nowS, ownClientId = "") {
  const here = session.present.some((one) => one.client_id === ownClientId && one.state === "connected");
  const others = session.present.filter((one) => one.client_id !== ownClientId);
  const connected = others.filter((one) => one.state === "connected").length;
  const waiting = others.length - connected;
  const parts = [];
  if (here) parts.push("open here");
  if (connected) parts.push(here ? `and in ${connected} more` : connected === 1 ? "attached" : `${connected} attached`);
  if (waiting && !here && !connected) parts.push("disconnected, waiting");
  if (parts.length === 0) parts.push("nobody attached");
  const end =
    session.ends_at === null || session.state !== "running" ? "" : `, ends in ${duration(session.ends_at - nowS)}`;
  return parts.join(" ") + end;
}

/**
 * @param {Status} session
 * @param {number} nowS
 * @returns {string} age, idle time and size of history
 */
export function describeAge(session, nowS) {
  const idleS = nowS - session.last_activity_at;
  return [
    duration(nowS - session.created_at),
    idleS < 10 ? "active" : `idle ${duration(idleS)}`,
    size(session.tail - session.head),
  ].join(" · ");
}

/**
 * @param {Status} session
 * @param {number} nowS
 * @returns {string} how and when it ended
 */
export function describeEnd(session, nowS) {
  const when = session.ended_at === null ? "" : ` ${ago(nowS - session.ended_at)}`;
  switch (session.state) {
    case "expired":
      return `Expired${when}, after a long time without use`;
    case "ended":
      return `Ended on demand${when}`;
    case "dead":
      if (session.end_reason === "host_rebooted") return `The machine was restarted${when}`;
      if (session.exit_signal !== null) return `Ended by signal ${session.exit_signal}${when}`;
      if (session.exit_code !== null) return `Ended with code ${session.exit_code}${when}`;
      return `Its process ended${when}`;
    default:
      return "Running";
  }
}

/** @param {string} path */
function baseName(path) {
  return path.split("/").pop() ?? "";
}

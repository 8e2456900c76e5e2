// What the end of a connection means: come back, or not, and what to tell the user. Pure.

import { RefusedError } from "../wire/errors.js";

/** @typedef {{ code: string, message: string }} Said an `error` of the daemon that came right before */
/** @typedef {"ended" | "refused" | "taken-over" | "detached"} LastPhase */
/** @typedef {{ phase: LastPhase, code: string | null, reason: string }} Ending */

/** Close codes of the protocol, and those of RFC 6455 that blame this end. */
export const CloseCode = Object.freeze({
  DETACHED: 1000,
  STOPPING: 1001,
  LOST: 1006,
  ENDED: 4000,
  TAKEN_OVER: 4001,
  PROTOCOL_ERROR: 4002,
  NOT_ALLOWED: 4003,
  NO_SESSION: 4004,
  LIMIT: 4008,
});

const FIRST_PRIVATE = 4000;
const OUR_FAULT = new Set([1002, 1003, 1007, 1009]);
const GONE = new Set(["not_found", "expired", "process_dead", "host_rebooted", "ended"]);

/** @type {Map<number, Ending>} */
const ENDINGS = new Map([
  [CloseCode.DETACHED, { phase: "detached", code: null, reason: "detached" }],
  [CloseCode.ENDED, { phase: "ended", code: "ended", reason: "the session has ended" }],
  [CloseCode.TAKEN_OVER, { phase: "taken-over", code: "taken_over", reason: "another window took this place" }],
  [
    CloseCode.PROTOCOL_ERROR,
    { phase: "refused", code: "protocol_error", reason: "the daemon does not understand this page: reload it" },
  ],
  [CloseCode.NOT_ALLOWED, { phase: "refused", code: "unauthorized", reason: "this login has ended: log in again" }],
  [CloseCode.NO_SESSION, { phase: "ended", code: "not_found", reason: "there is no such session" }],
  [CloseCode.LIMIT, { phase: "refused", code: "limit", reason: "a limit of the daemon is exceeded" }],
]);

/** @type {Ending} */
const CLIENT_AT_FAULT = {
  phase: "refused",
  code: "protocol_error",
  reason: "the daemon and this page do not understand each other: reload it",
};

/**
 * @param {number} closeCode
 * @param {Said | null} said it knows better than a close code
 * @returns {Ending | null} null: come back
 */
export function endingOf(closeCode, said) {
  if (OUR_FAULT.has(closeCode)) {
    return CLIENT_AT_FAULT;
  }
  if (closeCode < FIRST_PRIVATE && closeCode !== CloseCode.DETACHED) {
    return null;
  }
  const ending = ENDINGS.get(closeCode) ?? {
    phase: "refused",
    code: "forbidden",
    reason: "the daemon does not allow this",
  };
  if (said === null) {
    return ending;
  }
  // No session may also mean that none could be made now, which is not its end.
  const phase = closeCode === CloseCode.NO_SESSION && !GONE.has(said.code) ? "refused" : ending.phase;
  return { phase, code: said.code, reason: said.message };
}

/**
 * Why the connection was lost, in words.
 *
 * @param {number} closeCode
 * @param {string} reason
 */
export function lossReason(closeCode, reason) {
  return closeCode === CloseCode.STOPPING ? "the daemon is stopping" : reason || "the connection was lost";
}

/**
 * What is told to those who wait for an answer that cannot come any more.
 *
 * @param {Ending} ending
 */
export function refusalOf({ code, reason }) {
  return new RefusedError(code ?? "detached", reason);
}

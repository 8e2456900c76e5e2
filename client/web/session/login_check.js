// Why a handshake failed: a browser does not tell a WebSocket's HTTP status, but that of a fetch.

import { RefusedError } from "../wire/errors.js";

const TIMEOUT_MS = 5000;
const UNAUTHORIZED = 401;
const FORBIDDEN = new Set([403, 421]);

/**
 * Asks the daemon whether it would let this page in.
 *
 * @param {URL} socketUrl
 * @returns {Promise<RefusedError | null>} null: it would, or it does not answer
 */
export async function checkLogin(socketUrl) {
  const url = new URL("api/daemon", socketUrl);
  url.protocol = socketUrl.protocol === "wss:" ? "https:" : "http:";
  try {
    const { status } = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    return refusalOf(status);
  } catch {
    return null;
  }
}

/**
 * @param {number} status of an HTTP answer
 * @returns {RefusedError | null}
 */
export function refusalOf(status) {
  if (status === UNAUTHORIZED) {
    return new RefusedError("unauthorized", "this login has ended: log in again");
  }
  return FORBIDDEN.has(status) ? new RefusedError("forbidden", "the daemon does not serve this address") : null;
}

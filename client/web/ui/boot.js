// Which session a page opens with: a pure decision over what the address, this tab, this browser and the daemon say.

/** @import { Status } from "../api.js" */

/**
 * @typedef {{ sessionId: string, name: string, lastSeenAt: number }} LastSession
 * the session that any tab of this browser showed last; `lastSeenAt` in milliseconds since the epoch
 */

/**
 * @typedef {{
 *   addressed: string | null,
 *   remembered: string | null,
 *   last: LastSession | null,
 *   running: readonly Status[] | null,
 * }} BootFacts
 * `addressed`: the session in the fragment; `remembered`: what this tab showed before a reload; `running`: null until asked
 */

/**
 * @typedef {{ kind: "attach", sessionId: string }
 *   | { kind: "ask" }
 *   | { kind: "offer", session: Status, lastSeenAt: number, others: Status[] }
 *   | { kind: "choose", sessions: Status[] }
 *   | { kind: "new" }} Boot
 * attach: that session or none, for who asked for one does not want another; ask: fetch what runs, then decide again;
 * offer: the rejoin prompt; choose: the list; new: nothing runs, so nothing to ask
 */

/**
 * @param {BootFacts} facts
 * @returns {Boot}
 */
export function decideBoot({ addressed, remembered, last, running }) {
  const own = addressed ?? remembered;
  if (own !== null) return { kind: "attach", sessionId: own }; // a reload must not wait for a list
  if (running === null) return { kind: "ask" };
  if (running.length === 0) return { kind: "new" };
  const session = running.find((one) => one.session_id === last?.sessionId);
  if (session === undefined || last === null) return { kind: "choose", sessions: [...running] };
  return { kind: "offer", session, lastSeenAt: last.lastSeenAt, others: running.filter((one) => one !== session) };
}

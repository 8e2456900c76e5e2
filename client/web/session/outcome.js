// How it went with the connections: why the last one was lost, and whether there will be another. Pure.

import { CloseCode, endingOf, lossReason } from "./closing.js";

/** @typedef {import("./closing.js").Ending} Ending */
/** @typedef {import("./closing.js").Said} Said */

export class Outcome {
  /** The daemon's latest `error`; null where another message, or another connection, came after it. */
  said = /** @type {Said | null} */ (null);
  /** How the session's process ended. */
  exit = /** @type {import("./state.js").ConnectionState["exit"]} */ (null);
  /** Why no connection is made any more; null while one is there or wanted. */
  ending = /** @type {Ending | null} */ (null);
  /** In words, why it ended or the connection was lost. */
  reason = "";

  /**
   * What the end of a connection means.
   *
   * @param {number} closeCode
   * @param {boolean} isTakenByUs nobody but this tab itself took its place
   * @returns {Ending | null} null: come back
   */
  rule(closeCode, isTakenByUs) {
    if (this.exit !== null) {
      return endingOf(CloseCode.ENDED, null);
    }
    return isTakenByUs ? null : endingOf(closeCode, this.said);
  }

  /**
   * The connection is lost, and is to come back.
   *
   * @param {number} closeCode
   * @param {string} reason
   */
  lost(closeCode, reason) {
    this.reason = lossReason(closeCode, reason);
  }

  /** @param {Ending} ending */
  finish(ending) {
    this.ending = ending;
    this.reason = ending.reason;
  }
}

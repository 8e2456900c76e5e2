// Which session this tab has its place in, how to ask for it again, and how much of it the user has not seen. Pure.

import { attachUrl } from "../wire/attach_query.js";

/** @typedef {import("../wire/attach_query.js").Size} Size */
/** @typedef {import("../wire/messages.js").SessionMessage} SessionMessage */
/** @typedef {import("./state.js").AttachmentOptions} AttachmentOptions */
/**
 * @typedef {Required<Pick<AttachmentOptions, "socketUrl" | "clientId" | "sessionId" | "create" | "spawn" | "mode" |
 *   "scrollbackLines" | "seenOffset">>} PlaceOptions
 */
/**
 * @typedef {object} Arrival how a connection finds the session
 * @property {SessionMessage | null} previous what the connection before was told
 * @property {boolean} isSame not another session than before
 * @property {number | null} since the offset that was asked for; null where nothing goes on
 * @property {boolean} toldSize the connection was asked for with a size
 */

export class Place {
  /** The latest `session` message; null before the first. */
  session = /** @type {SessionMessage | null} */ (null);
  /** The session's id; null for a new one that is not made yet. */
  sessionId;
  /** Of what was printed since the user saw the session last, the bytes that are not replayed. */
  missedBytes = 0;
  #options;
  #windowBytes;
  /** What the present connection was asked for. */
  #asked = { since: /** @type {number | null} */ (null), size: /** @type {Size | null} */ (null) };

  /**
   * @param {PlaceOptions} options
   * @param {number} windowBytes
   */
  constructor(options, windowBytes) {
    this.#options = options;
    this.#windowBytes = windowBytes;
    this.sessionId = options.sessionId;
  }

  /**
   * Where the next connection is made.
   *
   * @param {number} expected offset at which the output would go on
   * @param {Size | null} size
   */
  nextUrl(expected, size) {
    const { socketUrl, clientId, create, spawn, mode, scrollbackLines } = this.#options;
    const isBack = this.session !== null;
    const since = isBack ? expected : null;
    this.#asked = { since, size };
    return attachUrl(socketUrl, {
      sessionId: this.sessionId,
      since,
      create: create && !isBack, // a shell that is lost is told of, not replaced behind the user's back
      mode,
      clientId,
      scrollbackLines,
      windowBytes: this.#windowBytes,
      size,
      spawn,
    });
  }

  /**
   * The connection has its session.
   *
   * @param {SessionMessage} message
   * @param {number} expected as in `nextUrl`
   * @returns {Arrival}
   */
  begin(message, expected) {
    const previous = this.session;
    const isSame = this.sessionId === null || this.sessionId === message.session_id;
    const seenOffset = previous === null ? this.#options.seenOffset : expected;
    const startsAt = Math.max(message.offset, message.replay_until);
    this.missedBytes = isSame && seenOffset !== null ? Math.max(0, startsAt - seenOffset) : 0;
    this.session = message;
    this.sessionId = message.session_id;
    return { previous, isSame, since: isSame ? this.#asked.since : null, toldSize: this.#asked.size !== null };
  }
}

// What the user types, from the key to the daemon's acknowledgement: at once where there is a connection, else kept.
//
// Keys that have waited long are asked about before they are typed: who comes back to a screen that has changed may not
// mean them any more. Until there is an answer, newer ones queue behind.

import { InputQueue } from "./input_queue.js";
import { countKeys } from "./keys.js";
import { encodeInput } from "../wire/frames.js";

const LIMIT_BYTES = 16 << 20;
const WINDOW_BYTES = 256 << 10;
const PIECE_BYTES = 4 << 10; // as much as a terminal takes at once; of a paste, the beginning gets through a bad line
const STALE_MS = 30_000;

/** @typedef {import("./input_queue.js").Unsent} Unsent */
/**
 * @typedef {object} UnsentKeeper keeps keys over a reload of the page
 * @property {(sessionId: string, clientId: string) => Unsent | null} unsent
 * @property {(sessionId: string, clientId: string, unsent: Unsent | null) => void} keepUnsent
 */

export class Typing {
  /** How long the oldest key had waited when it was held back; null where none is. */
  heldMs = /** @type {number | null} */ (null);
  #queue = new InputQueue(LIMIT_BYTES, WINDOW_BYTES);
  #clock;
  #send;
  #keep;
  #isAttached = false;
  #isKept = false;

  /**
   * @param {import("./clock.js").Clock} clock
   * @param {(frame: Uint8Array<ArrayBuffer>) => void} send
   * @param {(unsent: Unsent | null) => void} keep over a reload; null: everything may have been sent
   */
  constructor(clock, send, keep) {
    this.#clock = clock;
    this.#send = send;
    this.#keep = keep;
  }

  /** Whether what is typed leaves at once. */
  get isFlowing() {
    return this.#isAttached && this.heldMs === null;
  }

  /** Keys that wait: for a connection, or for an answer. Those on their way do not. */
  get waitingKeys() {
    return this.isFlowing ? 0 : countKeys(this.#queue.waiting);
  }

  /**
   * Goes on with what the page had kept before it was reloaded.
   *
   * @param {Unsent} unsent
   */
  restore(unsent) {
    this.#queue.restore(unsent);
  }

  /**
   * @param {Uint8Array} data
   * @returns {boolean} false: there is no room
   */
  add(data) {
    if (!this.#queue.add(data, this.#clock.now())) {
      return false;
    }
    this.#flow();
    return true;
  }

  /**
   * The daemon has written everything before `seq`.
   *
   * @param {number} seq
   */
  acknowledged(seq) {
    this.#queue.acknowledge(seq);
    this.#flow();
  }

  /**
   * A connection to the same session, which expects `inputSeq`.
   *
   * @param {number} inputSeq
   * @returns {number} bytes whose fate is unknown
   */
  resume(inputSeq) {
    const unknown = this.#queue.resume(inputSeq);
    this.#attached();
    return unknown;
  }

  /**
   * A connection to another session: it gets nothing that was meant for the one before.
   *
   * @param {number} inputSeq
   * @returns {number} bytes dropped
   */
  restart(inputSeq) {
    const dropped = this.#queue.restart(inputSeq);
    this.#attached();
    return dropped;
  }

  /** The connection is lost. */
  detached() {
    this.#isAttached = false;
    this.heldMs = null;
    this.keep();
  }

  /** Nobody will take what is left. */
  giveUp() {
    this.#queue.discard();
    this.detached();
  }

  /** The user wants what was held back. */
  release() {
    this.heldMs = null;
    this.#flow();
    this.keep();
  }

  /** The user takes back what waits. What is on its way is nobody's to take back. */
  discard() {
    if (!this.isFlowing) {
      this.#queue.discard();
      this.heldMs = null;
      this.keep();
    }
  }

  /** Keeps what has not arrived. While it flows that is needed only when the page goes. */
  keepAll() {
    this.#isKept = this.#queue.pending > 0;
    this.#keep(this.#isKept ? this.#queue.unsent : null);
  }

  /** Keeps what waits; what may have been sent must not be kept, for a copy that grows old would be typed again. */
  keep() {
    if (this.isFlowing) {
      this.#forget();
    } else {
      this.keepAll();
    }
  }

  #forget() {
    this.#isKept = false;
    this.#keep(null);
  }

  #attached() {
    const { oldestMs } = this.#queue;
    const ageMs = oldestMs === null ? 0 : this.#clock.now() - oldestMs;
    this.heldMs = ageMs >= STALE_MS ? ageMs : null;
    this.#isAttached = true;
    this.keep();
    this.#flow();
  }

  #flow() {
    if (!this.isFlowing) {
      this.keepAll();
      return;
    }
    for (let piece = this.#queue.nextPiece(PIECE_BYTES); piece; piece = this.#queue.nextPiece(PIECE_BYTES)) {
      if (this.#isKept) {
        this.#forget(); // the page did not go after all, and the copy would not know what is sent from here on
      }
      this.#send(encodeInput(piece.seq, piece.data));
      this.#queue.sent(piece.seq + piece.data.length);
    }
  }
}

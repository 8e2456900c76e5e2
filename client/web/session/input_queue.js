// Input on its way: what was typed and is not yet acknowledged, numbered so that it is applied exactly once. Pure.
//
// Every byte typed has a seq, the count of bytes typed before it in this session. The queue keeps bytes from `acked`
// (all before it are in the terminal) to `end`; those before `sent` have left on some connection. On each connection the
// daemon says which seq it expects next, and the queue begins there again: nothing is lost, nothing typed twice.

/** @typedef {{ seq: number, data: Uint8Array }} Piece input to send now */
/** @typedef {{ bytes: number, atMs: number }} Typed when the next so many bytes were typed */
/** @typedef {{ acked: number, sent: number, data: Uint8Array, typed: Typed[] }} Unsent a queue, to be kept elsewhere */

export class InputQueue {
  #capacity;
  #window;
  #acked = 0;
  #sent = 0;
  #data = new Uint8Array(0);
  /** @type {Typed[]} */
  #typed = [];

  /**
   * @param {number} capacity bytes it may hold
   * @param {number} window bytes that may be on their way; what is beyond waits here and not in the daemon's memory
   */
  constructor(capacity, window) {
    this.#capacity = capacity;
    this.#window = window;
  }

  /** Seq of the next byte typed. */
  get end() {
    return this.#acked + this.#data.length;
  }

  /** Bytes not acknowledged. */
  get pending() {
    return this.#data.length;
  }

  /** What is not acknowledged. */
  get waiting() {
    return this.#data;
  }

  /** When the oldest byte that is not acknowledged was typed; null where there is none. */
  get oldestMs() {
    return this.#typed[0]?.atMs ?? null;
  }

  /** @returns {Unsent} */
  get unsent() {
    return { acked: this.#acked, sent: this.#sent, data: this.#data, typed: this.#typed };
  }

  /**
   * Puts what another queue kept in front of this one, which has neither sent nor been told anything.
   *
   * @param {Unsent} unsent
   */
  restore({ acked, sent, data, typed }) {
    this.#data = joined(data, this.#data);
    this.#typed = [...typed, ...this.#typed];
    this.#acked = acked;
    this.#sent = sent;
  }

  /**
   * Queues all of it or, where there is no room, nothing: half of a paste is no paste. Returns whether it did.
   *
   * @param {Uint8Array} data
   * @param {number} atMs
   */
  add(data, atMs) {
    if (this.#data.length + data.length > this.#capacity) {
      return false;
    }
    this.#data = joined(this.#data, data);
    const last = this.#typed.at(-1);
    if (last !== undefined && last.atMs === atMs) {
      last.bytes += data.length;
    } else if (data.length > 0) {
      this.#typed.push({ bytes: data.length, atMs });
    }
    return true;
  }

  /**
   * What is to be sent next; null where there is nothing, or the window is full.
   *
   * @param {number} limit bytes at most
   * @returns {Piece | null}
   */
  nextPiece(limit) {
    const length = Math.min(limit, this.end - this.#sent, this.#acked + this.#window - this.#sent);
    if (length <= 0) {
      return null;
    }
    const start = this.#sent - this.#acked;
    return { seq: this.#sent, data: this.#data.subarray(start, start + length) };
  }

  /**
   * Bytes before `seqEnd` have left.
   *
   * @param {number} seqEnd
   */
  sent(seqEnd) {
    this.#sent = Math.max(this.#sent, Math.min(seqEnd, this.end));
  }

  /**
   * The daemon has written everything before `seq`. Old or invented acknowledgements change nothing.
   *
   * @param {number} seq
   */
  acknowledge(seq) {
    if (this.#acked < seq && seq <= this.end) {
      this.#drop(seq - this.#acked);
      this.#acked = seq;
      this.#sent = Math.max(this.#sent, seq);
    }
  }

  /**
   * A new connection to the same session expects `inputSeq`: drop what lies below it, send the rest again.
   *
   * A daemon that expects less than it had acknowledged has forgotten this client (it remembers a limited number). Then
   * what was sent and not acknowledged may or may not be in the terminal: it is dropped, because typed twice is worse
   * than not typed. What was never sent is kept in any case, and numbered anew.
   *
   * @param {number} inputSeq
   * @returns {number} bytes dropped without knowing their fate
   */
  resume(inputSeq) {
    const inFlight = this.#sent - this.#acked;
    const unknown = inputSeq < this.#acked ? inFlight : 0;
    this.#drop(unknown || Math.min(inFlight, Math.max(0, inputSeq - this.#acked)));
    this.#acked = this.#sent = inputSeq;
    return unknown;
  }

  /** The user takes it all back. What was on its way may have arrived, so its numbers are not used again. */
  discard() {
    this.#acked = this.#sent;
    return this.#clear();
  }

  /**
   * A different session: drop everything, and return how many bytes that were.
   *
   * @param {number} inputSeq
   */
  restart(inputSeq) {
    this.#acked = this.#sent = inputSeq;
    return this.#clear();
  }

  #clear() {
    const dropped = this.#data.length;
    this.#drop(dropped);
    return dropped;
  }

  /** @param {number} bytes */
  #drop(bytes) {
    this.#data = this.#data.subarray(bytes);
    let left = bytes;
    let oldest = this.#typed[0];
    while (oldest !== undefined && left >= oldest.bytes) {
      left -= oldest.bytes;
      this.#typed.shift();
      oldest = this.#typed[0];
    }
    if (oldest !== undefined) {
      oldest.bytes -= left;
    }
  }
}

/**
 * @param {Uint8Array} first
 * @param {Uint8Array} second
 */
function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

// From frames to output: in order, each byte once. Pure.
//
// What lies below the expected offset is there already and is dropped; what is missing is reported, never passed over.

import { WireError } from "../wire/errors.js";
import { FrameKind } from "../wire/frames.js";

/** @typedef {import("../wire/frames.js").Frame} Frame */
/**
 * @typedef {object} Output
 * @property {Uint8Array} data
 * @property {number} end offset behind it; that of a screen, which is no output itself, is the one it stands for
 * @property {boolean} inert from history: it must have no effect besides being shown
 * @property {boolean} isScreen
 */

export class OutputCursor {
  /** Offset of the next byte. */
  expected = 0;
  #onHole;

  /** @param {(fromOffset: number, toOffset: number) => void} onHole the daemon left bytes out without saying so */
  constructor(onHole) {
    this.#onHole = onHole;
  }

  /**
   * @param {Frame} frame
   * @returns {Output | null} null where it holds nothing new
   * @throws {WireError} it is of a kind that was not asked for
   */
  take({ kind, number, payload }) {
    if (kind === FrameKind.RESTORE) {
      this.#reach(number);
      this.expected = number;
      return { data: payload, end: number, inert: true, isScreen: true };
    }
    if (kind !== FrameKind.OUTPUT && kind !== FrameKind.REPLAY) {
      throw new WireError(`a frame of kind ${kind} does not belong here`);
    }
    this.#reach(number);
    const data = payload.subarray(this.expected - number);
    if (data.length === 0) {
      return null;
    }
    this.expected += data.length;
    return { data, end: this.expected, inert: kind === FrameKind.REPLAY, isScreen: false };
  }

  /** @param {number} offset */
  #reach(offset) {
    if (offset > this.expected) {
      this.#onHole(this.expected, offset);
      this.expected = offset;
    }
  }
}

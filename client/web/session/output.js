// A session's output on its way to the terminal: each byte once, in order, acknowledged when it is parsed.

import { Flow } from "./flow.js";
import { OutputCursor } from "./output_cursor.js";
import { decodeFrame } from "../wire/frames.js";

const WRITE_BYTES = 64 << 10; // the terminal parses as much in a few milliseconds, and draws in between
const NOTHING = new Uint8Array(0);
const NOT_DRAWN = ["\x1b[?2026h", "\x1b[?2026l"]; // synchronised output: no frame in between

/** @typedef {import("../wire/messages.js").SessionMessage} SessionMessage */
/** @typedef {import("../wire/messages.js").SkippedMessage} SkippedMessage */
/** @typedef {{ offset: number, cols: number, rows: number, first_line: number, screen: string, is_whole: boolean }} Screen */
/** @typedef {{ fromOffset: number, toOffset: number, reason: "behind" | "trimmed" | "corrupt" | "missing" }} Skipped */
/**
 * @typedef {object} Sink where output is shown. It takes all in order: a reset or a new size is for what comes behind it,
 *   not for what was written before and is still being parsed.
 * @property {(data: Uint8Array, inert: boolean, done: () => void) => void} write `done` is called once it is parsed
 * @property {() => void} reset
 * @property {(cols: number, rows: number) => void} resize
 */
/**
 * @typedef {object} OutputOwner
 * @property {(offset: number) => void} acknowledge
 * @property {(skipped: Skipped) => void} skipped bytes will not come, and the terminal was reset
 */

export class Output {
  /** Offset behind the last byte that the sink was given; while it is given some, behind those. */
  offset = 0;
  /** Number of the line at which the scrollback of the latest screen begins; null without a screen. */
  firstLine = /** @type {number | null} */ (null);
  #size = { cols: 0, rows: 0 };
  #sink;
  #owner;
  #cursor;
  #flow;

  /**
   * @param {Sink} sink
   * @param {number} windowBytes
   * @param {OutputOwner} owner
   */
  constructor(sink, windowBytes, owner) {
    this.#sink = sink;
    this.#owner = owner;
    this.#cursor = new OutputCursor((from, to) => this.#skip("missing", from, to, null));
    this.#flow = new Flow(windowBytes, owner.acknowledge);
  }

  /** Offset of the next byte, to come back with. */
  get expected() {
    return this.#cursor.expected;
  }

  /**
   * A connection begins.
   *
   * @param {SessionMessage} message
   * @param {number | null} since how far what the terminal shows reaches; null: it shows nothing of this session
   */
  begin(message, since) {
    if (message.attach !== "exact" || message.offset !== since) {
      this.#restart(message.offset, message.first_line);
    }
    this.#cursor.expected = this.offset = message.offset;
    this.#flow.begin(message.offset);
    this.resize(message.cols, message.rows);
  }

  /**
   * @param {number} cols
   * @param {number} rows
   */
  resize(cols, rows) {
    this.#size = { cols, rows };
    this.#sink.resize(cols, rows);
  }

  /**
   * Shows what a binary message brings.
   *
   * @param {ArrayBuffer} message
   * @throws {import("../wire/errors.js").WireError}
   */
  take(message) {
    const output = this.#cursor.take(decodeFrame(message));
    if (output === null) {
      return;
    }
    const { data, end, inert, isScreen } = output;
    for (let at = 0; at < data.length || at === 0; at += WRITE_BYTES) {
      const piece = data.subarray(at, at + WRITE_BYTES);
      const left = data.length - at - piece.length;
      this.offset = isScreen ? end : end - left;
      // A screen stands for an offset that only its last piece reaches.
      const reached = isScreen && left > 0 ? 0 : this.offset;
      this.#sink.write(piece, inert, this.#flow.handOver(reached, inert && left === 0));
    }
  }

  /**
   * Shows the same screen with more scrollback above it, unless something has come since.
   *
   * @param {Screen} screen
   * @returns {boolean} whether that is done
   */
  deepen({ offset, cols, rows, first_line: firstLine, screen, is_whole: isWhole }) {
    const isSame = offset === this.expected && cols === this.#size.cols && rows === this.#size.rows;
    if (!isWhole || !isSame || !this.#flow.isIdle) {
      return false;
    }
    this.#sink.reset();
    const data = new TextEncoder().encode(NOT_DRAWN.join(screen));
    this.#sink.write(data, true, this.#flow.handOver(offset, false));
    this.firstLine = firstLine;
    return true;
  }

  /** @param {SkippedMessage} message */
  skipped({ from_offset, to_offset, reason, first_line }) {
    this.#skip(reason, from_offset, to_offset, first_line);
    if (reason !== "behind") {
      // The daemon still counts what it sent before as on its way, and no screen follows whose end would clear it.
      this.#sink.write(NOTHING, true, this.#flow.handOver(this.expected, true));
    }
  }

  /**
   * Calls `act` when everything shown by now is parsed.
   *
   * @param {() => void} act
   */
  whenParsed(act) {
    this.#flow.whenParsed(act);
  }

  /**
   * @param {Skipped["reason"]} reason
   * @param {number} fromOffset
   * @param {number} toOffset
   * @param {number | null} firstLine
   */
  #skip(reason, fromOffset, toOffset, firstLine) {
    this.#restart(Math.max(this.expected, toOffset), firstLine ?? this.firstLine);
    this.#owner.skipped({ fromOffset, toOffset, reason });
  }

  /**
   * What is shown is not what precedes `offset`: begin with an empty terminal.
   *
   * @param {number} offset
   * @param {number | null} firstLine
   */
  #restart(offset, firstLine) {
    this.#flow.forget();
    this.#sink.reset();
    this.#cursor.expected = this.offset = offset;
    this.firstLine = firstLine;
  }
}

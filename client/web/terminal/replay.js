// What a terminal is given, in order, and what it announces: while history is replayed, and until that has settled, it reads
// nothing aloud and its title waits.

import { Feed } from "./feed.js";
import { InertGate } from "./inert.js";

/** @typedef {import("../vendor/xterm.mjs").Terminal} Terminal */

const SETTLED_MS = 100; // history comes in pieces; between two of them it is not over

export class Replay {
  #terminal;
  #onTitle;
  #gate;
  #feed;
  #screenReader = false;
  /** @type {number | undefined} */
  #settledTimer;
  #title = "";
  /** @type {string | null} */
  #heldTitle = null;

  /**
   * @param {Terminal} terminal
   * @param {(title: string) => void} onTitle the title is another than before
   */
  constructor(terminal, onTitle) {
    this.#terminal = terminal;
    this.#onTitle = onTitle;
    this.#gate = new InertGate(terminal);
    this.#feed = new Feed(terminal, (isInert) => this.#onInert(isInert));
    terminal.onTitleChange((title) => {
      if (this.#gate.isInert) this.#heldTitle = title;
      else this.#setTitle(title);
    });
  }

  /** What is parsed now, what may pass, and what swallows it. */
  get gate() {
    return this.#gate;
  }

  /**
   * @param {Uint8Array} data
   * @param {boolean} inert it is history, or a screen
   * @param {() => void} done called when all is parsed
   */
  write(data, inert, done) {
    if (inert) this.#begin();
    this.#feed.write(data, inert, done);
  }

  /** Empty the terminal, behind what was written before. */
  reset() {
    this.#begin();
    this.#feed.reset();
    this.#feed.run(() => {
      this.#terminal.options.cursorStyle = "block";
      this.#heldTitle = "";
    });
  }

  /**
   * @param {number} cols
   * @param {number} rows
   * @param {() => void} done
   */
  resize(cols, rows, done) {
    this.#feed.resize(cols, rows, done);
  }

  /** Whether what is printed is read aloud, as far as it is no history. @param {boolean} value */
  set screenReader(value) {
    this.#screenReader = value;
    const isReplaying = this.#feed.hasHistory || this.#settledTimer !== undefined;
    if (!isReplaying) this.#terminal.options.screenReaderMode = value;
  }

  dispose() {
    clearTimeout(this.#settledTimer);
  }

  #begin() {
    clearTimeout(this.#settledTimer);
    this.#settledTimer = undefined;
    const { options } = this.#terminal;
    if (options.screenReaderMode) options.screenReaderMode = false; // it would read all of it aloud
  }

  /** @param {boolean} isInert */
  #onInert(isInert) {
    this.#gate.isInert = isInert;
    if (isInert || this.#feed.hasHistory) return;
    clearTimeout(this.#settledTimer);
    this.#settledTimer = setTimeout(() => this.#settle(), SETTLED_MS);
  }

  /** History is over. */
  #settle() {
    this.#settledTimer = undefined;
    this.#terminal.options.screenReaderMode = this.#screenReader;
    if (this.#heldTitle !== null) this.#setTitle(this.#heldTitle);
  }

  /** @param {string} title */
  #setTitle(title) {
    this.#heldTitle = null;
    if (title === this.#title) return;
    this.#title = title;
    this.#onTitle(title);
  }
}

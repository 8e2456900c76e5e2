// The size of a live terminal: its session's as soon as that is known, before that what fits; says when what fits changes.

/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {import("./types.js").Size} Size */

const FIT_MS = 60; // while a window is dragged
const ANSWER_MS = 400; // until the session has taken a size that fits

export class Fitting {
  #surface;
  #onFit;
  #observer = new ResizeObserver(() => this.update());
  /** @type {Size | null} */
  #own = null;
  #isGiven = false;
  /** @type {number | undefined} */
  #fitTimer;
  /** @type {number | undefined} */
  #answerTimer;

  /**
   * @param {HTMLElement} host
   * @param {Surface} surface
   * @param {(size: Size) => void} onFit
   */
  constructor(host, surface, onFit) {
    this.#surface = surface;
    this.#onFit = onFit;
    this.#observer.observe(host);
    this.update();
  }

  /** The terminal has been given its session's size. */
  given() {
    this.#isGiven = true;
    clearTimeout(this.#answerTimer);
    this.#surface.show();
  }

  /** The room, or the size of a cell, may have changed. */
  update() {
    const own = this.#surface.proposedSize();
    if (own === null) return;
    const { terminal } = this.#surface;
    const didFit = this.#own !== null && same(this.#own, terminal);
    const isNew = this.#own === null || !same(this.#own, own);
    this.#own = own;
    if (isNew) {
      clearTimeout(this.#fitTimer);
      this.#fitTimer = setTimeout(() => this.#onFit(own), FIT_MS);
    }
    if (!this.#isGiven) terminal.resize(own.cols, own.rows);
    // Where the session will follow, to scale the font down for a moment would only flicker.
    clearTimeout(this.#answerTimer);
    if (isNew && didFit && this.#isGiven)
      this.#answerTimer = setTimeout(() => this.#surface.show(), FIT_MS + ANSWER_MS);
    else this.#surface.show();
  }

  dispose() {
    this.#observer.disconnect();
    clearTimeout(this.#fitTimer);
    clearTimeout(this.#answerTimer);
  }
}

/** @param {Size} one @param {Size} other */
function same(one, other) {
  return one.cols === other.cols && one.rows === other.rows;
}

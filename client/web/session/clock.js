// Time as the modules of a session see it: one clock for all, so that a test can turn it.
//
// It is the wall clock, for it goes on while the machine sleeps: keys that have waited over lunch are old.

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since the epoch
 * @property {(act: () => void, delayMs: number) => number} setTimer
 * @property {(timer: number) => void} clearTimer
 */

/** @type {Clock} */
export const CLOCK = Object.freeze({
  now: () => Date.now(),
  setTimer: (/** @type {() => void} */ act, /** @type {number} */ delayMs) => window.setTimeout(act, delayMs),
  clearTimer: (/** @type {number} */ timer) => window.clearTimeout(timer),
});

/** One alarm: setting it again forgets the time before. */
export class Alarm {
  #clock;
  #act;
  /** @type {number | null} */
  #timer = null;

  /**
   * @param {Clock} clock
   * @param {() => void} act
   */
  constructor(clock, act) {
    this.#clock = clock;
    this.#act = act;
  }

  /** @param {number} atMs */
  set(atMs) {
    this.clear();
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = null;
        this.#act();
      },
      Math.max(0, atMs - this.#clock.now()),
    );
  }

  clear() {
    if (this.#timer !== null) {
      this.#clock.clearTimer(this.#timer);
      this.#timer = null;
    }
  }
}

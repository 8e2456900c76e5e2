// When to try again: at once, then "full jitter" below a doubling ceiling. No limit. Pure.
//
// Full jitter spreads the clients of a restarted daemon evenly over the wait, so that they do not all come in the same
// instant (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

const BASE_MS = 500;
const CAP_MS = 10_000;

/** The waits of one outage after the other. */
export class Backoff {
  #random;
  #ceilingMs = 0;

  /** @param {() => number} random from 0 up to, but not including, 1 */
  constructor(random) {
    this.#random = random;
  }

  /** How long to wait before the next attempt. */
  nextDelayMs() {
    const delayMs = this.#random() * this.#ceilingMs;
    this.#ceilingMs = Math.min(CAP_MS, Math.max(BASE_MS, 2 * this.#ceilingMs));
    return Math.round(delayMs);
  }

  /** The connection holds: the next outage begins anew. */
  reset() {
    this.#ceilingMs = 0;
  }
}

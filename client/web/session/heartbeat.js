// Whether the other end is still there: a half-open connection never closes by itself. Pure.
//
// Anything that arrives is a sign of life, but what was under way when the other end vanished arrives, too: so a ping that
// has no answer stays open, and the connection is dead when nothing has arrived for a while behind it. A page that slept, or
// whose timers are throttled, looks late: what has arrived meanwhile may still stand in line behind its timer, so it asks
// once more before it gives up.

const QUIET_MS = 10_000;
const TYPED_QUIET_MS = 2000; // the echo, or at least the acknowledgement, of a key takes milliseconds
const ANSWER_MS = 5000;
const PROBE_ANSWER_MS = 2000;
const LATE_MS = 1000;

/** @typedef {"ping" | "dead" | "wait"} Verdict */

export class Heartbeat {
  /** Time from a ping to its pong; null before the first. */
  latencyMs = /** @type {number | null} */ (null);
  #pingAtMs = 0;
  /** @type {number | null} */
  #deadlineMs = null;
  /** @type {number | null} */
  #pingedMs = null;
  #answerMs = ANSWER_MS;
  #askedAgain = false;

  /** The time at which `check` has something to say. */
  get nextMs() {
    return this.#deadlineMs ?? this.#pingAtMs;
  }

  /**
   * A connection begins; its latency is measured at once.
   *
   * @param {number} nowMs
   */
  begin(nowMs) {
    this.#pingAtMs = nowMs;
    this.#deadlineMs = this.#pingedMs = this.latencyMs = null;
    this.#askedAgain = false;
  }

  /**
   * Something arrived.
   *
   * @param {number} nowMs
   */
  received(nowMs) {
    this.#askedAgain = false;
    this.#pingAtMs = nowMs + QUIET_MS;
    if (this.#deadlineMs !== null) {
      this.#deadlineMs = nowMs + this.#answerMs; // its answer stands behind what is under way
    }
  }

  /**
   * The answer to a ping arrived.
   *
   * @param {number} nowMs
   */
  ponged(nowMs) {
    this.#deadlineMs = null;
    if (this.#pingedMs !== null) {
      this.latencyMs = Math.max(0, nowMs - this.#pingedMs);
      this.#pingedMs = null;
    }
  }

  /**
   * Something was typed, so something should arrive.
   *
   * @param {number} nowMs
   * @returns {boolean} whether `nextMs` has changed
   */
  typed(nowMs) {
    const sooner = nowMs + TYPED_QUIET_MS < this.#pingAtMs;
    if (sooner) {
      this.#pingAtMs = nowMs + TYPED_QUIET_MS;
    }
    return sooner && this.#deadlineMs === null;
  }

  /**
   * There is reason to doubt: ask now, and do not wait long for the answer.
   *
   * @param {number} nowMs
   */
  probe(nowMs) {
    const deadlineMs = this.#deadlineMs;
    this.#ask(nowMs, PROBE_ANSWER_MS);
    if (deadlineMs !== null && deadlineMs > nowMs) {
      this.#deadlineMs = Math.min(deadlineMs, nowMs + PROBE_ANSWER_MS); // who doubts often does not wait longer
    }
  }

  /**
   * What to do now.
   *
   * @param {number} nowMs
   * @returns {Verdict}
   */
  check(nowMs) {
    if (nowMs < this.nextMs) {
      return "wait";
    }
    if (this.#deadlineMs === null) {
      this.#ask(nowMs, ANSWER_MS);
      return "ping";
    }
    if (nowMs - this.#deadlineMs > LATE_MS && !this.#askedAgain) {
      this.#ask(nowMs, PROBE_ANSWER_MS);
      this.#askedAgain = true;
      return "ping";
    }
    return "dead";
  }

  /**
   * @param {number} nowMs
   * @param {number} answerMs
   */
  #ask(nowMs, answerMs) {
    this.#pingedMs = nowMs;
    this.#answerMs = answerMs;
    this.#deadlineMs = nowMs + answerMs;
  }
}

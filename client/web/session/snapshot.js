// The state of an attachment at this moment, put together from its parts. Pure.

/** @typedef {import("./state.js").ConnectionState} ConnectionState */
/**
 * @typedef {object} Portrayed what a snapshot shows
 * @property {import("./connector.js").Connector} connector
 * @property {import("./typing.js").Typing} typing
 * @property {import("./place.js").Place} place
 * @property {import("./outcome.js").Outcome} outcome
 */

export class Snapshot {
  /** The latest; frozen. */
  state;
  #parts;
  #clock;
  #isOnline;

  /**
   * @param {Portrayed} parts
   * @param {import("./clock.js").Clock} clock
   * @param {() => boolean} isOnline
   */
  constructor(parts, clock, isOnline) {
    this.#parts = parts;
    this.#clock = clock;
    this.#isOnline = isOnline;
    this.state = this.#take(clock.now());
  }

  /**
   * Takes a new one.
   *
   * @returns {boolean} whether it differs from the one before
   */
  update() {
    const isSamePhase = this.#phase === this.state.phase;
    const state = this.#take(isSamePhase ? this.state.sinceMs : this.#clock.now());
    const isChanged = JSON.stringify(state) !== JSON.stringify(this.state);
    if (isChanged) {
      this.state = state;
    }
    return isChanged;
  }

  /** @returns {import("./state.js").Phase} */
  get #phase() {
    const { connector, outcome, place } = this.#parts;
    if (outcome.ending !== null) {
      return outcome.ending.phase;
    }
    if (connector.isAttached) {
      return "connected";
    }
    if (!this.#isOnline()) {
      return "offline";
    }
    const { stage, attempt } = connector;
    return place.session === null && stage !== "waiting" && attempt <= 1 ? "connecting" : "reconnecting";
  }

  /**
   * @param {number} sinceMs
   * @returns {ConnectionState}
   */
  #take(sinceMs) {
    const { connector, outcome, typing } = this.#parts;
    const { attempt, retryAtMs, latencyMs } = connector;
    const { waitingKeys, heldMs } = typing;
    return Object.freeze({
      phase: this.#phase,
      attempt,
      retryAtMs,
      sinceMs,
      latencyMs: connector.isAttached ? latencyMs : null,
      waitingKeys,
      question: heldMs === null ? null : { keys: waitingKeys, ageMs: heldMs },
      code: outcome.ending?.code ?? null,
      reason: outcome.reason,
      exit: outcome.exit,
    });
  }
}

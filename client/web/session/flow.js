// Flow control: what has been parsed, and when the daemon is told so. Pure.
//
// Acknowledgements are cumulative, and come only once the terminal has parsed the bytes: the daemon then sends as fast as
// the page can show, and what waits in the page is never more than the window. Each piece of history is acknowledged,
// live output a quarter of a window at a time.

export class Flow {
  #windowBytes;
  #acknowledge;
  #parsed = 0;
  #acked = 0;
  #epoch = 0;
  #handedOver = 0;
  #done = 0;
  /** @type {{ count: number, act: () => void }[]} */
  #waiting = [];

  /**
   * @param {number} windowBytes
   * @param {(offset: number) => void} acknowledge tells the daemon
   */
  constructor(windowBytes, acknowledge) {
    this.#windowBytes = windowBytes;
    this.#acknowledge = acknowledge;
  }

  /**
   * A connection's output begins at `offset`: what lies before needs no acknowledgement.
   *
   * @param {number} offset
   */
  begin(offset) {
    this.#acked = offset;
  }

  /** What was handed over is shown no more. Its offsets may be another session's: they acknowledge nothing. */
  forget() {
    this.#epoch += 1;
    this.#parsed = this.#handedOver = this.#done = 0;
    this.#waiting = [];
  }

  /**
   * Bytes go to the terminal, which takes them in order.
   *
   * @param {number} end offset behind them
   * @param {boolean} atOnce acknowledge as soon as they are parsed, however few they are
   * @returns {() => void} to be called when they are parsed
   */
  handOver(end, atOnce) {
    const epoch = this.#epoch;
    this.#handedOver += 1;
    return () => {
      if (epoch !== this.#epoch) {
        return;
      }
      this.#done += 1;
      this.#parsed = Math.max(this.#parsed, end);
      const news = this.#parsed - this.#acked;
      if (news > 0 && (atOnce || news >= this.#windowBytes / 4)) {
        this.#acked = this.#parsed;
        this.#acknowledge(this.#acked);
      }
      this.#tell();
    };
  }

  /** Whether everything handed over is parsed. */
  get isIdle() {
    return this.#done === this.#handedOver;
  }

  /**
   * Calls `act` when everything handed over by now is parsed; never, where that is forgotten before.
   *
   * @param {() => void} act
   */
  whenParsed(act) {
    this.#waiting.push({ count: this.#handedOver, act });
    this.#tell();
  }

  #tell() {
    const due = this.#waiting.filter(({ count }) => count <= this.#done);
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#done);
    for (const { act } of due) {
      act();
    }
  }
}

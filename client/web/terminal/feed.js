// The way into xterm.js, which parses later and in slices: bytes, resets and resizes take effect in the order given.
//
// Callbacks of xterm's own queue run between two chunks, at the place in the order where they were put: that order is all
// that this relies on. An exception in one would stop the queue for good, so none leaves here.

export const CHUNK_BYTES = 256 * 1024;

// CAN breaks off a sequence that has begun (and half a character, with it); RIS resets all but the colours.
const RESET = new TextEncoder().encode("\x18\x1bc\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\");
const NOTHING = new Uint8Array(0);

export class Feed {
  #terminal;
  #onInert;
  #inertChunks = 0;

  /**
   * @param {{ write(data: Uint8Array, done?: () => void): void, resize(cols: number, rows: number): void }} terminal
   * @param {(isInert: boolean) => void} onInert called right before and right behind each chunk of history
   */
  constructor(terminal, onInert) {
    this.#terminal = terminal;
    this.#onInert = onInert;
  }

  /** Whether history waits or is being parsed. */
  get hasHistory() {
    return this.#inertChunks > 0;
  }

  /**
   * @param {Uint8Array} data
   * @param {boolean} inert
   * @param {() => void} done when all of it is parsed
   */
  write(data, inert, done) {
    for (let from = 0; from < data.length || from === 0; from += CHUNK_BYTES) {
      const chunk = data.subarray(from, from + CHUNK_BYTES);
      const isLast = from + CHUNK_BYTES >= data.length;
      if (inert) {
        this.#inertChunks++;
        this.run(() => this.#onInert(true));
      }
      this.#terminal.write(
        chunk,
        guarded(() => {
          if (inert) {
            this.#inertChunks--;
            this.#onInert(false);
          }
          if (isLast) done();
        }),
      );
    }
  }

  /** Empty the terminal, and forget a sequence or character that has begun. */
  reset() {
    this.write(RESET, true, () => {});
  }

  /**
   * @param {number} cols
   * @param {number} rows
   * @param {() => void} done
   */
  resize(cols, rows, done) {
    this.run(() => {
      this.#terminal.resize(cols, rows);
      done();
    });
  }

  /**
   * Run something when everything given before is parsed.
   * @param {() => void} action
   */
  run(action) {
    this.#terminal.write(NOTHING, guarded(action));
  }
}

/** @param {() => void} action */
function guarded(action) {
  return () => {
    try {
      action();
    } catch (problem) {
      reportError(problem);
    }
  };
}

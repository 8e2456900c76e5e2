// The lines that a history view holds: consecutive ones, a bounded number, that grow at one end and are dropped at the
// other; and where in them a terminal's rows are. Pure.

/** @typedef {import("./types.js").Line} Line */

export class LineWindow {
  #most;
  /** @type {Line[]} */
  #lines = [];

  /** @param {number} most lines held */
  constructor(most) {
    this.#most = most;
  }

  /** Oldest first. @returns {readonly Line[]} */
  get lines() {
    return this.#lines;
  }

  /** Number of the first line; of an empty window 0. */
  get first() {
    return this.#lines[0]?.line ?? 0;
  }

  /** Number behind the last line. */
  get end() {
    return (this.#lines.at(-1)?.line ?? -1) + 1;
  }

  /** @param {Line[]} lines instead of those held */
  replace(lines) {
    this.#lines = lines.slice(-this.#most);
  }

  /**
   * Take older lines; those that are there already are passed over.
   * @param {Line[]} lines
   * @returns {boolean} whether there was one
   */
  prepend(lines) {
    const fresh = lines.filter(({ line }) => line < this.first);
    if (fresh.length === 0 || (fresh.at(-1)?.line ?? 0) + 1 !== this.first) return false;
    this.#lines = [...fresh, ...this.#lines].slice(0, this.#most);
    return true;
  }

  /**
   * Take newer lines.
   * @param {Line[]} lines
   * @returns {boolean} whether there was one
   */
  append(lines) {
    const fresh = lines.filter(({ line }) => line >= this.end);
    if (fresh.length === 0 || fresh[0]?.line !== this.end) return false;
    this.#lines = [...this.#lines, ...fresh].slice(-this.#most);
    return true;
  }
}

// eslint-disable-next-line no-control-regex
const STYLE = /\x1b\[[0-9;:]*m|\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)/g;

/** @param {string} styled @returns {string} the text alone, without blanks at its end */
export function plain(styled) {
  return styled.replaceAll(STYLE, "").trimEnd();
}

/**
 * Where the rows of a terminal are among lines: the number of the line that is its first row.
 *
 * Output that has come in between puts the guess off, by some lines; what the rows say finds them.
 * @param {string[]} rows
 * @param {readonly Line[]} lines
 * @param {number} guess
 */
export function locate(rows, lines, guess) {
  const texts = lines.map(({ text }) => plain(text));
  const wanted = rows.map((row) => row.trimEnd());
  const first = lines[0]?.line ?? 0;
  let [best, bestScore] = [guess, 0];
  for (let start = 0; start < texts.length; start++) {
    let score = 0;
    for (let row = 0; row < wanted.length; row++) {
      if (texts[start + row] === wanted[row]) score += wanted[row] === "" ? 0.1 : 1;
    }
    const isNearer = Math.abs(first + start - guess) < Math.abs(best - guess);
    if (score > bestScore || (score === bestScore && score > 0 && isNearer)) [best, bestScore] = [first + start, score];
  }
  return best;
}

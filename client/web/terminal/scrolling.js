// Scrolling a live terminal, by wheel, finger or key, and noticing when it goes beyond the oldest line that is loaded.

/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {import("./touch.js").Point} Point */
/** @typedef {{ lines: number, rows: string[], rowsToEnd: number }} Anchor */

const ANCHOR_ROWS = 40;

export class Scrolling {
  #surface;
  #onPastTop;

  /**
   * @param {Surface} surface
   * @param {(anchor: Anchor) => void} onPastTop
   */
  constructor(surface, onPastTop) {
    this.#surface = surface;
    this.#onPastTop = onPastTop;
  }

  /** @param {WheelEvent} event which xterm.js gets, too */
  onWheel(event) {
    if (event.deltaY >= 0 || !this.isAtTop || this.#isWheelTaken) return;
    this.pastTop(Math.max(1, Math.round(-event.deltaY / (event.deltaMode ? 1 : this.#surface.rowHeight))));
  }

  /**
   * Scroll as a wheel would.
   * @param {number} lines negative: towards older ones
   * @param {Point} at
   */
  by(lines, at) {
    const { terminal } = this.#surface;
    if (this.#isWheelTaken || terminal.buffer.active.type === "alternate") {
      // xterm.js makes mouse reports or arrow keys of it.
      const wheel = {
        deltaY: Math.sign(lines),
        deltaMode: 1,
        clientX: at.x,
        clientY: at.y,
        bubbles: false,
        cancelable: true,
      };
      for (let count = Math.abs(lines); count > 0; count--)
        terminal.element?.dispatchEvent(new WheelEvent("wheel", wheel));
      return;
    }
    const beyond = -lines - terminal.buffer.active.viewportY;
    if (lines < 0 && beyond > 0) {
      this.pastTop(beyond);
      return false; // running on, it would open the history again behind who closes it
    }
    terminal.scrollLines(lines);
  }

  /** Go beyond the oldest line. @param {number} lines by so many */
  pastTop(lines) {
    const { terminal } = this.#surface;
    terminal.scrollToTop();
    const buffer = terminal.buffer.active;
    const text = (/** @type {number} */ row) => buffer.getLine(row)?.translateToString(true) ?? "";
    let rowsToEnd = buffer.length;
    while (rowsToEnd > 0 && text(rowsToEnd - 1) === "") rowsToEnd--;
    const rows = Array.from({ length: Math.min(ANCHOR_ROWS, buffer.length) }, (_, row) => text(row));
    this.#onPastTop({ lines, rows, rowsToEnd });
  }

  /** Whether the oldest line that is loaded is in view. */
  get isAtTop() {
    const buffer = this.#surface.terminal.buffer.active;
    return buffer.type === "normal" && buffer.viewportY === 0;
  }

  /** Whether the program gets the wheel. */
  get #isWheelTaken() {
    return !["none", "x10"].includes(this.#surface.terminal.modes.mouseTrackingMode);
  }
}

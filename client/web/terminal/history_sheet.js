// Lines of history in a terminal of their own, filled where nobody sees it; knows which row shows which line.

import { SearchAddon } from "../vendor/addon-search.mjs";
import { findOptions } from "./finding.js";
import { InertGate } from "./inert.js";
import { enableLinks } from "./links.js";
import { Surface } from "./surface.js";

/** @typedef {import("./types.js").Line} Line */
/** @typedef {import("./types.js").Settings} Settings */

const SLICE_LINES = 200;

export class HistorySheet {
  #element = document.createElement("div");
  #surface;
  #search = new SearchAddon({ highlightLimit: 2000 });
  /** Row at which each line begins. @type {number[]} */
  #rows = [];
  #first = 0;

  /**
   * @param {HTMLElement} host
   * @param {Settings} settings
   * @param {import("./themes.js").SystemLook} system
   * @param {number} mostRows
   * @param {(notice: import("./types.js").Notice) => void} notify
   */
  constructor(host, settings, system, mostRows, notify) {
    this.#element.className = "history-sheet terminal-pane";
    this.isShown = false;
    host.append(this.#element);
    this.#surface = new Surface(this.#element, settings, system, {
      scrollback: mostRows,
      onCellChange: () => this.#surface.show(),
    });
    new InertGate(this.terminal).isInert = true; // lines have nothing that asks; this keeps it so
    this.terminal.loadAddon(this.#search);
    enableLinks(this.terminal, notify);
    this.terminal.write("\x1b[?25l");
  }

  get terminal() {
    return this.#surface.terminal;
  }

  get surface() {
    return this.#surface;
  }

  /** @param {boolean} value */
  set isShown(value) {
    this.#element.classList.toggle("shown", value);
    this.#element.inert = !value;
  }

  /**
   * Hold these lines instead of others.
   * @param {readonly Line[]} lines
   * @param {number} cols of the session
   */
  async load(lines, cols) {
    const { terminal } = this;
    this.#resize(cols);
    terminal.reset();
    terminal.write("\x1b[?25l");
    this.#rows = [];
    this.#first = lines[0]?.line ?? 0;
    for (let from = 0; from < lines.length; from += SLICE_LINES) await this.#write(lines, from);
    await this.#drawn();
  }

  /** @param {readonly Line[]} lines @param {number} from */
  #write(lines, from) {
    const { terminal } = this;
    const slice = lines.slice(from, from + SLICE_LINES);
    slice.forEach(({ text, wraps }, at) => {
      const isLast = from + at === lines.length - 1;
      const before = lines[from + at - 1];
      // Behind a full row that wraps the cursor waits on that row: the text that follows begins on the next one.
      const goesOn = before?.wraps === true;
      terminal.write("", () => {
        const { baseY, cursorY, cursorX } = terminal.buffer.active;
        this.#rows.push(baseY + cursorY + (goesOn && cursorX >= terminal.cols ? 1 : 0));
      });
      terminal.write(text + (wraps || isLast ? "" : "\r\n"));
    });
    return new Promise((/** @type {(value?: undefined) => void} */ done) => terminal.write("", () => done()));
  }

  /** As many rows as fit. @param {number} cols */
  #resize(cols) {
    const { terminal } = this;
    terminal.resize(cols, 1);
    this.#surface.show(); // the font that shows all columns
    const rows = Math.floor(this.#surface.frame.clientHeight / this.#surface.rowHeight);
    terminal.resize(cols, Math.max(1, rows));
    this.#surface.show();
  }

  /** What was written is on the screen. */
  #drawn() {
    return new Promise((/** @type {(value?: undefined) => void} */ done) => {
      const wait = this.terminal.onRender(() => {
        wait.dispose();
        done();
      });
      this.terminal.refresh(0, this.terminal.rows - 1);
      setTimeout(done, 200); // a page in the background draws nothing
    });
  }

  /** Number of the line whose row is at the top, and how many rows of it are above. */
  get top() {
    const row = this.terminal.buffer.active.viewportY;
    let [low, high] = [0, this.#rows.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle] ?? 0) <= row) low = middle;
      else high = middle;
    }
    return { line: this.#first + low, rowsAbove: row - (this.#rows[low] ?? 0) };
  }

  /** Rows below the last one shown. */
  get rowsBelow() {
    const { baseY, viewportY } = this.terminal.buffer.active;
    return baseY - viewportY;
  }

  /**
   * Put a place at the top.
   * @param {() => { line: number, rowsAbove?: number }} place asked for again while this takes effect
   */
  async showAtTop(place) {
    await this.#scrollTo(() => {
      const { line, rowsAbove = 0 } = place();
      return this.#rowOf(line) + rowsAbove;
    });
  }

  /** Put a line into the middle. @param {number} line */
  async showInMiddle(line) {
    await this.#scrollTo(() => this.#rowOf(line) - Math.floor(this.terminal.rows / 2));
  }

  /**
   * Mark all matches, and choose the one in a line.
   * @param {{ text: string } & import("./finding.js").Finding} query
   * @param {number} line
   */
  async highlight({ text, ...how }, line) {
    this.terminal.select(0, this.#rowOf(line), 1);
    this.#search.findNext(text, { ...findOptions(how), incremental: true });
    await this.showInMiddle(line);
  }

  /**
   * xterm.js scrolls relative to a position that it brings up to date only when it draws: so until it is there.
   * @param {() => number} row wanted at the top
   */
  async #scrollTo(row) {
    for (let frames = 0; frames < 10; frames++) {
      const { baseY, viewportY } = this.terminal.buffer.active;
      const wanted = Math.min(baseY, Math.max(0, row()));
      if (frames > 0 && viewportY === wanted) return;
      this.terminal.scrollToLine(wanted);
      await nextFrame();
    }
  }

  /** @param {number} line */
  #rowOf(line) {
    return this.#rows[Math.min(this.#rows.length - 1, Math.max(0, line - this.#first))] ?? 0;
  }

  /** The selection by lines, which another sheet can take over. */
  get selection() {
    const range = this.terminal.getSelectionPosition();
    if (range === undefined) return null;
    const length = (range.end.y - range.start.y) * this.terminal.cols + range.end.x - range.start.x;
    const row = this.#rows.findLastIndex((begins) => begins <= range.start.y);
    return { line: this.#first + row, rowsAbove: range.start.y - (this.#rows[row] ?? 0), col: range.start.x, length };
  }

  set selection(value) {
    if (value === null || value.line < this.#first || value.line >= this.#first + this.#rows.length) return;
    this.terminal.select(value.col, this.#rowOf(value.line) + value.rowsAbove, value.length);
  }

  dispose() {
    this.#surface.dispose();
    this.#element.remove();
  }
}

/** Also in the background, where nothing is drawn. */
function nextFrame() {
  return new Promise((/** @type {(value?: undefined) => void} */ done) => {
    requestAnimationFrame(() => done());
    setTimeout(done, 100);
  });
}

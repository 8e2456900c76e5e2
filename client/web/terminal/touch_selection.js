// A selection made with fingers: its two ends can be dragged, and a button copies it.

import { between, wordAt } from "./cells.js";

/** @typedef {import("../vendor/xterm.mjs").Terminal} Terminal */
/** @typedef {import("./cells.js").Place} Place */
/** @typedef {import("./touch.js").Point} Point */

export class TouchSelection {
  #host;
  #terminal;
  /** @type {Place} */
  #fixed = { col: 0, row: 0 };
  /** @type {Place} */
  #fixedEnd = { col: 0, row: 0 };
  #tools = document.createElement("div");
  #handles = [this.#handle("start"), this.#handle("end")];

  /**
   * @param {HTMLElement} host positioned, around the terminal
   * @param {Terminal} terminal
   * @param {{ copy(): void, paste(): void }} clipboard
   */
  constructor(host, terminal, clipboard) {
    this.#host = host;
    this.#terminal = terminal;
    this.#tools.className = "selection-tools";
    this.#tools.append(
      this.#button("Copy", () => {
        clipboard.copy();
        terminal.clearSelection();
      }),
      this.#button("Paste", () => {
        terminal.clearSelection();
        clipboard.paste();
      }),
    );
    this.#hide();
    host.append(...this.#handles, this.#tools);
    terminal.onSelectionChange(() => !terminal.hasSelection() && this.#hide());
    terminal.onRender(() => !this.#tools.hidden && this.#place());
  }

  /**
   * Select the word there.
   * @param {Point} point
   */
  start(point) {
    const place = this.#placeAt(point);
    const [from, to] = wordAt(this.#rowText(place.row), place.col);
    this.#fixed = { col: from, row: place.row };
    this.#fixedEnd = { col: to, row: place.row };
    this.#select(this.#fixed, this.#fixedEnd);
    this.#show();
  }

  /**
   * Extend the selection up to there.
   * @param {Point} point
   */
  extendTo(point) {
    const place = this.#placeAt(point);
    const isBefore = place.row < this.#fixed.row || (place.row === this.#fixed.row && place.col < this.#fixed.col);
    this.#select(isBefore ? this.#fixedEnd : this.#fixed, place);
    this.#place();
  }

  /**
   * @param {Place} one
   * @param {Place} other
   */
  #select(one, other) {
    const { col, row, length } = between(one, other, this.#terminal.cols);
    this.#terminal.select(col, row, length);
  }

  /** @param {"start" | "end"} which */
  #handle(which) {
    const handle = document.createElement("div");
    handle.className = `selection-handle ${which}`;
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      const range = this.#terminal.getSelectionPosition();
      if (range === undefined) return;
      const other =
        which === "start" ? { col: range.end.x - 1, row: range.end.y } : { col: range.start.x, row: range.start.y };
      this.#fixed = this.#fixedEnd = other;
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      this.extendTo({ x: event.clientX, y: event.clientY - 20 }); // the finger is below what it moves
    });
    return handle;
  }

  /**
   * @param {string} label
   * @param {() => void} run
   */
  #button(label, run) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays, and so the soft keyboard
    button.addEventListener("click", run);
    return button;
  }

  #show() {
    for (const part of [...this.#handles, this.#tools]) part.hidden = false;
    this.#place();
  }

  #hide() {
    for (const part of [...this.#handles, this.#tools]) part.hidden = true;
  }

  #place() {
    const range = this.#terminal.getSelectionPosition();
    const screen = this.#screen();
    if (range === undefined || screen === null) return;
    const host = this.#host.getBoundingClientRect();
    const [width, height] = [screen.width / this.#terminal.cols, screen.height / this.#terminal.rows];
    const top = this.#terminal.buffer.active.viewportY;
    const put = (/** @type {HTMLElement | undefined} */ part, /** @type {number} */ col, /** @type {number} */ row) => {
      part?.style.setProperty("left", `${screen.left - host.left + col * width}px`);
      part?.style.setProperty("top", `${screen.top - host.top + (row - top) * height}px`);
    };
    put(this.#handles[0], range.start.x, range.start.y + 1);
    put(this.#handles[1], range.end.x, range.end.y + 1);
    const isRoomAbove = range.start.y - top > 2;
    put(this.#tools, 1, isRoomAbove ? range.start.y - 2.5 : range.end.y + 2.5);
  }

  /** @param {Point} point @returns {Place} */
  #placeAt(point) {
    const screen = this.#screen();
    const { cols, rows, buffer } = this.#terminal;
    if (screen === null) return { col: 0, row: 0 };
    const within = (/** @type {number} */ part, /** @type {number} */ count) =>
      Math.min(count - 1, Math.max(0, Math.floor(part * count)));
    const col = within((point.x - screen.left) / screen.width, cols);
    return { col, row: buffer.active.viewportY + within((point.y - screen.top) / screen.height, rows) };
  }

  #screen() {
    return this.#terminal.element?.querySelector(".xterm-screen")?.getBoundingClientRect() ?? null;
  }

  /** @param {number} row */
  #rowText(row) {
    const line = this.#terminal.buffer.active.getLine(row);
    let text = "";
    for (let col = 0; col < this.#terminal.cols; col++)
      text += line?.getCell(col)?.getChars()[0] ?? (line?.getCell(col)?.getWidth() === 0 ? "x" : " ");
    return text;
  }
}

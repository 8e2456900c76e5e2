// Everything a session printed, scrolled through where the live terminal has no more lines. It lies over that terminal and
// begins at exactly the line under the reader's eyes; two sheets take turns, so that what is shown is always whole.

import { tidied } from "./clipboard_text.js";
import { IS_MAC } from "./clipboard.js";
import { HistorySheet } from "./history_sheet.js";
import { LineWindow, locate } from "./line_window.js";
import { SystemLook } from "./themes.js";
import { Touch } from "./touch.js";
import { TouchSelection } from "./touch_selection.js";

/** @typedef {import("./types.js").Line} Line */
/** @typedef {import("./types.js").Lines} Lines */
/** @typedef {import("./types.js").LinesRequest} LinesRequest */
/** @typedef {import("./types.js").Settings} Settings */
/** @typedef {import("./finding.js").Finding} Finding */
/** @typedef {import("./scrolling.js").Anchor} Anchor  detail of the pane's `past-top` */

const WINDOW_LINES = 10_000;
const FIRST_LINES = 400; // in 50 ms; more come while these are read
const STEP_LINES = 1500;
const MOST_LINES = 10_000; // of one request
const NEAR_ROWS = 400;

/**
 * Events: `opened`, `closed` {reason: "end" | "button" | "typed", data, paste}: what was typed (data) or pasted belongs into
 * the live terminal; `notice` (a Notice); `problem` {message}: lines cannot be had.
 */
export class HistoryView extends EventTarget {
  #host;
  #settings;
  #fetchLines;
  #cols;
  #system = new SystemLook(() => this.applySettings(this.#settings));
  #window = new LineWindow(WINDOW_LINES);
  #area = document.createElement("div");
  #status = document.createElement("button");
  #place = document.createTextNode(""); // one for good: a tap on text that is replaced meanwhile makes no click
  /** The shown sheet is the first. @type {[HistorySheet, HistorySheet] | null} */
  #sheets = null;
  #firstLine = 0;
  #endLine = 0;
  #isBusy = false;
  #isPressed = false;
  #opening = 0; // the last one that was asked for counts
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve(); // of who uses the hidden sheet

  /**
   * @param {HTMLElement} host positioned; the view covers it
   * @param {{ settings: Settings, fetchLines: (request: LinesRequest) => Promise<Lines>, cols: number }} options
   */
  constructor(host, { settings, fetchLines, cols }) {
    super();
    this.#host = host;
    this.#settings = settings;
    this.#fetchLines = fetchLines;
    this.#cols = cols;
    this.#area.className = "history-view";
    this.#area.setAttribute("role", "region");
    this.#area.setAttribute("aria-label", "History");
    this.#status.type = "button";
    this.#status.className = "history-back";
    this.#status.append(this.#place);
    this.#status.addEventListener("click", () => this.close());
    // Chromium makes no click of a tap right behind a drag.
    this.#status.addEventListener("pointerup", ({ pointerType }) => pointerType === "touch" && this.close());
    this.#area.append(this.#status);
    this.#listen();
  }

  get isOpen() {
    return this.#sheets !== null;
  }

  /** What the shown sheet holds, for tests and scripts. */
  get terminal() {
    return this.#sheets?.[0].terminal ?? null;
  }

  /** Number of the line at the top. */
  get topLine() {
    return this.#sheets?.[0].top.line ?? null;
  }

  /** Columns of the session; counts when lines are loaded next. @param {number} value */
  set cols(value) {
    this.#cols = value;
  }

  /** @param {Settings} settings */
  applySettings(settings) {
    this.#settings = settings;
    for (const sheet of this.#sheets ?? []) sheet.surface.applySettings(settings);
    if (this.isOpen) void this.#refill();
  }

  /**
   * Show the history at a line, in the middle or at the top; or where the live terminal has no more (`anchor`).
   * @param {{ line?: number, atTop?: boolean, anchor?: Anchor, query?: string | ({ text: string } & Finding) }} place
   */
  async open({ line = 0, atTop = false, anchor, query }) {
    const opening = ++this.#opening;
    try {
      const { start, lines } = anchor ? await this.#before(anchor) : await this.#around(line);
      if (opening !== this.#opening) return;
      this.#window.replace(lines);
      const top = anchor ? locate(anchor.rows, lines, start) : start;
      const hadFocus = this.#host.contains(document.activeElement);
      const sheet = await this.#show(async (hidden) => {
        if (query) await hidden.highlight(typeof query === "string" ? { text: query } : query, start);
        else if (anchor || atTop) await hidden.showAtTop(() => ({ line: top }));
        else await hidden.showInMiddle(top);
      });
      if (sheet === null) return;
      if (hadFocus || query) sheet.terminal.focus();
      if (anchor) sheet.terminal.scrollLines(-anchor.lines);
      this.dispatchEvent(new CustomEvent("opened"));
      this.#onScroll();
    } catch (problem) {
      if (opening === this.#opening) this.#fail(problem);
    }
  }

  /**
   * Back to the live terminal.
   * @param {"end" | "button" | "typed"} reason
   * @param {{ data?: string, paste?: string }} typed
   */
  close(reason = "button", { data = "", paste = "" } = {}) {
    this.#opening++;
    if (this.#sheets === null) return;
    for (const sheet of this.#sheets) sheet.dispose();
    this.#sheets = null;
    this.#turn = Promise.resolve(); // for what is gone, nobody waits
    this.#area.classList.remove("shown");
    this.#area.remove();
    this.#window.replace([]);
    this.dispatchEvent(new CustomEvent("closed", { detail: { reason, data, paste } }));
  }

  dispose() {
    this.close();
    this.#system.dispose();
  }

  /** The live terminal's lines and those before; `start`: its first, if nothing is printed meanwhile. @param {Anchor} anchor */
  async #before({ rowsToEnd }) {
    const { lines } = await this.#fetch(null, Math.min(MOST_LINES, rowsToEnd + FIRST_LINES));
    const start = this.#endLine - rowsToEnd;
    return start > (lines[0]?.line ?? 0) || start <= this.#firstLine ? { start, lines } : this.#around(start);
  }

  /** @param {number} start */
  async #around(start) {
    return { start, lines: await this.#range(start - FIRST_LINES, start + FIRST_LINES) };
  }

  /** Lines with these numbers, as far as there are any. @param {number} from @param {number} to */
  async #range(from, to) {
    /** @type {Line[]} */
    let found = [];
    for (let before = Math.max(1, to); before > from; before = found[0]?.line ?? 0) {
      const { lines, first_line: firstLine } = await this.#fetch(
        before,
        Math.min(MOST_LINES, before - Math.max(0, from)),
      );
      found = [...lines, ...found];
      if (lines.length === 0 || (lines[0]?.line ?? 0) <= firstLine) break;
    }
    return found;
  }

  /** @param {number | null} before @param {number} max */
  async #fetch(before, max) {
    const answer = await this.#fetchLines({ before, max, styled: true });
    this.#firstLine = answer.first_line;
    this.#endLine = answer.end_line;
    return answer;
  }

  /**
   * Write the window into the hidden sheet, put it in place, and show it; by one at a time, from the first to the last.
   * @param {(hidden: HistorySheet) => Promise<void>} place
   * @returns {Promise<HistorySheet | null>} null: something else has been opened meanwhile, or the view closed
   */
  #show(place) {
    const opening = this.#opening;
    const turn = this.#turn.then(async () => {
      if (opening !== this.#opening) return null;
      if (this.#sheets === null) {
        this.#host.append(this.#area);
        this.#sheets = [this.#sheet(), this.#sheet()];
      }
      const hidden = this.#sheets[1];
      await hidden.load(this.#window.lines, this.#cols);
      if (opening === this.#opening) await place(hidden);
      if (opening !== this.#opening) return null;
      this.#swap();
      return hidden;
    });
    this.#turn = turn.catch(() => null);
    return turn;
  }

  /** The hidden sheet is shown from now on. */
  #swap() {
    if (this.#sheets === null) return;
    const [before, after] = this.#sheets;
    const hadFocus = before.terminal.element?.contains(document.activeElement) ?? false;
    after.isShown = true;
    before.isShown = false;
    this.#sheets = [after, before];
    if (hadFocus) after.terminal.focus();
    this.#area.classList.add("shown");
    this.#say();
  }

  #sheet() {
    const notify = (/** @type {import("./types.js").Notice} */ detail) =>
      this.dispatchEvent(new CustomEvent("notice", { detail }));
    const sheet = new HistorySheet(this.#area, this.#settings, this.#system, WINDOW_LINES, notify);
    const { terminal } = sheet;
    terminal.onScroll(() => this.#onScroll());
    terminal.onRender(() => this.#onScroll()); // xterm.js tells of a wheel's scrolling only so
    terminal.onKey(({ key }) => queueMicrotask(() => this.close("typed", { data: key })));
    terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    const copy = () => void navigator.clipboard?.writeText(tidied(terminal.getSelection()));
    const selection = new TouchSelection(sheet.surface.frame, terminal, { copy, paste: () => this.close() });
    new Touch(sheet.surface.frame, {
      scroll: (lines) => this.#scroll(lines),
      lineHeight: () => sheet.surface.rowHeight,
      zoomStart: () => {},
      zoom: () => {},
      selectStart: (at) => selection.start(at),
      selectTo: (at) => selection.extendTo(at),
      calm: () => this.#system.calm,
    });
    return sheet;
  }

  #listen() {
    const area = this.#area;
    area.addEventListener("wheel", (event) => event.deltaY > 0 && this.#closeAtEnd(), { capture: true, passive: true });
    area.addEventListener("pointerdown", () => (this.#isPressed = true), { capture: true });
    const release = () => {
      this.#isPressed = false;
      this.#onScroll();
    };
    for (const kind of ["pointerup", "pointercancel"]) area.addEventListener(kind, release, { capture: true });
    const onCopy = (/** @type {ClipboardEvent} */ event) => {
      if (!this.terminal?.hasSelection()) return;
      event.clipboardData?.setData("text/plain", tidied(this.terminal.getSelection()));
      event.preventDefault();
      event.stopPropagation();
    };
    const onPaste = (/** @type {ClipboardEvent} */ event) => {
      event.preventDefault();
      event.stopPropagation();
      this.close("typed", { paste: event.clipboardData?.getData("text/plain") ?? "" });
    };
    area.addEventListener("copy", onCopy, { capture: true });
    area.addEventListener("paste", onPaste, { capture: true });
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether xterm.js makes data of it */
  #onKey(event) {
    if (event.type !== "keydown") return false;
    const page = (this.terminal?.rows ?? 2) - 1;
    /** @type {Record<string, number>} */
    const steps = { PageUp: -page, PageDown: page, ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      void this.#moveBy(step);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "c") {
      event.preventDefault();
      void navigator.clipboard?.writeText(tidied(this.terminal?.getSelection() ?? ""));
    } else {
      // Tab goes to the button; Ctrl+Shift and Cmd belong to the browser.
      return !(event.key === "Tab" || (event.ctrlKey && event.shiftKey) || (IS_MAC && event.metaKey));
    }
    return false;
  }

  /** @param {number} step in rows */
  async #moveBy(step) {
    if (step === -Infinity) await this.open({ line: this.#firstLine, atTop: true });
    else if (step === Infinity) this.close("end");
    else this.#scroll(step);
  }

  /** @param {number} rows */
  #scroll(rows) {
    if (rows > 0 && this.#closeAtEnd()) return;
    this.terminal?.scrollLines(rows);
  }

  /** Close if what is shown is the end of what there is. */
  #closeAtEnd() {
    const sheet = this.#sheets?.[0];
    if (sheet === undefined || this.#isBusy || sheet.rowsBelow > 0 || this.#window.end < this.#endLine) return false;
    this.close("end");
    return true;
  }

  #onScroll() {
    const sheet = this.#sheets?.[0];
    if (sheet === undefined || this.#isPressed || !this.#area.classList.contains("shown")) return;
    this.#say();
    const isNearTop = sheet.terminal.buffer.active.viewportY < NEAR_ROWS && this.#window.first > this.#firstLine;
    const isNearEnd = sheet.rowsBelow < NEAR_ROWS && this.#window.end < this.#endLine;
    if (!this.#isBusy && (isNearTop || isNearEnd)) void this.#extend(isNearTop);
  }

  /** Load more, and show it without moving what is read. @param {boolean} older */
  async #extend(older) {
    this.#isBusy = true;
    const opening = this.#opening;
    try {
      const { first, end } = this.#window;
      const lines = older ? await this.#range(first - STEP_LINES, first) : await this.#range(end, end + STEP_LINES);
      if (opening !== this.#opening) return;
      const isMore = older ? this.#window.prepend(lines) : this.#window.append(lines);
      if (isMore) await this.#refill();
    } catch (problem) {
      this.#fail(problem);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Show the window as it is now, at the line that is read. */
  async #refill() {
    await this.#show(async (hidden) => {
      const shown = this.#sheets?.[0];
      if (shown === undefined) return;
      await hidden.showAtTop(() => shown.top);
      hidden.selection = shown.selection;
    });
  }

  #say() {
    const top = this.topLine ?? 0;
    const text = `Line ${(top + 1).toLocaleString()} of ${this.#endLine.toLocaleString()} · Back to live (Esc)`;
    if (this.#place.data !== text) this.#place.data = text;
  }

  /** @param {unknown} problem */
  #fail(problem) {
    const message = problem instanceof Error ? problem.message : String(problem);
    this.dispatchEvent(new CustomEvent("problem", { detail: { message } }));
  }
}

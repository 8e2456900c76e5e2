// The terminal of the page: shows a session's bytes, takes what its user types, and does nothing by itself that was meant
// for the past. It is the sink of a connection, and knows nothing of connections.

import { SearchAddon } from "../vendor/addon-search.mjs";
import { Bell } from "./bell.js";
import { keepCalm } from "./calm.js";
import { Clipboard, IS_MAC } from "./clipboard.js";
import { Feed } from "./feed.js";
import { findOptions } from "./finding.js";
import { Fitting } from "./fitting.js";
import { loadImages } from "./images.js";
import { InertGate } from "./inert.js";
import { keyData, WayOut, withModifiers } from "./keys.js";
import { boundedFont } from "./layout.js";
import { enableLinks } from "./links.js";
import { Scrolling } from "./scrolling.js";
import { Surface } from "./surface.js";
import { SystemLook } from "./themes.js";
import { Touch } from "./touch.js";
import { TouchSelection } from "./touch_selection.js";
import { followVisibleArea } from "./viewport.js";

/** @typedef {import("./types.js").Settings} Settings */
/** @typedef {import("./types.js").Size} Size */
/** @typedef {import("./finding.js").Finding} Finding */

const SCROLLBACK_LINES = 5000;
const SETTLED_MS = 100; // history comes in pieces; between two of them it is not over
const DEFAULT_FONT = 14;

/**
 * Events: `input` {data: string | Uint8Array}, `fit` {cols, rows} (what fits has changed), `title` {title}, `bell`,
 * `past-top` {lines, rows, rowsToEnd} (scrolled up by so many lines beyond the oldest that is loaded; text of the first
 * rows; rows from the first to the last that is not blank), `found` {index, total} (of matches; index -1: too many), `leave` (a keyboard user wants out; preventDefault where you
 * move the focus), `zoom` {fontSize}, `notice` (a Notice), `modifiers-used`.
 */
export class TerminalPane extends EventTarget {
  #host;
  #settings;
  #system = new SystemLook(() => this.applySettings(this.#settings));
  #surface;
  #gate;
  #feed;
  #clipboard;
  #bell;
  #search = new SearchAddon();
  #isFinding = false;
  #wayOut = new WayOut();
  #fitting;
  #scrolling;
  #stopFollowing = followVisibleArea();
  /** @type {number | undefined} */
  #settledTimer;
  #title = "";
  /** @type {string | null} */
  #heldTitle = null;
  /** Held by sticky keys, for the next key alone. */
  modifiers = { ctrl: false, alt: false };

  /**
   * @param {HTMLElement} host positioned, with a size of its own
   * @param {Settings} settings
   */
  constructor(host, settings) {
    super();
    this.#host = host;
    this.#settings = settings;
    host.classList.add("terminal-pane");
    const onCellChange = () => this.#fitting.update();
    this.#surface = new Surface(host, settings, this.#system, { scrollback: SCROLLBACK_LINES, onCellChange });
    const terminal = this.#surface.terminal;
    this.#bell = new Bell(host);
    this.#gate = new InertGate(terminal);
    this.#feed = new Feed(terminal, (isInert) => this.#onInert(isInert));
    const notify = (/** @type {import("./types.js").Notice} */ notice) => this.#emit("notice", notice);
    this.#clipboard = new Clipboard(host, terminal, () => this.#settings.clipboardWrite, notify);
    terminal.loadAddon(this.#search);
    this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
      this.#emit("found", { index: resultIndex, total: resultCount }),
    );
    enableLinks(terminal, notify);
    keepCalm(terminal, () => this.#system.calm);
    this.#scrolling = new Scrolling(this.#surface, (anchor) => this.#emit("past-top", anchor));
    this.#listen(terminal);
    this.#listenToFingers();
    loadImages(terminal, () => this.#gate.arm());
    terminal.options.screenReaderMode = settings.screenReader;
    this.#fitting = new Fitting(host, this.#surface, (size) => this.#emit("fit", size));
  }

  /** xterm.js itself. */
  get terminal() {
    return this.#surface.terminal;
  }

  /**
   * Show bytes.
   * @param {Uint8Array} data
   * @param {boolean} inert they are history, or a screen: nothing but the screen changes
   * @param {() => void} done called when all are parsed
   */
  write(data, inert, done) {
    if (inert) this.#beginHistory();
    this.#feed.write(data, inert, done);
  }

  /** Empty the terminal, behind what was written before. */
  reset() {
    this.#beginHistory();
    this.#feed.reset();
    this.#feed.run(() => {
      this.terminal.options.cursorStyle = "block";
      this.#heldTitle = "";
    });
  }

  /**
   * The session has this size, from here on in the order of what is written.
   * @param {number} cols
   * @param {number} rows
   */
  resize(cols, rows) {
    this.#feed.resize(cols, rows, () => this.#fitting.given());
  }

  /** What fits at the preferred font. @returns {Size | null} null: nothing is laid out yet */
  proposedSize() {
    return this.#surface.proposedSize();
  }

  /** @param {Settings} settings */
  applySettings(settings) {
    this.#settings = settings;
    this.#surface.applySettings(settings);
    if (!this.#isReplaying) this.terminal.options.screenReaderMode = settings.screenReader;
    this.#fitting.update();
  }

  focus() {
    this.terminal.focus();
  }

  /** Type, as with the keyboard. @param {string} data */
  type(data) {
    this.terminal.input(data, true);
  }

  /** @param {string} text asks first where a shell would run its lines at once */
  paste(text) {
    this.#clipboard.paste(text);
  }

  /** Paste what the system's clipboard holds. */
  pasteFromSystem() {
    return this.#clipboard.pasteFromSystem();
  }

  /** Copy the selection. */
  copy() {
    this.#clipboard.copy();
  }

  /** Press a key. @param {string} name as `KeyboardEvent.key` has it */
  sendKey(name) {
    this.type(keyData(name, this.terminal.modes.applicationCursorKeysMode));
  }

  /**
   * Find in what is loaded, from the selection on; marks all matches.
   * @param {string} text
   * @param {Finding & { forward?: boolean }} how
   * @returns {{ index: number, total: number }} index of the chosen match, -1 where there are too many to count; total: 0: none
   */
  find(text, { forward = true, ...how } = {}) {
    this.#isFinding = true;
    let found = { index: -1, total: 0 };
    const counting = this.#search.onDidChangeResults(({ resultIndex, resultCount }) => {
      found = { index: resultIndex, total: resultCount };
    });
    const options = findOptions(how);
    if (forward) this.#search.findNext(text, options);
    else this.#search.findPrevious(text, options);
    counting.dispose();
    return found;
  }

  /** Whether nothing is scrolled back, selected or marked. */
  get isUndisturbed() {
    const { viewportY, baseY } = this.terminal.buffer.active;
    return viewportY === baseY && !this.terminal.hasSelection() && !this.#isFinding;
  }

  clearFind() {
    this.#isFinding = false;
    this.#search.clearDecorations();
    this.terminal.clearSelection();
  }

  /** Change the font size by steps; 0: back to the default. @param {number} steps */
  zoom(steps) {
    this.#zoomTo(steps === 0 ? DEFAULT_FONT : this.#settings.fontSize + steps);
  }

  dispose() {
    this.#fitting.dispose();
    this.#stopFollowing();
    this.#system.dispose();
    clearTimeout(this.#settledTimer);
    this.#surface.dispose();
  }

  /** @param {import("../vendor/xterm.mjs").Terminal} terminal */
  #listen(terminal) {
    terminal.onData((data) => this.#gate.passes(data) && this.#onData(data));
    terminal.onBinary((data) => this.#emit("input", { data: Uint8Array.from(data, (byte) => byte.charCodeAt(0)) }));
    terminal.onBell(() => {
      if (this.#gate.isInert) return;
      if (this.#bell.ring(this.#settings.bell)) this.#emit("bell", null);
    });
    terminal.onTitleChange((title) => {
      if (this.#gate.isInert) this.#heldTitle = title;
      else this.#setTitle(title);
    });
    terminal.parser.registerOscHandler(52, (data) => {
      if (!this.#gate.isInert) this.#clipboard.onProgramWrite(data);
      return true;
    });
    terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    this.#surface.frame.addEventListener("wheel", (event) => this.#onWheel(event), { capture: true, passive: false });
  }

  /** @param {string} data */
  #onData(data) {
    const { ctrl, alt } = this.modifiers;
    const changed = ctrl || alt ? withModifiers(data, this.modifiers) : null;
    this.#emit("input", { data: changed ?? data });
    if (changed !== null) this.#emit("modifiers-used", null);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether xterm.js gets it */
  #onKey(event) {
    if (event.type !== "keydown") return true;
    switch (this.#wayOut.press(event, this.#settings.screenReader)) {
      case "leave":
        event.preventDefault();
        if (this.#emit("leave", null)) this.terminal.blur();
        return false;
      case "move":
        return false; // the browser moves the focus
      case "armed":
        this.#emit("notice", { text: "Press Tab or Shift+Tab to leave the terminal.", actions: [] });
        return true;
      default:
        return !this.#isShortcut(event);
    }
  }

  /** Do what a key of the page asks for. @param {KeyboardEvent} event */
  #isShortcut(event) {
    const { key, ctrlKey, altKey, shiftKey, metaKey } = event;
    const isPageKey = !altKey && (IS_MAC ? metaKey && !ctrlKey : ctrlKey && !metaKey);
    if (isPageKey && ["+", "=", "-", "0"].includes(key)) {
      event.preventDefault();
      this.zoom(key === "0" ? 0 : key === "-" ? -1 : 1);
      return true;
    }
    const letter = key.toLowerCase();
    if (isPageKey && !IS_MAC && shiftKey && letter === "c") {
      event.preventDefault(); // of the browser's tools
      this.copy();
      return true;
    }
    if (isPageKey && !IS_MAC && shiftKey && letter === "v") return true; // the browser pastes
    if (key === "PageUp" && shiftKey && this.#scrolling.isAtTop) {
      event.preventDefault();
      this.#scrolling.pastTop(this.terminal.rows - 1);
      return true;
    }
    return false;
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    if (event.ctrlKey) {
      // A pinch on a touchpad, or Ctrl and the wheel.
      event.preventDefault();
      event.stopPropagation();
      if (Math.abs(event.deltaY) >= 1) this.zoom(event.deltaY < 0 ? 1 : -1);
    } else {
      this.#scrolling.onWheel(event);
    }
  }

  #listenToFingers() {
    const { terminal } = this;
    const selection = new TouchSelection(this.#host, terminal, {
      copy: () => this.copy(),
      paste: () => void this.pasteFromSystem(),
    });
    let fontSize = 0;
    new Touch(this.#surface.frame, {
      scroll: (lines, at) => this.#scrolling.by(lines, at),
      lineHeight: () => this.#surface.rowHeight,
      zoomStart: () => (fontSize = this.#settings.fontSize),
      zoom: (ratio) => this.#zoomTo(fontSize * ratio),
      selectStart: (at) => selection.start(at),
      selectTo: (at) => selection.extendTo(at),
      calm: () => this.#system.calm,
    });
  }

  get #isReplaying() {
    return this.#feed.hasHistory || this.#settledTimer !== undefined;
  }

  #beginHistory() {
    clearTimeout(this.#settledTimer);
    this.#settledTimer = undefined;
    if (this.terminal.options.screenReaderMode) this.terminal.options.screenReaderMode = false; // it would read all of it aloud
  }

  /** @param {boolean} isInert */
  #onInert(isInert) {
    this.#gate.isInert = isInert;
    if (isInert || this.#feed.hasHistory) return;
    clearTimeout(this.#settledTimer);
    this.#settledTimer = setTimeout(() => this.#settle(), SETTLED_MS);
  }

  /** History is over. */
  #settle() {
    this.#settledTimer = undefined;
    this.terminal.options.screenReaderMode = this.#settings.screenReader;
    if (this.#heldTitle !== null) this.#setTitle(this.#heldTitle);
  }

  /** @param {string} title */
  #setTitle(title) {
    this.#heldTitle = null;
    if (title === this.#title) return;
    this.#title = title;
    this.#emit("title", { title });
  }

  /** @param {number} fontSize */
  #zoomTo(fontSize) {
    const bounded = boundedFont(fontSize);
    if (bounded === this.#settings.fontSize) return;
    this.applySettings({ ...this.#settings, fontSize: bounded });
    this.#emit("zoom", { fontSize: bounded });
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   * @returns {boolean} whether the default is still wanted
   */
  #emit(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: true }));
  }
}

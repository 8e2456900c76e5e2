// The terminal of the page: shows a session's bytes, takes what its user types, and does nothing by itself that was meant
// for the past. It is the sink of a connection, and knows nothing of connections.

import { Bell } from "./bell.js";
import { keepCalm } from "./calm.js";
import { Clipboard } from "./clipboard.js";
import { Finder } from "./finder.js";
import { Fitting } from "./fitting.js";
import { loadImages } from "./images.js";
import { keyData, withModifiers } from "./keys.js";
import { boundedFont } from "./layout.js";
import { enableLinks } from "./links.js";
import { PaneKeys } from "./pane_keys.js";
import { Pointing } from "./pointing.js";
import { Replay } from "./replay.js";
import { Scrolling } from "./scrolling.js";
import { Surface } from "./surface.js";
import { SystemLook } from "./themes.js";
import { followVisibleArea } from "./viewport.js";

/** @typedef {import("./types.js").Settings} Settings */
/** @typedef {import("./types.js").Size} Size */
/** @typedef {import("./finding.js").Finding} Finding */

const SCROLLBACK_LINES = 5000;
const DEFAULT_FONT = 14;

/**
 * Events: `input` {data: string | Uint8Array}, `fit` {cols, rows} (what fits has changed), `title` {title}, `bell`,
 * `past-top` {lines, rows, rowsToEnd} (scrolled up by so many lines beyond the oldest that is loaded; text of the first
 * rows; rows from the first to the last that is not blank), `found` {index, total} (of matches; index -1: too many),
 * `leave` (a keyboard user wants out; preventDefault where you move the focus), `zoom` {fontSize}, `notice` (a Notice),
 * `modifiers-used`.
 */
export class TerminalPane extends EventTarget {
  #settings;
  #system = new SystemLook(() => this.applySettings(this.#settings));
  #surface;
  #replay;
  #clipboard;
  #bell;
  #finder;
  #fitting;
  #stopFollowing = followVisibleArea();
  /** Held by sticky keys, for the next key alone. */
  modifiers = { ctrl: false, alt: false };

  /**
   * @param {HTMLElement} host positioned, with a size of its own
   * @param {Settings} settings
   */
  constructor(host, settings) {
    super();
    this.#settings = settings;
    host.classList.add("terminal-pane");
    const onCellChange = () => this.#fitting.update();
    this.#surface = new Surface(host, settings, this.#system, { scrollback: SCROLLBACK_LINES, onCellChange });
    const terminal = this.#surface.terminal;
    this.#bell = new Bell(host);
    this.#replay = new Replay(terminal, (title) => this.#emit("title", { title }));
    const notify = (/** @type {import("./types.js").Notice} */ notice) => this.#emit("notice", notice);
    this.#clipboard = new Clipboard(host, terminal, () => this.#settings.clipboardWrite, notify);
    this.#finder = new Finder(terminal, (found) => this.#emit("found", found));
    enableLinks(terminal, notify);
    keepCalm(terminal, () => this.#system.calm);
    const scrolling = new Scrolling(this.#surface, (anchor) => this.#emit("past-top", anchor));
    this.#listen(terminal);
    new PaneKeys(terminal, scrolling, {
      screenReader: () => this.#settings.screenReader,
      leave: () => this.#emit("leave", null) && this.terminal.blur(),
      notify,
      copy: () => this.copy(),
      zoom: (steps) => this.zoom(steps),
    });
    new Pointing(host, this.#surface, scrolling, {
      fontSize: () => this.#settings.fontSize,
      zoomTo: (fontSize) => this.#zoomTo(fontSize),
      zoom: (steps) => this.zoom(steps),
      copy: () => this.copy(),
      paste: () => void this.pasteFromSystem(),
      calm: () => this.#system.calm,
    });
    loadImages(terminal, () => this.#replay.gate.arm());
    this.#replay.screenReader = settings.screenReader;
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
    this.#replay.write(data, inert, done);
  }

  /** Empty the terminal, behind what was written before. */
  reset() {
    this.#replay.reset();
  }

  /**
   * The session has this size, from here on in the order of what is written.
   * @param {number} cols
   * @param {number} rows
   */
  resize(cols, rows) {
    this.#replay.resize(cols, rows, () => this.#fitting.given());
  }

  /** What fits at the preferred font. @returns {Size | null} null: nothing is laid out yet */
  proposedSize() {
    return this.#surface.proposedSize();
  }

  /** @param {Settings} settings */
  applySettings(settings) {
    this.#settings = settings;
    this.#surface.applySettings(settings);
    this.#replay.screenReader = settings.screenReader;
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
   * @returns {import("./finder.js").Found}
   */
  find(text, how = {}) {
    return this.#finder.find(text, how);
  }

  /** Whether nothing is scrolled back, selected or marked. */
  get isUndisturbed() {
    const { viewportY, baseY } = this.terminal.buffer.active;
    return viewportY === baseY && !this.terminal.hasSelection() && !this.#finder.isFinding;
  }

  clearFind() {
    this.#finder.clear();
  }

  /** Change the font size by steps; 0: back to the default. @param {number} steps */
  zoom(steps) {
    this.#zoomTo(steps === 0 ? DEFAULT_FONT : this.#settings.fontSize + steps);
  }

  dispose() {
    this.#fitting.dispose();
    this.#stopFollowing();
    this.#system.dispose();
    this.#replay.dispose();
    this.#surface.dispose();
  }

  /** @param {import("../vendor/xterm.mjs").Terminal} terminal */
  #listen(terminal) {
    terminal.onData((data) => this.#replay.gate.passes(data) && this.#onData(data));
    terminal.onBinary((data) => this.#emit("input", { data: Uint8Array.from(data, (byte) => byte.charCodeAt(0)) }));
    terminal.onBell(() => {
      if (this.#replay.gate.isInert) return;
      if (this.#bell.ring(this.#settings.bell)) this.#emit("bell", null);
    });
    terminal.parser.registerOscHandler(52, (data) => {
      if (!this.#replay.gate.isInert) this.#clipboard.onProgramWrite(data);
      return true;
    });
  }

  /** @param {string} data */
  #onData(data) {
    const { ctrl, alt } = this.modifiers;
    const changed = ctrl || alt ? withModifiers(data, this.modifiers) : null;
    this.#emit("input", { data: changed ?? data });
    if (changed !== null) this.#emit("modifiers-used", null);
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

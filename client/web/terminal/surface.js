// An xterm.js in a place of the page: opened, drawn, dressed, and laid out so that all of it is visible.
//
// Its size in cells is given from outside (it is the session's). What fits at the preferred font is only proposed.

import { Terminal } from "../vendor/xterm.mjs";
import { UnicodeGraphemesAddon } from "../vendor/addon-unicode-graphemes.mjs";
import { fontThatShows, whatFits } from "./layout.js";
import { drawFast } from "./renderer.js";
import { appearance } from "./themes.js";

/** @typedef {import("./types.js").Settings} Settings */
/** @typedef {import("./types.js").Size} Size */
/** @typedef {import("./types.js").Box} Box */

const SCROLLBAR_PX = 10;
const SETTLED_MS = 1000;

export class Surface {
  #host;
  #settings;
  #system;
  #frame = document.createElement("div");
  #fontSize;
  /** @type {{ key: string, cell: Box }} */
  #measured = { key: "", cell: { width: 0, height: 0 } };
  #isFast = true;
  terminal;

  /**
   * @param {HTMLElement} host
   * @param {Settings} settings
   * @param {import("./themes.js").SystemLook} system
   * @param {{ scrollback: number, onCellChange: () => void }} options
   */
  constructor(host, settings, system, { scrollback, onCellChange }) {
    this.#host = host;
    this.#settings = settings;
    this.#system = system;
    this.#fontSize = settings.fontSize;
    this.terminal = new Terminal({
      allowProposedApi: true, // decorations and Unicode versions
      scrollback,
      fontSize: settings.fontSize,
      macOptionClickForcesSelection: true,
      rightClickSelectsWord: false,
      scrollOnUserInput: true,
      overviewRuler: { width: SCROLLBAR_PX },
      windowOptions: {
        getWinSizeChars: true,
        getWinSizePixels: true,
        getCellSizePixels: true,
        pushTitle: true,
        popTitle: true,
      },
      ...appearance(settings, system),
    });
    this.#frame.className = "terminal-frame";
    host.append(this.#frame);
    this.terminal.loadAddon(new UnicodeGraphemesAddon());
    this.terminal.open(this.#frame);
    drawFast(this.terminal, () => {
      this.#isFast = false;
      onCellChange();
    });
    this.#dress();
  }

  /** @param {Settings} settings */
  applySettings(settings) {
    this.#settings = settings;
    this.#fontSize = settings.fontSize;
    this.#dress();
  }

  /** The element that scrolls where not even the smallest font shows everything. */
  get frame() {
    return this.#frame;
  }

  /** The cells, on the page; null: not laid out. */
  get screen() {
    return this.terminal.element?.querySelector(".xterm-screen")?.getBoundingClientRect() ?? null;
  }

  /** @returns {number} of a row, in CSS pixels */
  get rowHeight() {
    return Math.max(1, (this.screen?.height ?? 0) / this.terminal.rows);
  }

  /** What fits at the preferred font. @returns {Size | null} */
  proposedSize() {
    const cell = this.#cell();
    return cell && whatFits(this.#room(), cell);
  }

  /** Make all of the terminal visible: the preferred font, or a smaller one; in the middle of what is left. */
  show() {
    const cell = this.#cell();
    if (cell === null) return;
    const { terminal } = this;
    const room = this.#room();
    const own = whatFits(room, cell);
    const fits = own !== null && terminal.cols <= own.cols && terminal.rows <= own.rows;
    let font = fits ? this.#fontSize : fontThatShows(terminal, room, cell, this.#fontSize);
    this.#setFont(font);
    // Cells are whole pixels high, so the font may have to be a little smaller than computed.
    for (let tries = 0; !fits && tries < 12 && this.#overflows(room) && font > 6; tries++)
      this.#setFont((font -= 0.25));
    this.#host.classList.toggle("letterbox", own?.cols !== terminal.cols || own.rows !== terminal.rows);
  }

  dispose() {
    this.#frame.remove();
    // A frame that xterm.js has asked for looks for the renderer. What is not in the page asks for no more of them.
    setTimeout(() => this.terminal.dispose(), SETTLED_MS);
  }

  #dress() {
    const look = appearance(this.#settings, this.#system);
    this.terminal.options = look;
    this.#host.style.setProperty("--terminal-background", look.theme?.background ?? "");
    this.#host.style.setProperty("--terminal-foreground", look.theme?.foreground ?? "");
  }

  /** @returns {Box} */
  #room() {
    const bar = matchMedia("(pointer: coarse)").matches ? 0 : SCROLLBAR_PX; // on a phone it covers nothing until one scrolls
    return { width: this.#frame.clientWidth - bar, height: this.#frame.clientHeight };
  }

  /** A cell at the preferred font. @returns {Box | null} */
  #cell() {
    const key = `${this.#fontSize} ${devicePixelRatio} ${this.#isFast}`;
    if (this.#measured.key !== key) {
      this.#setFont(this.#fontSize);
      const screen = this.screen;
      if (screen === null || screen.width === 0) return null;
      const cell = { width: screen.width / this.terminal.cols, height: screen.height / this.terminal.rows };
      this.#measured = { key, cell };
    }
    return this.#measured.cell;
  }

  /** @param {number} fontSize */
  #setFont(fontSize) {
    if (this.terminal.options.fontSize !== fontSize) this.terminal.options.fontSize = fontSize;
  }

  /** @param {Box} room */
  #overflows(room) {
    const screen = this.screen;
    return screen !== null && (screen.width > room.width + 0.5 || screen.height > room.height + 0.5);
  }
}

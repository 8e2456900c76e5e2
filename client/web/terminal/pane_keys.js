// Keys pressed in a live terminal that are the page's, not the program's: shortcuts, and the way out.

import { IS_MAC } from "./clipboard.js";
import { WayOut } from "./keys.js";

/**
 * @typedef {object} KeyActions
 * @property {() => boolean} screenReader  whether there is one
 * @property {() => void} leave  the keyboard's user wants out
 * @property {(notice: import("./types.js").Notice) => void} notify
 * @property {() => void} copy
 * @property {(steps: number) => void} zoom  0: back to the default
 */

export class PaneKeys {
  #terminal;
  #scrolling;
  #actions;
  #wayOut = new WayOut();

  /**
   * @param {import("../vendor/xterm.mjs").Terminal} terminal
   * @param {import("./scrolling.js").Scrolling} scrolling
   * @param {KeyActions} actions
   */
  constructor(terminal, scrolling, actions) {
    this.#terminal = terminal;
    this.#scrolling = scrolling;
    this.#actions = actions;
    terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether xterm.js gets it */
  #onKey(event) {
    if (event.type !== "keydown") return true;
    switch (this.#wayOut.press(event, this.#actions.screenReader())) {
      case "leave":
        event.preventDefault();
        this.#actions.leave();
        return false;
      case "move":
        return false; // the browser moves the focus
      case "armed":
        this.#actions.notify({ text: "Press Tab or Shift+Tab to leave the terminal.", actions: [] });
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
      this.#actions.zoom(key === "0" ? 0 : key === "-" ? -1 : 1);
      return true;
    }
    const letter = key.toLowerCase();
    if (isPageKey && !IS_MAC && shiftKey && letter === "c") {
      event.preventDefault(); // of the browser's tools
      this.#actions.copy();
      return true;
    }
    if (isPageKey && !IS_MAC && shiftKey && letter === "v") return true; // the browser pastes
    if (key === "PageUp" && shiftKey && this.#scrolling.isAtTop) {
      event.preventDefault();
      this.#scrolling.pastTop(this.#terminal.rows - 1);
      return true;
    }
    return false;
  }
}

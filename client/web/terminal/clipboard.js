// Copy and paste between a terminal and the system, and programs that write the clipboard (OSC 52) if they may. None reads it.

import { clipboardWrite, harmless, linesRun, tidied } from "./clipboard_text.js";

/** @typedef {import("../vendor/xterm.mjs").Terminal} Terminal */
/** @typedef {import("./types.js").Notice} Notice */

export const IS_MAC = /mac|iphone|ipad/i.test(navigator.platform);
const ASK_AGAIN_MS = 60_000;

export class Clipboard {
  #terminal;
  #mayProgramsWrite;
  #notify;
  #refusedAtMs = -Infinity;

  /**
   * @param {HTMLElement} host around the terminal
   * @param {Terminal} terminal
   * @param {() => boolean} mayProgramsWrite whether an OSC 52 of now is to be followed: true, or silently or with a notice not
   * @param {(notice: Notice) => void} notify
   */
  constructor(host, terminal, mayProgramsWrite, notify) {
    this.#terminal = terminal;
    this.#mayProgramsWrite = mayProgramsWrite;
    this.#notify = notify;
    // Before xterm.js has them.
    host.addEventListener("copy", (event) => this.#onCopy(event), { capture: true });
    host.addEventListener("paste", (event) => this.#onPaste(event), { capture: true });
  }

  /**
   * What a program asks to write.
   * @param {string} data of OSC 52
   */
  onProgramWrite(data) {
    const text = clipboardWrite(data);
    if (text === null) return;
    if (this.#mayProgramsWrite()) {
      this.write(text);
    } else if (performance.now() - this.#refusedAtMs > ASK_AGAIN_MS) {
      this.#refusedAtMs = performance.now();
      const actions = [{ label: "Copy", run: () => this.write(text) }];
      this.#notify({ text: "A program wants to write to the clipboard. Settings can allow it.", actions });
    }
  }

  /** Copy the selection. */
  copy() {
    const text = tidied(this.#terminal.getSelection());
    if (text !== "") this.write(text);
  }

  /**
   * Write text to the clipboard; where the browser wants a click for that, ask for one.
   * @param {string} text
   */
  write(text) {
    const ask = () => {
      const actions = [{ label: "Copy", run: () => void navigator.clipboard?.writeText(text).catch(() => {}) }];
      this.#notify({ text: "The browser wants a click before it copies.", actions });
    };
    // Outside a secure context there is no clipboard but that of the copy command.
    if (navigator.clipboard === undefined) document.execCommand("copy");
    else navigator.clipboard.writeText(text).catch(ask);
  }

  /** Paste what the system's clipboard holds. */
  async pasteFromSystem() {
    try {
      this.paste(await navigator.clipboard.readText());
    } catch {
      const keys = IS_MAC ? "Cmd+V" : "Ctrl+Shift+V, or paste with a long press";
      this.#notify({ text: `The browser does not let the page read the clipboard. Use ${keys}.`, actions: [] });
    }
  }

  /**
   * Paste text; where the shell would run its lines at once, ask.
   * @param {string} text
   */
  paste(text) {
    const safe = harmless(text);
    if (safe === "") return;
    const lines = linesRun(safe);
    const paste = () => {
      this.#terminal.paste(safe);
      this.#terminal.focus();
    };
    if (lines === 0 || this.#terminal.modes.bracketedPasteMode) {
      paste();
      return;
    }
    const actions = [
      { label: "Paste", run: paste },
      { label: "Cancel", run: () => this.#terminal.focus() },
    ];
    this.#notify({ text: `Paste and run ${lines} ${lines === 1 ? "line" : "lines"}?`, actions });
  }

  /** @param {ClipboardEvent} event */
  #onCopy(event) {
    if (!this.#terminal.hasSelection() || event.clipboardData === null) return;
    event.clipboardData.setData("text/plain", tidied(this.#terminal.getSelection()));
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** @param {ClipboardEvent} event */
  #onPaste(event) {
    if (event.clipboardData === null) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.paste(event.clipboardData.getData("text/plain"));
  }
}

// The keys that a soft keyboard lacks. They never take the focus, so that the soft keyboard stays.

/** @typedef {import("./pane.js").TerminalPane} TerminalPane */
/** @typedef {"ctrl" | "alt"} Modifier */

/** @type {[name: string, label: string, shown: string][]} */
const KEYS = [
  ["Escape", "Escape", "Esc"],
  ["Tab", "Tab", "Tab"],
  ["ctrl", "Control", "Ctrl"],
  ["alt", "Alt", "Alt"],
  ["ArrowLeft", "Left", "←"],
  ["ArrowUp", "Up", "↑"],
  ["ArrowDown", "Down", "↓"],
  ["ArrowRight", "Right", "→"],
  ["paste", "Paste", "Paste"],
];
const REPEAT_AFTER_MS = 400;
const REPEAT_MS = 60;

export class KeyBar {
  #pane;
  /** @type {Record<Modifier, HTMLButtonElement | undefined>} */
  #buttons = { ctrl: undefined, alt: undefined };
  /** Tapped twice: held until tapped again. */
  #locked = { ctrl: false, alt: false };

  /**
   * @param {HTMLElement} host
   * @param {TerminalPane} pane
   */
  constructor(host, pane) {
    this.#pane = pane;
    host.classList.add("key-bar");
    host.setAttribute("role", "toolbar");
    host.setAttribute("aria-label", "Keys");
    host.append(...KEYS.map(([name, label, shown]) => this.#button(name, label, shown)));
    pane.addEventListener("modifiers-used", () => this.#release());
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {string} shown
   */
  #button(name, label, shown) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = shown;
    button.setAttribute("aria-label", label);
    // The focus moves by default on mousedown, which comes behind a touch, too.
    for (const kind of ["pointerdown", "mousedown"]) button.addEventListener(kind, (event) => event.preventDefault());
    if (name === "ctrl" || name === "alt") {
      this.#buttons[name] = button;
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => this.#toggle(name));
    } else if (name === "paste") {
      button.addEventListener("click", () => void this.#pane.pasteFromSystem());
    } else {
      this.#repeatWhileHeld(button, name.startsWith("Arrow"), () => this.#pane.sendKey(name));
    }
    return button;
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {boolean} repeats
   * @param {() => void} press
   */
  #repeatWhileHeld(button, repeats, press) {
    let timer = 0;
    let didRepeat = false;
    const again = () => {
      didRepeat = true;
      press();
      timer = setTimeout(again, REPEAT_MS);
    };
    button.addEventListener("pointerdown", () => {
      didRepeat = false;
      if (repeats) timer = setTimeout(again, REPEAT_AFTER_MS);
    });
    for (const kind of ["pointerup", "pointercancel", "pointerleave"])
      button.addEventListener(kind, () => clearTimeout(timer));
    button.addEventListener("click", () => {
      if (!didRepeat) press();
      didRepeat = false;
    });
  }

  /** For the next key; tapped again: until tapped once more. @param {Modifier} name */
  #toggle(name) {
    const isHeld = this.#pane.modifiers[name];
    if (isHeld && !this.#locked[name]) {
      this.#locked[name] = true;
    } else {
      this.#pane.modifiers[name] = !isHeld;
      this.#locked[name] = false;
    }
    this.#show(name);
  }

  #release() {
    for (const name of /** @type {Modifier[]} */ (["ctrl", "alt"])) {
      if (!this.#locked[name]) this.#pane.modifiers[name] = false;
      this.#show(name);
    }
  }

  /** @param {Modifier} name */
  #show(name) {
    this.#buttons[name]?.setAttribute("aria-pressed", String(this.#pane.modifiers[name]));
    this.#buttons[name]?.classList.toggle("locked", this.#locked[name]);
  }
}

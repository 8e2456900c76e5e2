// The menu of the bar: a popover with the keys of a menu.

import { byId, h, icon } from "./dom.js";

/** @import { IconName } from "./dom.js" */

/** @typedef {{ label: string, icon: IconName, keys?: string, run: () => void, shown?: () => boolean, isLink?: never } | "line"} MenuItem */

export class Menu {
  #host = byId("div", "menu");
  #items;

  /** @param {MenuItem[]} items */
  constructor(items) {
    this.#items = items;
    this.#host.addEventListener("beforetoggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === "open") this.#fill();
    });
    this.#host.addEventListener("toggle", (event) => {
      const isOpen = /** @type {ToggleEvent} */ (event).newState === "open";
      byId("button", "open-menu").setAttribute("aria-expanded", String(isOpen));
      if (isOpen) this.#buttons[0]?.focus();
    });
    this.#host.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get #buttons() {
    return [...this.#host.querySelectorAll("button")];
  }

  #fill() {
    const entries = this.#items.map((item) => {
      if (item === "line") return h("hr", { role: "separator" });
      if (item.shown?.() === false) return null;
      const run = () => {
        this.#host.hidePopover();
        item.run();
      };
      const keys = item.keys && h("kbd", { "aria-hidden": "true" }, item.keys);
      return h(
        "button",
        { type: "button", role: "menuitem", tabindex: -1, onclick: run },
        icon(item.icon),
        item.label,
        keys,
      );
    });
    this.#host.replaceChildren(...entries.filter((entry) => entry !== null));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const buttons = this.#buttons;
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") this.#host.hidePopover();
    if (next === undefined) return;
    event.preventDefault();
    buttons.at(next % buttons.length)?.focus();
  }
}

// The line of the search: what is looked for, and where it stands in what the terminal holds.

import { h, icon, onDetail, setText } from "./dom.js";

/** @import { TerminalPane } from "../terminal/pane.js" */
/** @import { IconName } from "./dom.js" */

/** @typedef {{ text: string, caseSensitive: boolean, regex: boolean }} Query */

/** Events: `change`, something else is looked for; `close`. */
export class SearchLine extends EventTarget {
  #pane;
  #input = h("input", {
    type: "text",
    class: "search-input",
    placeholder: "Search",
    "aria-label": "Search",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => this.#changed(),
  });
  #caseButton = this.#toggle("Aa", "Match case");
  #regexButton = this.#toggle(".*", "Regular expression");
  #count = h("span", { class: "search-count", role: "status" });
  #element = h(
    "div",
    { class: "search-line" },
    this.#input,
    this.#caseButton,
    this.#regexButton,
    this.#count,
    this.#button("up", "Previous on the screen (Enter)", () => this.find(false)),
    this.#button("down", "Next on the screen (Shift+Enter)", () => this.find(true)),
    this.#button("close", "Close (Escape)", () => this.dispatchEvent(new Event("close")), "Close"),
  );

  /** @param {TerminalPane} pane */
  constructor(pane) {
    super();
    this.#pane = pane;
    onDetail(pane, "found", (/** @type {{ index: number, total: number }} */ { index, total }) => {
      if (this.#input.value) this.#showCount(index, total);
    });
  }

  get element() {
    return this.#element;
  }

  get input() {
    return this.#input;
  }

  /** @returns {Query} */
  get query() {
    const pressed = (/** @type {HTMLElement} */ button) => button.getAttribute("aria-pressed") === "true";
    return { text: this.#input.value, caseSensitive: pressed(this.#caseButton), regex: pressed(this.#regexButton) };
  }

  clear() {
    this.#input.value = "";
    setText(this.#count, "");
  }

  /** @param {boolean} forward in what the terminal holds; from its end upwards otherwise */
  find(forward) {
    const { text, ...how } = this.query;
    if (!text) {
      this.#pane.clearFind();
      setText(this.#count, "");
      return;
    }
    try {
      if (!this.#pane.find(text, { forward, ...how })) this.#showCount(0, 0);
    } catch {
      this.#showCount(0, 0); // a regular expression that is still being typed
    }
  }

  /**
   * @param {number} index of the one that is shown; -1: not known, there are too many
   * @param {number} total
   */
  #showCount(index, total) {
    setText(this.#count, total === 0 ? "none loaded" : index < 0 ? `over ${total}` : `${index + 1} of ${total}`);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /**
   * @param {string} text
   * @param {string} label
   */
  #toggle(text, label) {
    const press = (/** @type {Event} */ event) => {
      const button = /** @type {HTMLElement} */ (event.currentTarget);
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      this.#changed();
    };
    return h(
      "button",
      {
        type: "button",
        class: "ghost toggle",
        title: label,
        "aria-label": label,
        "aria-pressed": "false",
        onclick: press,
      },
      text,
    );
  }

  /**
   * @param {IconName} which
   * @param {string} title
   * @param {() => void} run
   * @param {string} [label]
   */
  #button(which, title, run, label = title) {
    return h("button", { type: "button", class: "ghost", title, "aria-label": label, onclick: run }, icon(which));
  }
}

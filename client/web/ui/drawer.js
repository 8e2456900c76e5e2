// The drawer with all sessions, over the terminal's edge: it takes no room from the terminal, whose size would change
// for everybody who is attached.

import { byId, h, icon, onDetail } from "./dom.js";
import { closeByClickOutside } from "./dialog.js";

/** @import { Status } from "../api.js" */
/** @import { SessionList } from "./session_list.js" */

/** Events: `open` ({session}), `new`. */
export class Drawer extends EventTarget {
  #list;
  #filter = h("input", {
    type: "search",
    class: "filter",
    placeholder: "Filter",
    "aria-label": "Filter sessions",
    autocomplete: "off",
    spellcheck: "false",
  });
  #dialog;

  /** @param {SessionList} list */
  constructor(list) {
    super();
    this.#list = list;
    const make = h(
      "button",
      { type: "button", class: "primary", onclick: () => this.#leave(new Event("new")) },
      icon("plus"),
      "New",
    );
    this.#dialog = h(
      "dialog",
      { class: "drawer", "aria-label": "Sessions" },
      h(
        "div",
        { class: "drawer-inside" },
        h(
          "header",
          {},
          h("h2", {}, "Sessions"),
          make,
          h(
            "button",
            { type: "button", class: "ghost", "aria-label": "Close", onclick: () => this.#dialog.close() },
            icon("close"),
          ),
        ),
        this.#filter,
        list.element,
      ),
    );
    closeByClickOutside(this.#dialog);
    document.body.append(this.#dialog);
    this.#dialog.addEventListener("close", () => {
      list.stop();
      this.#opener.setAttribute("aria-expanded", "false");
    });
    this.#dialog.addEventListener("keydown", (event) => this.#onKey(event));
    this.#filter.addEventListener("input", () => list.filter(this.#filter.value));
    onDetail(list, "open", (/** @type {{ session: Status }} */ detail) =>
      this.#leave(new CustomEvent("open", { detail })),
    );
  }

  get #opener() {
    return byId("button", "open-sessions");
  }

  get isOpen() {
    return this.#dialog.open;
  }

  toggle() {
    if (this.isOpen) this.#dialog.close();
    else this.#open();
  }

  #open() {
    this.#filter.value = "";
    this.#list.filter("");
    this.#dialog.firstElementChild?.append(this.#list.element); // the start page may have had it
    this.#dialog.showModal();
    this.#opener.setAttribute("aria-expanded", "true");
    this.#filter.focus();
    void this.#list.start();
  }

  /** @param {Event} event what to tell once it is closed, for the focus returns then */
  #leave(event) {
    this.#dialog.close();
    this.dispatchEvent(event);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const inFilter = event.target === this.#filter;
    if (inFilter && event.key === "ArrowDown") {
      event.preventDefault();
      this.#list.focus();
    } else if (inFilter && event.key === "Enter") {
      event.preventDefault();
      this.#list.openFirst();
    } else if (!inFilter && event.key === "ArrowUp") {
      event.preventDefault();
      this.#filter.focus();
    } else if (!inFilter && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
      if (!(event.target instanceof HTMLInputElement)) this.#filter.focus(); // typing filters, wherever one is
    }
  }
}

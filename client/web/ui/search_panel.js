// Search: first in what the terminal holds, as one types; then in everything the session ever printed, which the
// daemon looks through. A result opens the history at its line.

import { byId, h, onDetail } from "./dom.js";
import { LogSearch } from "./log_search.js";
import { SearchLine } from "./search_line.js";

/** @import { Api } from "../api.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */
/** @import { Query } from "./search_line.js" */

/** @typedef {{ line: number, query: Query }} Jump */

/** Events: `jump` (Jump), `closed`. */
export class SearchPanel extends EventTarget {
  #host = byId("search", "search");
  #api;
  #pane;
  #line;
  #log;
  #sessionId = "";
  #downloads = h("span", { class: "downloads" });

  /**
   * @param {Api} api
   * @param {TerminalPane} pane
   */
  constructor(api, pane) {
    super();
    this.#api = api;
    this.#pane = pane;
    this.#line = new SearchLine(pane);
    this.#log = new LogSearch(api, () => ({ sessionId: this.#sessionId, query: this.#line.query }));
    this.#host.append(
      this.#line.element,
      ...this.#log.elements,
      h("div", { class: "search-foot faint" }, "Whole log", this.#downloads),
    );
    this.#line.addEventListener("change", () => this.#search());
    this.#line.addEventListener("close", () => this.close());
    onDetail(this.#log, "jump", (/** @type {{ line: number }} */ { line }) => {
      const detail = { line, query: this.#line.query };
      this.dispatchEvent(new CustomEvent("jump", { detail }));
    });
    this.#host.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get isOpen() {
    return !this.#host.hidden;
  }

  /** @param {string} sessionId */
  open(sessionId) {
    if (sessionId !== this.#sessionId) {
      this.#log.clear();
      this.#line.clear();
    }
    this.#sessionId = sessionId;
    const link = (/** @type {string} */ label, /** @type {boolean} */ plain) =>
      h("a", { href: this.#api.logUrl(sessionId, { plain }), download: "" }, label);
    this.#downloads.replaceChildren(link("Text", true), link("Raw", false));
    this.#host.hidden = false;
    byId("button", "open-search").setAttribute("aria-expanded", "true");
    const { input } = this.#line;
    input.focus();
    input.select();
    if (input.value) this.#search();
  }

  close() {
    if (!this.isOpen) return;
    this.#host.hidden = true;
    byId("button", "open-search").setAttribute("aria-expanded", "false");
    this.#log.stop();
    this.#pane.clearFind();
    this.dispatchEvent(new Event("closed"));
  }

  #search() {
    this.#line.find(false);
    this.#log.later();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { input } = this.#line;
    const results = this.#log.buttons;
    const at = results.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && event.target === input) {
      event.preventDefault();
      this.#line.find(event.shiftKey);
    } else if (event.key === "ArrowDown" && (at >= 0 || event.target === input)) {
      event.preventDefault();
      results[Math.min(at + 1, results.length - 1)]?.focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (results[at - 1] ?? input).focus();
    }
  }
}

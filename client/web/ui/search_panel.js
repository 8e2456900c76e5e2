// Search: first in what the terminal holds, as one types; then in everything the session ever printed, which the
// daemon looks through. A result opens the history at its line.

import { byId, h, icon, onDetail, setText } from "./dom.js";
import { partsOf, searchBackwards } from "./server_search.js";
import { count } from "./units.js";

/** @import { Api, Match } from "../api.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */

/** @typedef {{ line: number, query: { text: string, caseSensitive: boolean, regex: boolean } }} Jump */

const TYPING_PAUSE_MS = 250;
const PART_MATCHES = 100;

/** Events: `jump` (Jump), `closed`. */
export class SearchPanel extends EventTarget {
  #host = byId("search", "search");
  #api;
  #pane;
  #sessionId = "";
  #timer = 0;
  #running = new AbortController();
  #found = 0;
  #input = h("input", {
    type: "text",
    class: "search-input",
    placeholder: "Search",
    "aria-label": "Search",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => this.#later(),
  });
  #caseButton = this.#toggle("Aa", "Match case");
  #regexButton = this.#toggle(".*", "Regular expression");
  #loadedCount = h("span", { class: "search-count", role: "status" });
  #progress = h("progress", { max: 1, value: 0, "aria-label": "Searched" });
  #progressText = h("span", { class: "faint", role: "status" });
  #more = h("button", { type: "button", class: "small", hidden: true });
  #results = h("ol", { class: "results", "aria-label": "Results" });
  #downloads = h("span", { class: "downloads" });

  /**
   * @param {Api} api
   * @param {TerminalPane} pane
   */
  constructor(api, pane) {
    super();
    this.#api = api;
    this.#pane = pane;
    const step = (/** @type {"up" | "down"} */ which, /** @type {string} */ label) =>
      h(
        "button",
        {
          type: "button",
          class: "ghost",
          title: label,
          "aria-label": label,
          onclick: () => this.#find(which === "down"),
        },
        icon(which),
      );
    this.#host.append(
      h(
        "div",
        { class: "search-line" },
        this.#input,
        this.#caseButton,
        this.#regexButton,
        this.#loadedCount,
        step("up", "Previous on the screen (Enter)"),
        step("down", "Next on the screen (Shift+Enter)"),
        h(
          "button",
          {
            type: "button",
            class: "ghost",
            title: "Close (Escape)",
            "aria-label": "Close",
            onclick: () => this.close(),
          },
          icon("close"),
        ),
      ),
      h("div", { class: "search-head" }, h("h2", {}, "Everything it printed"), this.#progressText, this.#more),
      this.#progress,
      this.#results,
      h("div", { class: "search-foot faint" }, "Whole log", this.#downloads),
    );
    onDetail(pane, "found", (/** @type {{ index: number, total: number }} */ { index, total }) => {
      if (this.#input.value) this.#showCount(index, total);
    });
    this.#host.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get isOpen() {
    return !this.#host.hidden;
  }

  /** @param {string} sessionId */
  open(sessionId) {
    if (sessionId !== this.#sessionId) this.#clear();
    this.#sessionId = sessionId;
    const link = (/** @type {string} */ label, /** @type {boolean} */ plain) =>
      h("a", { href: this.#api.logUrl(sessionId, { plain }), download: "" }, label);
    this.#downloads.replaceChildren(link("Text", true), link("Raw", false));
    this.#host.hidden = false;
    byId("button", "open-search").setAttribute("aria-expanded", "true");
    this.#input.focus();
    this.#input.select();
    if (this.#input.value) this.#later();
  }

  close() {
    if (!this.isOpen) return;
    this.#host.hidden = true;
    byId("button", "open-search").setAttribute("aria-expanded", "false");
    this.#stop();
    this.#pane.clearFind();
    this.dispatchEvent(new Event("closed"));
  }

  get #wanted() {
    const pressed = (/** @type {HTMLElement} */ button) => button.getAttribute("aria-pressed") === "true";
    return { text: this.#input.value, caseSensitive: pressed(this.#caseButton), regex: pressed(this.#regexButton) };
  }

  /**
   * @param {string} text
   * @param {string} label
   */
  #toggle(text, label) {
    const press = (/** @type {Event} */ event) => {
      const button = /** @type {HTMLElement} */ (event.currentTarget);
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      this.#later();
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

  #clear() {
    this.#stop();
    this.#input.value = "";
    this.#results.replaceChildren();
    for (const text of [this.#loadedCount, this.#progressText]) setText(text, "");
    this.#progress.value = 0;
  }

  #later() {
    this.#stop();
    this.#find(false);
    this.#timer = window.setTimeout(() => void this.#searchAll(null), TYPING_PAUSE_MS);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#running.abort();
    this.#progress.hidden = true;
  }

  /** @param {boolean} forward in what the terminal holds; from its end upwards otherwise */
  #find(forward) {
    const { text, ...how } = this.#wanted;
    if (!text) {
      this.#pane.clearFind();
      setText(this.#loadedCount, "");
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
    setText(this.#loadedCount, total === 0 ? "none loaded" : index < 0 ? `over ${total}` : `${index + 1} of ${total}`);
  }

  /** @param {number | null} from line to go on before; null: a new search */
  async #searchAll(from) {
    this.#stop();
    const wanted = this.#wanted;
    if (from === null) {
      this.#results.replaceChildren();
      this.#found = 0;
      setText(this.#progressText, "");
    }
    this.#more.hidden = true;
    if (!wanted.text) return;
    const { signal } = (this.#running = new AbortController());
    this.#progress.hidden = false;
    this.#progress.value = 0;
    this.#offer("Stop", () => {
      this.#stop();
      setText(this.#progressText, `${count(this.#found, "line")}, stopped`);
      this.#more.hidden = true;
    });
    const part = (/** @type {number | null} */ before) =>
      this.#api.search(this.#sessionId, { ...wanted, before, max: PART_MATCHES }, signal);
    try {
      for await (const { matches, share, isDone, next } of searchBackwards(part, from)) {
        if (signal.aborted) return;
        this.#found += matches.length;
        this.#results.append(...matches.map((match) => this.#result(match)));
        this.#progress.value = share;
        const searched = isDone ? "" : `, ${Math.round(share * 100)} % searched`;
        setText(this.#progressText, `${count(this.#found, "line")}${searched}`);
        if (isDone) this.#more.hidden = true;
        else this.#offer("Go on", () => void this.#searchAll(next));
      }
    } catch (error) {
      if (signal.aborted) return;
      setText(this.#progressText, error instanceof Error ? error.message : String(error));
      this.#more.hidden = true;
    }
    this.#progress.hidden = true;
  }

  /**
   * @param {string} label
   * @param {() => void} run
   */
  #offer(label, run) {
    this.#more.hidden = false;
    this.#more.textContent = label;
    this.#more.onclick = run;
  }

  /** @param {Match} match */
  #result(match) {
    const jump = () => {
      const detail = { line: match.line, query: this.#wanted };
      this.dispatchEvent(new CustomEvent("jump", { detail }));
    };
    const text = partsOf(match).map((part) => (part.isMatch ? h("mark", {}, part.text) : part.text));
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "result", onclick: jump },
        h("span", { class: "result-line" }, (match.line + 1).toLocaleString("en")),
        h("span", { class: "result-text" }, ...text),
      ),
    );
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const results = [...this.#results.querySelectorAll("button")];
    const at = results.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && event.target === this.#input) {
      event.preventDefault();
      this.#find(event.shiftKey);
    } else if (event.key === "ArrowDown" && (at >= 0 || event.target === this.#input)) {
      event.preventDefault();
      results[Math.min(at + 1, results.length - 1)]?.focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (results[at - 1] ?? this.#input).focus();
    }
  }
}

// The search in everything a session ever printed: how far it is, what it found, and the way to stop it or go on.

import { h, setText } from "./dom.js";
import { partsOf, searchBackwards } from "./server_search.js";
import { count } from "./units.js";

/** @import { Api, Match } from "../api.js" */
/** @import { Query } from "./search_line.js" */

const TYPING_PAUSE_MS = 250;
const PART_MATCHES = 100;

/** Event `jump` ({ line: number }): a result was chosen. */
export class LogSearch extends EventTarget {
  #api;
  #wanted;
  #timer = 0;
  #running = new AbortController();
  #found = 0;
  #progress = h("progress", { max: 1, value: 0, "aria-label": "Searched" });
  #progressText = h("span", { class: "faint", role: "status" });
  #more = h("button", { type: "button", class: "small", hidden: true });
  #results = h("ol", { class: "results", "aria-label": "Results" });

  /**
   * @param {Api} api
   * @param {() => { sessionId: string, query: Query }} wanted
   */
  constructor(api, wanted) {
    super();
    this.#api = api;
    this.#wanted = wanted;
  }

  get elements() {
    const title = h("h2", {}, "Everything it printed");
    return [h("div", { class: "search-head" }, title, this.#progressText, this.#more), this.#progress, this.#results];
  }

  /** The results, as one goes through them by keys. */
  get buttons() {
    return [...this.#results.querySelectorAll("button")];
  }

  /** Begin anew when nobody has typed for a moment. */
  later() {
    this.stop();
    this.#timer = window.setTimeout(() => void this.#search(null), TYPING_PAUSE_MS);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#running.abort();
    this.#progress.hidden = true;
  }

  clear() {
    this.stop();
    this.#results.replaceChildren();
    setText(this.#progressText, "");
    this.#progress.value = 0;
  }

  /** @param {number | null} from line to go on before; null: a new search */
  async #search(from) {
    this.stop();
    const { sessionId, query } = this.#wanted();
    if (from === null) {
      this.#results.replaceChildren();
      this.#found = 0;
      setText(this.#progressText, "");
    }
    this.#more.hidden = true;
    if (!query.text) return;
    const { signal } = (this.#running = new AbortController());
    this.#progress.hidden = false;
    this.#progress.value = 0;
    this.#offer("Stop", () => {
      this.stop();
      setText(this.#progressText, `${count(this.#found, "line")}, stopped`);
      this.#more.hidden = true;
    });
    const part = (/** @type {number | null} */ before) =>
      this.#api.search(sessionId, { ...query, before, max: PART_MATCHES }, signal);
    try {
      for await (const { matches, share, isDone, next } of searchBackwards(part, from)) {
        if (signal.aborted) return;
        this.#found += matches.length;
        this.#results.append(...matches.map((match) => this.#result(match)));
        this.#progress.value = share;
        const searched = isDone ? "" : `, ${Math.round(share * 100)} % searched`;
        setText(this.#progressText, `${count(this.#found, "line")}${searched}`);
        if (isDone) this.#more.hidden = true;
        else this.#offer("Go on", () => void this.#search(next));
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
    const jump = () => this.dispatchEvent(new CustomEvent("jump", { detail: { line: match.line } }));
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
}

// The list of sessions, in the drawer and on the start page: fresh while it is shown, filtered by typing, worked by
// keys: arrows move, Enter opens, F2 renames, Delete ends.

import { h, setText } from "./dom.js";
import { confirmEnd } from "./end_dialog.js";
import { SessionRow } from "./session_row.js";

/** @import { Api, Status } from "../api.js" */
/** @import { RowAction } from "./session_row.js" */
/** @import { Thumbnails } from "./thumbnails.js" */

const REFRESH_MS = 2_000;
const MOST_ENDED = 20;

/** Events: `open` ({session}), `problem` ({text}), `changed`. */
export class SessionList extends EventTarget {
  #api;
  #thumbnails;
  #own;
  /** @type {Map<string, SessionRow>} */
  #rows = new Map();
  #running = h("ul", { class: "rows", "aria-label": "Running sessions" });
  #ended = h("ul", { class: "rows", "aria-label": "Ended sessions" });
  #endedPart = h("details", { class: "ended-part" }, h("summary", {}, "Recently ended"), this.#ended);
  #empty = h("p", { class: "empty faint" });
  #filterText = "";
  #refreshing = 0;
  element = h("div", { class: "session-list" }, this.#empty, this.#running, this.#endedPart);

  /**
   * @param {Api} api
   * @param {Thumbnails} thumbnails
   * @param {() => { sessionId: string, clientId: string }} own what this tab shows
   */
  constructor(api, thumbnails, own) {
    super();
    this.#api = api;
    this.#thumbnails = thumbnails;
    this.#own = own;
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.#endedPart.addEventListener("toggle", () => this.#applyFilter());
  }

  /** Show what runs, and keep it fresh until `stop`. */
  async start() {
    this.stop();
    this.#refreshing = window.setInterval(() => void this.refresh(), REFRESH_MS);
    await this.refresh();
  }

  stop() {
    clearInterval(this.#refreshing);
  }

  async refresh() {
    if (document.hidden && this.#rows.size) return;
    try {
      this.#show(await this.#api.sessions({ ended: true }));
    } catch (error) {
      this.#empty.hidden = false;
      setText(this.#empty, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} text rows that do not have all of its words are hidden */
  filter(text) {
    this.#filterText = text.toLowerCase();
    this.#applyFilter();
  }

  /** Put the focus on the row of this tab's session, or on the first. */
  focus() {
    const shown = this.#shown;
    (shown.find((row) => row.main.hasAttribute("aria-current")) ?? shown[0])?.main.focus();
  }

  /** Open the first row that is shown. */
  openFirst() {
    const [first] = this.#shown;
    if (first !== undefined) this.#act("open", first);
  }

  get #shown() {
    const items = this.element.querySelectorAll(".row:not([hidden])");
    return [...items]
      .filter((item) => item.checkVisibility())
      .map((item) => this.#rows.get(/** @type {HTMLElement} */ (item).dataset.session ?? ""))
      .filter((row) => row !== undefined);
  }

  /** @param {Status[]} sessions */
  #show(sessions) {
    const nowS = Date.now() / 1000;
    const own = this.#own();
    const running = sessions.filter((one) => one.state === "running");
    const ended = sessions.filter((one) => one.state !== "running").slice(0, MOST_ENDED);
    const kept = new Map();
    for (const session of [...running, ...ended]) {
      const known = this.#rows.get(session.session_id);
      const isSame = known !== undefined && (known.session.state === "running") === (session.state === "running");
      const row = isSame ? known : new SessionRow(session, (action, one) => this.#act(action, one));
      if (known !== undefined && !isSame) known.element.remove();
      row.update(session, nowS, own);
      kept.set(session.session_id, row);
    }
    for (const [id, row] of this.#rows) if (!kept.has(id)) row.element.remove();
    this.#rows = kept;
    // By age: a row that jumps up while one reaches for it is worse than one that is not at the top.
    running.sort((one, other) => other.created_at - one.created_at);
    this.#place(this.#running, running);
    this.#place(this.#ended, ended);
    this.#endedPart.hidden = ended.length === 0;
    this.#applyFilter();
    for (const one of running) {
      const row = this.#rows.get(one.session_id);
      if (row !== undefined && !row.element.hidden) this.#thumbnails.draw(row.canvas, one);
    }
    this.dispatchEvent(new Event("changed"));
  }

  /**
   * Put rows in order, and move only those that are elsewhere: one that is moved loses the focus.
   *
   * @param {HTMLElement} list
   * @param {Status[]} sessions
   */
  #place(list, sessions) {
    sessions.forEach(({ session_id: id }, index) => {
      const element = this.#rows.get(id)?.element;
      if (element !== undefined && list.children[index] !== element)
        list.insertBefore(element, list.children[index] ?? null);
    });
  }

  #applyFilter() {
    const words = this.#filterText.split(/\s+/).filter(Boolean);
    for (const { element } of this.#rows.values()) {
      const text = element.textContent?.toLowerCase() ?? "";
      element.hidden = !words.every((word) => text.includes(word));
    }
    const shown = this.#shown;
    this.#empty.hidden = shown.length > 0 || !this.#endedPart.hidden;
    setText(this.#empty, words.length ? "No session has these words." : "No session is running.");
    const tabbable = shown.find((row) => row.main === document.activeElement) ?? shown[0];
    for (const row of this.#rows.values()) {
      for (const button of row.element.querySelectorAll("button")) button.tabIndex = row === tabbable ? 0 : -1;
    }
  }

  /**
   * @param {RowAction} action
   * @param {SessionRow} row
   */
  #act(action, row) {
    const { session } = row;
    if (action === "open") this.dispatchEvent(new CustomEvent("open", { detail: { session } }));
    else if (session.state !== "running") return;
    else if (action === "rename") row.rename((name) => this.#try(() => this.#api.rename(session.session_id, name)));
    else void confirmEnd(this.#api, session.session_id, (text) => this.#problem(text)).then(() => this.refresh());
  }

  /** @param {() => Promise<unknown>} work */
  async #try(work) {
    try {
      await work();
    } catch (error) {
      this.#problem(error instanceof Error ? error.message : String(error));
    }
    await this.refresh();
  }

  /** @param {string} text */
  #problem(text) {
    this.dispatchEvent(new CustomEvent("problem", { detail: { text } }));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const shown = this.#shown;
    const at = shown.findIndex((row) => row.element.contains(document.activeElement));
    const row = shown[at];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = { ArrowDown: Math.min(at + 1, shown.length - 1), ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[
      event.key
    ];
    if (next !== undefined) {
      if (next < 0) return; // up from the first row: into the filter, which is the drawer's
      event.preventDefault();
      event.stopPropagation();
      shown[next]?.main.focus();
      this.#applyFilter();
    } else if (event.key === "F2") {
      event.preventDefault();
      this.#act("rename", row);
    } else if (event.key === "Delete") {
      event.preventDefault();
      this.#act("end", row);
    }
  }
}

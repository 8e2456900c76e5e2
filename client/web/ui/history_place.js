// Where a session's history is read: over its terminal while it runs, in its place when it has ended.

import { HistoryView } from "../terminal/history.js";
import { byId, onDetail } from "./dom.js";

/** @import { Api, Status } from "../api.js" */
/** @import { SettingsStore } from "../settings.js" */
/** @import { Anchor } from "../terminal/history.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */

/**
 * @typedef {{ line?: number, anchor?: Anchor, query?: { text: string, caseSensitive: boolean, regex: boolean }, stays?: boolean }} Place
 * line: the one to show; anchor: where a scrolling terminal stands; neither: the end. stays: there is nothing behind it
 */

/** Event `notice`, as of the terminal. */
export class HistoryPlace extends EventTarget {
  #api;
  #settings;
  #pane;
  #host = byId("div", "terminal");
  /** @type {HistoryView | null} */
  #view = null;
  #stays = false;
  /** @type {Status | null} */
  #session = null;

  /**
   * @param {Api} api
   * @param {SettingsStore} settings
   * @param {TerminalPane} pane the live terminal beneath
   */
  constructor(api, settings, pane) {
    super();
    this.#api = api;
    this.#settings = settings;
    this.#pane = pane;
    settings.addEventListener("change", () => this.#view?.applySettings(settings.current));
    this.#host.addEventListener("wheel", (event) => this.#stayAtEnd(event), { capture: true, passive: true });
  }

  /**
   * @param {Status} session
   * @param {Place} place
   */
  async open(session, { line, anchor, query, stays = false }) {
    if (this.#view?.isOpen && anchor) return;
    const id = session.session_id;
    if (this.#view === null || !this.#view.isOpen) {
      this.close();
      const fetchLines = (/** @type {{ before: number | null, max: number, styled: boolean }} */ wanted) =>
        this.#api.lines(id, wanted);
      const view = new HistoryView(this.#host, { settings: this.#settings.current, fetchLines, cols: session.cols });
      onDetail(view, "closed", (/** @type {Closed} */ closed) => this.#onClosed(view, closed));
      onDetail(view, "notice", (detail) => this.dispatchEvent(new CustomEvent("notice", { detail })));
      onDetail(view, "problem", (/** @type {{ message: string }} */ { message }) =>
        this.dispatchEvent(new CustomEvent("notice", { detail: { text: message, actions: [] } })),
      );
      this.#view = view;
    }
    this.#stays = stays;
    this.#session = session;
    this.#view.cols = session.cols;
    if (anchor) return this.#view.open({ anchor });
    const wanted = line ?? (await this.#lastLine(id));
    await this.#view?.open({ line: wanted, ...(query && { query }) });
  }

  /** The history that is open. */
  get view() {
    return this.#view?.isOpen ? this.#view : null;
  }

  close() {
    this.#stays = false;
    this.#view?.dispose();
    this.#view = null;
  }

  /** @param {string} id */
  async #lastLine(id) {
    const { end_line: end } = await this.#api.lines(id, { max: 1, styled: false }).catch(() => ({ end_line: 0 }));
    return Math.max(0, end - 1);
  }

  /** @typedef {{ data: string, paste: string }} Closed */

  /**
   * @param {HistoryView} view
   * @param {Closed} closed
   */
  #onClosed(view, { data, paste }) {
    if (view !== this.#view) return;
    if (this.#stays && this.#session !== null) {
      void this.open(this.#session, { stays: true });
      return;
    }
    this.#view = null;
    this.#pane.focus();
    if (data) this.#pane.type(data);
    if (paste) this.#pane.paste(paste);
  }

  /** @param {WheelEvent} event over the end of a history behind which there is no terminal */
  #stayAtEnd(event) {
    const buffer = this.#stays && event.deltaY > 0 ? this.#view?.terminal?.buffer.active : null;
    if (buffer && buffer.viewportY >= buffer.baseY) event.stopPropagation();
  }
}

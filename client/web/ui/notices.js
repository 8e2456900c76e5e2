// Short words in a corner: what has just happened, with what can be done about it. They are read out once and leave by
// themselves, but not while somebody points at them or has the focus there.

import { h, icon } from "./dom.js";

const SHOWN_MS = 5_000;
const SHOWN_WITH_ACTIONS_MS = 15_000;
const MOST = 4;

/** @typedef {{ label: string, run: () => void }} NoticeAction */

export class Notices {
  #host;

  /** @param {HTMLElement} host a live region */
  constructor(host) {
    this.#host = host;
  }

  /**
   * @param {string} text
   * @param {NoticeAction[]} [actions]
   * @param {{ kind?: "plain" | "good" | "bad", about?: string }} [look] about: one takes the place of an earlier one
   */
  show(text, actions = [], { kind = "plain", about = text } = {}) {
    const shown = h("div", { class: `notice ${kind}`, "data-about": about }, h("span", { class: "notice-text" }, text));
    const leave = () => shown.remove();
    for (const { label, run } of actions) {
      const act = () => {
        leave();
        run();
      };
      shown.append(h("button", { type: "button", class: "small", onclick: act }, label));
    }
    shown.append(
      h("button", { type: "button", class: "ghost", "aria-label": "Dismiss", onclick: leave }, icon("close")),
    );
    for (const old of [...this.#host.children]) {
      if (this.#host.childElementCount >= MOST || /** @type {HTMLElement} */ (old).dataset.about === about)
        old.remove();
    }
    this.#host.append(shown);
    const tryToLeave = () => {
      if (shown.matches(":hover, :focus-within")) setTimeout(tryToLeave, SHOWN_MS);
      else leave();
    };
    setTimeout(tryToLeave, actions.length ? SHOWN_WITH_ACTIONS_MS : SHOWN_MS);
  }
}

// The tab's title and icon: which session, and, in the background, that something happened there.

import { byId } from "./dom.js";

/** @typedef {{ name: string, program: string, isLost: boolean, hasBell: boolean, hasNews: boolean }} TabFacts */

/**
 * @param {TabFacts} facts
 * @returns {string} as `build · make — Holdfast`, with a mark in front for what wants to be seen
 */
export function titleOf({ name, program, isLost, hasBell, hasNews }) {
  const mark = isLost ? "⚠ " : hasBell ? "🔔 " : hasNews ? "• " : "";
  const what = [name, program === name ? "" : program].filter(Boolean).join(" · ");
  return mark + (what ? `${what} — Holdfast` : "Holdfast");
}

const MARKS = Object.freeze({ lost: "#e5534b", bell: "#f2c14e", news: "#7aa8f5" });

/** Keeps title and icon of this tab. */
export class TabIdentity {
  #icon = byId("link", "favicon");
  #plain = this.#icon.href;
  /** @type {TabFacts} */
  #facts = { name: "", program: "", isLost: false, hasBell: false, hasNews: false };

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.change({ hasBell: false, hasNews: false });
    });
  }

  /** @param {Partial<TabFacts>} changes */
  change(changes) {
    const seen = document.hidden ? {} : { hasBell: false, hasNews: false };
    const before = this.#facts;
    this.#facts = { ...before, ...changes, ...seen };
    const title = titleOf(this.#facts);
    if (document.title !== title) document.title = title;
    const mark = markOf(this.#facts);
    if (mark !== markOf(before)) this.#icon.href = mark === null ? this.#plain : markedIcon(mark);
  }
}

/** @param {TabFacts} facts */
function markOf({ isLost, hasBell, hasNews }) {
  return isLost ? MARKS.lost : hasBell ? MARKS.bell : hasNews ? MARKS.news : null;
}

/** @param {string} colour */
function markedIcon(colour) {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#14171c"/>' +
    '<path d="M8 10l7 6-7 6M17 22h7" fill="none" stroke="#d8dce3" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>' +
    `<circle cx="25" cy="7" r="6" fill="${colour}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

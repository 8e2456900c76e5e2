// Finding in what a live terminal has loaded.

import { SearchAddon } from "../vendor/addon-search.mjs";
import { findOptions } from "./finding.js";

/** @typedef {import("./finding.js").Finding} Finding */
/** @typedef {{ index: number, total: number }} Found  index of the chosen match, -1 where there are too many to count; total: 0: none */

export class Finder {
  #terminal;
  #search = new SearchAddon();
  #isFinding = false;

  /**
   * @param {import("../vendor/xterm.mjs").Terminal} terminal
   * @param {(found: Found) => void} onFound also when what is printed changes it
   */
  constructor(terminal, onFound) {
    this.#terminal = terminal;
    terminal.loadAddon(this.#search);
    this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
      onFound({ index: resultIndex, total: resultCount }),
    );
  }

  /** Whether matches are marked. */
  get isFinding() {
    return this.#isFinding;
  }

  /**
   * From the selection on; marks all matches.
   * @param {string} text
   * @param {Finding & { forward?: boolean }} how
   * @returns {Found}
   */
  find(text, { forward = true, ...how } = {}) {
    this.#isFinding = true;
    let found = { index: -1, total: 0 };
    const counting = this.#search.onDidChangeResults(({ resultIndex, resultCount }) => {
      found = { index: resultIndex, total: resultCount };
    });
    const options = findOptions(how);
    if (forward) this.#search.findNext(text, options);
    else this.#search.findPrevious(text, options);
    counting.dispose();
    return found;
  }

  clear() {
    this.#isFinding = false;
    this.#search.clearDecorations();
    this.#terminal.clearSelection();
  }
}

// Whose size the session has: that of the client that typed or resized last. Pure.

/** @typedef {import("../wire/attach_query.js").Size} Size */

export class SizeClaim {
  /** What this tab would have; null where it has not said. */
  mine = /** @type {Size | null} */ (null);
  /** The session has this tab's size, as far as is known. */
  owns = false;
  #told = false;

  /** @param {Size} size this tab's, and it is to be the session's */
  claim(size) {
    this.mine = size;
    this.owns = true;
    this.#told = false;
  }

  /**
   * What to attach with: no size leaves the session's as it is.
   *
   * @param {boolean} isActive the user looks at this tab
   */
  toAttachWith(isActive) {
    return this.owns || isActive ? this.mine : null;
  }

  /** @param {boolean} told whether the daemon was told this tab's size on this connection */
  attached(told) {
    this.#told = told;
  }

  /** @param {Size} size the session has now */
  resized({ cols, rows }) {
    this.owns = this.mine?.cols === cols && this.mine.rows === rows;
  }

  /** What to tell the daemon before it is typed, so that the session gets the typist's size; null: it knows. */
  toTell() {
    const size = this.#told ? null : this.mine;
    this.#told ||= size !== null;
    return size;
  }
}

// The session that this tab shows: one terminal, and one place in one session at a time.

import { Attachment } from "../session/attachment.js";
import { remember } from "../session/remember.js";
import { onDetail } from "./dom.js";

/** @import { Memory } from "../session/memory.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */
/** @import { Size } from "../terminal/types.js" */

const PASSED_ON = ["state", "session", "restored", "presence", "problem", "input-lost", "skipped", "gone"];

/** Events: those of an Attachment, of the present one alone; and `news`: something was printed that nobody saw before. */
export class Workspace extends EventTarget {
  #pane;
  #socketUrl;
  #memory;
  #clientId;
  /** @type {Attachment | null} */
  #attachment = null;
  /** @type {Size | null} */
  #fit = null;
  #isSizeKnown = false;
  #sessionId = "";
  #stopRemembering = () => {};

  /**
   * @param {{ pane: TerminalPane, socketUrl: URL, memory: Memory, clientId: string }} parts
   */
  constructor({ pane, socketUrl, memory, clientId }) {
    super();
    this.#pane = pane;
    this.#socketUrl = socketUrl;
    this.#memory = memory;
    this.#clientId = clientId;
    onDetail(pane, "input", ({ data }) => this.#type(data));
    onDetail(pane, "fit", (/** @type {Size} */ size) => this.#onFit(size));
  }

  get attachment() {
    return this.#attachment;
  }

  get clientId() {
    return this.#clientId;
  }

  /** Empty: none. */
  get sessionId() {
    return this.#sessionId;
  }

  /**
   * Show a session, in place of the one that is shown.
   *
   * @param {string} sessionId
   */
  attach(sessionId) {
    this.leave();
    const pane = this.#pane;
    const { place } = this.#memory;
    const attachment = new Attachment({
      socketUrl: this.#socketUrl,
      clientId: this.#clientId,
      sessionId,
      sink: {
        write: (data, inert, done) => {
          if (!inert) this.dispatchEvent(new Event("news"));
          pane.write(data, inert, done);
        },
        reset: () => pane.reset(),
        resize: (cols, rows) => pane.resize(cols, rows),
      },
      seenOffset: place?.sessionId === sessionId ? place.offset : null,
      keeper: this.#memory,
    });
    this.#attachment = attachment;
    this.#sessionId = sessionId;
    for (const type of PASSED_ON) {
      onDetail(attachment, type, (detail) => {
        if (this.#attachment === attachment) this.dispatchEvent(new CustomEvent(type, { detail }));
      });
    }
    this.#stopRemembering = remember(attachment, this.#memory);
    this.#isSizeKnown = isLookedAt();
    attachment.start(this.#isSizeKnown ? pane.proposedSize() : null);
  }

  /** Leave the session that is shown, if any; it goes on. */
  leave() {
    this.#stopRemembering();
    this.#attachment?.detach();
    if (this.#attachment !== null) this.#pane.reset();
    this.#attachment = null;
    this.#sessionId = "";
  }

  /** Where this tab was is not where it shall go back to. */
  forget() {
    this.#memory.place = null;
  }

  /** @param {string | Uint8Array} data */
  #type(data) {
    if (!this.#isSizeKnown) this.#claimSize(); // whoever types gets a size that fits
    this.#attachment?.type(data);
  }

  /** @param {Size} size */
  #onFit(size) {
    this.#fit = size;
    if (isLookedAt() || this.#attachment?.ownsSize) this.#claimSize();
    else this.#isSizeKnown = false;
  }

  #claimSize() {
    const size = this.#fit ?? this.#pane.proposedSize();
    if (size === null) return;
    this.#isSizeKnown = true;
    this.#attachment?.resize(size.cols, size.rows);
  }
}

function isLookedAt() {
  return document.visibilityState === "visible" && document.hasFocus();
}

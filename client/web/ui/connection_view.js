// The connection as the page shows it: a lamp and a word in the bar, always; a pill over the terminal when something is
// to be known or done. Only the word is a live region; the countdown moves beside it, unannounced.

import { describeConnection } from "./connection_text.js";
import { byId, h, setText } from "./dom.js";

/** @import { ConnectionState } from "../session/attachment.js" */
/** @import { Action, ConnectionText } from "./connection_text.js" */

const ACTION_LABELS = Object.freeze({
  retry: "Retry now",
  "take-back": "Take back",
  type: "Type them",
  discard: "Discard",
  fresh: "New session",
  history: "History",
});

const TICK_MS = 500;
const CALM_MS = 700; // a loss that is over before anybody has read of it is not shown as a pill

/** Event `action` ({action: Action}): a button of the pill was pressed. */
export class ConnectionView extends EventTarget {
  #chip = byId("div", "connection");
  #label = byId("span", "connection-label");
  #detail = byId("span", "connection-detail");
  #pill = byId("section", "situation");
  /** @type {ConnectionState | null} */
  #state = null;
  #shownAs = "";
  #lostAtMs = 0;
  #ticking = 0;

  constructor() {
    super();
    // Latency is read when somebody looks.
    for (const type of ["pointerenter", "focus"]) this.#chip.addEventListener(type, () => this.#render());
  }

  /** @param {ConnectionState | null} state null: no session is shown */
  show(state) {
    if (state !== null && isLost(state) && (this.#state === null || !isLost(this.#state))) this.#lostAtMs = Date.now();
    this.#state = state;
    document.documentElement.dataset.phase = state?.phase ?? "none";
    this.#render();
    const moves = state !== null && (isLost(state) || this.#pill.hidden === false);
    if (moves && !this.#ticking) this.#ticking = window.setInterval(() => this.#render(), TICK_MS);
    if (!moves && this.#ticking) {
      clearInterval(this.#ticking);
      this.#ticking = 0;
    }
  }

  #render() {
    const state = this.#state;
    this.#chip.hidden = state === null;
    if (state === null) {
      this.#showPill(null, "");
      return;
    }
    const text = describeConnection(state, Date.now());
    this.#chip.dataset.mood = text.mood;
    setText(this.#label, text.label);
    setText(this.#detail, text.detail || text.label);
    const calm = isLost(state) && state.waitingKeys === 0 && Date.now() - this.#lostAtMs < CALM_MS;
    this.#showPill(text.heading && !calm ? text : null, text.mood);
  }

  /**
   * @param {ConnectionText | null} text
   * @param {string} mood
   */
  #showPill(text, mood) {
    this.#pill.hidden = text === null;
    if (text === null) {
      this.#shownAs = "";
      return;
    }
    this.#pill.dataset.mood = mood;
    const shape = [text.label, text.actions.join()].join(); // buttons are made anew only when they are other ones: they may have the focus
    if (shape !== this.#shownAs) {
      this.#shownAs = shape;
      this.#pill.replaceChildren(
        h("div", { class: "situation-text" }, h("strong"), h("span")),
        ...text.actions.map((action, index) => this.#button(action, index === 0)),
      );
    }
    setText(/** @type {HTMLElement} */ (this.#pill.querySelector("strong")), text.heading);
    setText(/** @type {HTMLElement} */ (this.#pill.querySelector("span")), text.text);
  }

  /**
   * @param {Action} action
   * @param {boolean} isFirst
   */
  #button(action, isFirst) {
    const press = () => this.dispatchEvent(new CustomEvent("action", { detail: { action } }));
    return h("button", { type: "button", class: isFirst ? "primary" : "", onclick: press }, ACTION_LABELS[action]);
  }
}

/** @param {ConnectionState} state */
function isLost({ phase }) {
  return phase === "connecting" || phase === "reconnecting" || phase === "offline";
}

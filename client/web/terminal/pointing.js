// Wheel and fingers on a live terminal: they scroll it, change its font size, and select in it.

import { Touch } from "./touch.js";
import { TouchSelection } from "./touch_selection.js";

/** @typedef {import("./scrolling.js").Scrolling} Scrolling */
/** @typedef {import("./surface.js").Surface} Surface */
/**
 * @typedef {object} PointingActions
 * @property {() => number} fontSize  of now
 * @property {(fontSize: number) => void} zoomTo
 * @property {(steps: number) => void} zoom
 * @property {() => void} copy
 * @property {() => void} paste
 * @property {() => boolean} calm  nothing runs on by itself
 */

export class Pointing {
  #scrolling;
  #actions;

  /**
   * @param {HTMLElement} host positioned, around the terminal
   * @param {Surface} surface
   * @param {Scrolling} scrolling
   * @param {PointingActions} actions
   */
  constructor(host, surface, scrolling, actions) {
    this.#scrolling = scrolling;
    this.#actions = actions;
    surface.frame.addEventListener("wheel", (event) => this.#onWheel(event), { capture: true, passive: false });
    this.#listenToFingers(host, surface);
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    if (event.ctrlKey) {
      // A pinch on a touchpad, or Ctrl and the wheel.
      event.preventDefault();
      event.stopPropagation();
      if (Math.abs(event.deltaY) >= 1) this.#actions.zoom(event.deltaY < 0 ? 1 : -1);
    } else {
      this.#scrolling.onWheel(event);
    }
  }

  /** @param {HTMLElement} host @param {Surface} surface */
  #listenToFingers(host, surface) {
    const { copy, paste, calm, fontSize, zoomTo } = this.#actions;
    const selection = new TouchSelection(host, surface.terminal, { copy, paste });
    let startSize = 0;
    new Touch(surface.frame, {
      scroll: (lines, at) => this.#scrolling.by(lines, at),
      lineHeight: () => surface.rowHeight,
      zoomStart: () => (startSize = fontSize()),
      zoom: (ratio) => zoomTo(startSize * ratio),
      selectStart: (at) => selection.start(at),
      selectTo: (at) => selection.extendTo(at),
      calm,
    });
  }
}

// Fingers on a terminal: drag scrolls and runs on, two pinch, a long press selects and its drag extends.
//
// xterm.js knows no touch. A tap is left to the browser, which makes a click of it.

const SLOP_PX = 8;
const LONG_PRESS_MS = 450;
const SLOWEST_PX_PER_MS = 0.03;
const SLOWING_PER_MS = 0.0035;

/** @typedef {{ x: number, y: number }} Point  in client coordinates */
/**
 * @typedef {object} TouchActions
 * @property {(lines: number, at: Point) => boolean | void} scroll  by so many lines; negative: towards older ones; false: no further
 * @property {() => number} lineHeight  in CSS pixels
 * @property {(ratio: number) => void} zoom  since two fingers touched; 1: as then
 * @property {() => void} zoomStart
 * @property {(at: Point) => void} selectStart
 * @property {(at: Point) => void} selectTo
 * @property {() => boolean} calm  nothing runs on by itself
 */

export class Touch {
  #element;
  #actions;
  /** @type {Map<number, Point>} */
  #fingers = new Map();
  /** @type {"idle" | "maybe" | "scroll" | "select" | "pinch"} */
  #doing = "idle";
  #start = { x: 0, y: 0 };
  #spread = 1;
  #rest = 0; // pixels that are no whole line yet
  #speed = 0;
  #movedAtMs = 0;
  /** @type {number | undefined} */
  #timer;
  #frame = 0;

  /**
   * @param {HTMLElement} element
   * @param {TouchActions} actions
   */
  constructor(element, actions) {
    this.#element = element;
    this.#actions = actions;
    element.addEventListener("pointerdown", (event) => this.#down(event), { capture: true });
    element.addEventListener("pointermove", (event) => this.#move(event), { capture: true });
    for (const kind of /** @type {const} */ (["pointerup", "pointercancel"])) {
      element.addEventListener(kind, (event) => this.#up(event), { capture: true });
    }
    // A long press is ours; the system's menu would come over the selection.
    element.addEventListener("contextmenu", (event) => this.#doing !== "idle" && event.preventDefault(), {
      capture: true,
    });
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType !== "touch") return;
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    const at = { x: event.clientX, y: event.clientY };
    this.#fingers.set(event.pointerId, at);
    if (this.#fingers.size === 2) {
      this.#doing = "pinch";
      this.#spread = this.#spreadNow();
      this.#actions.zoomStart();
    } else if (this.#fingers.size === 1) {
      this.#doing = "maybe";
      this.#start = at;
      this.#rest = 0;
      this.#speed = 0;
      this.#timer = setTimeout(() => {
        this.#doing = "select";
        this.#actions.selectStart(at);
      }, LONG_PRESS_MS);
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.#fingers.get(event.pointerId);
    if (before === undefined) return;
    const at = { x: event.clientX, y: event.clientY };
    if (this.#doing === "maybe") {
      if (Math.hypot(at.x - this.#start.x, at.y - this.#start.y) < SLOP_PX) return;
      clearTimeout(this.#timer);
      this.#doing = "scroll";
      this.#element.setPointerCapture(event.pointerId);
    }
    this.#fingers.set(event.pointerId, at);
    if (this.#doing === "scroll") {
      const elapsedMs = Math.max(1, event.timeStamp - this.#movedAtMs);
      this.#speed = 0.6 * this.#speed + 0.4 * ((before.y - at.y) / elapsedMs);
      this.#scrollBy(before.y - at.y, at);
    } else if (this.#doing === "select") {
      this.#actions.selectTo(at);
    } else if (this.#doing === "pinch") {
      this.#actions.zoom(this.#spreadNow() / this.#spread);
    }
    this.#movedAtMs = event.timeStamp;
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const at = this.#fingers.get(event.pointerId);
    if (at === undefined) return;
    clearTimeout(this.#timer);
    this.#fingers.delete(event.pointerId);
    if (this.#fingers.size > 0) return; // the last finger of a pinch neither scrolls nor taps
    const runsOn = this.#doing === "scroll" && event.timeStamp - this.#movedAtMs < 60 && !this.#actions.calm();
    setTimeout(() => (this.#doing = this.#fingers.size === 0 ? "idle" : this.#doing)); // behind a contextmenu of this press
    if (runsOn) this.#runOn(at);
  }

  /** @param {Point} at */
  #runOn(at) {
    let lastMs = performance.now();
    const step = () => {
      const nowMs = performance.now();
      const elapsedMs = nowMs - lastMs;
      lastMs = nowMs;
      this.#scrollBy(this.#speed * elapsedMs, at);
      this.#speed *= Math.exp(-SLOWING_PER_MS * elapsedMs);
      if (Math.abs(this.#speed) > SLOWEST_PX_PER_MS) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  /**
   * @param {number} distance in pixels
   * @param {Point} at
   */
  #scrollBy(distance, at) {
    const height = this.#actions.lineHeight();
    this.#rest += distance;
    const lines = Math.trunc(this.#rest / height);
    if (lines === 0) return;
    this.#rest -= lines * height;
    if (this.#actions.scroll(lines, at) === false) this.#speed = 0;
  }

  #spreadNow() {
    const [one, other] = [...this.#fingers.values()];
    return one && other ? Math.max(1, Math.hypot(one.x - other.x, one.y - other.y)) : 1;
  }
}

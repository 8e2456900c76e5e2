// Keys without a keyboard: what they send, what a sticky modifier makes of the next one, and how a keyboard user gets out
// of a terminal that takes every key. Pure.

/** @typedef {{ ctrl: boolean, alt: boolean }} Modifiers */

/** @type {Record<string, string>} */
const ARROWS = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D", Home: "H", End: "F" };
/** @type {Record<string, string>} */
const PLAIN = { Escape: "\x1b", Tab: "\t", Enter: "\r", Backspace: "\x7f", PageUp: "\x1b[5~", PageDown: "\x1b[6~" };
const ARROW_SENT = /^\x1b[[O]([ABCDHF])$/;
const REPORT = /^\x1b\[(?:[IO]$|M|<)/;

/**
 * What a key sends.
 * @param {string} name as `KeyboardEvent.key` has it
 * @param {boolean} applicationCursor DECCKM is set
 */
export function keyData(name, applicationCursor) {
  const arrow = ARROWS[name];
  return arrow === undefined ? (PLAIN[name] ?? "") : `\x1b${applicationCursor ? "O" : "["}${arrow}`;
}

/**
 * What a key sends with modifiers held.
 * @param {string} data what it sends without
 * @param {Modifiers} modifiers
 * @returns {string | null} null: this is no key (a mouse or focus report)
 */
export function withModifiers(data, { ctrl, alt }) {
  if (REPORT.test(data)) return null;
  const arrow = ARROW_SENT.exec(data)?.[1];
  if (arrow !== undefined) return `\x1b[1;${1 + (alt ? 2 : 0) + (ctrl ? 4 : 0)}${arrow}`;
  const sent = ctrl && data.length === 1 ? control(data) : data;
  return alt ? `\x1b${sent}` : sent;
}

/**
 * A character with Ctrl, as in ASCII; characters that have no such form stay.
 * @param {string} character
 */
function control(character) {
  if (character === " ") return "\0";
  if (character === "?") return "\x7f";
  const code = character.toUpperCase().charCodeAt(0);
  return code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : character;
}

const TWICE_MS = 500;

/** Escape twice leaves the terminal: at once for screen readers, else by the Tab that follows, for vim needs its Escapes. */
export class WayOut {
  #escapeAtMs = -Infinity;
  #isArmed = false;

  /**
   * @param {{ key: string, timeStamp: number }} event of a key pressed
   * @param {boolean} screenReader
   * @returns {"pass" | "armed" | "leave" | "move"} `armed`: passes, and the next Tab is `move`, which belongs to the browser
   */
  press({ key, timeStamp }, screenReader) {
    if (key === "Shift") return "pass";
    const wasArmed = this.#isArmed;
    this.#isArmed = false;
    if (key === "Tab") return wasArmed ? "move" : "pass";
    const isTwice = key === "Escape" && timeStamp - this.#escapeAtMs < TWICE_MS;
    this.#escapeAtMs = key === "Escape" && !isTwice ? timeStamp : -Infinity;
    if (!isTwice) return "pass";
    this.#isArmed = !screenReader;
    return screenReader ? "leave" : "armed";
  }
}

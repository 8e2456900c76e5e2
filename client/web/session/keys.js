// What typed bytes mean to a person. Pure.

const KEY = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\x1b])?|[^\x80-\xbf]/gsu;
const POINTER_OR_FOCUS = /^(?:\x1b\[(?:[IO]|<[\d;]+[Mm]|M[^]{3}))+$/;
const LATIN_1_PIECE = 8192;

/**
 * About how many key presses make these bytes: a character or an escape sequence is one.
 *
 * @param {Uint8Array} data
 */
export function countKeys(data) {
  return latin1(data).match(KEY)?.length ?? 0;
}

/**
 * Whether this is what a terminal reports of pointer and focus. A report that waits for a connection says what is no
 * longer so, and nobody pressed a key for it.
 *
 * @param {string} text
 */
export function isReport(text) {
  return POINTER_OR_FOCUS.test(text);
}

/** @param {Uint8Array} data */
function latin1(data) {
  const parts = [];
  for (let at = 0; at < data.length; at += LATIN_1_PIECE) {
    parts.push(String.fromCharCode(...data.subarray(at, at + LATIN_1_PIECE)));
  }
  return parts.join("");
}

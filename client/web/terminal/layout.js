// How many cells fit, and how large a font shows a given number of them. Pure.

/** @typedef {import("./types.js").Size} Size */
/** @typedef {import("./types.js").Box} Box */

export const SMALLEST_FONT = 6;
export const LARGEST_FONT = 40;
const LARGEST_SIDE = 1000; // the protocol's limit

/**
 * The size of a terminal that fills the room.
 * @param {Box} room without scrollbar
 * @param {Box} cell
 * @returns {Size | null} null: nothing is laid out yet
 */
export function whatFits(room, cell) {
  if (!(room.width > 0 && room.height > 0 && cell.width > 0 && cell.height > 0)) return null;
  const side = (/** @type {number} */ all, /** @type {number} */ one, /** @type {number} */ least) =>
    Math.min(LARGEST_SIDE, Math.max(least, Math.floor((all + 0.01) / one)));
  return { cols: side(room.width, cell.width, 2), rows: side(room.height, cell.height, 1) };
}

/**
 * The largest font, in quarters of a pixel and not above the preferred one, at which a terminal of this size is all visible;
 * never below the smallest, where it has to be scrolled.
 * @param {Size} size
 * @param {Box} room
 * @param {Box} cell at the preferred font
 * @param {number} preferred font size
 */
export function fontThatShows(size, room, cell, preferred) {
  const scale = Math.min(1, room.width / (size.cols * cell.width), room.height / (size.rows * cell.height));
  return Math.max(Math.min(SMALLEST_FONT, preferred), Math.floor(preferred * scale * 4) / 4);
}

/**
 * A font size that may be asked for.
 * @param {number} fontSize
 */
export function boundedFont(fontSize) {
  return Math.min(LARGEST_FONT, Math.max(SMALLEST_FONT, Math.round(fontSize)));
}

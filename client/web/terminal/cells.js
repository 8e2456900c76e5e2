// Places in a terminal's buffer, and the selection between two of them. Pure.

/** @typedef {{ col: number, row: number }} Place  row of the buffer; both from 0 */

/**
 * What to select so that both places are in it.
 * @param {Place} one
 * @param {Place} other
 * @param {number} cols
 * @returns {{ col: number, row: number, length: number }}
 */
export function between(one, other, cols) {
  const [from, to] =
    one.row < other.row || (one.row === other.row && one.col <= other.col) ? [one, other] : [other, one];
  return { col: from.col, row: from.row, length: (to.row - from.row) * cols + to.col - from.col + 1 };
}

/**
 * First and last column of the word at a column; of a blank, that column alone.
 * @param {string} text of a row, one character for each cell
 * @param {number} col
 * @returns {[number, number]}
 */
export function wordAt(text, col) {
  const isWord = (/** @type {number} */ at) => /[^\s"'`()[\]{}<>|,;]/.test(text[at] ?? " ");
  if (!isWord(col)) return [col, col];
  let [from, to] = [col, col];
  while (isWord(from - 1)) from--;
  while (isWord(to + 1)) to++;
  return [from, to];
}

// What a terminal says by itself, told from what a person types by its shape alone. Pure.
//
// Two things look the same: F3 with a modifier, and a cursor report of row 1 (CSI 1 ; 2 R). Who asks knows what was typed.

const ANSWER = new RegExp(
  [
    "\\x1b\\[[?>=]?[0-9;:]*[cnRtxSu]", // DA1 to DA3, DSR, CPR and DECXCPR, window reports, DECREQTPARM, XTSMGRAPHICS, kitty keyboard
    "\\x1b\\[\\??[0-9;]*\\$y", // DECRQM
    "\\x1b\\[[IO]", // focus reports
    "\\x1bP[0-9;]*[$+>!|][^\\x1b]*(?:\\x1b\\\\)?", // DECRQSS, XTGETTCAP, XTVERSION
    "\\x1b\\](?:4|5|1[0-9]|52);[^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)", // colours, clipboard
    "\\x1b_G[^\\x1b]*\\x1b\\\\", // kitty graphics
  ].join("|"),
  "gy",
);

/**
 * Whether this is nothing but answers and focus reports.
 * @param {string} data as given to a terminal's program
 */
export function isAnswer(data) {
  ANSWER.lastIndex = 0;
  if (data === "") return false;
  while (ANSWER.lastIndex < data.length) {
    if (!ANSWER.test(data)) return false;
  }
  return true;
}

// Search over everything that a session ever printed: part after part from the daemon, newest first, until all was
// looked at, enough was found, or somebody stops it.

/** @import { Found, Match } from "../api.js" */

/** @typedef {{ matches: Match[], share: number, isDone: boolean }} Progress matches: new ones; share: of all lines that were looked at, 0 to 1 */

const MOST_STAYS = 120; // a minute
const PAUSE_MATCHES = 500; // nobody reads further; "go on" asks for more

/**
 * @param {(before: number | null) => Promise<Found>} fetchPart
 * @param {number | null} from line to begin before; null: at the end
 * @yields {Progress & { next: number | null }} next: where to go on, null when all was searched
 */
export async function* searchBackwards(fetchPart, from) {
  let before = from;
  let total = 0;
  let stays = 0;
  do {
    const {
      matches,
      scanned_to: scannedTo,
      next_before: next,
      first_line: first,
      end_line: end,
    } = await fetchPart(before);
    // A stretch that takes longer than one call gives the same place again, and has got on nevertheless.
    stays = next !== null && before !== null && next >= before ? stays + 1 : 0;
    if (stays > MOST_STAYS) throw new Error("The search does not get on.");
    before = next;
    total += matches.length;
    const share = next === null || end <= first ? 1 : (end - scannedTo) / (end - first);
    yield { matches, share, isDone: next === null, next };
  } while (before !== null && total < PAUSE_MATCHES);
}

const CONTEXT_CHARACTERS = 24;

/**
 * @param {Match} match
 * @returns {{ text: string, isMatch: boolean }[]} its line in parts; what is far before the first match is left out
 */
export function partsOf({ text, spans }) {
  const parts = [];
  const firstStart = spans[0]?.[0] ?? 0;
  let at = firstStart > 2 * CONTEXT_CHARACTERS ? firstStart - CONTEXT_CHARACTERS : 0;
  if (at > 0) parts.push({ text: "…", isMatch: false });
  for (const [start, end] of spans) {
    if (start > at) parts.push({ text: text.slice(at, start), isMatch: false });
    parts.push({ text: text.slice(start, end), isMatch: true });
    at = end;
  }
  if (at < text.length) parts.push({ text: text.slice(at), isMatch: false });
  return parts;
}

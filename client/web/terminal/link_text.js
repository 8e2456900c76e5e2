// Where a link leads, and whether what is written on it says otherwise. Pure.

const NAMES_A_TARGET =
  /(?:[a-z][a-z0-9+.-]*:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,}|\d+(?:\.\d+){3}|localhost)(:\d+)?(?=[/?#\s),;]|$)/iu;

/**
 * A link that may be opened.
 * @param {string} uri
 * @returns {URL | null} null: no link of http or https
 */
export function webLink(uri) {
  const url = URL.parse ? URL.parse(uri) : URL.canParse(uri) ? new URL(uri) : null;
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") ? url : null;
}

/**
 * Whether the text of a link names another target than the one it leads to. "Click here" names none.
 * @param {string} text
 * @param {URL} target
 */
export function namesAnother(text, target) {
  const written = text.trim();
  if (target.username !== "") return true; // https://bank.example@elsewhere.example/
  if (written === target.href) return false;
  const found = NAMES_A_TARGET.exec(written);
  if (found?.[1] === undefined) return false;
  const named = webLink(`http://${found[1]}${found[2] ?? ""}`);
  if (named === null) return true;
  if (bare(named.hostname) !== bare(target.hostname)) return true;
  return found[2] !== undefined && named.port !== target.port;
}

/** @param {string} hostname */
function bare(hostname) {
  return hostname.replace(/^www\./, "").toLowerCase();
}

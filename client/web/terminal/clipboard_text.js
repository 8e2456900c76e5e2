// Text on its way to and from the clipboard. Pure.

const CLIPBOARD_BYTES = 1024 * 1024;
const SELECTIONS = /^[cpqs0-7]*$/;

/**
 * Selected text as it is copied: programs paint blanks up to the edge, nobody wants them.
 * @param {string} text
 */
export function tidied(text) {
  return text.replaceAll(/[ \t\u00a0]+(?=\r?\n|$)/g, "");
}

/**
 * Text as it is pasted: no control character but tab and line end, for an ESC in it could end a bracketed paste.
 * @param {string} text
 */
export function harmless(text) {
  return text.replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "");
}

/**
 * How many lines a paste runs in a shell that takes it as typed: those that end in it.
 * @param {string} text
 */
export function linesRun(text) {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

/**
 * What an OSC 52 writes.
 * @param {string} data behind `52;`
 * @returns {string | null} null: it reads, clears, is malformed, or too large
 */
export function clipboardWrite(data) {
  const [selections = "", payload = ""] = data.split(";", 2);
  if (!SELECTIONS.test(selections) || payload === "" || payload === "?" || payload.length > (CLIPBOARD_BYTES * 4) / 3)
    return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(
      Uint8Array.from(atob(payload), (byte) => byte.charCodeAt(0)),
    );
  } catch {
    return null;
  }
}

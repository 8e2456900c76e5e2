// A command as people type it, made into an argument list: words and quotes by hand, anything a shell alone
// understands by a shell.

const SHELL_ONLY = /[|&;<>()$`*?[\]#~!{}\n]/;

/**
 * @param {string} text
 * @returns {string[] | null} the arguments; null: empty, the user's own shell
 */
export function argvOf(text) {
  const trimmed = text.trim();
  if (!trimmed) return null;
  const words = split(trimmed);
  return words ?? ["/bin/sh", "-c", trimmed];
}

/**
 * @param {string} text
 * @returns {string[] | null} null where only a shell can tell
 */
function split(text) {
  const words = [];
  const word = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gy;
  let at = 0;
  while (at < text.length) {
    word.lastIndex = at;
    const found = word.exec(text)?.[0];
    if (found === undefined) return null; // a quote that is not closed: let the shell say so
    const plain = unquote(found);
    if (plain === null || (words.length === 0 && /^\w+=/.test(plain))) return null; // NAME=value before a command
    words.push(plain);
    at += found.length;
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
  }
  return words;
}

/** @param {string} word */
function unquote(word) {
  let plain = "";
  for (const [part] of word.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^"'\\]+/g)) {
    if (part.startsWith("'")) plain += part.slice(1, -1);
    else if (part.startsWith('"')) {
      if (/[$`]/.test(part)) return null;
      plain += part.slice(1, -1).replace(/\\(["\\])/g, "$1");
    } else if (part.startsWith("\\")) plain += part[1];
    else if (SHELL_ONLY.test(part)) return null;
    else plain += part;
  }
  return plain;
}

// The page's own keys. All hold Ctrl and Shift (on a Mac Cmd and Shift), which no program in a terminal can see, and
// none is one that browsers keep for themselves (N, T, W) or that people need all day (C, V, R, I).

/**
 * @typedef {"search" | "sessions" | "new" | "history" | "settings" | "help"} ShortcutName
 * @typedef {{ name: ShortcutName, code: string, key: string, does: string }} Shortcut
 * code: the key by its place, as KeyboardEvent.code; key: what is printed on it
 */

/** @type {readonly Shortcut[]} */
export const SHORTCUTS = Object.freeze([
  { name: "sessions", code: "KeyL", key: "L", does: "List the sessions" },
  { name: "new", code: "Enter", key: "Enter", does: "Start a new session" },
  { name: "search", code: "KeyF", key: "F", does: "Search everything it printed" },
  { name: "history", code: "KeyH", key: "H", does: "Read the history" },
  { name: "settings", code: "Comma", key: ",", does: "Settings" },
  { name: "help", code: "Slash", key: "/", does: "This list" },
]);

/**
 * @param {Pick<KeyboardEvent, "code" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">} event
 * @param {boolean} isMac
 * @returns {ShortcutName | null}
 */
export function shortcutOf(event, isMac) {
  const held = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (!held || !event.shiftKey || event.altKey) return null;
  return SHORTCUTS.find((one) => one.code === event.code)?.name ?? null;
}

/**
 * @param {string} key
 * @param {boolean} isMac
 * @returns {string} as `Ctrl+Shift+F`, `⇧⌘F`
 */
export function chord(key, isMac) {
  return isMac ? `⇧⌘${key === "Enter" ? "↩" : key}` : `Ctrl+Shift+${key}`;
}

/** @returns {boolean} whether this is one of the machines where Cmd is the key */
export function onMac() {
  return /Mac|iPhone|iPad/.test(navigator.platform);
}

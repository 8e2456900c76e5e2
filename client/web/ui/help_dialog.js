// All keys in one place.

import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { SHORTCUTS, chord, onMac } from "./shortcuts.js";

export function openHelp() {
  const mac = onMac();
  const held = mac ? "⌘" : "Ctrl+";
  openDialog(
    "Keyboard",
    [
      keys(
        "Page",
        SHORTCUTS.map(({ key, does }) => /** @type {const} */ ([chord(key, mac), does])),
      ),
      keys("Terminal", [
        [mac ? "⌘C, ⌘V" : "Ctrl+Shift+C, Ctrl+Shift+V", "Copy, paste"],
        [`${held}+, ${held}-, ${held}0`.replaceAll("Ctrl++", "Ctrl+Plus"), "Font size"],
        ["Shift+PageUp, Shift+PageDown", "Scroll"],
        ["Escape Escape", "Leave the terminal, to reach the rest of the page by Tab"],
      ]),
      keys("List of sessions", [
        ["↑, ↓", "Move"],
        ["Enter", "Open"],
        ["F2", "Rename"],
        ["Delete", "End"],
      ]),
      h("p", { class: "faint" }, "Everything else goes to the program in the terminal."),
    ],
    { class: "help" },
  );
}

/**
 * @param {string} title
 * @param {readonly (readonly [string, string])[]} rows
 */
function keys(title, rows) {
  return h(
    "section",
    {},
    h("h3", {}, title),
    h(
      "dl",
      { class: "keys-list" },
      ...rows.map(([chords, does]) =>
        h("div", {}, h("dt", {}, ...chords.split(", ").map((one) => h("kbd", {}, one))), h("dd", {}, does)),
      ),
    ),
  );
}

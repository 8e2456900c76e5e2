// Settings: each applies at once, so there is nothing to save.

import { BELLS, FONT_SIZES_PX, THEMES } from "../settings.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";

/** @import { SettingsStore } from "../settings.js" */
/** @import { Settings } from "../terminal/types.js" */

const THEME_NAMES = Object.freeze({ system: "System", light: "Light", dark: "Dark", contrast: "Contrast" });
const BELL_NAMES = Object.freeze({ visual: "Flash", sound: "Sound", off: "Off" });

/** @param {SettingsStore} settings */
export function openSettings(settings) {
  const { current } = settings;
  openDialog(
    "Settings",
    [
      choice("Theme", "theme", THEMES, THEME_NAMES, current.theme, (theme) => settings.change({ theme })),
      h(
        "label",
        { class: "field row" },
        h("span", { class: "field-label" }, "Font size"),
        h("input", {
          type: "number",
          name: "fontSize",
          min: FONT_SIZES_PX.least,
          max: FONT_SIZES_PX.most,
          value: current.fontSize,
          onchange: (/** @type {Event} */ event) =>
            settings.change({ fontSize: /** @type {HTMLInputElement} */ (event.target).valueAsNumber }),
        }),
      ),
      choice("Bell", "bell", BELLS, BELL_NAMES, current.bell, (bell) => settings.change({ bell })),
      toggle(
        settings,
        "clipboardWrite",
        "Programs may write the clipboard",
        "By OSC 52, as vim and tmux do over SSH. They can never read it.",
      ),
      toggle(
        settings,
        "screenReader",
        "Screen reader mode",
        "Reads out what is printed. Escape twice leaves the terminal.",
      ),
    ],
    { class: "settings" },
  );
}

/**
 * @template {string} Value
 * @param {string} label
 * @param {string} name
 * @param {readonly Value[]} values
 * @param {Readonly<Record<Value, string>>} names
 * @param {Value} current
 * @param {(value: Value) => void} choose
 */
function choice(label, name, values, names, current, choose) {
  return h(
    "fieldset",
    { class: "field row" },
    h("legend", { class: "field-label" }, label),
    h(
      "div",
      { class: "segments" },
      ...values.map((value) =>
        h(
          "label",
          {},
          h("input", { type: "radio", name, value, checked: value === current, onchange: () => choose(value) }),
          h("span", {}, names[value]),
        ),
      ),
    ),
  );
}

/**
 * @param {SettingsStore} settings
 * @param {"clipboardWrite" | "screenReader"} name
 * @param {string} label
 * @param {string} hint
 */
function toggle(settings, name, label, hint) {
  const change = (/** @type {Event} */ event) =>
    settings.change(
      /** @type {Partial<Settings>} */ ({ [name]: /** @type {HTMLInputElement} */ (event.target).checked }),
    );
  return h(
    "label",
    { class: "field row" },
    h("span", { class: "field-label" }, label, h("span", { class: "hint", id: `${name}-hint` }, hint)),
    h("input", {
      type: "checkbox",
      class: "switch",
      name,
      role: "switch",
      "aria-describedby": `${name}-hint`,
      checked: settings.current[name],
      onchange: change,
    }),
  );
}

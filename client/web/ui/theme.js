// The theme in force, for the page around the terminal: the terminal's own decision, told to the style sheets.

import { SystemLook, THEMES, themeInForce } from "../terminal/themes.js";

/** @import { SettingsStore } from "../settings.js" */

/**
 * Keep `data-theme` of the document, and what a phone draws around the page, as the settings and the system want it.
 *
 * @param {SettingsStore} settings
 */
export function chromeTheme(settings) {
  const apply = () => {
    const name = themeInForce(settings.current.theme, system);
    document.documentElement.dataset.theme = name;
    const bar = getComputedStyle(document.documentElement).getPropertyValue("--bar").trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", bar || (THEMES[name].background ?? ""));
  };
  const system = new SystemLook(apply);
  settings.addEventListener("change", apply);
  apply();
  return {
    /** The theme in force. */
    get name() {
      return themeInForce(settings.current.theme, system);
    },
  };
}

// What the user chose, kept in this browser; unknown or damaged values fall back to the defaults one by one.

/** @import { Settings } from "./terminal/types.js" */

const KEY = "holdfast.settings";

export const THEMES = /** @type {const} */ (["system", "light", "dark", "contrast"]);
export const BELLS = /** @type {const} */ (["visual", "sound", "off"]);
export const FONT_SIZES_PX = Object.freeze({ least: 8, most: 32 });

/** @type {Readonly<Settings>} */
export const DEFAULTS = Object.freeze({
  theme: "system",
  fontSize: 14,
  clipboardWrite: false,
  screenReader: false,
  bell: "visual",
});

/**
 * @param {unknown} value as it was stored
 * @returns {Settings}
 */
export function checkSettings(value) {
  const given = /** @type {Partial<Record<keyof Settings, unknown>>} */ (
    value !== null && typeof value === "object" ? value : {}
  );
  const { theme, fontSize, clipboardWrite, screenReader, bell } = given;
  const { least, most } = FONT_SIZES_PX;
  return {
    theme: THEMES.find((one) => one === theme) ?? DEFAULTS.theme,
    fontSize: typeof fontSize === "number" && fontSize >= least && fontSize <= most ? fontSize : DEFAULTS.fontSize,
    clipboardWrite: clipboardWrite === true,
    screenReader: screenReader === true,
    bell: BELLS.find((one) => one === bell) ?? DEFAULTS.bell,
  };
}

/** The settings of this browser. Event `change`: they are other ones now, here or in another tab. */
export class SettingsStore extends EventTarget {
  #current;

  constructor() {
    super();
    this.#current = read();
    addEventListener("storage", (event) => {
      if (event.key === KEY) this.#become(read());
    });
  }

  get current() {
    return this.#current;
  }

  /** @param {Partial<Settings>} changes */
  change(changes) {
    const next = checkSettings({ ...this.#current, ...changes });
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // a browser that keeps nothing for this page still applies them until it is closed
    }
    this.#become(next);
  }

  /** @param {Settings} next */
  #become(next) {
    this.#current = next;
    this.dispatchEvent(new Event("change"));
  }
}

/** @returns {Settings} */
function read() {
  try {
    return checkSettings(JSON.parse(localStorage.getItem(KEY) ?? "null"));
  } catch {
    return { ...DEFAULTS };
  }
}

// How terminals look: colours for each theme, the font, and what the system asks for (dark, contrast, calm).

/** @typedef {import("./types.js").Settings} Settings */
/** @typedef {import("../vendor/xterm.mjs").ITheme} ITheme */
/** @typedef {import("../vendor/xterm.mjs").ITerminalOptions} Options */

// Fonts without ligatures first: a terminal's cells are one character each.
export const FONT_FAMILY = [
  '"Cascadia Mono"',
  '"SF Mono"',
  "Menlo",
  '"JetBrains Mono NL"',
  '"DejaVu Sans Mono"',
  '"Ubuntu Mono"',
  '"Liberation Mono"',
  "Consolas",
  '"Noto Sans Mono"',
  "monospace",
].join(", ");

/** @type {Record<"dark" | "light" | "contrast" | "contrast-light", ITheme>} */
export const THEMES = {
  dark: {
    background: "#14171c",
    foreground: "#d8dce3",
    cursor: "#f2c14e",
    cursorAccent: "#14171c",
    selectionBackground: "#35507a",
    black: "#2a2f38",
    red: "#f07178",
    green: "#9ecf70",
    yellow: "#e7c46a",
    blue: "#7aa8f5",
    magenta: "#cf9bef",
    cyan: "#6fcfd0",
    white: "#c5cad3",
    brightBlack: "#7b8494",
    brightRed: "#ff9096",
    brightGreen: "#b9e38c",
    brightYellow: "#f7dc8f",
    brightBlue: "#9dc1ff",
    brightMagenta: "#e1b8ff",
    brightCyan: "#93e4e4",
    brightWhite: "#f5f7fa",
  },
  light: {
    background: "#fbfbfa",
    foreground: "#22262d",
    cursor: "#a3560a",
    cursorAccent: "#fbfbfa",
    selectionBackground: "#b9d3f7",
    black: "#22262d",
    red: "#b3202c",
    green: "#2c6e1f",
    yellow: "#855900",
    blue: "#1c57b5",
    magenta: "#8531a8",
    cyan: "#0c6b74",
    white: "#6b7280",
    brightBlack: "#5b6270",
    brightRed: "#c92f3b",
    brightGreen: "#357f26",
    brightYellow: "#946500",
    brightBlue: "#2a68cc",
    brightMagenta: "#9a42bf",
    brightCyan: "#127a84",
    brightWhite: "#3a404a",
  },
  contrast: {
    background: "#000000",
    foreground: "#ffffff",
    cursor: "#ffff00",
    cursorAccent: "#000000",
    selectionBackground: "#ffffff",
    selectionForeground: "#000000",
  },
  "contrast-light": {
    background: "#ffffff",
    foreground: "#000000",
    cursor: "#0000c0",
    cursorAccent: "#ffffff",
    selectionBackground: "#000000",
    selectionForeground: "#ffffff",
  },
};

/**
 * The theme in force.
 * @param {import("./types.js").ThemeName} theme
 * @param {{ dark: boolean, contrast: boolean }} system
 * @returns {keyof typeof THEMES}
 */
export function themeInForce(theme, system) {
  if (theme === "contrast") return system.dark ? "contrast" : "contrast-light";
  if (theme !== "system") return theme;
  if (system.contrast) return system.dark ? "contrast" : "contrast-light";
  return system.dark ? "dark" : "light";
}

/**
 * Options of xterm.js for the settings and the system.
 * @param {Settings} settings
 * @param {{ dark: boolean, contrast: boolean, calm: boolean }} system
 * @returns {Options}
 */
export function appearance(settings, system) {
  const name = themeInForce(settings.theme, system);
  return {
    theme: { ...THEMES[name], overviewRulerBorder: "#00000000" },
    minimumContrastRatio: name.startsWith("contrast") ? 7 : 4.5,
    cursorBlink: !system.calm,
    smoothScrollDuration: 0,
    fontFamily: FONT_FAMILY,
  };
}

const QUERIES = {
  dark: "(prefers-color-scheme: dark)",
  contrast: "(prefers-contrast: more)",
  calm: "(prefers-reduced-motion: reduce)",
};

/** What the system asks for; tells when it changes. */
export class SystemLook {
  #media = { dark: matchMedia(QUERIES.dark), contrast: matchMedia(QUERIES.contrast), calm: matchMedia(QUERIES.calm) };
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    for (const query of Object.values(this.#media)) query.addEventListener("change", this.#onChange);
  }

  get dark() {
    return this.#media.dark.matches;
  }

  get contrast() {
    return this.#media.contrast.matches;
  }

  /** Nothing may move by itself. */
  get calm() {
    return this.#media.calm.matches;
  }

  dispose() {
    for (const query of Object.values(this.#media)) query.removeEventListener("change", this.#onChange);
  }
}

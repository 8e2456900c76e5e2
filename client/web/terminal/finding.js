// How matches are found and marked in a terminal.

/** @typedef {{ caseSensitive?: boolean, regex?: boolean }} Finding */

/**
 * Options of the search addon.
 * @param {Finding} how
 * @returns {import("../vendor/addon-search.mjs").ISearchOptions}
 */
export function findOptions({ caseSensitive = false, regex = false }) {
  return {
    caseSensitive,
    regex,
    decorations: {
      matchBackground: "#6b5300",
      matchOverviewRuler: "#b58900",
      activeMatchBackground: "#b35c00",
      activeMatchColorOverviewRuler: "#ff8c1a",
    },
  };
}

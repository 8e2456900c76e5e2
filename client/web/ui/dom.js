// Elements without markup: whatever a session or a program calls itself enters the page as text.

/** @typedef {Node | string | null | false | undefined} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes listeners are `onclick: (event) => ...`, typed by who writes them */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} _tag for its type
 * @param {string} id
 * @returns {HTMLElementTagNameMap[Tag]} the element that index.html has
 */
export function byId(_tag, id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html lacks #${id}`);
  return /** @type {HTMLElementTagNameMap[Tag]} */ (element);
}

/**
 * @template Detail
 * @param {EventTarget} target
 * @param {string} type
 * @param {(detail: Detail) => void} handler gets the detail of the CustomEvent
 * @param {AddEventListenerOptions} [options]
 */
export function onDetail(target, type, handler, options) {
  target.addEventListener(type, (event) => handler(/** @type {CustomEvent<Detail>} */ (event).detail), options);
}

/**
 * Set a text only where it differs: a live region would read it again.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = "http://www.w3.org/2000/svg";

/** Strokes on a grid of 16. */
const ICONS = Object.freeze({
  sessions: "M2.5 3.5h11v9h-11zM6.5 3.5v9",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5l3 3",
  menu: "M3 4.5h10M3 8h10M3 11.5h10",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13h10",
  rename: "M10.8 3.2l2 2L6 12l-2.7.7L4 10z",
  end: "M5 5h6v6H5z",
  history: "M3 8a5 5 0 1 0 1.6-3.7M3 3v2.5h2.5M8 5.2V8l2 1.5",
  settings: "M3 5h6M12 5h1M3 11h1M7 11h6M10.5 3.5v3M5.5 9.5v3",
  keyboard: "M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5 9.3h6",
  logout: "M6.5 3H3v10h3.5M10 5l3 3-3 3M13 8H6.5",
  people:
    "M6 7.2a2.1 2.1 0 1 0 0-4.2 2.1 2.1 0 0 0 0 4.2zM2.2 13c.2-2.4 1.6-3.6 3.8-3.6S9.600 10.600 9.800 13M10.600 3.300a2 2 0 0 1 0 3.700M11.600 9.700c1.300.500 2.100 1.600 2.200 3.300",
});

/** @typedef {keyof typeof ICONS} IconName */

/**
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

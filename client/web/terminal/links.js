// Links in a terminal: those that programs mark (OSC 8) and those that look like one. Only http and https, in a tab that
// knows nothing of this one; where the text names another target, the user is asked.

import { WebLinksAddon } from "../vendor/addon-web-links.mjs";
import { namesAnother, webLink } from "./link_text.js";

/** @typedef {import("../vendor/xterm.mjs").Terminal} Terminal */
/** @typedef {import("../vendor/xterm.mjs").IBufferRange} Range */
/** @typedef {import("./types.js").Notice} Notice */

/**
 * @param {Terminal} terminal
 * @param {(notice: Notice) => void} notify
 */
export function enableLinks(terminal, notify) {
  const show = (/** @type {string} */ uri) => terminal.element?.setAttribute("title", uri);
  const hide = () => terminal.element?.removeAttribute("title");
  terminal.options.linkHandler = {
    activate: (_event, uri, range) => follow(uri, textOf(terminal, range), notify),
    hover: (_event, uri) => show(uri),
    leave: hide,
  };
  const options = { hover: (/** @type {MouseEvent} */ _event, /** @type {string} */ uri) => show(uri), leave: hide };
  terminal.loadAddon(new WebLinksAddon((_event, uri) => follow(uri, uri, notify), options));
}

/**
 * @param {string} uri
 * @param {string} text
 * @param {(notice: Notice) => void} notify
 */
function follow(uri, text, notify) {
  const target = webLink(uri);
  if (target === null) return;
  const open = () => void window.open(target.href, "_blank", "noopener,noreferrer");
  if (!namesAnother(text, target)) {
    open();
    return;
  }
  const actions = [
    { label: "Open", run: open },
    { label: "Cancel", run: () => {} },
  ];
  notify({ text: `This link says "${text.trim().slice(0, 80)}", but leads to ${target.href}`, actions });
}

/**
 * The text of a link, with the rest of it where it wraps: xterm.js gives the part in one row.
 * @param {Terminal} terminal
 * @param {Range} range
 */
function textOf(terminal, range) {
  const buffer = terminal.buffer.active;
  let text = buffer.getLine(range.start.y - 1)?.translateToString(true, range.start.x - 1, range.end.x) ?? "";
  for (let y = range.end.y, end = range.end.x; end >= terminal.cols && buffer.getLine(y)?.isWrapped; y++) {
    const more = /^\S*/.exec(buffer.getLine(y)?.translateToString(true) ?? "")?.[0] ?? "";
    text += more;
    end = more.length;
  }
  for (let y = range.start.y - 1, start = range.start.x; start === 1 && buffer.getLine(y)?.isWrapped; y--) {
    const before = /\S*$/.exec(buffer.getLine(y - 1)?.translateToString() ?? "")?.[0] ?? "";
    text = before + text;
    start = before.length < terminal.cols ? 0 : 1;
  }
  return text;
}

// The first screen comes with little scrollback, so that it is there at once; more is put above it when nobody looks.
//
// A terminal cannot be given older lines. So it is given the whole screen again, at a moment when that changes nothing else:
// nothing is printed, scrolled back, selected or marked. Until then, and above what it has then, the history is shown.

import { onDetail } from "./dom.js";

/** @import { Api } from "../api.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */
/** @import { Workspace } from "./workspace.js" */

const LINES = 1000;
const QUIET_MS = 400;
const TRIES = 8; // in a session that prints without a pause: for a quarter of an hour

/**
 * @param {Workspace} workspace
 * @param {TerminalPane} pane
 * @param {Api} api
 */
export function deepenWhenQuiet(workspace, pane, api) {
  let timer = 0;
  let tries = 0;
  const later = () => {
    clearTimeout(timer);
    if (tries < TRIES) timer = setTimeout(() => void deepen(), QUIET_MS * 3 ** Math.min(tries, 6));
    tries += 1;
  };
  const deepen = async () => {
    const { attachment } = workspace;
    if (!attachment?.firstLine) return; // nothing is above
    const offset = attachment.offset;
    const screen = pane.isUndisturbed ? await api.screen(workspace.sessionId, LINES).catch(() => null) : null;
    if (attachment !== workspace.attachment) return;
    const isQuiet = screen !== null && offset === attachment.offset && pane.isUndisturbed;
    if (!isQuiet || !attachment.deepen(screen)) later();
  };
  const begin = () => {
    tries = 0;
    later();
  };
  workspace.addEventListener("restored", () =>
    workspace.attachment?.session?.attach === "restore" ? begin() : undefined,
  );
  onDetail(workspace, "skipped", ({ reason }) => reason === "behind" && begin());
}

// Asks before a session is ended, and says what runs in it: that is what would be lost.

import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { labelOf } from "./session_text.js";
import { count } from "./units.js";

/** @import { Api, Status } from "../api.js" */

const MOST_LISTED = 8;

/**
 * @param {Api} api
 * @param {string} sessionId
 * @param {(problem: string) => void} onProblem
 * @returns {Promise<boolean>} whether it was ended
 */
export async function confirmEnd(api, sessionId, onProblem) {
  let session;
  try {
    session = await api.session(sessionId);
  } catch (error) {
    onProblem(error instanceof Error ? error.message : String(error));
    return false;
  }
  let ended = false;
  const cancel = h("button", { type: "button", onclick: () => dialog.close(), autofocus: true }, "Keep it");
  const dialog = openDialog(
    `End ${labelOf(session)}?`,
    [
      ...whatRuns(session),
      h("p", { class: "faint" }, "What it printed is kept and can be read for some days."),
      h("footer", {}, cancel, h("button", { class: "danger" }, "End session")),
    ],
    {
      class: "confirm",
      submit: async () => {
        try {
          await api.end(sessionId);
          ended = true;
        } catch (error) {
          onProblem(error instanceof Error ? error.message : String(error));
        }
        return true;
      },
    },
  );
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(ended)));
}

/** @param {Status} session */
function whatRuns(session) {
  const processes = session.processes ?? [];
  const busy = processes.filter((one) => one.pid !== session.pid); // the shell itself is not worth a warning
  if (busy.length === 0)
    return [h("p", {}, "Nothing runs in it but ", h("code", {}, session.command || "its shell"), ".")];
  const more = busy.length - MOST_LISTED;
  return [
    h("p", {}, `${count(busy.length, "process", "processes")} would be ended:`),
    h(
      "ul",
      { class: "processes" },
      ...busy
        .slice(0, MOST_LISTED)
        .map((one) =>
          h(
            "li",
            {},
            h("strong", {}, one.name),
            h("code", {}, one.command),
            h("span", { class: "faint" }, String(one.pid)),
          ),
        ),
      more > 0 && h("li", { class: "faint" }, `and ${more} more`),
    ),
  ];
}

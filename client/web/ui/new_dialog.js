// Asks what a new session shall run. Enter at once gives a shell in the folder one is in.

import { argvOf } from "./command_words.js";
import { field, openDialog } from "./dialog.js";
import { h } from "./dom.js";

/** @import { Spawn } from "../api.js" */

/**
 * @param {{ cwd: string, create: (spawn: Spawn) => Promise<void> }} options
 *   cwd: offered as folder; create: makes and opens it, and throws an error for people
 */
export function askForNewSession({ cwd, create }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  openDialog(
    "New session",
    [
      field(
        "Command",
        h("input", { name: "command", placeholder: "your shell", autofocus: true, ...PLAIN_TEXT }),
        "With pipes and the like it runs in /bin/sh.",
      ),
      field("Folder", h("input", { name: "cwd", value: cwd, placeholder: "home", ...PLAIN_TEXT })),
      field("Name", h("input", { name: "name", maxlength: 100, placeholder: "none", ...PLAIN_TEXT })),
      problem,
      h("footer", {}, h("button", { class: "primary" }, "Start")),
    ],
    {
      submit: async (form) => {
        const text = (/** @type {string} */ key) => String(form.get(key) ?? "").trim();
        try {
          await create({ name: text("name"), argv: argvOf(text("command")), cwd: text("cwd") });
          return true;
        } catch (error) {
          problem.hidden = false;
          problem.textContent = error instanceof Error ? error.message : String(error);
          return false;
        }
      },
    },
  );
}

const PLAIN_TEXT = { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" };

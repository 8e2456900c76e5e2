// What can be done with sessions, wherever it is asked for: the menu, keys, buttons.

import { ApiError } from "../api.js";
import { field, openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { confirmEnd } from "./end_dialog.js";
import { openHelp } from "./help_dialog.js";
import { Menu } from "./menu.js";
import { askForNewSession } from "./new_dialog.js";
import { openSettings } from "./settings_dialog.js";
import { chord } from "./shortcuts.js";

/** @import { Api, Spawn, Status } from "../api.js" */
/** @import { SettingsStore } from "../settings.js" */
/** @import { Size } from "../terminal/types.js" */
/** @import { Notices } from "./notices.js" */

/**
 * @typedef {{ api: Api, settings: SettingsStore, notices: Notices, current: () => Status | null, size: () => Size | null,
 *   show: (session: Status) => void, changed: () => Promise<void>, loggedOut: () => void }} CommandParts
 */

export class SessionCommands {
  #parts;
  /** The session that this page made last. */
  lastMadeId = "";

  /** @param {CommandParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  get current() {
    return this.#parts.current();
  }

  /** @param {Spawn} spawn */
  async create(spawn) {
    const session = await this.#parts.api.create(spawn, this.#parts.size());
    this.lastMadeId = session.session_id;
    this.#parts.show(session);
  }

  /**
   * Start what another session ran, where it ran; at least a shell.
   *
   * @param {Status | null} former
   */
  async createLike(former) {
    try {
      if (former === null) return await this.create({});
      const { name, argv, cwd } = former;
      await this.create({ name, argv, cwd }).catch((error) => {
        // Its folder may have gone, and somebody else may have its name.
        if (error instanceof ApiError && ["bad_cwd", "name_taken"].includes(error.code)) return this.create({ argv });
        throw error;
      });
    } catch (error) {
      this.#complain(error);
    }
  }

  askForNew() {
    askForNewSession({ cwd: this.current?.cwd ?? "", create: (spawn) => this.create(spawn) });
  }

  rename() {
    const session = this.current;
    if (session === null) return;
    const input = h("input", {
      name: "name",
      value: session.name,
      maxlength: 100,
      autocomplete: "off",
      spellcheck: "false",
    });
    openDialog("Rename", [field("Name", input), h("footer", {}, h("button", { class: "primary" }, "Rename"))], {
      class: "confirm",
      submit: async () => {
        try {
          await this.#parts.api.rename(session.session_id, input.value.trim());
        } catch (error) {
          this.#complain(error);
        }
        await this.#parts.changed();
        return true;
      },
    });
    input.select();
  }

  async end() {
    if (this.current !== null)
      await confirmEnd(this.#parts.api, this.current.session_id, (text) => this.#complain(text));
  }

  /** @param {boolean} plain as text, without escape sequences */
  download(plain) {
    if (this.current === null) return;
    h("a", { href: this.#parts.api.logUrl(this.current.session_id, { plain }), download: "" }).click();
  }

  openSettings() {
    openSettings(this.#parts.settings);
  }

  openHelp() {
    openHelp();
  }

  async logOut() {
    try {
      await this.#parts.api.logout();
      this.#parts.loggedOut();
    } catch (error) {
      this.#complain(error);
    }
  }

  /** @param {unknown} problem */
  #complain(problem) {
    this.#parts.notices.show(problem instanceof Error ? problem.message : String(problem), [], { kind: "bad" });
  }
}

/**
 * @param {SessionCommands} commands
 * @param {{ search: () => void, history: () => void }} more
 * @param {boolean} isMac
 */
export function makeMenu(commands, more, isMac) {
  const shown = () => commands.current !== null;
  const runs = () => commands.current?.state === "running";
  return new Menu([
    { label: "New session…", icon: "plus", keys: chord("Enter", isMac), run: () => commands.askForNew() },
    { label: "Rename…", icon: "rename", run: () => commands.rename(), shown: runs },
    { label: "Search", icon: "search", keys: chord("F", isMac), run: more.search, shown },
    { label: "History", icon: "history", keys: chord("H", isMac), run: more.history, shown },
    { label: "Download as text", icon: "download", run: () => commands.download(true), shown },
    { label: "Download raw log", icon: "download", run: () => commands.download(false), shown },
    { label: "End session…", icon: "end", run: () => void commands.end(), shown: runs },
    "line",
    { label: "Settings", icon: "settings", keys: chord(",", isMac), run: () => commands.openSettings() },
    { label: "Keyboard", icon: "keyboard", keys: chord("/", isMac), run: () => commands.openHelp() },
    "line",
    { label: "Log out", icon: "logout", run: () => void commands.logOut() },
  ]);
}

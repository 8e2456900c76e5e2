// Who tells whom on the page: what the terminal, the drawer, the search and the keys ask for reaches who does it.

import { byId, onDetail } from "./dom.js";
import { shortcutOf } from "./shortcuts.js";

/** @import { Api, Status } from "../api.js" */
/** @import { SettingsStore } from "../settings.js" */
/** @import { Anchor } from "../terminal/history.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */
/** @import { Notice } from "../terminal/types.js" */
/** @import { SessionCommands } from "./commands.js" */
/** @import { Drawer } from "./drawer.js" */
/** @import { HistoryPlace } from "./history_place.js" */
/** @import { Notices } from "./notices.js" */
/** @import { Jump, SearchPanel } from "./search_panel.js" */
/** @import { SessionList } from "./session_list.js" */
/** @import { Stage } from "./stage.js" */
/** @import { TabIdentity } from "./tab_identity.js" */

/**
 * @typedef {{ api: Api, settings: SettingsStore, pane: TerminalPane, notices: Notices, identity: TabIdentity,
 *   history: HistoryPlace, search: SearchPanel, drawer: Drawer, list: SessionList, commands: SessionCommands,
 *   stage: Stage, isMac: boolean }} PageParts
 */

const STATUS_MS = 4_000; // how old what the bar says of the program may be

/** @param {PageParts} parts */
export function wirePage(parts) {
  const { api, settings, notices, history, search, stage } = parts;
  api.addEventListener("unauthorized", () => stage.showLogin("Your login has ended, or was never made."));
  wireTerminal(parts);
  onDetail(history, "notice", (/** @type {Notice} */ { text, actions }) => notices.show(text, actions));
  search.addEventListener("closed", () => parts.pane.focus());
  onDetail(search, "jump", (/** @type {Jump} */ jump) => stage.openHistoryAt(jump));
  wireSessions(parts);
  settings.addEventListener("change", () => parts.pane.applySettings(settings.current));
  addEventListener("keydown", (event) => onKey(event, parts), { capture: true });
  setInterval(() => void stage.refresh(), STATUS_MS);
}

/** @param {PageParts} parts */
function wireTerminal({ pane, settings, notices, identity, stage }) {
  onDetail(pane, "zoom", (/** @type {{ fontSize: number }} */ { fontSize }) => settings.change({ fontSize }));
  onDetail(pane, "notice", (/** @type {Notice} */ { text, actions }) => notices.show(text, actions));
  onDetail(pane, "title", (/** @type {{ title: string }} */ { title }) => identity.change({ program: title }));
  pane.addEventListener("bell", () => identity.change({ hasBell: true }));
  pane.addEventListener("leave", (event) => {
    event.preventDefault();
    byId("button", "open-sessions").focus();
  });
  onDetail(pane, "past-top", (/** @type {Anchor} */ anchor) => stage.openHistory(anchor));
}

/** @param {PageParts} parts */
function wireSessions({ drawer, list, commands, notices, stage }) {
  onDetail(drawer, "open", (/** @type {{ session: Status }} */ { session }) => stage.open(session));
  drawer.addEventListener("new", () => commands.askForNew());
  onDetail(list, "problem", (/** @type {{ text: string }} */ { text }) => notices.show(text, [], { kind: "bad" }));
  onDetail(list, "open", (/** @type {{ session: Status }} */ { session }) => {
    if (!drawer.isOpen && stage.view === "welcome") stage.open(session);
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {PageParts} parts
 */
function onKey(event, { isMac, stage, drawer, commands }) {
  const name = shortcutOf(event, isMac);
  if (name === null || stage.view === "login") return;
  event.preventDefault(); // of the browser, and of the program in the terminal
  event.stopPropagation();
  if (name === "sessions") stage.view !== "welcome" && drawer.toggle();
  else if (name === "search") stage.toggleSearch();
  else if (name === "history") stage.openHistory();
  else if (name === "new") commands.askForNew();
  else if (name === "settings") commands.openSettings();
  else commands.openHelp();
}

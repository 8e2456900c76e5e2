// The shell of the page: makes its parts, and decides what it opens with. Each part is its own module; what is shown is
// the stage's to say, and who tells whom is in the wiring.

import { KeyBar } from "../terminal/key_bar.js";
import { TerminalPane } from "../terminal/pane.js";
import { decideBoot } from "./boot.js";
import { makeMenu, SessionCommands } from "./commands.js";
import { ConnectionView } from "./connection_view.js";
import { deepenWhenQuiet } from "./deepening.js";
import { byId } from "./dom.js";
import { Drawer } from "./drawer.js";
import { HistoryPlace } from "./history_place.js";
import { Notices } from "./notices.js";
import { wirePage } from "./page_wiring.js";
import { SearchPanel } from "./search_panel.js";
import { SessionList } from "./session_list.js";
import { wireSession } from "./session_wiring.js";
import { onMac } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { TabIdentity } from "./tab_identity.js";
import { chromeTheme } from "./theme.js";
import { Thumbnails } from "./thumbnails.js";
import { TopBar } from "./top_bar.js";
import { Welcome } from "./welcome.js";
import { Workspace } from "./workspace.js";

/** @import { Api } from "../api.js" */
/** @import { Memory } from "../session/memory.js" */
/** @import { SettingsStore } from "../settings.js" */

export class App {
  #api;
  #memory;
  #pane;
  #workspace;
  #history;
  #stage;
  #commands;

  /**
   * @param {{ api: Api, settings: SettingsStore, memory: Memory, clientId: string }} parts
   */
  constructor({ api, settings, memory, clientId }) {
    const isMac = onMac();
    const notices = new Notices(byId("div", "notices"));
    const connection = new ConnectionView();
    const welcome = new Welcome();
    const identity = new TabIdentity();
    const theme = chromeTheme(settings);
    const pane = new TerminalPane(byId("div", "terminal"), settings.current);
    const workspace = new Workspace({ pane, socketUrl: api.socketUrl, memory, clientId });
    deepenWhenQuiet(workspace, pane, api);
    const thumbnails = new Thumbnails(api, () => theme.name);
    const list = new SessionList(api, thumbnails, () => ({ sessionId: workspace.sessionId, clientId }));
    const drawer = new Drawer(list);
    const search = new SearchPanel(api, pane);
    const history = new HistoryPlace(api, settings, pane);
    const toggleSearch = () => stage.toggleSearch();
    const bar = new TopBar({ sessions: () => drawer.toggle(), search: toggleSearch }, isMac);
    const stage = new Stage({
      ...{ api, memory, pane, workspace, connection, welcome, identity, bar, thumbnails, list, search, history },
      askForNew: () => commands.askForNew(),
      createLike: (former) => void commands.createLike(former),
    });
    const commands = new SessionCommands({
      api,
      settings,
      notices,
      current: () => stage.status,
      size: () => pane.proposedSize(),
      show: (session) => stage.attach(session.session_id),
      changed: () => stage.refresh(),
      loggedOut: () => stage.showLogin("You are logged out."),
    });
    makeMenu(commands, { search: toggleSearch, history: () => stage.openHistory() }, isMac);
    new KeyBar(byId("div", "keys"), pane);
    wirePage({ api, settings, pane, notices, identity, history, search, drawer, list, commands, stage, isMac });
    wireSession({ workspace, pane, connection, notices, bar, identity, list, commands, stage });
    this.#api = api;
    this.#memory = memory;
    this.#pane = pane;
    this.#workspace = workspace;
    this.#history = history;
    this.#stage = stage;
    this.#commands = commands;
  }

  /** The terminal, for scripts of the user's own. */
  get pane() {
    return this.#pane;
  }

  /** The history that is open, if one is. */
  get history() {
    return this.#history.view;
  }

  /** The present place in a session; null where none is shown. */
  get attachment() {
    return this.#workspace.attachment;
  }

  /**
   * Decide what this page opens with, and open it.
   *
   * @param {string | null} addressed session in the page's address
   */
  async boot(addressed) {
    const stage = this.#stage;
    const facts = { addressed, remembered: this.#memory.place?.sessionId ?? null, last: this.#memory.lastSession };
    try {
      let boot = decideBoot({ ...facts, running: null });
      if (boot.kind === "ask") boot = decideBoot({ ...facts, running: await this.#api.sessions() });
      switch (boot.kind) {
        case "attach":
          stage.attach(boot.sessionId);
          break;
        case "offer":
          stage.showOffer(boot);
          break;
        case "choose":
          stage.showChoice();
          break;
        case "new":
          await this.#commands.create({});
      }
    } catch (error) {
      if (stage.view === "login") return; // the daemon has said that nobody is logged in
      stage.showUnreachable(error instanceof Error ? error.message : String(error), () => void this.boot(addressed));
    }
  }

  /** @param {string} why */
  showLogin(why) {
    this.#stage.showLogin(why);
  }
}

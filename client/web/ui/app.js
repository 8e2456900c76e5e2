// The shell of the page: decides what is shown (a terminal, a choice, a history, the way to log in) and lets its parts
// know of each other. Each part is its own module; what is here is only who tells whom.

import { showAddress } from "../login.js";
import { KeyBar } from "../terminal/key_bar.js";
import { TerminalPane } from "../terminal/pane.js";
import { decideBoot } from "./boot.js";
import { ConnectionView } from "./connection_view.js";
import { deepenWhenQuiet } from "./deepening.js";
import { byId, onDetail } from "./dom.js";
import { Drawer } from "./drawer.js";
import { HistoryPlace } from "./history_place.js";
import { makeMenu, SessionCommands } from "./commands.js";
import { Notices } from "./notices.js";
import { SearchPanel } from "./search_panel.js";
import { SessionList } from "./session_list.js";
import { onMac, shortcutOf } from "./shortcuts.js";
import { TabIdentity } from "./tab_identity.js";
import { chromeTheme } from "./theme.js";
import { Thumbnails } from "./thumbnails.js";
import { TopBar } from "./top_bar.js";
import { duration, size } from "./units.js";
import { Welcome } from "./welcome.js";
import { Workspace } from "./workspace.js";

/** @import { Api, Presence, Status } from "../api.js" */
/** @import { ConnectionState } from "../session/attachment.js" */
/** @import { Memory } from "../session/memory.js" */
/** @import { SettingsStore } from "../settings.js" */
/** @import { SessionMessage } from "../wire/messages.js" */
/** @import { Notice } from "../terminal/types.js" */
/** @import { Anchor } from "../terminal/history.js" */
/** @import { Jump } from "./search_panel.js" */
/** @import { Action } from "./connection_text.js" */

const STATUS_MS = 4_000; // how old what the bar says of the program may be

const NEW_S = 5;

export class App {
  #api;
  #settings;
  #memory;
  #isMac = onMac();
  #notices = new Notices(byId("div", "notices"));
  #connection = new ConnectionView();
  #welcome = new Welcome();
  #identity = new TabIdentity();
  #theme;
  #pane;
  #workspace;
  #bar;
  #thumbnails;
  #list;
  #drawer;
  #search;
  #history;
  #commands;
  /** @type {Status | null} */
  #status = null;

  /**
   * @param {{ api: Api, settings: SettingsStore, memory: Memory, clientId: string }} parts
   */
  constructor({ api, settings, memory, clientId }) {
    this.#api = api;
    this.#settings = settings;
    this.#memory = memory;
    this.#theme = chromeTheme(settings);
    this.#pane = new TerminalPane(byId("div", "terminal"), settings.current);
    this.#workspace = new Workspace({ pane: this.#pane, socketUrl: api.socketUrl, memory, clientId });
    deepenWhenQuiet(this.#workspace, this.#pane, api);
    this.#thumbnails = new Thumbnails(api, () => this.#theme.name);
    this.#list = new SessionList(api, this.#thumbnails, () => ({ sessionId: this.#workspace.sessionId, clientId }));
    this.#drawer = new Drawer(this.#list);
    this.#search = new SearchPanel(api, this.#pane);
    this.#history = new HistoryPlace(api, settings, this.#pane);
    this.#bar = new TopBar({ sessions: () => this.#drawer.toggle(), search: () => this.#toggleSearch() }, this.#isMac);
    this.#commands = new SessionCommands({
      api,
      settings,
      notices: this.#notices,
      current: () => this.#status,
      size: () => this.#pane.proposedSize(),
      show: (session) => this.#attach(session.session_id),
      changed: () => this.#refreshStatus(),
      loggedOut: () => this.#showLogin("You are logged out."),
    });
    makeMenu(this.#commands, { search: () => this.#toggleSearch(), history: () => this.#openHistory() }, this.#isMac);
    new KeyBar(byId("div", "keys"), this.#pane);
    this.#wirePage();
    this.#wireSession();
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
    const facts = { addressed, remembered: this.#memory.place?.sessionId ?? null, last: this.#memory.lastSession };
    try {
      let boot = decideBoot({ ...facts, running: null });
      if (boot.kind === "ask") boot = decideBoot({ ...facts, running: await this.#api.sessions() });
      switch (boot.kind) {
        case "attach":
          this.#attach(boot.sessionId);
          break;
        case "offer":
          this.#showOffer(boot);
          break;
        case "choose":
          this.#showChoice();
          break;
        case "new":
          await this.#commands.create({});
      }
    } catch (error) {
      if (document.body.dataset.view === "login") return; // the daemon has said that nobody is logged in
      const retry = () => void this.boot(addressed);
      this.#view("welcome");
      this.#welcome.showUnreachable(error instanceof Error ? error.message : String(error), retry);
    }
  }

  /** @param {string} why */
  showLogin(why) {
    this.#showLogin(why);
  }

  // What is shown

  /** @param {"terminal" | "welcome" | "gone" | "login"} view */
  #view(view) {
    document.body.dataset.view = view;
    if (view === "terminal") this.#welcome.hide();
    else {
      this.#search.close();
      if (view !== "gone") this.#history.close();
    }
  }

  /** @param {string} sessionId */
  #attach(sessionId) {
    if (this.#workspace.sessionId === sessionId && this.attachment?.state.phase === "connected") {
      this.#pane.focus();
      return;
    }
    this.#history.close();
    this.#search.close();
    this.#list.stop();
    this.#status = null;
    document.body.dataset.restored = "no";
    this.#view("terminal");
    showAddress(sessionId);
    this.#workspace.attach(sessionId);
    this.#connection.show(this.attachment?.state ?? null);
    this.#pane.focus();
  }

  #leave() {
    this.#workspace.leave();
    this.#workspace.forget();
    this.#status = null;
    this.#connection.show(null);
    this.#bar.showSession(null);
    this.#bar.showPresence([], "");
    this.#identity.change({ name: "", program: "", isLost: false });
    showAddress(null);
  }

  /** @param {string} why */
  #showLogin(why) {
    this.#list.stop();
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    this.#workspace.leave();
    this.#connection.show(null);
    this.#view("login");
    this.#welcome.showLogin(why);
  }

  #showChoice() {
    this.#leave();
    this.#view("welcome");
    this.#welcome.showChoice({ list: this.#list, make: () => this.#commands.askForNew() });
  }

  /** @param {Extract<import("./boot.js").Boot, { kind: "offer" }>} offer */
  #showOffer({ session, lastSeenAt, others }) {
    this.#view("welcome");
    this.#welcome.showOffer({
      session,
      lastSeenAt,
      rejoin: () => this.#attach(session.session_id),
      make: () => void this.#commands.createLike(null),
      list: this.#list,
      thumbnails: this.#thumbnails,
      hasOthers: others.length > 0,
    });
  }

  /**
   * @param {string} sessionId
   * @param {string} reason
   */
  async #showGone(sessionId, reason) {
    const session = await this.#api.session(sessionId).catch(() => null);
    this.#memory.forget(sessionId);
    this.#workspace.leave();
    this.#connection.show(null);
    this.#view("gone");
    this.#bar.showSession(session);
    this.#identity.change({ name: session?.name ?? "", program: "" });
    this.#status = session;
    const fresh = () => void this.#commands.createLike(session);
    this.#welcome.showGone({ session, reason, fresh, all: () => this.#showChoice() });
    if (session !== null) this.#history.open(session, { stays: true });
  }

  /** The session that is shown, with the width that it has now: its status is some seconds old. */
  get #sessionOfNow() {
    const isLive = document.body.dataset.view === "terminal";
    return this.#status && (isLive ? { ...this.#status, cols: this.#pane.terminal.cols } : this.#status);
  }

  /** @param {Anchor} [anchor] where somebody has scrolled beyond what is loaded; else at the end */
  #openHistory(anchor) {
    const session = this.#sessionOfNow;
    if (session !== null) this.#history.open(session, anchor ? { anchor } : {});
  }

  #toggleSearch() {
    if (this.#search.isOpen) this.#search.close();
    else if (this.#status !== null) this.#search.open(this.#status.session_id);
  }

  // Who tells whom

  #wirePage() {
    this.#api.addEventListener("unauthorized", () => this.#showLogin("Your login has ended, or was never made."));
    this.#settings.addEventListener("change", () => this.#pane.applySettings(this.#settings.current));
    onDetail(this.#pane, "zoom", (/** @type {{ fontSize: number }} */ { fontSize }) =>
      this.#settings.change({ fontSize }),
    );
    onDetail(this.#pane, "notice", (/** @type {Notice} */ { text, actions }) => this.#notices.show(text, actions));
    onDetail(this.#pane, "title", (/** @type {{ title: string }} */ { title }) =>
      this.#identity.change({ program: title }),
    );
    this.#pane.addEventListener("bell", () => this.#identity.change({ hasBell: true }));
    this.#pane.addEventListener("leave", (event) => {
      event.preventDefault();
      byId("button", "open-sessions").focus();
    });
    onDetail(this.#pane, "past-top", (/** @type {Anchor} */ anchor) => this.#openHistory(anchor));
    onDetail(this.#history, "notice", (/** @type {Notice} */ { text, actions }) => this.#notices.show(text, actions));
    this.#search.addEventListener("closed", () => this.#pane.focus());
    onDetail(this.#search, "jump", (/** @type {Jump} */ jump) => {
      const session = this.#sessionOfNow;
      if (session !== null) this.#history.open(session, { ...jump, stays: document.body.dataset.view === "gone" });
    });
    onDetail(this.#drawer, "open", (/** @type {{ session: Status }} */ { session }) => this.#open(session));
    this.#drawer.addEventListener("new", () => this.#commands.askForNew());
    onDetail(this.#list, "problem", (/** @type {{ text: string }} */ { text }) =>
      this.#notices.show(text, [], { kind: "bad" }),
    );
    onDetail(this.#list, "open", (/** @type {{ session: Status }} */ { session }) => {
      if (!this.#drawer.isOpen && document.body.dataset.view === "welcome") this.#open(session);
    });
    onDetail(this.#connection, "action", (/** @type {{ action: Action }} */ { action }) => this.#act(action));
    addEventListener("keydown", (event) => this.#onKey(event), { capture: true });
    setInterval(() => void this.#refreshStatus(), STATUS_MS);
  }

  #wireSession() {
    const workspace = this.#workspace;
    onDetail(workspace, "state", (/** @type {ConnectionState} */ state) => this.#onState(state));
    onDetail(workspace, "session", (/** @type {{ message: SessionMessage }} */ { message }) => {
      this.#identity.change({ name: message.name });
      if (message.attach === "fresh") document.body.dataset.restored = "yes";
    });
    onDetail(workspace, "restored", (/** @type {{ missedBytes: number, ageSeconds: number }} */ detail) => {
      document.body.dataset.restored = "yes";
      if (workspace.sessionId === this.#commands.lastMadeId && detail.ageSeconds < NEW_S) return; // it has just been made here
      const came = detail.missedBytes > 0 ? `, ${size(detail.missedBytes)} came meanwhile` : "";
      this.#notices.show(`Restored: ${duration(detail.ageSeconds)} old${came}`, [], {
        kind: "good",
        about: "restored",
      });
    });
    onDetail(workspace, "presence", (/** @type {{ clients: Presence[] }} */ { clients }) =>
      this.#bar.showPresence(clients, workspace.clientId),
    );
    onDetail(workspace, "problem", (/** @type {{ message: string }} */ { message }) =>
      this.#notices.show(message, [], { kind: "bad" }),
    );
    onDetail(workspace, "input-lost", (/** @type {{ unknown: number, dropped: number }} */ lost) => {
      if (lost.unknown)
        this.#notices.show(`${lost.unknown} bytes you typed may not have arrived. They are not sent again.`);
      if (lost.dropped) this.#notices.show(`${lost.dropped} bytes you typed were for a session that has ended.`);
    });
    workspace.addEventListener("skipped", () =>
      this.#notices.show("It printed faster than this connection: moved ahead."),
    );
    workspace.addEventListener("news", () => this.#identity.change({ hasNews: true }));
    onDetail(workspace, "gone", (/** @type {{ message: string }} */ { message }) =>
      this.#showGone(workspace.sessionId, message),
    );
  }

  /** @param {ConnectionState} state */
  #onState(state) {
    if (state.phase === "refused" && state.code === "unauthorized") {
      this.#showLogin("Your login has ended. Your sessions go on.");
      return;
    }
    const isBack = state.phase === "connected" && document.documentElement.dataset.phase !== "connected";
    this.#connection.show(state);
    if (isBack) void this.#refreshStatus();
    this.#identity.change({ isLost: state.phase === "reconnecting" || state.phase === "offline" });
    if (state.phase === "ended") this.#list.refresh();
  }

  /** @param {Action} action */
  #act(action) {
    const attachment = this.attachment;
    if (attachment === null) return;
    switch (action) {
      case "retry":
        attachment.retryNow();
        break;
      case "take-back":
        if (attachment.state.phase === "detached") this.#attach(this.#workspace.sessionId);
        else attachment.retryNow();
        break;
      case "type":
        attachment.typeWaiting();
        break;
      case "discard":
        attachment.discardWaiting();
        break;
      case "fresh":
        void this.#commands.createLike(this.#status);
        return;
      case "history":
        this.#openHistory();
        return;
    }
    this.#pane.focus();
  }

  /** @param {Status} session */
  #open(session) {
    if (session.state === "running") this.#attach(session.session_id);
    else void this.#showGone(session.session_id, "");
  }

  async #refreshStatus() {
    const { sessionId, attachment } = this.#workspace;
    if (document.hidden || !sessionId || attachment?.state.phase !== "connected") return;
    const session = await this.#api.session(sessionId).catch(() => null);
    if (session === null || this.#workspace.sessionId !== sessionId) return;
    this.#status = session;
    this.#bar.showSession(session);
    this.#identity.change({ name: session.name || session.program });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const name = shortcutOf(event, this.#isMac);
    if (name === null || document.body.dataset.view === "login") return;
    event.preventDefault(); // of the browser, and of the program in the terminal
    event.stopPropagation();
    if (name === "sessions") document.body.dataset.view !== "welcome" && this.#drawer.toggle();
    else if (name === "search") this.#toggleSearch();
    else if (name === "history") this.#openHistory();
    else if (name === "new") this.#commands.askForNew();
    else if (name === "settings") this.#commands.openSettings();
    else this.#commands.openHelp();
  }
}

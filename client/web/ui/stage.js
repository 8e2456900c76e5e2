// What is shown: a terminal, a choice of sessions, the offer to rejoin one, the history of one that has gone, or the way
// to log in; and what is known of the session that is shown.

import { showAddress } from "../login.js";

/** @import { Api, Status } from "../api.js" */
/** @import { Memory } from "../session/memory.js" */
/** @import { Anchor } from "../terminal/history.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */
/** @import { Boot } from "./boot.js" */
/** @import { ConnectionView } from "./connection_view.js" */
/** @import { HistoryPlace } from "./history_place.js" */
/** @import { Jump, SearchPanel } from "./search_panel.js" */
/** @import { SessionList } from "./session_list.js" */
/** @import { TabIdentity } from "./tab_identity.js" */
/** @import { Thumbnails } from "./thumbnails.js" */
/** @import { TopBar } from "./top_bar.js" */
/** @import { Welcome } from "./welcome.js" */
/** @import { Workspace } from "./workspace.js" */

/**
 * @typedef {{ api: Api, memory: Memory, pane: TerminalPane, workspace: Workspace, connection: ConnectionView,
 *   welcome: Welcome, identity: TabIdentity, bar: TopBar, thumbnails: Thumbnails, list: SessionList, search: SearchPanel,
 *   history: HistoryPlace, askForNew: () => void, createLike: (former: Status | null) => void }} StageParts
 */

export class Stage {
  #parts;
  /** @type {Status | null} */
  #status = null;

  /** @param {StageParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** The session that is shown, as it was some seconds ago; null where none is shown or it is not known yet. */
  get status() {
    return this.#status;
  }

  get view() {
    return document.body.dataset.view;
  }

  /** @param {string} sessionId */
  attach(sessionId) {
    const { workspace, pane, history, search, list, connection } = this.#parts;
    if (workspace.sessionId === sessionId && workspace.attachment?.state.phase === "connected") {
      pane.focus();
      return;
    }
    history.close();
    search.close();
    list.stop();
    this.#status = null;
    document.body.dataset.restored = "no";
    this.#show("terminal");
    showAddress(sessionId);
    workspace.attach(sessionId);
    connection.show(workspace.attachment?.state ?? null);
    pane.focus();
  }

  /**
   * Show a session: its terminal where it runs, else what is left of it.
   *
   * @param {Status} session
   */
  open(session) {
    if (session.state === "running") this.attach(session.session_id);
    else void this.showGone(session.session_id, "");
  }

  /** @param {string} why */
  showLogin(why) {
    const { list, workspace, connection, welcome } = this.#parts;
    list.stop();
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    workspace.leave();
    connection.show(null);
    this.#show("login");
    welcome.showLogin(why);
  }

  /**
   * @param {string} why
   * @param {() => void} retry
   */
  showUnreachable(why, retry) {
    this.#show("welcome");
    this.#parts.welcome.showUnreachable(why, retry);
  }

  showChoice() {
    const { welcome, list, askForNew } = this.#parts;
    this.#leave();
    this.#show("welcome");
    welcome.showChoice({ list, make: askForNew });
  }

  /** @param {Extract<Boot, { kind: "offer" }>} offer */
  showOffer({ session, lastSeenAt, others }) {
    const { welcome, list, thumbnails, createLike } = this.#parts;
    this.#show("welcome");
    welcome.showOffer({
      session,
      lastSeenAt,
      rejoin: () => this.attach(session.session_id),
      make: () => createLike(null),
      list,
      thumbnails,
      hasOthers: others.length > 0,
    });
  }

  /**
   * @param {string} sessionId
   * @param {string} reason
   */
  async showGone(sessionId, reason) {
    const { api, memory, workspace, connection, bar, identity, welcome, history, createLike } = this.#parts;
    const session = await api.session(sessionId).catch(() => null);
    memory.forget(sessionId);
    workspace.leave();
    connection.show(null);
    this.#show("gone");
    bar.showSession(session);
    identity.change({ name: session?.name ?? "", program: "" });
    this.#status = session;
    welcome.showGone({ session, reason, fresh: () => createLike(session), all: () => this.showChoice() });
    if (session !== null) history.open(session, { stays: true });
  }

  /** Whether nothing was printed above what the terminal holds; what its program has cleared there is wanted gone. */
  get #hasAll() {
    const { pane, workspace } = this.#parts;
    const isFull = pane.terminal.buffer.active.length >= pane.terminal.rows + (pane.terminal.options.scrollback ?? 0);
    return !workspace.attachment?.firstLine && !isFull;
  }

  /** @param {Anchor} [anchor] where somebody has scrolled beyond what is loaded; else at the end */
  openHistory(anchor) {
    const session = this.#sessionOfNow;
    if (session === null || (anchor && this.#hasAll)) return;
    this.#parts.history.open(session, anchor ? { anchor } : {});
  }

  /** @param {Jump} jump to a line that was found */
  openHistoryAt(jump) {
    const session = this.#sessionOfNow;
    if (session !== null) this.#parts.history.open(session, { ...jump, stays: this.view === "gone" });
  }

  toggleSearch() {
    const { search } = this.#parts;
    if (search.isOpen) search.close();
    else if (this.#status !== null) search.open(this.#status.session_id);
  }

  /** Learn anew what is known of the session that is shown. */
  async refresh() {
    const { api, workspace, bar, identity } = this.#parts;
    const { sessionId, attachment } = workspace;
    if (document.hidden || !sessionId || attachment?.state.phase !== "connected") return;
    const session = await api.session(sessionId).catch(() => null);
    if (session === null || workspace.sessionId !== sessionId) return;
    this.#status = session;
    bar.showSession(session);
    identity.change({ name: session.name || session.program });
  }

  /** The session that is shown, with the width that it has now: its status is some seconds old. */
  get #sessionOfNow() {
    const isLive = this.view === "terminal";
    return this.#status && (isLive ? { ...this.#status, cols: this.#parts.pane.terminal.cols } : this.#status);
  }

  /** @param {"terminal" | "welcome" | "gone" | "login"} view */
  #show(view) {
    const { welcome, search, history } = this.#parts;
    document.body.dataset.view = view;
    if (view === "terminal") welcome.hide();
    else {
      search.close();
      if (view !== "gone") history.close();
    }
  }

  #leave() {
    const { workspace, connection, bar, identity } = this.#parts;
    workspace.leave();
    workspace.forget();
    this.#status = null;
    connection.show(null);
    bar.showSession(null);
    bar.showPresence([], "");
    identity.change({ name: "", program: "", isLost: false });
    showAddress(null);
  }
}

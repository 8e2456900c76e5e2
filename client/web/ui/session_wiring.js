// Who tells whom of the session that is shown: what happens to it reaches the page, and what the user decides about its
// connection reaches it.

import { onDetail } from "./dom.js";
import { duration, size } from "./units.js";

/** @import { Presence } from "../api.js" */
/** @import { ConnectionState } from "../session/attachment.js" */
/** @import { TerminalPane } from "../terminal/pane.js" */
/** @import { SessionMessage } from "../wire/messages.js" */
/** @import { SessionCommands } from "./commands.js" */
/** @import { Action } from "./connection_text.js" */
/** @import { ConnectionView } from "./connection_view.js" */
/** @import { Notices } from "./notices.js" */
/** @import { SessionList } from "./session_list.js" */
/** @import { Stage } from "./stage.js" */
/** @import { TabIdentity } from "./tab_identity.js" */
/** @import { TopBar } from "./top_bar.js" */
/** @import { Workspace } from "./workspace.js" */

/**
 * @typedef {{ workspace: Workspace, pane: TerminalPane, connection: ConnectionView, notices: Notices, bar: TopBar,
 *   identity: TabIdentity, list: SessionList, commands: SessionCommands, stage: Stage }} SessionParts
 */

const NEW_S = 5;

/** @param {SessionParts} parts */
export function wireSession(parts) {
  const { workspace, connection, notices, bar, identity, commands, stage } = parts;
  onDetail(connection, "action", (/** @type {{ action: Action }} */ { action }) => act(action, parts));
  onDetail(workspace, "state", (/** @type {ConnectionState} */ state) => onState(state, parts));
  onDetail(workspace, "session", (/** @type {{ message: SessionMessage }} */ { message }) => {
    identity.change({ name: message.name });
    if (message.attach === "fresh") document.body.dataset.restored = "yes";
  });
  onDetail(workspace, "restored", (/** @type {{ missedBytes: number, ageSeconds: number }} */ detail) => {
    document.body.dataset.restored = "yes";
    if (workspace.sessionId === commands.lastMadeId && detail.ageSeconds < NEW_S) return; // it has just been made here
    const came = detail.missedBytes > 0 ? `, ${size(detail.missedBytes)} came meanwhile` : "";
    notices.show(`Restored: ${duration(detail.ageSeconds)} old${came}`, [], { kind: "good", about: "restored" });
  });
  onDetail(workspace, "presence", (/** @type {{ clients: Presence[] }} */ { clients }) =>
    bar.showPresence(clients, workspace.clientId),
  );
  onDetail(workspace, "problem", (/** @type {{ message: string }} */ { message }) =>
    notices.show(message, [], { kind: "bad" }),
  );
  onDetail(workspace, "input-lost", (/** @type {{ unknown: number, dropped: number }} */ lost) => {
    if (lost.unknown) notices.show(`${lost.unknown} bytes you typed may not have arrived. They are not sent again.`);
    if (lost.dropped) notices.show(`${lost.dropped} bytes you typed were for a session that has ended.`);
  });
  workspace.addEventListener("skipped", () => notices.show("It printed faster than this connection: moved ahead."));
  workspace.addEventListener("news", () => identity.change({ hasNews: true }));
  onDetail(workspace, "gone", (/** @type {{ message: string }} */ { message }) =>
    stage.showGone(workspace.sessionId, message),
  );
}

/**
 * @param {ConnectionState} state
 * @param {SessionParts} parts
 */
function onState(state, { connection, identity, list, stage }) {
  if (state.phase === "refused" && state.code === "unauthorized") {
    stage.showLogin("Your login has ended. Your sessions go on.");
    return;
  }
  const isBack = state.phase === "connected" && document.documentElement.dataset.phase !== "connected";
  connection.show(state);
  if (isBack) void stage.refresh();
  identity.change({ isLost: state.phase === "reconnecting" || state.phase === "offline" });
  if (state.phase === "ended") list.refresh();
}

/**
 * @param {Action} action
 * @param {SessionParts} parts
 */
function act(action, { workspace, pane, commands, stage }) {
  const { attachment } = workspace;
  if (attachment === null) return;
  switch (action) {
    case "retry":
      attachment.retryNow();
      break;
    case "take-back":
      if (attachment.state.phase === "detached") stage.attach(workspace.sessionId);
      else attachment.retryNow();
      break;
    case "type":
      attachment.typeWaiting();
      break;
    case "discard":
      attachment.discardWaiting();
      break;
    case "fresh":
      void commands.createLike(stage.status);
      return;
    case "history":
      stage.openHistory();
      return;
  }
  pane.focus();
}

// The bar: which session this is, who else is there, and the ways to everything else.

import { byId, icon, setText } from "./dom.js";
import { labelOf } from "./session_text.js";
import { chord } from "./shortcuts.js";
import { count } from "./units.js";

/** @import { Presence, Status } from "../api.js" */

export class TopBar {
  #name = byId("h1", "session-name");
  #program = byId("span", "session-program");
  #sharing = byId("span", "sharing");

  /**
   * @param {{ sessions: () => void, search: () => void }} actions
   * @param {boolean} isMac
   */
  constructor(actions, isMac) {
    const sessions = byId("button", "open-sessions");
    const search = byId("button", "open-search");
    const menu = byId("button", "open-menu");
    sessions.append(icon("sessions"));
    search.append(icon("search"));
    menu.append(icon("menu"));
    sessions.title = `Sessions (${chord("L", isMac)})`;
    search.title = `Search (${chord("F", isMac)})`;
    menu.title = "Menu";
    sessions.addEventListener("click", actions.sessions);
    search.addEventListener("click", actions.search);
  }

  /** @param {Pick<Status, "name" | "program" | "argv"> | null} session null: none is shown */
  showSession(session) {
    const label = session === null ? "Holdfast" : labelOf(session);
    setText(this.#name, label);
    setText(this.#program, session === null || session.program === label ? "" : session.program);
  }

  /**
   * @param {readonly Presence[]} present
   * @param {string} ownClientId
   */
  showPresence(present, ownClientId) {
    const others = present.filter((one) => one.client_id !== ownClientId);
    const connected = others.filter((one) => one.state === "connected").length;
    const waiting = others.length - connected;
    const text = [connected && `${connected + 1} here`, waiting && `${waiting} away`].filter(Boolean).join(", ");
    this.#sharing.hidden = text === "";
    if (this.#sharing.dataset.text === text) return;
    this.#sharing.dataset.text = text;
    this.#sharing.replaceChildren(icon("people"), text);
    this.#sharing.title = [
      connected && `${count(connected, "other window")} attached`,
      waiting && `${count(waiting, "other window")} disconnected, waiting`,
    ]
      .filter(Boolean)
      .join(", ");
  }
}

// One session in a list: a picture, its name, what runs in it, its age and who is there.

import { h, icon, setText } from "./dom.js";
import { describeAge, describeEnd, describePresence, labelOf, shortPath } from "./session_text.js";

/** @import { Status } from "../api.js" */

const PICTURE = Object.freeze({ width: 272, height: 160 }); // twice what CSS shows: sharp on dense screens

/** @typedef {"open" | "rename" | "end"} RowAction */

export class SessionRow {
  /** @type {Status} */
  session;
  #name = h("span", { class: "row-name" });
  #runs = h("span", { class: "row-runs" });
  #age = h("span", { class: "row-age" });
  #who = h("span", { class: "row-who" });
  canvas = h("canvas", { ...PICTURE, class: "row-picture", "aria-hidden": "true" });
  main;
  element;

  /**
   * @param {Status} session
   * @param {(action: RowAction, row: SessionRow) => void} act
   */
  constructor(session, act) {
    this.session = session;
    const isRunning = session.state === "running";
    this.main = h(
      "button",
      { type: "button", class: "row-main", tabindex: -1, onclick: () => act("open", this) },
      isRunning && this.canvas,
      h("span", { class: "row-text" }, this.#name, this.#runs, this.#age, this.#who),
    );
    const tool = (/** @type {RowAction} */ action, /** @type {string} */ label, /** @type {string} */ keys) =>
      h(
        "button",
        { type: "button", class: "ghost", tabindex: -1, title: `${label} (${keys})`, onclick: () => act(action, this) },
        icon(action === "end" ? "close" : "rename"),
        h("span", { class: "hidden" }, `${label} ${labelOf(session)}`),
      );
    this.element = h(
      "li",
      { class: isRunning ? "row" : "row ended", "data-session": session.session_id },
      this.main,
      isRunning && h("span", { class: "row-tools" }, tool("rename", "Rename", "F2"), tool("end", "End", "Delete")),
    );
  }

  /**
   * @param {Status} session
   * @param {number} nowS
   * @param {{ sessionId: string, clientId: string }} own what this tab shows
   */
  update(session, nowS, own) {
    this.session = session;
    const label = labelOf(session);
    setText(this.#name, label);
    const isHere = session.session_id === own.sessionId;
    if (isHere) this.main.setAttribute("aria-current", "true");
    else this.main.removeAttribute("aria-current");
    if (session.state !== "running") {
      setText(this.#runs, describeEnd(session, nowS));
      setText(this.#age, session.name ? session.command : "");
      return;
    }
    const runs = session.program && session.program !== label ? session.program : "";
    setText(this.#runs, [runs, shortPath(session.cwd)].filter(Boolean).join(" · "));
    setText(this.#age, describeAge(session, nowS));
    setText(this.#who, describePresence(session, nowS, own.clientId));
    const here = session.present.filter((one) => one.state === "connected").length;
    this.element.dataset.presence = here ? "attached" : session.present.length ? "waiting" : "none";
  }

  /**
   * Edit the name in its place.
   *
   * @param {(name: string) => Promise<void>} save
   */
  rename(save) {
    const input = h("input", {
      class: "row-rename",
      value: this.session.name,
      maxlength: 100,
      "aria-label": "New name",
      autocomplete: "off",
      spellcheck: "false",
    });
    let done = false;
    const finish = async (/** @type {boolean} */ keep) => {
      if (done) return;
      done = true;
      const name = input.value.trim();
      input.remove();
      this.main.hidden = false;
      this.main.focus();
      if (keep && name !== this.session.name) await save(name);
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation(); // these keys are for the text, not for the list
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault(); // nor does Escape close what the list is in
        void finish(event.key === "Enter");
      }
    });
    input.addEventListener("blur", () => void finish(true));
    this.main.hidden = true;
    this.main.before(input);
    input.focus();
    input.select();
  }
}

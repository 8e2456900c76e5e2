// What the page shows when there is no terminal to show: not logged in, a choice of sessions, a session to rejoin, or
// one that has gone.

import { byId, h } from "./dom.js";
import { describeEnd, labelOf } from "./session_text.js";
import { ago, duration } from "./units.js";

/** @import { Status } from "../api.js" */
/** @import { SessionList } from "./session_list.js" */
/** @import { Thumbnails } from "./thumbnails.js" */

export class Welcome {
  #host = byId("section", "welcome");

  /**
   * Not logged in, or no longer.
   *
   * @param {string} why
   */
  showLogin(why) {
    this.#show(
      "login",
      mark(),
      h("h2", {}, "Open Holdfast from a terminal"),
      h("p", {}, why),
      h(
        "pre",
        { class: "command", tabindex: 0, "aria-label": "Command to run" },
        h("span", { "aria-hidden": "true" }, "$ "),
        h("code", {}, "holdfast web"),
      ),
      h("p", { class: "faint" }, "It opens this page by a link that works once. Your sessions go on meanwhile."),
    );
  }

  /**
   * The daemon cannot be reached.
   *
   * @param {string} why
   * @param {() => void} retry
   */
  showUnreachable(why, retry) {
    this.#show(
      "problem",
      mark(),
      h("h2", {}, "Holdfast cannot be reached"),
      h("p", {}, why),
      buttons(["Try again", retry]),
    );
  }

  /**
   * The session that this browser showed last is still there.
   *
   * @param {{ session: Status, lastSeenAt: number, rejoin: () => void, make: () => void, list: SessionList,
   *   thumbnails: Thumbnails, hasOthers: boolean }} options
   */
  showOffer({ session, lastSeenAt, rejoin, make, list, thumbnails, hasOthers }) {
    const canvas = h("canvas", { width: 640, height: 360, class: "offer-picture", "aria-hidden": "true" });
    const seen = ago((Date.now() - lastSeenAt) / 1000);
    const left =
      session.ends_at === null
        ? ""
        : ` It ends in ${duration(session.ends_at - Date.now() / 1000)} unless somebody comes.`;
    this.#show(
      "offer",
      h(
        "div",
        { class: "offer" },
        canvas,
        h(
          "div",
          { class: "offer-text" },
          h("h2", {}, `“${labelOf(session)}” is still running`),
          h("p", {}, `Last seen ${seen}.${left}`),
          buttons(["Rejoin", rejoin], ["New", make]),
        ),
      ),
      hasOthers && h("h3", {}, "All sessions"),
      hasOthers && list.element,
    );
    thumbnails.draw(canvas, session);
    if (hasOthers) void list.start();
  }

  /**
   * Sessions run, none of which this browser has seen.
   *
   * @param {{ list: SessionList, make: () => void }} options
   */
  showChoice({ list, make }) {
    this.#show(
      "choice",
      h("header", { class: "welcome-head" }, h("h2", {}, "Sessions"), buttons(["New session", make])),
      list.element,
    );
    list.filter("");
    void list.start().then(() => list.focus());
  }

  /**
   * The session asked for cannot be had. Its history is shown beneath.
   *
   * @param {{ session: Status | null, reason: string, fresh: () => void, all: () => void }} options
   */
  showGone({ session, reason, fresh, all }) {
    const what = session === null ? "This session is not there" : `“${labelOf(session)}” has ended`;
    const why = session === null ? reason : `${describeEnd(session, Date.now() / 1000)}. This is what it printed.`;
    this.#show(
      session === null ? "problem" : "gone",
      session === null && mark(),
      h("div", { class: "gone-text" }, h("h2", {}, what), h("p", {}, why)),
      buttons(["New session", fresh], ["All sessions", all]),
    );
  }

  hide() {
    this.#host.hidden = true;
    this.#host.replaceChildren();
  }

  /**
   * @param {string} kind
   * @param {...import("./dom.js").Child} children
   */
  #show(kind, ...children) {
    this.#host.hidden = false;
    this.#host.dataset.kind = kind;
    this.#host.replaceChildren(h("div", { class: "welcome-inside" }, ...children));
    this.#host.querySelector("button")?.focus();
  }
}

function mark() {
  return h("img", { src: new URL("../icon.svg", import.meta.url).href, class: "mark", alt: "", width: 48, height: 48 });
}

/** @param {...[string, () => void]} pairs the first is the one to press */
function buttons(...pairs) {
  return h(
    "div",
    { class: "buttons" },
    ...pairs.map(([label, run], index) =>
      h("button", { type: "button", class: index === 0 ? "primary" : "", onclick: run }, label),
    ),
  );
}

// One client's place in one session, over as many connections as it takes.
//
// Output goes on at the byte where it stopped, what was typed is applied once and in order, and `state` says at any time
// what is going on. Where the connection is lost it comes back by itself, for ever; where the daemon says no, it does not.
//
// What all this means byte by byte is decided in the modules beside this one, which joins them.

import { Connector } from "./connector.js";
import { CLOCK } from "./clock.js";
import { CloseCode, endingOf, lossReason } from "./closing.js";
import { isReport } from "./keys.js";
import { LineRequests } from "./line_requests.js";
import { checkLogin } from "./login_check.js";
import { Output } from "./output.js";
import { SizeClaim } from "./size_claim.js";
import { Typing } from "./typing.js";
import { watchWaking } from "./wake.js";
import { attachUrl } from "../wire/attach_query.js";
import { RefusedError, WireError } from "../wire/errors.js";
import { parseServerMessage } from "../wire/messages.js";

const WINDOW_BYTES = 512 << 10; // enough for 10 MB/s over 50 ms, and parsed in so short a time that Ctrl-C is felt at once

/** @typedef {import("../wire/attach_query.js").Size} Size */
/** @typedef {import("../wire/messages.js").SessionMessage} SessionMessage */
/** @typedef {import("../wire/messages.js").ServerMessage} ServerMessage */
/** @typedef {import("../wire/messages.js").ClientMessage} ClientMessage */
/** @typedef {import("./closing.js").Ending} Ending */
/** @typedef {import("./state.js").AttachmentOptions} AttachmentOptions */
/** @typedef {import("./state.js").ConnectionState} ConnectionState */

/**
 * Events, each a CustomEvent: `state` (ConnectionState), `session` ({message, previous}), `restored` ({offset, missedBytes,
 * ageSeconds}: everything replayed is parsed), `resized` (Size), `presence` ({clients}), `skipped` (Skipped), `problem`
 * ({code, message}), `input-lost` ({unknown, dropped}: bytes), `gone` ({code, message}: it cannot be had).
 */
export class Attachment extends EventTarget {
  #options;
  #connector;
  #typing;
  #output;
  #lines = new LineRequests();
  #size = new SizeClaim();
  /** @type {SessionMessage | null} */
  #session = null;
  #sessionId;
  /** What the present connection was asked for. */
  #asked = { since: /** @type {number | null} */ (null), size: /** @type {Size | null} */ (null) };
  #missedBytes = 0;
  /** @type {{ code: string, message: string } | null} */
  #said = null;
  /** @type {ConnectionState["exit"]} */
  #exit = null;
  /** @type {Ending | null} */
  #ending = null;
  #reason = "";
  /** @type {ConnectionState} */
  #state;
  #stopWatching = () => {};

  /** @param {AttachmentOptions} options */
  constructor(options) {
    super();
    this.#options = {
      create: false,
      spawn: {},
      mode: /** @type {"rw" | "ro"} */ ("rw"),
      scrollbackLines: 20, // no more than the first paint can take; `deepen` brings the rest
      seenOffset: null,
      clock: CLOCK,
      checkLogin,
      watchWaking,
      isOnline: () => navigator.onLine,
      isActive: () => document.visibilityState === "visible" && document.hasFocus(),
      ...options,
    };
    const { clock, clientId, keeper } = this.#options;
    this.#sessionId = options.sessionId;
    this.#connector = new Connector(clock, options.random ?? Math.random, options.WebSocket ?? WebSocket, {
      url: () => this.#nextUrl(),
      received: (data) => this.#received(data),
      closed: (closing) => this.#closed(closing),
      changed: () => this.#changed(),
    });
    this.#output = new Output(options.sink, WINDOW_BYTES, {
      acknowledge: (offset) => this.#post({ type: "ack", offset }),
      skipped: (skipped) => this.#emit("skipped", skipped),
    });
    this.#typing = new Typing(
      clock,
      (frame) => this.#connector.type(frame),
      (unsent) => keeper?.keepUnsent(this.#sessionId ?? "", clientId, unsent),
    );
    this.#state = this.#snapshot(clock.now());
  }

  get state() {
    return this.#state;
  }

  /** The latest `session` message; null before the first. */
  get session() {
    return this.#session;
  }

  /** The session's id; null for a new one that is not made yet. */
  get sessionId() {
    return this.#sessionId;
  }

  /** Offset behind the last byte that the sink was given; while it is given some, behind those. */
  get offset() {
    return this.#output.offset;
  }

  /** Number of the line at which the scrollback of the latest screen begins; null without a screen. */
  get firstLine() {
    return this.#output.firstLine;
  }

  /** Whether the session has this tab's size. */
  get ownsSize() {
    return this.#size.owns;
  }

  /**
   * Attaches.
   *
   * @param {Size | null} size null: leave the session's as it is
   */
  start(size) {
    if (size !== null) {
      this.#size.claim(size);
    }
    const { keeper, clientId } = this.#options;
    const unsent = this.#sessionId === null ? null : keeper?.unsent(this.#sessionId, clientId);
    if (unsent) {
      this.#typing.restore(unsent);
    }
    this.#open();
  }

  /**
   * Types. Without a connection, keys wait; what a terminal reports by itself (pointer, focus) is dropped.
   *
   * @param {string | Uint8Array} data
   * @returns {boolean} whether it is, or will be, typed
   */
  type(data) {
    if (this.#options.mode === "ro" || this.#ending !== null) {
      return false;
    }
    if (typeof data === "string" && !this.#isAttached && isReport(data)) {
      return false;
    }
    if (this.#typing.isFlowing) {
      this.#tellSize(); // a session has the size of who types
    }
    const isTaken = this.#typing.add(typeof data === "string" ? new TextEncoder().encode(data) : data);
    if (!isTaken) {
      this.#emit("problem", { code: "input_full", message: "this is too much to be kept until it can be typed" });
    }
    this.#changed();
    return isTaken;
  }

  /**
   * The session is to have this tab's size.
   *
   * @param {number} cols
   * @param {number} rows
   */
  resize(cols, rows) {
    this.#size.claim({ cols, rows });
    this.#tellSize();
  }

  /**
   * Asks for older lines, on the next connection where there is none now.
   *
   * @param {import("./line_requests.js").Wanted} wanted
   * @returns {Promise<import("../wire/messages.js").LinesMessage>} rejected with RefusedError where none can be had
   */
  older(wanted) {
    if (this.#ending !== null) {
      return Promise.reject(refusalOf(this.#ending));
    }
    const { request, answer } = this.#lines.ask(wanted);
    this.#post(request);
    return answer;
  }

  /**
   * Shows more scrollback, if nothing has been printed since that screen.
   *
   * @param {import("./output.js").Screen} screen
   * @returns {boolean}
   */
  deepen(screen) {
    return this.#isAttached && this.#output.deepen(screen);
  }

  /** Ends the session, if there is a connection. */
  end() {
    this.#post({ type: "end" });
  }

  /** Leaves, and keeps no place. */
  detach() {
    if (this.#ending?.phase === "ended") {
      return;
    }
    this.#post({ type: "detach" });
    this.#finish({ phase: "detached", code: null, reason: "detached" }, CloseCode.DETACHED);
  }

  /** Comes back now: instead of waiting, where another window took this place, or after a new login. */
  retryNow() {
    const phase = this.#ending?.phase;
    if (this.#connector.stage === "waiting" || phase === "taken-over" || phase === "refused") {
      this.#ending = null;
      this.#open();
    }
  }

  /** There is reason to doubt the connection: know within 2 s. */
  probe() {
    this.#connector.probe();
    this.#changed(); // whether the machine is online at all may have changed
  }

  /** Types what has waited so long that it was asked about. */
  typeWaiting() {
    this.#tellSize();
    this.#typing.release();
    this.#changed();
  }

  /** Forgets what waits to be typed. */
  discardWaiting() {
    this.#typing.discard();
    this.#changed();
  }

  /** The page goes: what was typed and has not arrived is kept for its successor. */
  keepUnsent() {
    this.#typing.keepAll();
  }

  // Connections

  get #isAttached() {
    return this.#connector.stage === "attached";
  }

  #open() {
    this.#stopWatching();
    this.#stopWatching = this.#options.watchWaking(this.#options.clock, () => this.probe());
    this.#connector.open();
  }

  #nextUrl() {
    const { socketUrl, clientId, create, spawn, mode, scrollbackLines, isActive } = this.#options;
    const isBack = this.#session !== null;
    const since = isBack ? this.#output.expected : null;
    const size = mode === "rw" ? this.#size.toAttachWith(isActive()) : null;
    this.#asked = { since, size };
    this.#said = null;
    return attachUrl(socketUrl, {
      sessionId: this.#sessionId,
      since,
      create: create && !isBack, // a shell that is lost is told of, not replaced behind the user's back
      mode,
      clientId,
      scrollbackLines,
      windowBytes: WINDOW_BYTES,
      size,
      spawn,
    });
  }

  /** @param {import("./connector.js").Closing} closing */
  #closed({ code, reason, opened }) {
    const isTakenByUs = code === CloseCode.TAKEN_OVER && this.#connector.takenByOurselves();
    const ending =
      this.#exit !== null ? endingOf(CloseCode.ENDED, null) : isTakenByUs ? null : endingOf(code, this.#said);
    if (ending !== null) {
      this.#finish(ending, CloseCode.DETACHED);
      return;
    }
    this.#reason = lossReason(code, reason);
    this.#typing.detached();
    this.#connector.retry();
    if (!opened) {
      void this.#findReason();
    }
  }

  async #findReason() {
    const refusal = await this.#options.checkLogin(this.#options.socketUrl);
    if (refusal !== null && this.#ending === null && !this.#isAttached) {
      this.#finish({ phase: "refused", code: refusal.code, reason: refusal.message }, CloseCode.DETACHED);
    }
  }

  /**
   * @param {Ending} ending
   * @param {number} closeCode
   */
  #finish(ending, closeCode) {
    const isGone = ending.phase === "ended" && !this.#isAttached && this.#exit === null;
    this.#ending = ending;
    this.#reason = ending.reason;
    this.#stopWatching();
    this.#connector.stop(closeCode);
    this.#lines.giveUp(refusalOf(ending));
    if (ending.phase === "ended" || ending.phase === "detached") {
      this.#typing.giveUp();
    } else {
      this.#typing.detached();
    }
    this.#changed();
    if (isGone) {
      this.#emit("gone", { code: ending.code, message: ending.reason });
    }
  }

  // Receiving

  /** @param {string | ArrayBuffer} data */
  #received(data) {
    try {
      if (typeof data === "string") {
        this.#obey(parseServerMessage(data));
      } else if (this.#isAttached) {
        this.#output.take(data);
      } else {
        throw new WireError("the daemon sent output before it said of which session");
      }
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      const reason = `${error.message}: reload the page`;
      this.#finish({ phase: "refused", code: error.code, reason }, CloseCode.PROTOCOL_ERROR);
    }
  }

  /** @param {ServerMessage | null} message */
  #obey(message) {
    if (message?.type !== "error") {
      this.#said = null;
    }
    switch (message?.type) {
      case "session":
        this.#begin(message);
        break;
      case "replay_done":
        this.#replayed(message.offset);
        break;
      case "input_ack":
        this.#typing.acknowledged(message.seq);
        break;
      case "resize":
        this.#output.resize(message.cols, message.rows);
        this.#resized(message);
        break;
      case "skipped":
        this.#output.skipped(message);
        break;
      case "lines":
        this.#lines.answered(message);
        break;
      case "error":
        this.#complained(message);
        break;
      case "exit":
        this.#exit = { code: message.code, signal: message.signal };
        break;
      case "presence":
        this.#emit("presence", { clients: message.clients });
        break;
      case "pong":
        this.#connector.ponged();
        break;
    }
  }

  /** @param {SessionMessage} message */
  #begin(message) {
    const previous = this.#session;
    const isSame = this.#sessionId === null || this.#sessionId === message.session_id;
    const seenOffset = previous === null ? this.#options.seenOffset : this.#output.expected;
    const startsAt = Math.max(message.offset, message.replay_until);
    this.#missedBytes = isSame && seenOffset !== null ? Math.max(0, startsAt - seenOffset) : 0;
    this.#session = message;
    this.#sessionId = message.session_id;
    this.#reason = "";
    this.#output.begin(message, isSame ? this.#asked.since : null);
    this.#size.attached(this.#asked.size !== null);
    this.#connector.attached();
    this.#resized(message);
    this.#emit("session", { message, previous });
    const resumed = isSame ? this.#typing.resume(message.input_seq) : 0;
    const dropped = isSame ? 0 : this.#typing.restart(message.input_seq);
    const unknown = message.input_unknown + resumed;
    if (unknown > 0 || dropped > 0) {
      this.#emit("input-lost", { unknown, dropped });
    }
    for (const request of this.#lines.unanswered) {
      this.#post(request);
    }
    this.#changed();
  }

  /** @param {number} offset */
  #replayed(offset) {
    const message = this.#session;
    if (message !== null && message.attach !== "fresh") {
      const detail = { offset, missedBytes: this.#missedBytes, ageSeconds: message.age_seconds };
      this.#output.whenParsed(() => this.#emit("restored", detail));
    }
  }

  /** @param {{ code: string, message: string }} error */
  #complained({ code, message }) {
    this.#said = { code, message };
    if (code === "input_gap") {
      this.#connector.lose("the daemon expects other input"); // it says on the next connection which
    } else if (!this.#lines.refused(this.#said) && this.#isAttached && code !== "stopping") {
      this.#emit("problem", this.#said);
    }
  }

  // Size

  /** @param {Size} size the session's */
  #resized({ cols, rows }) {
    this.#size.resized({ cols, rows });
    this.#emit("resized", { cols, rows });
  }

  #tellSize() {
    const size = this.#isAttached && this.#options.mode === "rw" ? this.#size.toTell() : null;
    if (size !== null) {
      this.#post({ type: "resize", ...size });
    }
  }

  // Telling

  /** @param {ClientMessage} message lost without a connection */
  #post(message) {
    if (this.#isAttached) {
      this.#connector.post(message);
    }
  }

  /** @returns {import("./state.js").Phase} */
  get #phase() {
    const { stage, attempt } = this.#connector;
    if (this.#ending !== null) {
      return this.#ending.phase;
    }
    if (stage === "attached") {
      return "connected";
    }
    if (!this.#options.isOnline()) {
      return "offline";
    }
    return this.#session === null && stage !== "waiting" && attempt <= 1 ? "connecting" : "reconnecting";
  }

  /**
   * @param {number} sinceMs
   * @returns {ConnectionState}
   */
  #snapshot(sinceMs) {
    const { attempt, retryAtMs, latencyMs } = this.#connector;
    const { waitingKeys, heldMs } = this.#typing;
    return Object.freeze({
      phase: this.#phase,
      attempt,
      retryAtMs,
      sinceMs,
      latencyMs: this.#isAttached ? latencyMs : null,
      waitingKeys,
      question: heldMs === null ? null : { keys: waitingKeys, ageMs: heldMs },
      code: this.#ending?.code ?? null,
      reason: this.#reason,
      exit: this.#exit,
    });
  }

  #changed() {
    const isSamePhase = this.#phase === this.#state.phase;
    const state = this.#snapshot(isSamePhase ? this.#state.sinceMs : this.#options.clock.now());
    if (JSON.stringify(state) !== JSON.stringify(this.#state)) {
      this.#state = state;
      this.#emit("state", state);
    }
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {Ending} ending */
function refusalOf({ code, reason }) {
  return new RefusedError(code ?? "detached", reason);
}

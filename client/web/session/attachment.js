// One client's place in one session, over as many connections as it takes.
//
// Output goes on at the byte where it stopped, what was typed is applied once and in order, and `state` says at any time
// what is going on. Where the connection is lost it comes back by itself, for ever; where the daemon says no, it does not.
//
// What all this means byte by byte is decided in the modules beside this one, which joins them.

import { Connector } from "./connector.js";
import { CLOCK } from "./clock.js";
import { CloseCode, refusalOf } from "./closing.js";
import { isReport } from "./keys.js";
import { LineRequests } from "./line_requests.js";
import { checkLogin } from "./login_check.js";
import { Outcome } from "./outcome.js";
import { Output } from "./output.js";
import { Place } from "./place.js";
import { Receiver } from "./receiver.js";
import { SizeClaim } from "./size_claim.js";
import { Snapshot } from "./snapshot.js";
import { Typing } from "./typing.js";
import { watchWaking } from "./wake.js";
import { WireError } from "../wire/errors.js";

const WINDOW_BYTES = 512 << 10; // enough for 10 MB/s over 50 ms, and parsed in so short a time that Ctrl-C is felt at once

/** @typedef {import("../wire/attach_query.js").Size} Size */
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
  #place;
  #outcome = new Outcome();
  #receiver;
  #snapshot;
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
    const { clock, clientId, keeper, isOnline } = this.#options;
    this.#place = new Place(this.#options, WINDOW_BYTES);
    this.#connector = new Connector(clock, options.random ?? Math.random, options.WebSocket ?? WebSocket, {
      url: () => this.#nextUrl(),
      received: (data) => this.#received(data),
      closed: (closing) => this.#closed(closing),
      changed: () => this.#changed(),
    });
    this.#output = new Output(options.sink, WINDOW_BYTES, {
      acknowledge: (offset) => this.#connector.post({ type: "ack", offset }),
      skipped: (skipped) => this.#emit("skipped", skipped),
    });
    this.#typing = new Typing(
      clock,
      (frame) => this.#connector.type(frame),
      (unsent) => keeper?.keepUnsent(this.#place.sessionId ?? "", clientId, unsent),
    );
    const shown = { connector: this.#connector, typing: this.#typing, place: this.#place, outcome: this.#outcome };
    this.#snapshot = new Snapshot(shown, clock, isOnline);
    const parts = { ...shown, output: this.#output, lines: this.#lines, size: this.#size };
    this.#receiver = new Receiver(parts, {
      emit: (name, detail) => this.#emit(name, detail),
      changed: () => this.#changed(),
    });
  }

  get state() {
    return this.#snapshot.state;
  }

  /** The latest `session` message; null before the first. */
  get session() {
    return this.#place.session;
  }

  /** The session's id; null for a new one that is not made yet. */
  get sessionId() {
    return this.#place.sessionId;
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
    const { sessionId } = this.#place;
    const unsent = sessionId === null ? null : keeper?.unsent(sessionId, clientId);
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
    if (this.#options.mode === "ro" || this.#outcome.ending !== null) {
      return false;
    }
    if (typeof data === "string" && !this.#connector.isAttached && isReport(data)) {
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
    if (this.#outcome.ending !== null) {
      return Promise.reject(refusalOf(this.#outcome.ending));
    }
    const { request, answer } = this.#lines.ask(wanted);
    this.#connector.post(request);
    return answer;
  }

  /**
   * Shows more scrollback, if nothing has been printed since that screen.
   *
   * @param {import("./output.js").Screen} screen
   * @returns {boolean}
   */
  deepen(screen) {
    return this.#connector.isAttached && this.#output.deepen(screen);
  }

  /** Ends the session, if there is a connection. */
  end() {
    this.#connector.post({ type: "end" });
  }

  /** Leaves, and keeps no place. */
  detach() {
    if (this.#outcome.ending?.phase === "ended") {
      return;
    }
    this.#connector.post({ type: "detach" });
    this.#finish({ phase: "detached", code: null, reason: "detached" }, CloseCode.DETACHED);
  }

  /** Comes back now: instead of waiting, where another window took this place, or after a new login. */
  retryNow() {
    const phase = this.#outcome.ending?.phase;
    if (this.#connector.stage === "waiting" || phase === "taken-over" || phase === "refused") {
      this.#outcome.ending = null;
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

  #open() {
    this.#stopWatching();
    this.#stopWatching = this.#options.watchWaking(this.#options.clock, () => this.probe());
    this.#connector.open();
  }

  #nextUrl() {
    const { mode, isActive } = this.#options;
    this.#outcome.said = null;
    const size = mode === "rw" ? this.#size.toAttachWith(isActive()) : null;
    return this.#place.nextUrl(this.#output.expected, size);
  }

  /** @param {import("./connector.js").Closing} closing */
  #closed({ code, reason, opened }) {
    const isTakenByUs = code === CloseCode.TAKEN_OVER && this.#connector.takenByOurselves();
    const ending = this.#outcome.rule(code, isTakenByUs);
    if (ending !== null) {
      this.#finish(ending, CloseCode.DETACHED);
      return;
    }
    this.#outcome.lost(code, reason);
    this.#typing.detached();
    this.#connector.retry();
    if (!opened) {
      void this.#findReason();
    }
  }

  async #findReason() {
    const refusal = await this.#options.checkLogin(this.#options.socketUrl);
    if (refusal !== null && this.#outcome.ending === null && !this.#connector.isAttached) {
      this.#finish({ phase: "refused", code: refusal.code, reason: refusal.message }, CloseCode.DETACHED);
    }
  }

  /**
   * @param {Ending} ending
   * @param {number} closeCode
   */
  #finish(ending, closeCode) {
    const isGone = ending.phase === "ended" && !this.#connector.isAttached && this.#outcome.exit === null;
    this.#outcome.finish(ending);
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
      this.#receiver.take(data);
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      const reason = `${error.message}: reload the page`;
      this.#finish({ phase: "refused", code: error.code, reason }, CloseCode.PROTOCOL_ERROR);
    }
  }

  // Telling

  #tellSize() {
    const size = this.#connector.isAttached && this.#options.mode === "rw" ? this.#size.toTell() : null;
    if (size !== null) {
      this.#connector.post({ type: "resize", ...size });
    }
  }

  #changed() {
    if (this.#snapshot.update()) {
      this.#emit("state", this.#snapshot.state);
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

// The way to the daemon, over as many sockets as it takes: attempts, waits between them, and the heartbeat.
//
// It knows nothing of sessions. Its owner says what to ask for, and when an attempt has succeeded.

import { Backoff } from "./backoff.js";
import { Alarm } from "./clock.js";
import { CloseCode } from "./closing.js";
import { Heartbeat } from "./heartbeat.js";
import { Socket } from "./socket.js";
import { encodeMessage } from "../wire/messages.js";

const ANSWER_MS = 10_000; // from the attempt to the `session` message
const PROBE_ANSWER_MS = 2000;
const HOLDS_MS = 2000; // a connection that breaks sooner does not start the waits anew: it could break at once, for ever
const LATE_ARRIVAL_MS = 30_000;
const GAVE_UP = 4999; // private; the daemon takes any farewell but 1000 for a client that will come back

/** @typedef {import("./clock.js").Clock} Clock */
/** @typedef {import("./socket.js").WebSocketMaker} WebSocketMaker */
/** @typedef {{ code: number, reason: string, opened: boolean }} Closing */
/**
 * @typedef {object} ConnectorOwner
 * @property {() => URL} url what the next attempt asks for
 * @property {(data: string | ArrayBuffer) => void} received
 * @property {(closing: Closing) => void} closed the connection is gone: call `retry` or `stop`
 * @property {() => void} changed stage, attempt or latency are not what they were
 */

export class Connector {
  /** @type {"idle" | "attempting" | "attached" | "waiting"} */
  stage = "idle";
  /** Of this outage; 0 while attached. */
  attempt = 0;
  /** @type {number | null} */
  retryAtMs = null;
  #clock;
  #maker;
  #owner;
  #backoff;
  #heartbeat = new Heartbeat();
  #alarm;
  /** @type {Socket | null} */
  #socket = null;
  #begunMs = 0;
  /** @type {number[]} */
  #givenUpMs = [];

  /**
   * @param {Clock} clock
   * @param {() => number} random
   * @param {WebSocketMaker} maker
   * @param {ConnectorOwner} owner
   */
  constructor(clock, random, maker, owner) {
    this.#clock = clock;
    this.#maker = maker;
    this.#owner = owner;
    this.#backoff = new Backoff(random);
    this.#alarm = new Alarm(clock, () => this.#due());
  }

  /** Whether messages and keys leave. */
  get isAttached() {
    return this.stage === "attached";
  }

  get latencyMs() {
    return this.#heartbeat.latencyMs;
  }

  /** Makes an attempt now. */
  open() {
    this.#giveUp(GAVE_UP);
    this.stage = "attempting";
    this.attempt += 1;
    this.retryAtMs = null;
    this.#begunMs = this.#clock.now();
    this.#alarm.set(this.#begunMs + ANSWER_MS);
    this.#socket = new Socket(this.#maker, this.#owner.url(), {
      received: (data) => this.#received(data),
      closed: (closing) => this.#closed(closing),
    });
    this.#owner.changed();
  }

  /** The owner has its place: the attempt has succeeded. */
  attached() {
    const nowMs = this.#clock.now();
    this.stage = "attached";
    this.attempt = 0;
    this.#begunMs = nowMs;
    this.#heartbeat.begin(nowMs);
    this.#due();
  }

  /** Waits, then makes an attempt. */
  retry() {
    this.stage = "waiting";
    this.retryAtMs = this.#clock.now() + this.#backoff.nextDelayMs();
    this.#alarm.set(this.retryAtMs);
    this.#owner.changed();
  }

  /**
   * Gives up the connection, and does not come back.
   *
   * @param {number} code
   */
  stop(code) {
    this.#giveUp(code);
    this.#alarm.clear();
    this.stage = "idle";
    this.attempt = 0;
    this.retryAtMs = null;
  }

  /**
   * This end finds the connection useless.
   *
   * @param {string} reason
   */
  lose(reason) {
    this.#giveUp(GAVE_UP);
    this.#closed({ code: CloseCode.LOST, reason, opened: true });
  }

  /** @param {import("../wire/messages.js").ClientMessage} message lost while not attached */
  post(message) {
    if (this.isAttached) {
      this.#socket?.send(encodeMessage(message));
    }
  }

  /** @param {Uint8Array<ArrayBuffer>} frame */
  type(frame) {
    this.#socket?.send(frame);
    if (this.#heartbeat.typed(this.#clock.now())) {
      this.#alarm.set(this.#heartbeat.nextMs);
    }
  }

  /** The answer to a ping has come. */
  ponged() {
    this.#heartbeat.ponged(this.#clock.now());
    this.#owner.changed();
  }

  /** There is reason to doubt that the other end is there (a wake-up, a change of network): know within 2 s. */
  probe() {
    const nowMs = this.#clock.now();
    if (this.stage === "waiting" || (this.stage === "attempting" && nowMs - this.#begunMs > PROBE_ANSWER_MS)) {
      this.open();
    } else if (this.stage === "attempting") {
      this.#alarm.set(nowMs + PROBE_ANSWER_MS);
    } else if (this.stage === "attached") {
      this.#heartbeat.probe(nowMs);
      this.post({ type: "ping" });
      this.#alarm.set(this.#heartbeat.nextMs);
    }
  }

  /**
   * Whether a connection that was given up may just have reached the daemon, late, and taken the present one's place: then
   * nobody else took it. Each is an excuse once.
   */
  takenByOurselves() {
    const sinceMs = this.#clock.now() - LATE_ARRIVAL_MS;
    this.#givenUpMs = this.#givenUpMs.filter((atMs) => atMs >= sinceMs);
    return this.#givenUpMs.pop() !== undefined;
  }

  /** @param {string | ArrayBuffer} data */
  #received(data) {
    if (this.stage === "attached") {
      this.#heartbeat.received(this.#clock.now());
    }
    this.#owner.received(data);
  }

  /** @param {Closing} closing */
  #closed(closing) {
    const heldMs = this.stage === "attached" ? this.#clock.now() - this.#begunMs : 0;
    if (heldMs >= HOLDS_MS) {
      this.#backoff.reset();
    }
    this.#socket = null;
    this.#alarm.clear();
    this.#owner.closed(closing);
  }

  #due() {
    if (this.stage === "waiting") {
      this.open();
    } else if (this.stage === "attempting") {
      this.lose("the daemon does not answer");
    } else if (this.stage === "attached") {
      this.#beat();
    }
  }

  #beat() {
    const verdict = this.#heartbeat.check(this.#clock.now());
    if (verdict === "dead") {
      this.lose("the daemon does not answer any more");
      return;
    }
    if (verdict === "ping") {
      this.post({ type: "ping" });
    }
    this.#alarm.set(this.#heartbeat.nextMs);
  }

  /** @param {number} code */
  #giveUp(code) {
    if (this.#socket !== null) {
      this.#socket.close(code);
      this.#socket = null;
      if (this.stage === "attempting") {
        this.#givenUpMs.push(this.#clock.now());
      }
    }
  }
}

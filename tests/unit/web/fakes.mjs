// What an attachment stands on, as a test plays it: time, sockets, a terminal.

import { readFileSync } from "node:fs";

export function vectors(name) {
  const { cases } = JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8"));
  return cases;
}

export const hexBytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
export const bytes = (text) => new TextEncoder().encode(text);
export const text = (data) => new TextDecoder().decode(data);

export class FakeClock {
  nowMs = 1_000_000;
  #timers = new Map();
  #count = 0;

  now = () => this.nowMs;
  setTimer = (act, delayMs) => {
    this.#timers.set(++this.#count, { atMs: this.nowMs + delayMs, act });
    return this.#count;
  };
  clearTimer = (timer) => this.#timers.delete(timer);

  /** Lets time pass, and everything happen that is due meanwhile. */
  advance(ms) {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= untilMs).sort((a, b) => a[1].atMs - b[1].atMs)[0];
      if (due === undefined) {
        break;
      }
      this.#timers.delete(due[0]);
      this.nowMs = Math.max(this.nowMs, due[1].atMs);
      due[1].act();
    }
    this.nowMs = untilMs;
  }

  /** The machine sleeps: time passes, and nothing happens before it wakes. */
  sleep(ms) {
    this.nowMs += ms;
    this.advance(0);
  }

  get timers() {
    return this.#timers.size;
  }
}

/** A WebSocket whose other end is the test. */
export function fakeSockets() {
  const sockets = [];
  class FakeSocket extends EventTarget {
    OPEN = 1;
    readyState = 0;
    sent = [];
    closedWith = null;

    constructor(url, protocols) {
      super();
      this.url = new URL(url);
      this.protocols = protocols;
      sockets.push(this);
    }

    get query() {
      return Object.fromEntries(this.url.searchParams);
    }

    send(data) {
      this.sent.push(data);
    }

    close(code) {
      this.closedWith = code;
      this.readyState = 2;
    }

    /** Messages sent, without pings. */
    get messages() {
      const all = this.sent.filter((data) => typeof data === "string").map((data) => JSON.parse(data));
      return all.filter(({ type }) => type !== "ping");
    }

    get pings() {
      return this.sent.filter((data) => data === '{"type":"ping"}').length;
    }

    get acks() {
      return this.messages.filter(({ type }) => type === "ack").map(({ offset }) => offset);
    }

    /** Input sent, as [seq, text]. */
    get typed() {
      return this.sent
        .filter((data) => typeof data !== "string")
        .map((frame) => [Number(new DataView(frame.buffer).getBigUint64(1)), text(frame.subarray(9))]);
    }

    open() {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    }

    say(message) {
      this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
    }

    frame(kind, number, payload) {
      const data = new Uint8Array(9 + payload.length);
      const header = new DataView(data.buffer);
      header.setUint8(0, kind);
      header.setBigUint64(1, BigInt(number));
      data.set(payload, 9);
      this.dispatchEvent(new MessageEvent("message", { data: data.buffer }));
    }

    drop(code = 1006, reason = "") {
      this.readyState = 3;
      this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
    }
  }
  return { sockets, FakeSocket };
}

/** A terminal that parses when the test says so. */
export class FakeSink {
  log = [];
  #pending = [];

  write(data, inert, done) {
    this.log.push([inert ? "inert" : "live", text(data)]);
    this.#pending.push(done);
  }

  reset() {
    this.log.push(["reset"]);
  }

  resize(cols, rows) {
    this.log.push(["resize", cols, rows]);
  }

  parse(count = this.#pending.length) {
    for (const done of this.#pending.splice(0, count)) {
      done();
    }
  }

  take() {
    return this.log.splice(0);
  }
}

export const SESSION = "7e0d1c3a-58f2-4c1e-9b1a-2f6d0a9c4e11";

export const session = (fields = {}) => ({
  type: "session",
  session_id: SESSION,
  reconnected: true,
  age_seconds: 60,
  created_at: 1,
  attach: "restore",
  offset: 0,
  input_seq: 0,
  cols: 80,
  rows: 24,
  replay_until: fields.offset ?? 0,
  ...fields,
});

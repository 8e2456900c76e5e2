import assert from "node:assert/strict";
import test from "node:test";

import { Attachment } from "../../../client/web/session/attachment.js";
import { RefusedError } from "../../../client/web/wire/errors.js";
import { bytes, FakeClock, FakeSink, fakeSockets, session, SESSION } from "./fakes.mjs";

const OTHER = "0b6f0f0e-93a1-4d8e-8a44-1c2d3e4f5a6b";

/** An attachment, and everything around it in the hands of the test. */
function scene(options = {}) {
  const clock = new FakeClock();
  const sink = new FakeSink();
  const { sockets, FakeSocket } = fakeSockets();
  const events = [];
  const world = { online: true, active: false, refusal: null, kept: null, wake: () => {} };
  const attachment = new Attachment({
    socketUrl: new URL("ws://127.0.0.1:7617/ws"),
    clientId: "web-1",
    sessionId: SESSION,
    sink,
    clock,
    random: () => 0.5,
    WebSocket: FakeSocket,
    checkLogin: async () => world.refusal,
    watchWaking: (_clock, onDoubt) => {
      world.wake = onDoubt;
      return () => (world.wake = () => {});
    },
    isOnline: () => world.online,
    isActive: () => world.active,
    keeper: {
      unsent: () => world.kept,
      keepUnsent: (_session, _client, unsent) =>
        (world.kept = unsent && { ...unsent, data: unsent.data.slice(), typed: structuredClone(unsent.typed) }),
    },
    ...options,
  });
  for (const name of ["session", "restored", "resized", "skipped", "problem", "input-lost", "gone"]) {
    attachment.addEventListener(name, ({ detail }) => events.push([name, detail]));
  }
  return {
    attachment,
    clock,
    sink,
    sockets,
    world,
    heard: (name) => events.filter(([heard]) => heard === name).map(([, detail]) => detail),
    get socket() {
      return sockets.at(-1);
    },
    /** The daemon takes the latest socket. */
    accept(fields) {
      if (attachment.state.retryAtMs !== null) {
        world.wake();
      }
      this.socket.open();
      this.socket.say(session(fields));
      this.socket.say({ type: "pong" });
      this.socket.say({ type: "replay_done", offset: fields?.replay_until ?? fields?.offset ?? 0 });
    },
  };
}

/** One that is attached at offset 100, with everything shown. */
function attached(options, fields = {}) {
  const one = scene(options);
  one.attachment.start(options?.size ?? null);
  one.accept({ offset: 100, ...fields });
  one.sink.parse();
  one.sink.take();
  return one;
}

test("attaching: it asks for the screen, resets, sizes and shows, and says when all of it is parsed", () => {
  const one = scene({ seenOffset: 60 });
  assert.equal(one.attachment.state.phase, "connecting");
  one.attachment.start({ cols: 90, rows: 30 });
  const { query } = one.socket;
  assert.deepEqual(
    [query.session_id, query.create, query.since, query.cols, query.replay],
    [SESSION, "0", undefined, "90", "restore:20"],
  );
  assert.deepEqual(one.socket.protocols, ["holdfast.v1"]);
  one.socket.open();
  assert.equal(one.attachment.state.phase, "connecting");
  one.socket.say(session({ offset: 100, first_line: 5, cols: 90, rows: 30 }));
  assert.equal(one.attachment.state.phase, "connected");
  one.socket.frame(4, 100, bytes("screen"));
  one.socket.say({ type: "replay_done", offset: 100 });
  assert.deepEqual(one.sink.take(), [["reset"], ["resize", 90, 30], ["inert", "screen"]]);
  assert.deepEqual(one.heard("restored"), []);
  one.sink.parse();
  assert.deepEqual(one.heard("restored"), [{ offset: 100, missedBytes: 40, ageSeconds: 60 }]);
  assert.deepEqual([one.attachment.offset, one.attachment.firstLine, one.attachment.ownsSize], [100, 5, true]);
});

test("a lost connection: back at once with what was given to the terminal, which is painted only what is missing", () => {
  const one = attached();
  one.socket.frame(1, 100, bytes("hello"));
  one.clock.advance(5000);
  one.socket.drop();
  assert.deepEqual([one.attachment.state.phase, one.attachment.state.retryAtMs], ["reconnecting", one.clock.now()]);
  one.clock.advance(0);
  assert.deepEqual([one.sockets.length, one.socket.query.since], [2, "105"]);
  one.sink.take();
  one.accept({ attach: "exact", offset: 105, replay_until: 108 });
  one.socket.frame(2, 105, bytes("abc"));
  assert.deepEqual(one.sink.take(), [
    ["resize", 80, 24],
    ["inert", "abc"],
  ]);
  assert.equal(one.attachment.state.phase, "connected");
});

test("retries: at once, then jittered and doubling, without end; the state counts down and numbers them", () => {
  const one = attached();
  one.clock.advance(5000);
  const waits = [];
  for (let attempt = 1; attempt <= 8; attempt++) {
    one.socket.drop();
    const { retryAtMs, phase } = one.attachment.state;
    assert.equal(phase, "reconnecting");
    waits.push(retryAtMs - one.clock.now());
    one.clock.advance(waits.at(-1));
    assert.deepEqual([one.attachment.state.retryAtMs, one.attachment.state.attempt], [null, attempt]);
  }
  assert.deepEqual(waits, [0, 250, 500, 1000, 2000, 4000, 5000, 5000]);
});

test("a connection that breaks right after it was made does not start the waits anew", () => {
  const one = attached();
  one.socket.drop();
  one.clock.advance(0);
  one.accept({ attach: "exact", offset: 100 });
  one.socket.drop();
  assert.ok(one.attachment.state.retryAtMs > one.clock.now());
});

test("an attempt that is not answered within 10 s is given up, and what it says later is not heard", () => {
  const one = scene();
  one.attachment.start(null);
  one.clock.advance(10_000);
  assert.equal(one.sockets[0].closedWith, 4999);
  one.clock.advance(0);
  assert.equal(one.sockets.length, 2);
  one.sockets[0].say(session());
  one.sockets[0].drop(4001);
  assert.equal(one.attachment.session, null);
  one.accept();
  assert.equal(one.attachment.state.phase, "connected");
});

test("keys typed before there is a connection are typed when there is one, once, from where the daemon counts", () => {
  const one = scene();
  one.attachment.start(null);
  one.attachment.type("ls");
  one.attachment.type("\r");
  assert.equal(one.attachment.state.waitingKeys, 3);
  one.accept({ input_seq: 412 });
  assert.deepEqual(one.socket.typed, [[412, "ls\r"]]);
  assert.deepEqual([one.attachment.state.waitingKeys, one.attachment.state.question], [0, null]);
});

test("keys typed offline wait, are counted and kept, and go out once behind what was lost on the way", () => {
  const one = attached();
  one.attachment.type("ab");
  assert.deepEqual(one.socket.typed, [[0, "ab"]]);
  one.socket.drop();
  one.attachment.type("c");
  one.attachment.type("\x1b[I");
  assert.equal(one.attachment.state.waitingKeys, 3);
  assert.equal(Buffer.from(one.world.kept.data).toString(), "abc");
  one.clock.advance(0);
  one.accept({ attach: "exact", offset: 100, input_seq: 1 });
  assert.deepEqual(one.socket.typed, [[1, "bc"]]);
  assert.equal(one.world.kept, null);
  one.socket.say({ type: "input_ack", seq: 3 });
  one.attachment.type("d");
  assert.deepEqual(one.socket.typed.at(-1), [3, "d"]);
});

test("keys older than 30 s are asked about, newer ones queue behind, and all are typed on the user's word", () => {
  const one = attached();
  one.clock.advance(3000);
  one.socket.drop();
  one.attachment.type("rm x");
  one.clock.advance(30_000);
  one.attachment.type("!");
  one.accept({ attach: "exact", offset: 100 });
  assert.deepEqual(one.attachment.state.question, { keys: 5, ageMs: 30_000 });
  one.attachment.type("?");
  assert.deepEqual([one.socket.typed, one.attachment.state.waitingKeys], [[], 6]);
  one.attachment.typeWaiting();
  assert.deepEqual(one.socket.typed, [[0, "rm x!?"]]);
  assert.deepEqual([one.attachment.state.question, one.attachment.state.waitingKeys, one.world.kept], [null, 0, null]);
});

test("a question survives another loss; discarded, nothing old is ever typed, and what comes next is", () => {
  const one = attached();
  one.attachment.type("x");
  one.socket.drop();
  one.attachment.type("yz");
  one.clock.advance(31_000);
  one.accept({ attach: "exact", offset: 100, input_seq: 0 });
  assert.equal(one.attachment.state.question.keys, 3);
  one.socket.drop();
  assert.deepEqual([one.attachment.state.question, one.attachment.state.waitingKeys], [null, 3]);
  one.attachment.discardWaiting();
  assert.deepEqual([one.attachment.state.waitingKeys, one.world.kept], [0, null]);
  one.attachment.type("n");
  one.clock.advance(10_000);
  one.accept({ attach: "exact", offset: 100, input_seq: 1 });
  assert.deepEqual(one.socket.typed, [[1, "n"]]);
});

test("discarding while all is on its way takes nothing back", () => {
  const one = attached();
  one.attachment.type("abc");
  one.attachment.discardWaiting();
  one.socket.drop();
  one.clock.advance(1000);
  one.accept({ attach: "exact", offset: 100, input_seq: 0 });
  assert.deepEqual(one.socket.typed, [[0, "abc"]]);
});

test("a reload goes on with what had not arrived, each key once", () => {
  const before = attached();
  before.attachment.type("ab");
  before.attachment.keepUnsent();
  const after = scene();
  after.world.kept = before.world.kept;
  after.attachment.start(null);
  after.attachment.type("c");
  after.accept({ input_seq: 1 });
  assert.deepEqual(after.socket.typed, [[1, "bc"]]);
  assert.equal(after.world.kept, null);
});

test("keys kept for a page that did not go after all are forgotten before another key leaves", () => {
  const one = attached();
  one.attachment.type("ab");
  one.attachment.keepUnsent();
  assert.equal(one.world.kept.sent, 2);
  one.attachment.type("c");
  assert.equal(one.world.kept, null);
});

test("what a crash or another tab leaves in doubt is told, and never typed again", () => {
  const one = attached({}, { input_seq: 5 });
  one.attachment.type("abc");
  one.socket.drop();
  one.attachment.type("d");
  one.clock.advance(0);
  one.accept({ attach: "exact", offset: 100, input_seq: 0, input_unknown: 2 });
  assert.deepEqual(one.socket.typed, [[0, "d"]]);
  assert.deepEqual(one.heard("input-lost"), [{ unknown: 5, dropped: 0 }]);
});

test("a fresh session in place of the one asked for gets nothing that was meant for it", async () => {
  const one = scene({ create: true });
  one.attachment.start(null);
  one.attachment.type("rm x\r");
  const asked = one.attachment.older({ before: null, max: 10, styled: true });
  assert.equal(one.socket.query.create, "1");
  one.socket.open();
  one.socket.say({ type: "error", code: "process_dead", message: "it has ended" });
  one.socket.say(
    session({ session_id: OTHER, attach: "fresh", fallback: "process_dead", previous_session_id: SESSION }),
  );
  assert.deepEqual(one.socket.typed, []);
  assert.deepEqual(one.heard("input-lost"), [{ unknown: 0, dropped: 5 }]);
  assert.deepEqual(one.heard("problem"), []);
  one.socket.drop();
  one.clock.advance(0);
  assert.deepEqual([one.socket.query.session_id, one.socket.query.create], [OTHER, "0"]);
  one.attachment.detach();
  await assert.rejects(asked, RefusedError);
});

test("how connections end: what comes back, what does not, and what is said of it", () => {
  for (const [code, said, phase, reasonCode] of [
    [1001, null, "reconnecting", null],
    [1006, null, "reconnecting", null],
    [1011, null, "reconnecting", null],
    [1012, null, "reconnecting", null],
    [1000, null, "detached", null],
    [1009, null, "refused", "protocol_error"],
    [4000, null, "ended", "ended"],
    [4001, null, "taken-over", "taken_over"],
    [4002, null, "refused", "protocol_error"],
    [4003, null, "refused", "unauthorized"],
    [4003, "exclusive_held", "refused", "exclusive_held"],
    [4008, "limit", "refused", "limit"],
    [4999, null, "refused", "forbidden"],
  ]) {
    const one = attached();
    if (said !== null) {
      one.socket.say({ type: "error", code: said, message: "why" });
    }
    one.socket.drop(code);
    assert.deepEqual([one.attachment.state.phase, one.attachment.state.code], [phase, reasonCode], `${code} ${said}`);
    assert.deepEqual(one.heard("gone"), []);
    one.clock.advance(60_000);
    assert.equal(one.sockets.length > 1, phase === "reconnecting");
    assert.equal(one.clock.timers, phase === "reconnecting" ? 1 : 0);
  }
});

test("a session that cannot be had is gone; one that cannot be had now is refused", () => {
  for (const [close, code, phase] of [
    [4004, "process_dead", "ended"],
    [4004, "expired", "ended"],
    [4000, "ended", "ended"],
    [4004, "storage", "refused"],
  ]) {
    const one = scene();
    one.attachment.start(null);
    one.socket.open();
    one.socket.say({ type: "error", code, message: "why" });
    one.socket.drop(close);
    assert.deepEqual([one.attachment.state.phase, one.attachment.state.code], [phase, code]);
    assert.deepEqual(one.heard("gone"), phase === "ended" ? [{ code, message: "why" }] : []);
  }
});

test("an exit ends it with how, also where the connection breaks before the daemon closes it", () => {
  for (const close of [4000, 1006]) {
    const one = attached();
    one.socket.say({ type: "exit", code: 3, signal: null });
    one.socket.drop(close);
    assert.equal(one.attachment.state.phase, "ended");
    assert.deepEqual(one.attachment.state.exit, { code: 3, signal: null });
    assert.equal(one.attachment.type("x"), false);
    one.attachment.retryNow();
    assert.equal(one.sockets.length, 1);
  }
});

test("taken over: it stays away until the user takes it back, and then goes on where it was", () => {
  const one = attached();
  one.socket.drop(4001);
  one.world.wake();
  one.clock.advance(60_000);
  assert.deepEqual([one.sockets.length, one.attachment.type("x")], [1, false]);
  one.attachment.retryNow();
  assert.deepEqual(
    [one.sockets.length, one.socket.query.since, one.attachment.state.phase],
    [2, "100", "reconnecting"],
  );
});

test("an attempt of ours that was given up and arrives late is no other window: it excuses one take-over", () => {
  const one = scene();
  one.attachment.start(null);
  one.clock.advance(10_000);
  one.clock.advance(0);
  one.accept();
  one.socket.drop(4001);
  assert.equal(one.attachment.state.phase, "reconnecting");
  one.clock.advance(500);
  one.accept();
  one.socket.drop(4001);
  assert.equal(one.attachment.state.phase, "taken-over");
});

test("a failed handshake: logged out is told from not there", async () => {
  const one = attached();
  one.clock.advance(5000);
  one.socket.drop();
  one.clock.advance(0);
  one.socket.drop();
  await Promise.resolve();
  assert.equal(one.attachment.state.phase, "reconnecting");
  one.world.refusal = new RefusedError("unauthorized", "log in");
  one.clock.advance(250);
  one.socket.drop();
  await new Promise(setImmediate);
  assert.deepEqual([one.attachment.state.phase, one.attachment.state.code], ["refused", "unauthorized"]);
  assert.equal(one.clock.timers, 0);
  one.attachment.retryNow();
  one.accept({ attach: "exact", offset: 100 });
  assert.equal(one.attachment.state.phase, "connected");
});

test("a half-open connection is found out within 2 s of a wake-up, and replaced", () => {
  const one = attached();
  one.socket.say({ type: "pong" });
  one.clock.sleep(3_600_000);
  one.world.wake();
  one.clock.advance(1999);
  assert.equal(one.sockets.length, 1);
  one.clock.advance(1);
  assert.equal(one.sockets.length, 2);
  assert.equal(one.sockets[0].closedWith, 4999);
  assert.equal(one.socket.query.since, "100");
});

test("a connection that answers the probe stays", () => {
  const one = attached();
  one.socket.say({ type: "pong" });
  const before = one.socket.pings;
  one.world.wake();
  assert.equal(one.socket.pings, before + 1);
  one.clock.advance(100);
  one.socket.say({ type: "pong" });
  assert.equal(one.attachment.state.latencyMs, 100);
  one.clock.advance(9000);
  assert.equal(one.sockets.length, 1);
});

test("a wake-up ends a wait, and an attempt that hangs since before", () => {
  const one = attached();
  one.socket.drop();
  one.clock.advance(0);
  one.socket.drop();
  one.world.wake();
  assert.equal(one.sockets.length, 3);
  one.clock.sleep(5000);
  one.world.wake();
  assert.equal(one.sockets.length, 4);
  one.clock.advance(1000);
  one.world.wake();
  one.clock.advance(1999);
  assert.equal(one.sockets[3].closedWith, null);
  one.clock.advance(1);
  assert.equal(one.sockets[3].closedWith, 4999);
});

test("offline is said as long as the machine is, tries go on, and coming online tries at once", () => {
  const one = attached();
  one.socket.say({ type: "pong" });
  one.world.online = false;
  one.world.wake();
  assert.equal(one.attachment.state.phase, "connected");
  one.clock.advance(2000);
  assert.equal(one.attachment.state.phase, "offline");
  one.socket.drop();
  one.socket.drop();
  one.clock.advance(10_000);
  const tried = one.sockets.length;
  assert.ok(tried > 1);
  one.socket.drop();
  one.world.online = true;
  one.world.wake();
  assert.deepEqual([one.sockets.length > tried, one.attachment.state.phase], [true, "reconnecting"]);
});

test("moved ahead: the terminal begins anew with the screen, and says so", () => {
  const one = attached();
  one.socket.frame(1, 100, bytes("old"));
  one.socket.say({ type: "skipped", from_offset: 103, to_offset: 9000, reason: "behind", first_line: 77 });
  one.socket.frame(4, 9000, bytes("screen"));
  one.socket.frame(1, 9000, bytes("new"));
  assert.deepEqual(one.sink.take(), [["live", "old"], ["reset"], ["inert", "screen"], ["live", "new"]]);
  one.sink.parse();
  assert.deepEqual([one.socket.acks, one.attachment.firstLine, one.attachment.offset], [[9000], 77, 9003]);
  assert.deepEqual(one.heard("skipped"), [{ fromOffset: 103, toOffset: 9000, reason: "behind" }]);
});

test("history above the window: acknowledgements of an earlier connection never leave on the next", () => {
  const one = attached();
  one.socket.frame(1, 100, new Uint8Array(300_000));
  one.socket.drop();
  one.sink.parse();
  one.clock.advance(0);
  one.accept({ attach: "exact", offset: 300_100 });
  assert.deepEqual(one.socket.acks, []);
});

test("size: claimed on attach only by the tab that has it or is looked at, and by who types", () => {
  const one = attached({ size: { cols: 90, rows: 30 } }, { cols: 90, rows: 30 });
  one.socket.say({ type: "resize", cols: 40, rows: 20 });
  assert.equal(one.attachment.ownsSize, false);
  assert.deepEqual(one.heard("resized").at(-1), { cols: 40, rows: 20 });
  one.socket.drop();
  one.clock.advance(0);
  assert.equal(one.socket.query.cols, undefined);
  one.accept({ attach: "exact", offset: 100, cols: 40, rows: 20 });
  one.attachment.type("x");
  one.attachment.type("y");
  assert.deepEqual(one.socket.messages, [{ type: "resize", cols: 90, rows: 30 }]);
  one.socket.say({ type: "resize", cols: 90, rows: 30 });
  assert.equal(one.attachment.ownsSize, true);
  one.socket.drop();
  one.attachment.resize(91, 31);
  one.clock.advance(1000);
  assert.deepEqual([one.socket.query.cols, one.socket.query.rows], ["91", "31"]);
});

test("a watcher neither types nor sizes", () => {
  const one = attached({ mode: "ro", size: { cols: 90, rows: 30 } });
  assert.deepEqual(
    [one.socket.query.cols, one.socket.query.mode, one.socket.query.answers],
    [undefined, "ro", undefined],
  );
  assert.equal(one.attachment.type("x"), false);
  one.attachment.resize(10, 10);
  assert.deepEqual([one.socket.typed, one.socket.messages], [[], []]);
});

test("older lines: asked again on the next connection, refused where the daemon has none", async () => {
  const one = attached();
  const lines = one.attachment.older({ before: 8210, max: 2, styled: true });
  one.socket.drop();
  one.clock.advance(0);
  one.accept({ attach: "exact", offset: 100 });
  const [request] = one.socket.messages;
  assert.deepEqual(request, { type: "lines", before: 8210, max: 2, styled: true, id: "1" });
  one.socket.say({ type: "lines", first_line: 0, end_line: 9, lines: [], id: "1" });
  assert.equal((await lines).end_line, 9);
  const refused = one.attachment.older({ before: null, max: 2, styled: true });
  one.socket.say({ type: "error", code: "no_screen", message: "no emulator" });
  await assert.rejects(refused, { code: "no_screen" });
  assert.deepEqual(one.heard("problem"), []);
});

test("errors that concern the user are told; a gap in the input is mended by a new connection", () => {
  const one = attached();
  one.socket.say({ type: "error", code: "storage", message: "disk full" });
  assert.deepEqual(one.heard("problem"), [{ code: "storage", message: "disk full" }]);
  one.socket.say({ type: "error", code: "input_gap", message: "missing" });
  assert.equal(one.attachment.state.phase, "reconnecting");
  assert.equal(one.heard("problem").length, 1);
});

test("what breaks the protocol ends it with one clear line, and a newer daemon's message does not", () => {
  const one = attached();
  one.socket.say({ type: "title", text: "x" });
  assert.equal(one.attachment.state.phase, "connected");
  one.socket.say({ type: "input_ack" });
  assert.deepEqual([one.attachment.state.phase, one.attachment.state.code], ["refused", "protocol_error"]);
  assert.match(one.attachment.state.reason, /reload the page/);
  assert.equal(one.socket.closedWith, 4002);
});

test("detaching says goodbye and leaves nothing behind", () => {
  const one = attached();
  one.attachment.detach();
  assert.deepEqual(one.socket.messages, [{ type: "detach" }]);
  assert.deepEqual([one.socket.closedWith, one.attachment.state.phase, one.clock.timers], [1000, "detached", 0]);
});

test("in any order of typing, losing, acknowledging and reloading, every key reaches the terminal once and in order", () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let run = 0; run < 100; run++) {
    let one = scene();
    let typed = "";
    let applied = "";
    let read = 0;
    one.attachment.start(null);
    for (let step = 0; step < 60; step++) {
      const { phase } = one.attachment.state;
      const action = random(7);
      if (action <= 1) {
        const key = String.fromCharCode(97 + random(26));
        one.attachment.type(key);
        typed += key;
      } else if (action === 2 && phase === "connected") {
        for (const [seq, data] of one.socket.typed.slice(read, read + 1 + random(3))) {
          assert.ok(seq <= applied.length, "a gap");
          applied += data.slice(applied.length - seq);
          read += 1;
        }
      } else if (action === 3 && phase === "connected") {
        one.socket.say({ type: "input_ack", seq: applied.length });
      } else if (action === 4) {
        one.socket.drop();
        one.clock.advance(10_000);
        read = 0;
      } else if (action === 5 && phase !== "connected") {
        one.accept({ attach: one.socket.query.since ? "exact" : "restore", input_seq: applied.length });
        one.attachment.typeWaiting();
      } else if (action === 6) {
        one.attachment.keepUnsent();
        const { kept } = one.world;
        one = scene();
        one.world.kept = kept;
        one.attachment.start(null);
        read = 0;
      }
      assert.ok(typed.startsWith(applied));
    }
    if (one.attachment.state.phase !== "connected") {
      one.accept({ attach: one.socket.query.since ? "exact" : "restore", input_seq: applied.length });
      one.attachment.typeWaiting();
      read = 0;
    }
    for (const [seq, data] of one.socket.typed.slice(read)) {
      applied += data.slice(applied.length - seq);
    }
    assert.equal(applied, typed);
  }
});

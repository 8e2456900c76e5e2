import assert from "node:assert/strict";
import test from "node:test";

import { Flow } from "../../../client/web/session/flow.js";
import { Output } from "../../../client/web/session/output.js";
import { FrameKind, encodeInput } from "../../../client/web/wire/frames.js";
import { bytes, FakeSink, session, vectors } from "./fakes.mjs";

function frame(kind, number, payload) {
  const data = encodeInput(number, typeof payload === "string" ? bytes(payload) : payload);
  data[0] = kind;
  return data.buffer;
}

function shown(windowBytes = 400) {
  const sink = new FakeSink();
  const acks = [];
  const skips = [];
  const output = new Output(sink, windowBytes, {
    acknowledge: (offset) => acks.push(offset),
    skipped: (skipped) => skips.push(skipped),
  });
  return { sink, acks, skips, output };
}

test("live output is acknowledged once it is parsed, a quarter of the window at a time; history piece by piece", () => {
  const { sink, acks, output } = shown();
  output.begin(session({ attach: "exact", offset: 100 }), 100);
  output.take(frame(FrameKind.REPLAY, 100, "history"));
  assert.deepEqual(acks, []);
  sink.parse();
  assert.deepEqual(acks, [107]);
  output.take(frame(FrameKind.OUTPUT, 107, new Uint8Array(99)));
  sink.parse();
  assert.deepEqual(acks, [107]);
  output.take(frame(FrameKind.OUTPUT, 206, new Uint8Array(1)));
  output.take(frame(FrameKind.OUTPUT, 207, new Uint8Array(300)));
  sink.parse(1);
  assert.deepEqual(acks, [107, 207]);
  sink.parse();
  assert.deepEqual(acks, [107, 207, 507]);
});

test("an exact resume paints only what is missing; anything else begins with a reset", () => {
  for (const { since, attach, offset } of vectors("resume").filter(({ replay }) => replay.startsWith("restore"))) {
    const { sink, output } = shown();
    output.begin(session({ attach, offset }), since);
    assert.equal(
      sink.log.some(([what]) => what === "reset"),
      attach !== "exact" || since === null,
    );
    assert.equal(output.expected, offset);
  }
});

test("the screen is shown again with more above it, if it is still that one", () => {
  const more = { offset: 107, cols: 80, rows: 24, first_line: 3, screen: "more", is_whole: true };
  for (const change of [{ offset: 106 }, { offset: 108 }, { cols: 81 }, { rows: 23 }, { is_whole: false }, {}]) {
    const { sink, acks, output } = shown();
    output.begin(session({ attach: "restore", offset: 100, first_line: 50 }), null);
    output.take(frame(FrameKind.RESTORE, 100, "screen"));
    output.take(frame(FrameKind.OUTPUT, 100, "printed"));
    assert.equal(output.deepen({ ...more, ...change }), false, "not all is parsed");
    sink.parse();
    sink.take();
    const isDone = Object.keys(change).length === 0;
    assert.equal(output.deepen({ ...more, ...change }), isDone);
    assert.equal(output.firstLine, isDone ? 3 : 50);
    sink.parse();
    assert.deepEqual(sink.log, isDone ? [["reset"], ["inert", "\x1b[?2026hmore\x1b[?2026l"]] : []);
    output.take(frame(FrameKind.OUTPUT, 107, "x".repeat(200)));
    sink.parse();
    assert.equal(acks.at(-1), 307);
  }
});

test("each byte is shown once: what comes again is left out, also where a frame has something new at its end", () => {
  const { sink, output } = shown();
  output.begin(session({ attach: "exact", offset: 0 }), 0);
  sink.take();
  output.take(frame(FrameKind.OUTPUT, 0, "abcdef"));
  output.take(frame(FrameKind.OUTPUT, 2, "cdef"));
  output.take(frame(FrameKind.OUTPUT, 4, "efgh"));
  assert.deepEqual(sink.log, [
    ["live", "abcdef"],
    ["live", "gh"],
  ]);
  assert.equal(output.offset, 8);
});

test("bytes left out without a word are told of, and the terminal begins anew", () => {
  const { sink, skips, output } = shown();
  output.begin(session({ attach: "exact", offset: 0 }), 0);
  sink.take();
  output.take(frame(FrameKind.OUTPUT, 5, "x"));
  assert.deepEqual(sink.log, [["reset"], ["live", "x"]]);
  assert.deepEqual(skips, [{ fromOffset: 0, toOffset: 5, reason: "missing" }]);
});

test("a screen is no output: it counts nothing, stands for its offset, and is acknowledged as a whole", () => {
  const { sink, acks, output } = shown();
  output.begin(session({ attach: "restore", offset: 1000, first_line: 7 }), null);
  output.take(frame(FrameKind.RESTORE, 1000, new Uint8Array(150_000)));
  assert.deepEqual([output.expected, output.offset, output.firstLine], [1000, 1000, 7]);
  assert.deepEqual(
    sink.log.slice(2).map(([kind, data]) => [kind, data.length]),
    [
      ["inert", 65536],
      ["inert", 65536],
      ["inert", 150_000 - 2 * 65536],
    ],
  );
  sink.parse();
  assert.deepEqual(acks, []);
});

test("while the terminal is given a long frame piece by piece, the offset is that behind the piece", () => {
  const { sink, output } = shown();
  const offsets = [];
  sink.write = () => offsets.push(output.offset);
  output.begin(session({ attach: "exact", offset: 10 }), 10);
  output.take(frame(FrameKind.OUTPUT, 10, new Uint8Array(65536 + 5)));
  assert.deepEqual(offsets, [10 + 65536, 10 + 65541]);
});

test("moved ahead, what was written before acknowledges nothing any more, and the screen clears what was on its way", () => {
  const { sink, acks, skips, output } = shown();
  output.begin(session({ attach: "exact", offset: 0 }), 0);
  output.take(frame(FrameKind.OUTPUT, 0, new Uint8Array(400)));
  output.skipped({ type: "skipped", from_offset: 400, to_offset: 9000, reason: "behind", first_line: 50 });
  output.take(frame(FrameKind.RESTORE, 9000, "screen"));
  sink.parse(1);
  assert.deepEqual(acks, []);
  sink.parse();
  assert.deepEqual(acks, [9000]);
  assert.deepEqual(skips, [{ fromOffset: 400, toOffset: 9000, reason: "behind" }]);
  assert.deepEqual([output.expected, output.firstLine], [9000, 50]);
});

test("behind a hole in the store no screen follows: the daemon is told all the same that nothing is on its way", () => {
  const { sink, acks, output } = shown();
  output.begin(session({ attach: "exact", offset: 0 }), 0);
  output.take(frame(FrameKind.REPLAY, 0, new Uint8Array(400)));
  output.skipped({ type: "skipped", from_offset: 400, to_offset: 9000, reason: "corrupt", first_line: null });
  assert.deepEqual(acks, []);
  sink.parse();
  assert.deepEqual(acks, [9000]);
});

test("another session's offsets acknowledge nothing, although they were larger", () => {
  const { sink, acks, output } = shown();
  output.begin(session({ attach: "exact", offset: 50_000 }), 50_000);
  output.take(frame(FrameKind.OUTPUT, 50_000, new Uint8Array(300)));
  output.begin(session({ attach: "fresh", offset: 0 }), null);
  output.take(frame(FrameKind.OUTPUT, 0, new Uint8Array(100)));
  sink.parse();
  assert.deepEqual(acks, [100]);
});

test("what was written before a connection broke and is parsed after it came back is acknowledged only if it is news", () => {
  const { sink, acks, output } = shown();
  output.begin(session({ attach: "exact", offset: 0 }), 0);
  output.take(frame(FrameKind.REPLAY, 0, new Uint8Array(300)));
  output.begin(session({ attach: "exact", offset: 300 }), 300);
  output.take(frame(FrameKind.REPLAY, 300, new Uint8Array(10)));
  sink.parse(1);
  assert.deepEqual(acks, []);
  sink.parse();
  assert.deepEqual(acks, [310]);
});

test("what is to happen when everything is parsed waits for all of it, and for nothing that comes later", () => {
  const flow = new Flow(400, () => {});
  const told = [];
  const first = flow.handOver(1, false);
  const second = flow.handOver(2, false);
  flow.whenParsed(() => told.push("both"));
  const third = flow.handOver(3, false);
  first();
  assert.deepEqual(told, []);
  second();
  assert.deepEqual(told, ["both"]);
  third();
  flow.whenParsed(() => told.push("nothing open"));
  assert.deepEqual(told, ["both", "nothing open"]);
});

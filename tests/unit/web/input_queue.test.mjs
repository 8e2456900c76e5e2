import assert from "node:assert/strict";
import test from "node:test";

import { InputQueue } from "../../../client/web/session/input_queue.js";
import { countKeys, isReport } from "../../../client/web/session/keys.js";
import { bytes, hexBytes, text, vectors } from "./fakes.mjs";

function filled(data, { sent = 0, acked = 0 } = {}) {
  const queue = new InputQueue(100, 100);
  queue.add(bytes(data), 0);
  queue.sent(sent);
  queue.acknowledge(acked);
  return queue;
}

const next = (queue, limit = 100) => {
  const piece = queue.nextPiece(limit);
  return piece && [piece.seq, text(piece.data)];
};

/** A daemon that applies input by its seq, as tests/vectors/input.json says. */
function apply(expected, seq, data) {
  return seq > expected ? null : { written: data.subarray(Math.min(data.length, expected - seq)) };
}

test("the model of a daemon that these tests use is the protocol's", () => {
  for (const { expected, seq, payload, written, error } of vectors("input").filter(({ seq }) => seq !== null)) {
    const answer = apply(expected, seq, hexBytes(payload));
    assert.equal(
      answer === null ? undefined : Buffer.from(answer.written).toString("hex"),
      error ? undefined : written,
    );
  }
});

test("pieces follow each other by seq, and the window holds back until an acknowledgement", () => {
  const queue = new InputQueue(100, 4);
  queue.add(bytes("abcdef"), 0);
  assert.deepEqual(next(queue, 3), [0, "abc"]);
  queue.sent(3);
  assert.deepEqual(next(queue), [3, "d"]);
  queue.sent(4);
  assert.equal(next(queue), null);
  queue.acknowledge(2);
  assert.deepEqual(next(queue), [4, "ef"]);
});

test("what does not fit as a whole is not taken", () => {
  const queue = new InputQueue(4, 4);
  assert.equal(queue.add(bytes("abc"), 0), true);
  assert.equal(queue.add(bytes("de"), 0), false);
  assert.equal(text(queue.waiting), "abc");
});

test("old and invented acknowledgements change nothing", () => {
  const queue = filled("abcdef", { sent: 4, acked: 2 });
  for (const seq of [0, 2, 7]) {
    queue.acknowledge(seq);
    assert.deepEqual([text(queue.waiting), queue.end], ["cdef", 6]);
  }
});

test("a new connection goes on where the daemon is", () => {
  const queue = filled("abcdef", { sent: 5, acked: 1 });
  assert.equal(queue.resume(3), 0);
  assert.deepEqual(next(queue), [3, "def"]);
});

test("a daemon that forgot this client gets only what was never sent", () => {
  const queue = filled("abcdef", { sent: 5, acked: 3 });
  assert.equal(queue.resume(0), 2);
  assert.deepEqual(next(queue), [0, "f"]);
});

test("keys typed before the first connection are numbered as the daemon says, not dropped", () => {
  const queue = filled("ls");
  assert.equal(queue.resume(412), 0);
  assert.deepEqual(next(queue), [412, "ls"]);
});

test("a daemon that has got more from another tab of this name gets what was never sent", () => {
  const queue = filled("abc", { sent: 1 });
  assert.equal(queue.resume(10), 0);
  assert.deepEqual(next(queue), [10, "bc"]);
});

test("discarded keys are not typed, and newer ones are, however much had arrived", () => {
  for (const inputSeq of [1, 2, 3]) {
    const queue = filled("abcdef", { sent: 3, acked: 1 });
    assert.equal(queue.discard(), 5);
    queue.add(bytes("new"), 5);
    assert.equal(queue.oldestMs, 5);
    assert.equal(queue.resume(inputSeq), 0);
    assert.deepEqual(next(queue), [inputSeq, "new"]);
  }
});

test("another session gets nothing meant for this one", () => {
  const queue = filled("rm -rf *\n", { sent: 3, acked: 1 });
  assert.equal(queue.restart(7), 8);
  assert.deepEqual([queue.pending, queue.end, queue.oldestMs], [0, 7, null]);
});

test("the age is that of the oldest byte left", () => {
  const queue = new InputQueue(100, 100);
  queue.add(bytes("ab"), 1);
  queue.add(bytes("cd"), 2);
  queue.sent(4);
  queue.acknowledge(1);
  assert.equal(queue.oldestMs, 1);
  queue.acknowledge(2);
  assert.equal(queue.oldestMs, 2);
  queue.acknowledge(4);
  assert.equal(queue.oldestMs, null);
});

test("over any order of typing, sending, acknowledging, reconnecting and reloading, each byte is applied once, in order", () => {
  let seed = 1;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let run = 0; run < 200; run++) {
    let queue = new InputQueue(1000, 16);
    let typed = "";
    let applied = "";
    let onTheWay = [];
    for (let step = 0; step < 60; step++) {
      const action = random(6);
      if (action === 0) {
        const some = Array.from({ length: 1 + random(8) }, () => String.fromCharCode(97 + random(26))).join("");
        queue.add(bytes(some), step);
        typed += some;
      } else if (action === 1) {
        const piece = next(queue, 1 + random(10));
        if (piece !== null) {
          onTheWay.push(piece);
          queue.sent(piece[0] + piece[1].length);
        }
      } else if (action === 2 && onTheWay.length > 0) {
        const [seq, some] = onTheWay.shift();
        assert.ok(seq <= applied.length, "a gap");
        applied += some.slice(applied.length - seq);
      } else if (action === 3) {
        queue.acknowledge(Math.max(0, applied.length - random(5)));
      } else if (action === 4) {
        onTheWay = [];
        assert.equal(queue.resume(applied.length), 0);
      } else if (action === 5) {
        const { unsent } = queue;
        const kept = { ...unsent, data: unsent.data.slice(), typed: structuredClone(unsent.typed) };
        queue = new InputQueue(1000, 16);
        queue.restore(kept);
        onTheWay = [];
        assert.equal(queue.resume(applied.length), 0);
      }
      assert.ok(typed.startsWith(applied));
      assert.ok(typed.endsWith(text(queue.waiting)));
      assert.equal(queue.end, typed.length);
    }
  }
});

test("keys are counted as a person counts them", () => {
  for (const [typed, keys] of [
    ["", 0],
    ["ls\r", 3],
    ["\x1b[A\x1b[1;5C\x1bOP", 3],
    ["\x1bb", 1],
    ["\x1b", 1],
    ["zürich 😀", 8],
  ]) {
    assert.equal(countKeys(bytes(typed)), keys, JSON.stringify(typed));
  }
  assert.equal(countKeys(new Uint8Array(20_000).fill(97)), 20_000);
});

test("what a terminal reports of pointer and focus is no key", () => {
  for (const report of ["\x1b[I", "\x1b[O", "\x1b[<0;10;20M", "\x1b[<0;10;20m\x1b[<35;1;1M", "\x1b[M !!"]) {
    assert.equal(isReport(report), true, JSON.stringify(report));
  }
  for (const key of ["", "a", "\x1b[A", "\x1b[Ia", "\x1bOP", "\x1b", "\x1b[1;2R"]) {
    assert.equal(isReport(key), false, JSON.stringify(key));
  }
});

// The order in which bytes, resets and resizes take effect in a terminal that parses later.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CHUNK_BYTES, Feed } from "../../../client/web/terminal/feed.js";

/** Queues as xterm.js does: bytes are parsed later, each callback runs between two chunks. */
class SlowTerminal {
  log = [];
  #queue = [];
  write(data, done) {
    this.#queue.push([data, done]);
  }
  resize(cols, rows) {
    this.log.push(`${cols}x${rows}`);
  }
  parse() {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const [data, done] = next;
      if (data.length > 0) this.log.push(data.length > 8 && data[1] === 0x1b ? "reset" : `bytes ${data.length}`);
      done?.();
    }
  }
}

test("a reset and a resize wait for what was written before, and are there for what follows", () => {
  const terminal = new SlowTerminal();
  const feed = new Feed(terminal, () => {});
  feed.write(new Uint8Array(3), false, () => terminal.log.push("done 3"));
  feed.reset();
  feed.resize(100, 30, () => {});
  feed.write(new Uint8Array(4), false, () => terminal.log.push("done 4"));
  assert.deepEqual(terminal.log, []);
  terminal.parse();
  assert.deepEqual(terminal.log, ["bytes 3", "done 3", "reset", "100x30", "bytes 4", "done 4"]);
});

test("large writes are cut; done comes once, behind the last piece", () => {
  const terminal = new SlowTerminal();
  let done = 0;
  new Feed(terminal, () => {}).write(new Uint8Array(2 * CHUNK_BYTES + 1), false, () => done++);
  terminal.parse();
  assert.deepEqual(terminal.log, [`bytes ${CHUNK_BYTES}`, `bytes ${CHUNK_BYTES}`, "bytes 1"]);
  assert.equal(done, 1);
});

test("exactly the chunks of history are parsed inertly", () => {
  const terminal = new SlowTerminal();
  const feed = new Feed(terminal, (isInert) => terminal.log.push(isInert ? "inert" : "live"));
  feed.write(new Uint8Array(1), false, () => {});
  feed.write(new Uint8Array(2), true, () => terminal.log.push("done"));
  feed.write(new Uint8Array(3), false, () => {});
  assert.equal(feed.hasHistory, true);
  terminal.parse();
  assert.deepEqual(terminal.log, ["bytes 1", "inert", "bytes 2", "live", "done", "bytes 3"]);
  assert.equal(feed.hasHistory, false);
});

test("empty writes are done in their turn", () => {
  const terminal = new SlowTerminal();
  let done = false;
  new Feed(terminal, () => {}).write(new Uint8Array(0), true, () => (done = true));
  assert.equal(done, false);
  terminal.parse();
  assert.equal(done, true);
});

test("an error in a callback does not stop the terminal's queue", () => {
  const reported = [];
  globalThis.reportError = (problem) => reported.push(problem.message);
  const terminal = new SlowTerminal();
  const feed = new Feed(terminal, () => {});
  feed.run(() => {
    throw new Error("ours");
  });
  feed.write(new Uint8Array(1), false, () => {});
  terminal.parse();
  assert.deepEqual([terminal.log, reported], [["bytes 1"], ["ours"]]);
});

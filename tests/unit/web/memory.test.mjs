import assert from "node:assert/strict";
import test from "node:test";

import { claimClientId } from "../../../client/web/session/client_id.js";
import { Memory } from "../../../client/web/session/memory.js";
import { refusalOf } from "../../../client/web/session/login_check.js";
import { bytes, SESSION } from "./fakes.mjs";

class FakeStorage {
  values = new Map();
  isFull = false;
  getItem(key) {
    return this.values.get(key) ?? null;
  }
  setItem(key, value) {
    if (this.isFull) {
      throw new DOMException("full", "QuotaExceededError");
    }
    this.values.set(key, value);
  }
  removeItem(key) {
    this.values.delete(key);
  }
}

/** Web Locks that are held for ever, but for those the test releases. */
class FakeLocks {
  held = new Map();
  async request(name, { signal }, act) {
    while (this.held.has(name)) {
      await Promise.race([
        this.held.get(name).released,
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ]);
    }
    let release;
    const released = new Promise((resolve) => (release = resolve));
    this.held.set(name, { released, release });
    return act({ name });
  }
  release(name) {
    this.held.get(name).release();
    this.held.delete(name);
  }
}

function memory(path = "/") {
  const tab = new FakeStorage();
  const browser = new FakeStorage();
  return { tab, browser, memory: new Memory(tab, browser, path) };
}

test("a tab remembers where it is, a browser where it was last, and both forget a session that is over", () => {
  const { memory: one } = memory();
  assert.deepEqual([one.clientId, one.place, one.lastSession], [null, null, null]);
  one.clientId = "web-1";
  one.place = { sessionId: SESSION, offset: 7 };
  one.lastSession = { sessionId: SESSION, name: "build", lastSeenAt: 5 };
  one.forget("another");
  assert.deepEqual(one.place, { sessionId: SESSION, offset: 7 });
  assert.deepEqual(one.lastSession, { sessionId: SESSION, name: "build", lastSeenAt: 5 });
  one.forget(SESSION);
  assert.deepEqual([one.clientId, one.place, one.lastSession], ["web-1", null, null]);
});

test("waiting keys are kept byte by byte, and only for the client and the session they were typed for", () => {
  const { memory: one } = memory();
  const unsent = { acked: 5, sent: 6, data: bytes("\x03zürich\r"), typed: [{ bytes: 9, atMs: 1 }] };
  one.keepUnsent(SESSION, "web-1", unsent);
  assert.deepEqual(one.unsent(SESSION, "web-1"), unsent);
  assert.equal(one.unsent(SESSION, "web-2"), null);
  assert.equal(one.unsent("another", "web-1"), null);
  one.keepUnsent(SESSION, "web-1", null);
  assert.equal(one.unsent(SESSION, "web-1"), null);
});

test("daemons behind one address have memories of their own", () => {
  const { tab, browser, memory: one } = memory("/a/");
  one.clientId = "web-1";
  assert.equal(new Memory(tab, browser, "/b/").clientId, null);
});

test("where storage is full or holds rubbish, nothing is remembered rather than something wrong", () => {
  const { tab, memory: one } = memory();
  one.place = { sessionId: SESSION, offset: 7 };
  tab.isFull = true;
  one.place = { sessionId: SESSION, offset: 8 };
  assert.equal(one.place, null);
  tab.isFull = false;
  for (const rubbish of ["{", "7", '{"sessionId":1,"offset":2}', "[]"]) {
    tab.values.set("holdfast:/:place", rubbish);
    tab.values.set("holdfast:/:client", rubbish);
    assert.deepEqual([one.place, one.clientId], [null, null]);
  }
});

test("a tab keeps its name over a reload, also when the page before lets go of it a moment late", async () => {
  const locks = new FakeLocks();
  const made = await claimClientId(null, locks);
  assert.match(made, /^web-[0-9a-z]{8,}$/);
  const again = claimClientId(made, locks);
  locks.release(`holdfast:${made}`);
  assert.equal(await again, made);
});

test("a duplicated tab takes another name", async () => {
  const locks = new FakeLocks();
  const keepAlive = setTimeout(() => {}, 5000); // the timeout of a signal does not keep Node alive
  const made = await claimClientId(null, locks);
  const copy = await claimClientId(made, locks);
  clearTimeout(keepAlive);
  assert.notEqual(copy, made);
  assert.equal(locks.held.size, 2);
});

test("without locks a name is kept", async () => {
  assert.equal(await claimClientId("web-1", undefined), "web-1");
});

test("an answer of the daemon tells whether it would let the page in", () => {
  assert.deepEqual(
    [200, 401, 403, 421, 500, 502].map((status) => refusalOf(status)?.code ?? null),
    [null, "unauthorized", "forbidden", "forbidden", null, null],
  );
});

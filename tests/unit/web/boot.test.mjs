// Which session a page opens with.

import assert from "node:assert/strict";
import test from "node:test";
import { decideBoot } from "../../../client/web/ui/boot.js";

const A = "aaaaaaaa-0000-4000-8000-000000000000";
const B = "bbbbbbbb-0000-4000-8000-000000000000";
const session = (id) => ({ session_id: id, name: id[0] });
const last = { sessionId: A, name: "a", lastSeenAt: 5 };
const nothing = { addressed: null, remembered: null, last: null, running: null };

test("the address decides before anything is asked", () => {
  const boot = decideBoot({ ...nothing, addressed: A, remembered: B, last });
  assert.deepEqual(boot, { kind: "attach", sessionId: A });
});

test("a reload goes back to where the tab was, without asking", () => {
  assert.deepEqual(decideBoot({ ...nothing, remembered: B, last }), { kind: "attach", sessionId: B });
});

test("a fresh visit asks what runs", () => {
  assert.deepEqual(decideBoot({ ...nothing, last }), { kind: "ask" });
});

test("nothing runs: a new session at once", () => {
  assert.deepEqual(decideBoot({ ...nothing, last, running: [] }), { kind: "new" });
});

test("the session seen last still runs: the offer to rejoin, beside the others", () => {
  const running = [session(B), session(A)];
  assert.deepEqual(decideBoot({ ...nothing, last, running }), {
    kind: "offer",
    session: running[1],
    lastSeenAt: 5,
    others: [running[0]],
  });
});

test("others run: the list", () => {
  assert.deepEqual(decideBoot({ ...nothing, last, running: [session(B)] }), { kind: "choose", sessions: [session(B)] });
  assert.deepEqual(decideBoot({ ...nothing, running: [session(B)] }), { kind: "choose", sessions: [session(B)] });
});

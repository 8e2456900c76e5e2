// What the page calls a session, and what it says of one.

import assert from "node:assert/strict";
import test from "node:test";
import * as text from "../../../client/web/ui/session_text.js";

const NOW_S = 10_000;
const session = (changes) => ({
  name: "",
  program: "",
  argv: ["/bin/bash"],
  state: "running",
  present: [],
  ends_at: null,
  ended_at: null,
  end_reason: null,
  exit_code: null,
  exit_signal: null,
  created_at: NOW_S - 7_200,
  last_activity_at: NOW_S - 180,
  head: 1_000_000,
  tail: 4_400_000,
  ...changes,
});
const client = (id, state = "connected") => ({ client_id: id, mode: "rw", state, since: 0 });

test("a session without a name is called by what runs in it", () => {
  assert.equal(text.labelOf(session({ name: "build", program: "make" })), "build");
  assert.equal(text.labelOf(session({ program: "make" })), "make");
  assert.equal(text.labelOf(session({})), "bash");
  assert.equal(text.labelOf(session({ argv: [] })), "session");
});

test("a long path is told by its end", () => {
  assert.equal(text.shortPath("/"), "/");
  assert.equal(text.shortPath("/srv/app"), "/srv/app");
  assert.equal(text.shortPath("/srv/app/current/src"), "…/current/src");
});

test("who is there", () => {
  const says = (...present) => text.describePresence(session({ present }), NOW_S, "me");
  assert.equal(says(), "nobody attached");
  assert.equal(says(client("me")), "open here");
  assert.equal(says(client("me"), client("phone")), "open here and in 1 more");
  assert.equal(says(client("phone")), "attached");
  assert.equal(says(client("phone"), client("tablet")), "2 attached");
  assert.equal(says(client("phone", "waiting")), "disconnected, waiting");
});

test("a session that lingers says how long it has left", () => {
  const lingering = session({ present: [client("phone", "waiting")], ends_at: NOW_S + 90 });
  assert.equal(text.describePresence(lingering, NOW_S), "disconnected, waiting, ends in 1 min");
});

test("age, idle time and size of history", () => {
  assert.equal(text.describeAge(session({}), NOW_S), "2 h · idle 3 min · 3.4 MB");
  assert.match(text.describeAge(session({ last_activity_at: NOW_S - 2 }), NOW_S), /· active ·/);
});

test("why it ended", () => {
  const says = (changes) => text.describeEnd(session({ ended_at: NOW_S - 60, ...changes }), NOW_S);
  assert.equal(says({ state: "dead", exit_code: 2 }), "Ended with code 2 1 min ago");
  assert.equal(says({ state: "dead", exit_signal: 9 }), "Ended by signal 9 1 min ago");
  assert.equal(says({ state: "dead", end_reason: "host_rebooted" }), "The machine was restarted 1 min ago");
  assert.equal(says({ state: "ended" }), "Ended on demand 1 min ago");
  assert.equal(says({ state: "expired" }), "Expired 1 min ago, after a long time without use");
});

// What the page says of the connection.

import assert from "node:assert/strict";
import test from "node:test";
import { describeConnection, describeExit } from "../../../client/web/ui/connection_text.js";

const NOW_MS = 1_000_000;
const state = (changes) => ({
  phase: "connected",
  attempt: 0,
  retryAtMs: null,
  sinceMs: NOW_MS - 60_000,
  latencyMs: null,
  waitingKeys: 0,
  question: null,
  code: null,
  reason: "",
  exit: null,
  ...changes,
});
const text = (changes, nowMs = NOW_MS) => describeConnection(state(changes), nowMs);

test("connected: nothing lies over the terminal, and the round trip is there to be read", () => {
  const { label, mood, detail, heading, actions } = text({ latencyMs: 11.6 });
  assert.deepEqual([label, mood, heading, actions], ["Connected", "good", "", []]);
  assert.equal(detail, "Round trip 12 ms, for 1 min");
  assert.equal(text({ latencyMs: 0.2 }).detail, "Round trip 1 ms, for 1 min");
});

test("reconnecting: the countdown moves, what is announced does not", () => {
  const lost = { phase: "reconnecting", attempt: 3, retryAtMs: NOW_MS + 3_400 };
  const [first, later] = [text(lost), text(lost, NOW_MS + 2_000)];
  assert.match(first.text, /Next attempt in 4 s \(attempt 3\)/);
  assert.match(later.text, /Next attempt in 2 s/);
  assert.match(text(lost, NOW_MS + 3_400).text, /Trying now/);
  assert.deepEqual([first.label, first.heading], [later.label, later.heading]);
  assert.deepEqual(first.actions, ["retry"]);
});

test("keys that wait are counted, and can be discarded, whatever the outage", () => {
  for (const phase of ["reconnecting", "offline"]) {
    const { text: said, actions } = text({ phase, attempt: 1, waitingKeys: 12 });
    assert.match(said, /12 keys waiting/);
    assert.deepEqual(actions, ["retry", "discard"]);
  }
  assert.equal(text({ phase: "connecting", waitingKeys: 1 }).heading, "1 key waiting");
});

test("old keys are asked about before they are typed", () => {
  const { heading, actions } = text({ waitingKeys: 5, question: { keys: 5, ageMs: 95_000 } });
  assert.equal(heading, "Type the 5 keys from 1 min ago?");
  assert.deepEqual(actions, ["type", "discard"]);
});

test("each end says what can be done", () => {
  assert.deepEqual(text({ phase: "taken-over" }).actions, ["take-back"]);
  assert.deepEqual(text({ phase: "ended" }).actions, ["fresh", "history"]);
  assert.deepEqual(text({ phase: "refused", reason: "no" }).actions, ["retry"]);
  assert.equal(text({ phase: "refused", reason: "no" }).text, "no");
  assert.deepEqual(text({ phase: "detached" }).actions, ["take-back"]);
});

test("an exit is told by its code or its signal", () => {
  assert.equal(describeExit({ exit: { code: 0, signal: null }, reason: "" }), "The process has finished");
  assert.equal(describeExit({ exit: { code: 3, signal: null }, reason: "" }), "The process has ended with code 3");
  assert.equal(describeExit({ exit: { code: null, signal: 9 }, reason: "" }), "The process was ended by signal 9");
  assert.equal(describeExit({ exit: null, reason: "" }), "The session was ended");
});

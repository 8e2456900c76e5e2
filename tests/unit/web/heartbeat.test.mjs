import assert from "node:assert/strict";
import test from "node:test";

import { Backoff } from "../../../client/web/session/backoff.js";
import { Heartbeat } from "../../../client/web/session/heartbeat.js";
import { watchJumps } from "../../../client/web/session/wake.js";
import { FakeClock } from "./fakes.mjs";

function quiet() {
  const heartbeat = new Heartbeat();
  heartbeat.begin(0);
  heartbeat.check(0);
  heartbeat.received(20);
  heartbeat.ponged(20);
  return heartbeat;
}

test("latency is measured when a connection begins, and whenever it is quiet for 10 s", () => {
  const heartbeat = quiet();
  assert.equal(heartbeat.latencyMs, 20);
  assert.equal(heartbeat.check(10_019), "wait");
  assert.equal(heartbeat.check(10_020), "ping");
  heartbeat.received(10_050);
  heartbeat.ponged(10_050);
  assert.equal(heartbeat.latencyMs, 30);
});

test("5 s without anything after a ping: the connection is dead", () => {
  const heartbeat = quiet();
  assert.equal(heartbeat.check(10_020), "ping");
  assert.equal(heartbeat.check(15_019), "wait");
  assert.equal(heartbeat.check(15_020), "dead");
});

test("what arrives puts the end off, and only the answer calls it off", () => {
  const heartbeat = quiet();
  heartbeat.check(10_020);
  heartbeat.received(15_000);
  assert.equal(heartbeat.check(19_999), "wait");
  assert.equal(heartbeat.check(20_000), "dead");
  heartbeat.ponged(20_000);
  assert.equal(heartbeat.check(20_000), "wait");
});

test("what was under way when the other end vanished does not satisfy a probe", () => {
  const heartbeat = quiet();
  heartbeat.probe(5000);
  heartbeat.received(5100);
  assert.equal(heartbeat.check(7099), "wait");
  assert.equal(heartbeat.check(7100), "dead");
});

test("a key that brings nothing back is followed by a ping after 2 s", () => {
  const heartbeat = quiet();
  assert.equal(heartbeat.typed(1000), true);
  assert.equal(heartbeat.typed(1500), false);
  assert.equal(heartbeat.check(3000), "ping");
});

test("a probe waits 2 s, however often it is repeated", () => {
  const heartbeat = quiet();
  heartbeat.probe(5000);
  heartbeat.probe(6500);
  assert.equal(heartbeat.check(6999), "wait");
  assert.equal(heartbeat.check(7000), "dead");
});

test("a timer that comes late asks once more, and only once", () => {
  const heartbeat = quiet();
  heartbeat.check(10_020);
  assert.equal(heartbeat.check(75_000), "ping");
  assert.equal(heartbeat.nextMs, 77_000);
  assert.equal(heartbeat.check(135_000), "dead");
});

test("the first retry is made at once, then after up to 0.5 s doubling to 10 s", () => {
  const backoff = new Backoff(() => 1);
  const delays = Array.from({ length: 8 }, () => backoff.nextDelayMs());
  assert.deepEqual(delays, [0, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  backoff.reset();
  assert.equal(backoff.nextDelayMs(), 0);
  const half = new Backoff(() => 0.5);
  assert.deepEqual([half.nextDelayMs(), half.nextDelayMs(), half.nextDelayMs()], [0, 250, 500]);
});

test("a clock that goes on while the page does not is noticed when it wakes, once", () => {
  const clock = new FakeClock();
  let jumps = 0;
  const stop = watchJumps(clock, () => jumps++);
  clock.advance(60_000);
  assert.equal(jumps, 0);
  clock.sleep(3_600_000);
  assert.equal(jumps, 1);
  clock.advance(5000);
  assert.equal(jumps, 1);
  stop();
  assert.equal(clock.timers, 0);
});

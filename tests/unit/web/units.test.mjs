// Durations, sizes and counts as people read them.

import assert from "node:assert/strict";
import test from "node:test";
import { ago, count, duration, size } from "../../../client/web/ui/units.js";

test("a duration has one unit, or two where the second matters", () => {
  const cases = [
    [-3, "0 s"],
    [0.4, "0 s"],
    [40, "40 s"],
    [59.6, "1 min"],
    [3599, "59 min"],
    [3600, "1 h"],
    [7500, "2 h 5 min"],
    [11 * 3600 + 300, "11 h"],
    [86400, "1 day"],
    [4.5 * 86400, "4 days"],
  ];
  for (const [seconds, text] of cases) assert.equal(duration(seconds), text);
});

test("what has just happened is just now", () => {
  assert.equal(ago(1), "just now");
  assert.equal(ago(40), "40 s ago");
});

test("a size has two digits that count", () => {
  const cases = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [9960, "10 kB"],
    [999_600, "1.0 MB"],
    [50e6, "50 MB"],
    [2e9, "2.0 GB"],
    [5e12, "5000 GB"],
  ];
  for (const [bytes, text] of cases) assert.equal(size(bytes), text);
});

test("one is not many", () => {
  assert.equal(count(1, "key"), "1 key");
  assert.equal(count(1204, "line"), "1,204 lines");
  assert.equal(count(2, "process", "processes"), "2 processes");
});

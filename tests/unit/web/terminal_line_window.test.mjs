// The lines a history view holds, and where the live terminal's first row is among them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LineWindow, locate, plain } from "../../../client/web/terminal/line_window.js";

const lines = (from, to) =>
  Array.from({ length: to - from }, (_, at) => ({
    line: from + at,
    offset: 0,
    text: `line ${from + at}`,
    wraps: false,
  }));
const held = (window) => [window.first, window.end, window.lines.length];

test("a window grows at both ends, passing over what it has", () => {
  const window = new LineWindow(100);
  window.replace(lines(50, 60));
  assert.equal(window.prepend(lines(40, 55)), true);
  assert.equal(window.append(lines(58, 70)), true);
  assert.deepEqual(held(window), [40, 70, 30]);
  assert.deepEqual(
    window.lines.map(({ line }) => line),
    lines(40, 70).map(({ line }) => line),
  );
});

test("a full window drops lines at the other end", () => {
  const window = new LineWindow(30);
  window.replace(lines(100, 130));
  window.prepend(lines(90, 100));
  assert.deepEqual(held(window), [90, 120, 30]);
  window.append(lines(120, 140));
  assert.deepEqual(held(window), [110, 140, 30]);
});

test("lines that leave a gap, or bring nothing, are not taken", () => {
  const window = new LineWindow(30);
  window.replace(lines(100, 110));
  assert.equal(window.prepend(lines(80, 90)), false);
  assert.equal(window.append(lines(111, 120)), false);
  assert.equal(window.prepend(lines(100, 105)), false);
  assert.deepEqual(held(window), [100, 110, 10]);
});

test("plain text has no styles, links or blanks at its end", () => {
  assert.equal(
    plain("\x1b[0;1;38:2::1:2:3mbold\x1b[0m and \x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\  "),
    "bold and link",
  );
});

test("the first row is found although output has put the guess off", () => {
  const rows = lines(500, 540).map(({ text }) => text);
  assert.equal(locate(rows, lines(0, 2000), 500), 500);
  assert.equal(locate(rows, lines(0, 2000), 530), 500);
});

test("where rows are all alike, the guess decides", () => {
  const same = lines(0, 200).map((line) => ({ ...line, text: "same" }));
  assert.equal(locate(Array(40).fill("same"), same, 70), 70);
  assert.equal(locate(["nowhere"], same, 70), 70);
});

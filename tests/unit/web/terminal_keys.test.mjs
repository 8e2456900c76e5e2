// Keys of the key bar, sticky modifiers, and the keyboard user's way out.
import assert from "node:assert/strict";
import { test } from "node:test";

import { keyData, WayOut, withModifiers } from "../../../client/web/terminal/keys.js";

test("arrows follow the mode that the program chose", () => {
  assert.equal(keyData("ArrowUp", false), "\x1b[A");
  assert.equal(keyData("ArrowUp", true), "\x1bOA");
  assert.equal(keyData("Escape", true), "\x1b");
  assert.equal(keyData("Tab", false), "\t");
});

const CTRL = { ctrl: true, alt: false };
const ALT = { ctrl: false, alt: true };

for (const [data, modifiers, sent] of [
  ["c", CTRL, "\x03"],
  ["C", CTRL, "\x03"],
  ["[", CTRL, "\x1b"],
  [" ", CTRL, "\0"],
  ["ü", CTRL, "ü"],
  ["x", ALT, "\x1bx"],
  ["c", { ctrl: true, alt: true }, "\x1b\x03"],
  ["\x1b[C", CTRL, "\x1b[1;5C"],
  ["\x1bOC", CTRL, "\x1b[1;5C"],
  ["\x1b[C", ALT, "\x1b[1;3C"],
  ["word", CTRL, "word"],
  ["\x1b[<0;1;1M", CTRL, null],
  ["\x1b[I", ALT, null],
]) {
  test(`${JSON.stringify(data)} with ${JSON.stringify(modifiers)} sends ${JSON.stringify(sent)}`, () => {
    assert.equal(withModifiers(data, modifiers), sent);
  });
}

const presses = (keys, screenReader = false) => {
  const way = new WayOut();
  return keys.map(([key, timeStamp]) => way.press({ key, timeStamp }, screenReader));
};

test("Escape twice lets the next Tab through to the browser, and no other", () => {
  assert.deepEqual(
    presses([
      ["Tab", 0],
      ["Escape", 1000],
      ["Escape", 1200],
      ["Shift", 1500],
      ["Tab", 1600],
      ["Tab", 1700],
    ]),
    ["pass", "pass", "armed", "pass", "move", "pass"],
  );
});

test("any other key disarms, and two Escapes that are not one gesture do nothing", () => {
  assert.deepEqual(
    presses([
      ["Escape", 1000],
      ["Escape", 1100],
      ["j", 1200],
      ["Tab", 1300],
    ]),
    ["pass", "armed", "pass", "pass"],
  );
  assert.deepEqual(
    presses([
      ["Escape", 1000],
      ["Escape", 1600],
    ]),
    ["pass", "pass"],
  );
  assert.deepEqual(
    presses([
      ["Escape", 1000],
      ["j", 1100],
      ["Escape", 1200],
    ]),
    ["pass", "pass", "pass"],
  );
});

test("with a screen reader Escape twice leaves at once", () => {
  assert.deepEqual(
    presses(
      [
        ["Escape", 1000],
        ["Escape", 1100],
        ["Tab", 1200],
      ],
      true,
    ),
    ["pass", "leave", "pass"],
  );
});

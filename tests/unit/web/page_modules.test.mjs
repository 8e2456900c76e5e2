// The small decisions of the page: its address, its settings, its keys, its title, its search.

import assert from "node:assert/strict";
import test from "node:test";
import { parseFragment } from "../../../client/web/login.js";
import { checkSettings, DEFAULTS } from "../../../client/web/settings.js";
import { partsOf, searchBackwards } from "../../../client/web/ui/server_search.js";
import { chord, SHORTCUTS, shortcutOf } from "../../../client/web/ui/shortcuts.js";
import { titleOf } from "../../../client/web/ui/tab_identity.js";

const ID = "7e0d1c3a-58f2-4c1e-9b1a-2f6d0a9c4e11";

test("the fragment names a session, or brings a login", () => {
  assert.deepEqual(parseFragment(`#${ID}`), { code: null, sessionId: ID });
  assert.deepEqual(parseFragment("#login=abc_-9"), { code: "abc_-9", sessionId: null });
  assert.deepEqual(parseFragment(`#login=abc&session=${ID}`), { code: "abc", sessionId: ID });
  for (const hash of ["", "#", "#nonsense", "#session=no", `#${ID}x`, "#login="]) {
    assert.deepEqual(parseFragment(hash), { code: null, sessionId: null });
  }
});

test("a damaged setting falls back by itself", () => {
  assert.deepEqual(checkSettings(null), DEFAULTS);
  assert.deepEqual(checkSettings("x"), DEFAULTS);
  assert.deepEqual(checkSettings({ theme: "pink", fontSize: 1e9, bell: "off", clipboardWrite: "yes" }), {
    ...DEFAULTS,
    bell: "off",
  });
});

test("the page's keys are Ctrl+Shift, or Cmd+Shift on a Mac, and nothing else", () => {
  const press = (changes) => ({
    code: "KeyF",
    ctrlKey: true,
    shiftKey: true,
    altKey: false,
    metaKey: false,
    ...changes,
  });
  assert.equal(shortcutOf(press({}), false), "search");
  assert.equal(shortcutOf(press({ shiftKey: false }), false), null);
  assert.equal(shortcutOf(press({ altKey: true }), false), null);
  assert.equal(shortcutOf(press({}), true), null);
  assert.equal(shortcutOf(press({ ctrlKey: false, metaKey: true }), true), "search");
  assert.equal(shortcutOf(press({ code: "KeyC" }), false), null);
  assert.equal(chord("F", true), "⇧⌘F");
  const reserved = ["KeyN", "KeyT", "KeyW", "KeyC", "KeyV", "KeyI", "KeyJ", "KeyR", "KeyQ"];
  assert.ok(SHORTCUTS.every(({ code }) => !reserved.includes(code)));
});

test("the title says which session, and what wants to be seen", () => {
  const facts = { name: "build", program: "make", isLost: false, hasBell: false, hasNews: false };
  assert.equal(titleOf(facts), "build · make — Holdfast");
  assert.equal(titleOf({ ...facts, program: "build" }), "build — Holdfast");
  assert.equal(titleOf({ ...facts, name: "", program: "" }), "Holdfast");
  assert.match(titleOf({ ...facts, hasNews: true }), /^• /);
  assert.match(titleOf({ ...facts, hasNews: true, hasBell: true }), /^🔔 /);
  assert.match(titleOf({ ...facts, hasBell: true, isLost: true }), /^⚠ /);
});

const match = (line) => ({ line, offset: 0, text: "x", spans: [[0, 1]] });
const answer = (lines, scannedTo, next) => ({
  matches: lines.map(match),
  scanned_to: scannedTo,
  next_before: next,
  first_line: 100,
  end_line: 300,
});

test("a search goes on part by part, and says how far it is", async () => {
  const asked = [];
  const answers = [answer([280], 200, 200), answer([], 150, 150), answer([120], 100, null)];
  const parts = [];
  const fetchPart = async (before) => (asked.push(before), answers[asked.length - 1]);
  for await (const part of searchBackwards(fetchPart, null)) parts.push([part.matches.length, part.share, part.isDone]);
  assert.deepEqual(asked, [null, 200, 150]);
  assert.deepEqual(parts, [[1, 0.5, false], [0, 0.75, false], [1, 1, true]]); // prettier-ignore
});

test("a search that found plenty waits until somebody asks for more", async () => {
  const many = Array.from({ length: 500 }, (_, index) => 299 - (index % 50));
  const parts = [];
  for await (const { next, isDone } of searchBackwards(async () => answer(many, 250, 250), null))
    parts.push([next, isDone]);
  assert.deepEqual(parts, [[250, false]]);
});

test("a daemon that does not get on is not asked for ever", async () => {
  const search = searchBackwards(async () => answer([], 250, 250), 250);
  await search.next(); // it may take more than one call over a stretch
  await assert.rejects(async () => {
    for await (const _ of search);
  }, /does not get on/);
});

test("a line is shown around its first match", () => {
  assert.deepEqual(partsOf({ line: 0, offset: 0, text: "one two one", spans: [[0, 3], [8, 11]] }), [
    { text: "one", isMatch: true },
    { text: " two ", isMatch: false },
    { text: "one", isMatch: true },
  ]); // prettier-ignore
  const long = `${"-".repeat(100)}here`;
  assert.deepEqual(partsOf({ line: 0, offset: 0, text: long, spans: [[100, 104]] }), [
    { text: "…", isMatch: false },
    { text: "-".repeat(24), isMatch: false },
    { text: "here", isMatch: true },
  ]);
});

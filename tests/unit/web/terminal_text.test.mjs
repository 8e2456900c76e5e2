// Text to and from the clipboard, links, and places in a terminal.
import assert from "node:assert/strict";
import { test } from "node:test";

import { between, wordAt } from "../../../client/web/terminal/cells.js";
import { clipboardWrite, harmless, linesRun, tidied } from "../../../client/web/terminal/clipboard_text.js";
import { namesAnother, webLink } from "../../../client/web/terminal/link_text.js";
import { themeInForce, THEMES } from "../../../client/web/terminal/themes.js";

test("copied text keeps no blanks at the ends of its lines", () => {
  assert.equal(tidied("  one  \ntwo\t \r\n\n three   "), "  one\ntwo\r\n\n three");
});

test("pasted text has no control characters but tabs and line ends", () => {
  assert.equal(harmless("a\tb\r\nc\x1b[201~d\x03\x9be\x7f"), "a\tb\r\nc[201~de");
});

test("each line end runs a line", () => {
  assert.deepEqual(["ls", "ls\n", "a\r\nb", "a\rb\nc\r\n"].map(linesRun), [0, 1, 1, 3]);
});

test("OSC 52 writes text, and is never read", () => {
  assert.equal(clipboardWrite("c;aMOp"), "hé");
  assert.equal(clipboardWrite(";aGk="), "hi");
  for (const refused of ["c;?", "c;", "c;%%", "c;/w==", "x;aGk=", "c", `c;${"A".repeat(2 << 20)}`]) {
    assert.equal(clipboardWrite(refused), null, refused.slice(0, 20));
  }
});

test("only http and https are links", () => {
  assert.equal(webLink("https://example.com/a")?.href, "https://example.com/a");
  for (const refused of [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "ssh://host",
    "example.com",
  ]) {
    assert.equal(webLink(refused), null, refused);
  }
});

for (const [text, uri, expected] of [
  ["click here", "https://example.com/", false],
  ["https://example.com/a", "https://example.com/a", false],
  ["example.com", "https://example.com/a", false],
  ["www.example.com", "https://example.com/", false],
  ["see https://example.com/b now", "https://example.com/b", false],
  ["https://bank.example", "https://elsewhere.example/", true],
  ["https://bank.example", "https://bank.example.elsewhere.test/", true],
  ["https://bank.example", "https://elsewhere.test/?https://bank.example", true],
  ["bank.example is safe", "https://elsewhere.test/", true],
  ["https://bank.example@elsewhere.test/", "https://bank.example@elsewhere.test/", true],
  ["localhost:8080", "http://localhost:9090/", true],
  ["127.0.0.1", "http://10.0.0.1/", true],
]) {
  test(`"${text}" on ${uri} ${expected ? "names another target" : "names none but it"}`, () => {
    assert.equal(namesAnother(text, new URL(uri)), expected);
  });
}

test("a selection holds both its places, in either order", () => {
  const [one, other] = [
    { col: 70, row: 3 },
    { col: 5, row: 5 },
  ];
  assert.deepEqual(between(one, other, 80), { col: 70, row: 3, length: 96 });
  assert.deepEqual(between(other, one, 80), between(one, other, 80));
  assert.deepEqual(between(one, one, 80), { col: 70, row: 3, length: 1 });
});

test("a long press takes a word, or a blank alone", () => {
  assert.deepEqual(wordAt("cat /etc/hosts | wc", 7), [4, 13]);
  assert.deepEqual(wordAt("cat /etc/hosts | wc", 3), [3, 3]);
});

test("the theme follows the system unless one is chosen", () => {
  assert.equal(themeInForce("system", { dark: true, contrast: false }), "dark");
  assert.equal(themeInForce("system", { dark: false, contrast: false }), "light");
  assert.equal(themeInForce("system", { dark: true, contrast: true }), "contrast");
  assert.equal(themeInForce("light", { dark: true, contrast: true }), "light");
  assert.equal(themeInForce("contrast", { dark: false, contrast: false }), "contrast-light");
});

const luminance = (colour) => {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

test("text has a contrast of 7 and every colour of 4.5 in each theme, black and white of 16 excepted", () => {
  for (const [name, { background, ...colours }] of Object.entries(THEMES)) {
    for (const [role, colour] of Object.entries(colours)) {
      if (/^(?:cursorAccent|selection|black|brightBlack|white)/.test(role)) continue;
      const [dark, light] = [luminance(colour), luminance(background)].sort((one, other) => one - other);
      const contrast = (light + 0.05) / (dark + 0.05);
      assert.ok(contrast >= (role === "foreground" ? 7 : 4.5), `${name} ${role}: ${contrast.toFixed(2)}`);
    }
  }
});

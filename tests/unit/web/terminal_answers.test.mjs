// What is stopped behind a terminal that shows history, and what passes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { isAnswer } from "../../../client/web/terminal/answers.js";
import { InertGate } from "../../../client/web/terminal/inert.js";

const ANSWERS = {
  DA1: "\x1b[?1;2c",
  "DA1 with images": "\x1b[?62;4;9;22c",
  DA2: "\x1b[>0;276;0c",
  "DSR 5": "\x1b[0n",
  CPR: "\x1b[12;40R",
  DECXCPR: "\x1b[?12;40R",
  DECRQM: "\x1b[?2004;1$y",
  "DECRQM, ANSI": "\x1b[4;2$y",
  DECRQSS: "\x1bP1$r0m\x1b\\",
  XTVERSION: "\x1bP>|xterm.js(6)\x1b\\",
  "OSC 11": "\x1b]11;rgb:1414/1717/1c1c\x1b\\",
  "OSC 4": "\x1b]4;1;rgb:f0f0/7171/7878\x07",
  "window size": "\x1b[8;24;80t",
  XTSMGRAPHICS: "\x1b[?1;0;256S",
  "kitty keyboard": "\x1b[?0u",
  "focus in": "\x1b[I",
  "focus out": "\x1b[O",
  "two at once": "\x1b[0n\x1b[1;1R",
};
const TYPED = {
  letter: "a",
  "letter with accent": "é",
  Enter: "\r",
  Escape: "\x1b",
  arrow: "\x1b[A",
  "application arrow": "\x1bOA",
  F5: "\x1b[15~",
  "Alt+[": "\x1b[",
  "pointer, SGR": "\x1b[<0;10;5M",
  "a paste": "\x1b[200~\x1b[0n\x1b[201~",
  "text before an answer": "x\x1b[0n",
  nothing: "",
};

for (const [name, data] of Object.entries(ANSWERS)) {
  test(`${name} is an answer`, () => assert.equal(isAnswer(data), true));
}
for (const [name, data] of Object.entries(TYPED)) {
  test(`${name} is no answer`, () => assert.equal(isAnswer(data), false));
}

function gateOfFake() {
  const handlers = [];
  let onKey = (_) => {};
  const register = (id, handler) => {
    handlers.push({ id, handler });
    return { dispose() {} };
  };
  const parser = { registerCsiHandler: register, registerDcsHandler: register, registerOscHandler: register };
  const gate = new InertGate({ parser, onKey: (listener) => (onKey = listener) });
  return { gate, handlers, press: (key) => onKey({ key }) };
}

test("a key that looks like an answer passes while history is parsed; the same data from the terminal does not", () => {
  const { gate, press } = gateOfFake();
  gate.isInert = true;
  assert.equal(gate.passes("\x1b[1;2R"), false);
  press("\x1b[1;2R"); // Shift+F3
  assert.equal(gate.passes("\x1b[1;2R"), true);
  assert.equal(gate.passes("\x1b[1;2R"), false);
});

test("handlers swallow what asks while history is parsed, and leave all else to xterm.js", () => {
  const { gate, handlers } = gateOfFake();
  const swallowed = (data) => handlers.filter(({ handler }) => handler(data)).length;
  assert.equal(swallowed("?"), 0);
  gate.isInert = true;
  assert.equal(swallowed("?"), handlers.length);
  const colours = handlers.filter(({ id }) => typeof id === "number");
  assert.ok(colours.every(({ handler }) => handler("1;?") && !handler("1;rgb:00/00/00")));
});

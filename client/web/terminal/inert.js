// History without effect: while replayed bytes are parsed, xterm.js answers nothing, and what it announces waits.
//
// Sequences that ask are swallowed by handlers that run before those of xterm.js. What is asked by a way that nobody
// thought of is stopped behind it, by the shape of the answer; keys that look like one pass.

import { isAnswer } from "./answers.js";

/** @typedef {import("../vendor/xterm.mjs").Terminal} Terminal */
/** @typedef {import("../vendor/xterm.mjs").IFunctionIdentifier} Identifier */

// What xterm.js and its image addon answer, and the title stack; some that they don't answer yet.
/** @type {Identifier[]} */
const CSI_EFFECTS = [
  { final: "c" },
  { prefix: ">", final: "c" },
  { prefix: "=", final: "c" },
  { final: "n" },
  { prefix: "?", final: "n" },
  { final: "t" },
  { intermediates: "$", final: "p" },
  { prefix: "?", intermediates: "$", final: "p" },
  { prefix: "?", final: "S" },
  { prefix: "?", final: "u" },
  { prefix: ">", final: "q" },
];
/** @type {Identifier[]} */
const DCS_EFFECTS = [
  { intermediates: "$", final: "q" },
  { intermediates: "+", final: "q" },
];
const COLOUR_OSCS = [4, 5, 10, 11, 12];
const ASKS = /(?:^|;)\?(?:;|$)/;

export class InertGate {
  #terminal;
  #isInert = false;
  /** @type {string | null} */
  #key = null;
  /** @type {import("../vendor/xterm.mjs").IDisposable[]} */
  #handlers = [];

  /** @param {Terminal} terminal */
  constructor(terminal) {
    this.#terminal = terminal;
    terminal.onKey(({ key }) => (this.#key = key)); // fired right before the data
    this.arm();
  }

  /** Put the handlers before all others; again whenever an addon has brought its own. */
  arm() {
    for (const handler of this.#handlers) handler.dispose();
    const { parser } = this.#terminal;
    const swallow = () => this.#isInert;
    this.#handlers = [
      ...CSI_EFFECTS.map((id) => parser.registerCsiHandler(id, swallow)),
      ...DCS_EFFECTS.map((id) => parser.registerDcsHandler(id, swallow)),
      ...COLOUR_OSCS.map((id) => parser.registerOscHandler(id, (data) => this.#isInert && ASKS.test(data))),
    ];
  }

  /** Whether what is parsed now is history. */
  get isInert() {
    return this.#isInert;
  }

  set isInert(value) {
    this.#isInert = value;
  }

  /**
   * Whether data of the terminal may go to the program.
   * @param {string} data
   */
  passes(data) {
    const isKey = data === this.#key;
    this.#key = null;
    return isKey || !this.#isInert || !isAnswer(data);
  }
}

import assert from "node:assert/strict";
import test from "node:test";

import { encodeMessage, parseServerMessage } from "../../../client/web/wire/messages.js";
import { attachUrl } from "../../../client/web/wire/attach_query.js";
import { vectors } from "./fakes.mjs";

/** Leaves out of `value` what `like` has not: unknown fields, which are ignored. */
function only(value, like) {
  if (Array.isArray(like)) {
    return value.map((item, index) => only(item, like[index]));
  }
  return like === null || typeof like !== "object"
    ? value
    : Object.fromEntries(Object.keys(like).map((field) => [field, only(value[field], like[field])]));
}

const NOT_FOR_THE_PAGE = new Set(["output"]); // JSON mode only

for (const { name, text, message, error } of vectors("server_messages")) {
  test(`server message: ${name}`, () => {
    if (error !== undefined) {
      const isUnknown =
        ["unknown type", "a message of the other direction"].includes(name) || text.includes('"output"');
      if (isUnknown) {
        assert.equal(parseServerMessage(text), null);
      } else {
        assert.throws(() => parseServerMessage(text), { code: "protocol_error" });
      }
    } else if (NOT_FOR_THE_PAGE.has(message.type)) {
      assert.equal(parseServerMessage(text), null);
    } else {
      const parsed = parseServerMessage(text);
      assert.deepEqual(only(parsed, message), message);
    }
  });
}

for (const { name, message, text } of vectors("client_messages")) {
  if (message !== undefined && !name.includes("unknown fields") && message.type !== "input") {
    test(`client message: ${name}`, () => {
      assert.deepEqual({ ...message, ...JSON.parse(encodeMessage(message)) }, message);
      assert.equal(JSON.parse(text).type, message.type);
    });
  }
}

const ASKED = {
  sessionId: null,
  since: null,
  create: true,
  mode: "rw",
  clientId: "web-1",
  scrollbackLines: 1000,
  windowBytes: 524288,
  size: null,
  spawn: {},
};

test("a new session is asked for with how it is made, under any path", () => {
  const spawn = { name: "a b&c", argv: ["sh", "-c", "echo +"], cwd: "/tmp", linger: "1m" };
  const url = attachUrl(new URL("wss://host/term/ws"), { ...ASKED, size: { cols: 100, rows: 30 }, spawn });
  assert.equal(url.pathname, "/term/ws");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    client_id: "web-1",
    replay: "restore:1000",
    window: "524288",
    mode: "rw",
    answers: "1",
    cols: "100",
    rows: "30",
    name: "a b&c",
    argv: '["sh","-c","echo +"]',
    cwd: "/tmp",
    linger: "1m",
  });
});

test("a session to come back to is asked for without what would make another", () => {
  const url = attachUrl(new URL("ws://host/ws"), {
    ...ASKED,
    sessionId: "s",
    since: 7,
    create: false,
    mode: "ro",
    spawn: { name: "x" },
  });
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    client_id: "web-1",
    replay: "restore:1000",
    window: "524288",
    mode: "ro",
    session_id: "s",
    create: "0",
    since: "7",
  });
});

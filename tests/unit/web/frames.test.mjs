import assert from "node:assert/strict";
import test from "node:test";

import { decodeFrame, encodeInput } from "../../../client/web/wire/frames.js";
import { hexBytes, vectors } from "./fakes.mjs";

for (const { name, hex, kind, number, payload, error, sender } of vectors("frames")) {
  test(`frame: ${name}`, () => {
    const { buffer } = hexBytes(hex);
    const message = buffer.byteLength === hex.length / 2 ? buffer : Uint8Array.from(hexBytes(hex)).buffer;
    if (error !== undefined) {
      assert.throws(() => decodeFrame(message), { code: "protocol_error" });
      return;
    }
    const frame = decodeFrame(message);
    assert.deepEqual({ ...frame, payload: Buffer.from(frame.payload).toString("hex") }, { kind, number, payload });
    if (sender === "client") {
      assert.equal(Buffer.from(encodeInput(number, frame.payload)).toString("hex"), hex);
    }
  });
}

test("the largest seq travels whole", () => {
  assert.equal(decodeFrame(encodeInput(Number.MAX_SAFE_INTEGER, new Uint8Array(0)).buffer).number, 2 ** 53 - 1);
});

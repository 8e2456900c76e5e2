// Binary frames of the subprotocol `holdfast.v1`: one byte kind, eight bytes big-endian number, payload.
//
// Pure: bytes in, values out. What a number means depends on the kind (docs/protocol.md, "Binary frames").

import { WireError } from "./errors.js";

export const FRAME_HEADER_BYTES = 9;

/** First byte of a frame. REPLAY_ZSTD is sent only to who asks for it, which this page does not. */
export const FrameKind = Object.freeze({ INPUT: 0, OUTPUT: 1, REPLAY: 2, REPLAY_ZSTD: 3, RESTORE: 4 });

const LARGEST_KIND = FrameKind.RESTORE;

/** @typedef {{ kind: number, number: number, payload: Uint8Array }} Frame `payload` is a view into the message. */

/**
 * Returns the frame that types `data`.
 *
 * @param {number} seq input bytes sent before
 * @param {Uint8Array} data
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeInput(seq, data) {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + data.length);
  const header = new DataView(frame.buffer);
  header.setUint8(0, FrameKind.INPUT);
  header.setBigUint64(1, BigInt(seq));
  frame.set(data, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Splits a received binary message.
 *
 * @param {ArrayBuffer} buffer
 * @returns {Frame}
 * @throws {WireError} shorter than its header, of an unknown kind, or with a number that no double holds exactly
 */
export function decodeFrame(buffer) {
  if (buffer.byteLength < FRAME_HEADER_BYTES) {
    throw new WireError(`binary frame of ${buffer.byteLength} bytes; its header alone has ${FRAME_HEADER_BYTES}`);
  }
  const header = new DataView(buffer);
  const kind = header.getUint8(0);
  if (kind > LARGEST_KIND) {
    throw new WireError(`unknown frame kind ${kind}`);
  }
  const number = Number(header.getBigUint64(1));
  if (!Number.isSafeInteger(number)) {
    throw new WireError(`frame number ${number} is too large`);
  }
  return { kind, number, payload: new Uint8Array(buffer, FRAME_HEADER_BYTES) };
}

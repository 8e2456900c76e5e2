// JSON messages of wire protocol v1, as the page sends and receives them. docs/protocol.md is their full text.
//
// Pure. What the daemon sends is checked field by field before anything trusts it. Unknown fields are ignored, and so
// are messages of unknown types: a newer daemon may send some.

import { WireError } from "./errors.js";

/**
 * @typedef {object} SessionMessage which session this is, and where its output goes on
 * @property {"session"} type
 * @property {string} session_id
 * @property {boolean} reconnected
 * @property {number} age_seconds
 * @property {number} created_at
 * @property {"fresh" | "exact" | "restore" | "replay"} attach
 * @property {number} offset
 * @property {number} input_seq
 * @property {number} cols
 * @property {number} rows
 * @property {string | null} fallback
 * @property {string | null} previous_session_id
 * @property {string} client_id
 * @property {string} name
 * @property {number} trimmed_bytes
 * @property {number} replay_until
 * @property {number} input_unknown
 * @property {string | null} exclusive
 * @property {number | null} first_line
 */
/** @typedef {{ type: "replay_done", offset: number }} ReplayDoneMessage */
/** @typedef {{ type: "error", code: string, message: string }} ErrorMessage */
/** @typedef {{ type: "exit", code: number | null, signal: number | null }} ExitMessage */
/** @typedef {{ type: "resize", cols: number, rows: number }} ResizedMessage */
/** @typedef {{ client_id: string, mode: "rw" | "ro", state: "connected" | "waiting", since: number }} PresentClient */
/** @typedef {{ type: "presence", clients: PresentClient[] }} PresenceMessage */
/** @typedef {{ type: "input_ack", seq: number }} InputAckMessage */
/**
 * @typedef {{ type: "skipped", from_offset: number, to_offset: number, reason: "behind" | "trimmed" | "corrupt",
 *   first_line: number | null }} SkippedMessage
 */
/** @typedef {{ line: number, offset: number, text: string, wraps: boolean }} Line */
/** @typedef {{ type: "lines", first_line: number, end_line: number, lines: Line[], id: string }} LinesMessage */
/** @typedef {{ type: "pong" }} PongMessage */
/**
 * @typedef {SessionMessage | ReplayDoneMessage | ErrorMessage | ExitMessage | ResizedMessage | PresenceMessage |
 *   InputAckMessage | SkippedMessage | LinesMessage | PongMessage} ServerMessage
 */

/** @typedef {{ type: "lines", before: number | null, max: number, styled: boolean, id: string }} LinesRequest */
/**
 * @typedef {{ type: "resize", cols: number, rows: number } | { type: "ack", offset: number } | { type: "ping" } |
 *   { type: "detach" } | { type: "end" } | LinesRequest} ClientMessage
 */

/** @typedef {(value: unknown) => boolean} Check */
/** @typedef {{ [field: string]: Check | { check: Check, absent: unknown } }} Shape */

/** @type {Check} */
const isText = (value) => typeof value === "string";
/** @type {Check} */
const isBoolean = (value) => typeof value === "boolean";
/** @type {Check} */
const isSeconds = (value) => typeof value === "number" && Number.isFinite(value);
/** @type {Check} */
const isWhole = (value) => Number.isSafeInteger(value);
/** @type {(check: Check) => Check} */
const orNull = (check) => (value) => value === null || check(value);
/** @type {(...values: string[]) => Check} */
const oneOf = (...values) => {
  const known = new Set(values);
  return (value) => typeof value === "string" && known.has(value);
};
/** @type {(check: Check, absent: unknown) => { check: Check, absent: unknown }} */
const optional = (check, absent) => ({ check, absent });
/** @type {(shape: Shape) => Check} */
const listOf = (shape) => (value) => Array.isArray(value) && value.every((item) => isObject(item) && fill(item, shape));

/** @type {Shape} */
const PRESENT_CLIENT = {
  client_id: isText,
  mode: oneOf("rw", "ro"),
  state: oneOf("connected", "waiting"),
  since: isSeconds,
};
/** @type {Shape} */
const LINE = { line: isWhole, offset: isWhole, text: isText, wraps: isBoolean };

/** @type {Map<string, Shape>} */
const SHAPES = new Map(
  Object.entries({
    session: {
      session_id: isText,
      reconnected: isBoolean,
      age_seconds: isSeconds,
      created_at: isSeconds,
      attach: oneOf("fresh", "exact", "restore", "replay"),
      offset: isWhole,
      input_seq: isWhole,
      cols: isWhole,
      rows: isWhole,
      fallback: optional(orNull(isText), null),
      previous_session_id: optional(orNull(isText), null),
      client_id: optional(isText, ""),
      name: optional(isText, ""),
      trimmed_bytes: optional(isWhole, 0),
      replay_until: optional(isWhole, 0),
      input_unknown: optional(isWhole, 0),
      exclusive: optional(orNull(isText), null),
      first_line: optional(orNull(isWhole), null),
    },
    replay_done: { offset: isWhole },
    error: { code: isText, message: isText },
    exit: { code: orNull(isWhole), signal: orNull(isWhole) },
    resize: { cols: isWhole, rows: isWhole },
    presence: { clients: listOf(PRESENT_CLIENT) },
    input_ack: { seq: isWhole },
    skipped: {
      from_offset: isWhole,
      to_offset: isWhole,
      reason: oneOf("behind", "trimmed", "corrupt"),
      first_line: optional(orNull(isWhole), null),
    },
    lines: { first_line: isWhole, end_line: isWhole, lines: listOf(LINE), id: optional(isText, "") },
    pong: {},
  }),
);

/**
 * Reads what the daemon sent.
 *
 * @param {string} text
 * @returns {ServerMessage | null} null for a type that this version does not know
 * @throws {WireError} not a JSON object, or with a missing or wrong field
 */
export function parseServerMessage(text) {
  const values = parseObject(text);
  const type = values["type"];
  if (typeof type !== "string") {
    throw new WireError("a message without a type");
  }
  const shape = SHAPES.get(type);
  if (shape === undefined) {
    return null;
  }
  if (!fill(values, shape)) {
    throw new WireError(`the daemon sent a malformed '${type}' message`);
  }
  return /** @type {ServerMessage} */ (/** @type {unknown} */ (values));
}

/**
 * @param {ClientMessage} message
 * @returns {string}
 */
export function encodeMessage(message) {
  return JSON.stringify(message);
}

/**
 * @param {string} text
 * @returns {{ [field: string]: unknown }}
 */
function parseObject(text) {
  /** @type {unknown} */
  let values;
  try {
    values = JSON.parse(text);
  } catch {
    throw new WireError("the daemon sent text that is not JSON");
  }
  if (!isObject(values)) {
    throw new WireError("a message must be a JSON object");
  }
  return values;
}

/**
 * @param {unknown} value
 * @returns {value is { [field: string]: unknown }}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Checks fields, and sets those absent to their default; returns whether they are all right.
 *
 * @param {{ [field: string]: unknown }} values
 * @param {Shape} shape
 */
function fill(values, shape) {
  return Object.entries(shape).every(([field, rule]) => {
    if (typeof rule === "function") {
      return rule(values[field]);
    }
    if (!Object.hasOwn(values, field)) {
      values[field] = rule.absent;
    }
    return rule.check(values[field]);
  });
}

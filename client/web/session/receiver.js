// What the daemon sends, handed to the part of the attachment that it is for.

import { WireError } from "../wire/errors.js";
import { parseServerMessage } from "../wire/messages.js";

/** @typedef {import("../wire/attach_query.js").Size} Size */
/** @typedef {import("../wire/messages.js").ServerMessage} ServerMessage */
/** @typedef {import("../wire/messages.js").SessionMessage} SessionMessage */
/**
 * @typedef {object} Parts of an attachment
 * @property {import("./connector.js").Connector} connector
 * @property {import("./typing.js").Typing} typing
 * @property {import("./output.js").Output} output
 * @property {import("./line_requests.js").LineRequests} lines
 * @property {import("./size_claim.js").SizeClaim} size
 * @property {import("./place.js").Place} place
 * @property {import("./outcome.js").Outcome} outcome
 */
/**
 * @typedef {object} ReceiverOwner
 * @property {(name: string, detail: unknown) => void} emit tells of an event
 * @property {() => void} changed the attachment's state may not be what it was
 */

export class Receiver {
  #parts;
  #owner;

  /**
   * @param {Parts} parts
   * @param {ReceiverOwner} owner
   */
  constructor(parts, owner) {
    this.#parts = parts;
    this.#owner = owner;
  }

  /**
   * @param {string | ArrayBuffer} data a message, or a frame of output
   * @throws {WireError} it is not what the protocol allows
   */
  take(data) {
    if (typeof data === "string") {
      this.#obey(parseServerMessage(data));
    } else if (this.#parts.connector.isAttached) {
      this.#parts.output.take(data);
    } else {
      throw new WireError("the daemon sent output before it said of which session");
    }
  }

  /** @param {ServerMessage | null} message */
  #obey(message) {
    const { connector, typing, output, lines, outcome } = this.#parts;
    if (message?.type !== "error") {
      outcome.said = null;
    }
    switch (message?.type) {
      case "session":
        this.#begin(message);
        break;
      case "replay_done":
        this.#replayed(message.offset);
        break;
      case "input_ack":
        typing.acknowledged(message.seq);
        break;
      case "resize":
        output.resize(message.cols, message.rows);
        this.#resized(message);
        break;
      case "skipped":
        output.skipped(message);
        break;
      case "lines":
        lines.answered(message);
        break;
      case "error":
        this.#complained(message);
        break;
      case "exit":
        outcome.exit = { code: message.code, signal: message.signal };
        break;
      case "presence":
        this.#owner.emit("presence", { clients: message.clients });
        break;
      case "pong":
        connector.ponged();
        break;
    }
  }

  /** @param {SessionMessage} message */
  #begin(message) {
    const { connector, typing, output, lines, size, place, outcome } = this.#parts;
    const { previous, isSame, since, toldSize } = place.begin(message, output.expected);
    outcome.reason = "";
    output.begin(message, since);
    size.attached(toldSize);
    connector.attached();
    this.#resized(message);
    this.#owner.emit("session", { message, previous });
    const resumed = isSame ? typing.resume(message.input_seq) : 0;
    const dropped = isSame ? 0 : typing.restart(message.input_seq);
    const unknown = message.input_unknown + resumed;
    if (unknown > 0 || dropped > 0) {
      this.#owner.emit("input-lost", { unknown, dropped });
    }
    for (const request of lines.unanswered) {
      connector.post(request);
    }
    this.#owner.changed();
  }

  /** @param {number} offset */
  #replayed(offset) {
    const { output, place } = this.#parts;
    const message = place.session;
    if (message !== null && message.attach !== "fresh") {
      const detail = { offset, missedBytes: place.missedBytes, ageSeconds: message.age_seconds };
      output.whenParsed(() => this.#owner.emit("restored", detail));
    }
  }

  /** @param {{ code: string, message: string }} error */
  #complained({ code, message }) {
    const { connector, lines, outcome } = this.#parts;
    const said = { code, message };
    outcome.said = said;
    if (code === "input_gap") {
      connector.lose("the daemon expects other input"); // it says on the next connection which
    } else if (!lines.refused(said) && connector.isAttached && code !== "stopping") {
      this.#owner.emit("problem", said);
    }
  }

  /** @param {Size} size the session's */
  #resized({ cols, rows }) {
    this.#parts.size.resized({ cols, rows });
    this.#owner.emit("resized", { cols, rows });
  }
}

// Requests for older lines, from asking to the answer; a connection that breaks in between is not noticed. Pure.

import { RefusedError } from "../wire/errors.js";

/** @typedef {import("../wire/messages.js").LinesMessage} LinesMessage */
/** @typedef {import("../wire/messages.js").LinesRequest} LinesRequest */
/** @typedef {{ before: number | null, max: number, styled: boolean }} Wanted */
/** @typedef {{ request: LinesRequest, resolve: (lines: LinesMessage) => void, reject: (error: Error) => void }} Asked */

/** Not `stopping`: the next daemon is asked again. */
const REFUSALS = new Set(["no_screen", "storage", "limit", "internal"]);

export class LineRequests {
  #count = 0;
  /** @type {Map<string, Asked>} */
  #asked = new Map();

  /** To be sent again on a new connection. */
  get unanswered() {
    return Array.from(this.#asked.values(), (asked) => asked.request);
  }

  /**
   * @param {Wanted} wanted
   * @returns {{ request: LinesRequest, answer: Promise<LinesMessage> }} the request is the caller's to send
   */
  ask(wanted) {
    this.#count += 1;
    /** @type {LinesRequest} */
    const request = { type: "lines", ...wanted, id: String(this.#count) };
    const answer = new Promise((/** @type {Asked["resolve"]} */ resolve, reject) => {
      this.#asked.set(request.id, { request, resolve, reject });
    });
    return { request, answer };
  }

  /** @param {LinesMessage} message */
  answered(message) {
    this.#asked.get(message.id)?.resolve(message);
    this.#asked.delete(message.id);
  }

  /**
   * The daemon reported an error. It names no request: where it may be about lines, nobody waits any longer.
   *
   * @param {{ code: string, message: string }} error
   * @returns {boolean} whether somebody waited
   */
  refused({ code, message }) {
    return REFUSALS.has(code) && this.giveUp(new RefusedError(code, message));
  }

  /**
   * There will be no answers to what was asked up to now.
   *
   * @param {RefusedError} error
   */
  giveUp(error) {
    const waited = this.#asked.size > 0;
    for (const { reject } of this.#asked.values()) {
      reject(error);
    }
    this.#asked.clear();
    return waited;
  }
}

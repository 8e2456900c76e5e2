// One WebSocket, and nothing that outlives it.
//
// A socket that is given up says nothing more, although the browser may take minutes to close it: a half-open connection
// gets no answer to its farewell.

import { SUBPROTOCOL } from "../wire/attach_query.js";

/**
 * @typedef {object} SocketHandlers
 * @property {(data: string | ArrayBuffer) => void} received
 * @property {(closing: { code: number, reason: string, opened: boolean }) => void} closed
 */
/** @typedef {{ new (url: URL, protocols: string[]): WebSocket }} WebSocketMaker */

export class Socket {
  #socket;
  #handlers;
  #opened = false;
  #givenUp = false;

  /**
   * @param {WebSocketMaker} maker
   * @param {URL} url
   * @param {SocketHandlers} handlers
   */
  constructor(maker, url, handlers) {
    this.#handlers = handlers;
    this.#socket = new maker(url, [SUBPROTOCOL]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => {
      this.#opened = true;
    });
    this.#socket.addEventListener("message", (event) => this.#received(event.data));
    this.#socket.addEventListener("close", (event) => this.#closed(event));
  }

  /** @param {string | Uint8Array<ArrayBuffer>} data lost where the connection is, too */
  send(data) {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(data);
    }
  }

  /**
   * Gives it up; where the other end still listens, it is told why.
   *
   * @param {number} code
   */
  close(code) {
    this.#givenUp = true;
    this.#socket.close(code);
  }

  /** @param {string | ArrayBuffer} data */
  #received(data) {
    if (!this.#givenUp) {
      this.#handlers.received(data);
    }
  }

  /** @param {CloseEvent} event */
  #closed({ code, reason }) {
    if (!this.#givenUp) {
      this.#givenUp = true;
      this.#handlers.closed({ code, reason, opened: this.#opened });
    }
  }
}

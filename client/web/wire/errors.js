// What can go wrong between the page and the daemon.

/** The other side broke the protocol. */
export class WireError extends Error {
  get code() {
    return "protocol_error";
  }
}

/** The daemon says no; `code` is one of the protocol's error codes, `message` is for people. */
export class RefusedError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// What the browser remembers: of this tab (session, position, identity, keys not yet typed), and of the session last used.
//
// Storage may be full, or forbidden: then nothing is remembered, and all else works.

/** @typedef {import("./input_queue.js").Unsent} Unsent */
/** @typedef {{ sessionId: string, offset: number }} Place */
/** @typedef {{ sessionId: string, name: string, lastSeenAt: number }} LastSession times are milliseconds */
/** @typedef {{ sessionId: string, clientId: string, acked: number, sent: number, data: string, typed: Unsent["typed"] }} Kept */

export class Memory {
  #tab;
  #browser;
  #prefix;

  /**
   * @param {Storage} tab sessionStorage
   * @param {Storage} browser localStorage
   * @param {string} path of the page: daemons behind one address keep apart
   */
  constructor(tab, browser, path) {
    this.#tab = tab;
    this.#browser = browser;
    this.#prefix = `holdfast:${path}:`;
  }

  /** @returns {string | null} */
  get clientId() {
    const value = this.#read(this.#tab, "client");
    return typeof value === "string" ? value : null;
  }

  set clientId(clientId) {
    this.#write(this.#tab, "client", clientId);
  }

  /** Where this tab is; null where it is in no session. @returns {Place | null} */
  get place() {
    const value = /** @type {Partial<Place> | null} */ (this.#read(this.#tab, "place"));
    const { sessionId, offset } = value ?? {};
    return typeof sessionId === "string" && typeof offset === "number" ? { sessionId, offset } : null;
  }

  set place(place) {
    this.#write(this.#tab, "place", place);
  }

  /** The session last used in any tab. @returns {LastSession | null} */
  get lastSession() {
    const value = /** @type {Partial<LastSession> | null} */ (this.#read(this.#browser, "last"));
    const { sessionId, name, lastSeenAt } = value ?? {};
    return typeof sessionId === "string" && typeof name === "string" && typeof lastSeenAt === "number"
      ? { sessionId, name, lastSeenAt }
      : null;
  }

  set lastSession(session) {
    this.#write(this.#browser, "last", session);
  }

  /**
   * A session is over: nothing leads back to it.
   *
   * @param {string} sessionId
   */
  forget(sessionId) {
    if (this.place?.sessionId === sessionId) {
      this.place = null;
    }
    if (this.lastSession?.sessionId === sessionId) {
      this.lastSession = null;
    }
  }

  /**
   * What was typed by this client into this session and has not arrived.
   *
   * @param {string} sessionId
   * @param {string} clientId
   * @returns {Unsent | null}
   */
  unsent(sessionId, clientId) {
    const kept = /** @type {Kept | null} */ (this.#read(this.#tab, "unsent"));
    if (kept?.sessionId !== sessionId || kept.clientId !== clientId) {
      return null;
    }
    const { acked, sent, typed } = kept;
    return { acked, sent, data: Uint8Array.from(atob(kept.data), (char) => char.charCodeAt(0)), typed };
  }

  /**
   * @param {string} sessionId
   * @param {string} clientId
   * @param {Unsent | null} unsent null: everything has been sent, and may have arrived
   */
  keepUnsent(sessionId, clientId, unsent) {
    if (unsent === null) {
      this.#write(this.#tab, "unsent", null);
      return;
    }
    const { acked, sent, typed } = unsent;
    const data = btoa(Array.from(unsent.data, (byte) => String.fromCharCode(byte)).join(""));
    /** @type {Kept} */
    const kept = { sessionId, clientId, acked, sent, data, typed };
    this.#write(this.#tab, "unsent", kept);
  }

  /**
   * @param {Storage} storage
   * @param {string} key
   * @returns {unknown}
   */
  #read(storage, key) {
    try {
      return JSON.parse(storage.getItem(this.#prefix + key) ?? "null");
    } catch {
      return null;
    }
  }

  /**
   * @param {Storage} storage
   * @param {string} key
   * @param {unknown} value
   */
  #write(storage, key, value) {
    try {
      if (value === null) {
        storage.removeItem(this.#prefix + key);
      } else {
        storage.setItem(this.#prefix + key, JSON.stringify(value));
      }
    } catch {
      storage.removeItem(this.#prefix + key); // what is old there would be wrong
    }
  }
}

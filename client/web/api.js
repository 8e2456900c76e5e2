// The daemon's HTTP API, as far as the page uses it (docs/protocol.md, "HTTP routes"). Addresses are relative, so that
// everything also works behind a path prefix.

/**
 * @typedef {{ client_id: string, mode: "rw" | "ro", state: "connected" | "waiting", since: number }} Presence
 * @typedef {{ pid: number, name: string, command: string }} Process
 * @typedef {{
 *   session_id: string, name: string, pid: number | null, state: "running" | "dead" | "ended" | "expired",
 *   command: string, argv: string[], program: string, cwd: string, cols: number, rows: number,
 *   present: Presence[], created_at: number, last_activity_at: number, ended_at: number | null, ends_at: number | null,
 *   head: number, tail: number, exit_code: number | null, exit_signal: number | null, end_reason: string | null,
 *   processes?: Process[],
 * }} Status
 * @typedef {{ line: number, offset: number, text: string, spans: [number, number][] }} Match
 * @typedef {{ matches: Match[], scanned_to: number, next_before: number | null, first_line: number, end_line: number }} Found
 * @typedef {import("./session/output.js").Screen} Screen
 * @typedef {{ line: number, offset: number, text: string, wraps: boolean }} Line
 * @typedef {{ first_line: number, end_line: number, lines: Line[] }} Lines
 * @typedef {{ name?: string, argv?: string[] | null, cwd?: string }} Spawn
 */

/** The daemon refused, or could not be reached (`code` is then `unreachable`). `message` is for people. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** One daemon. Event `unauthorized`: the login has ended, whatever was asked. */
export class Api extends EventTarget {
  #base;

  /** @param {URL} base address of the page, without a fragment */
  constructor(base) {
    super();
    this.#base = base;
  }

  /** The WebSocket's address. */
  get socketUrl() {
    const url = new URL("ws", this.#base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url;
  }

  /**
   * Trade a one-time code for the cookie.
   *
   * @param {string} code
   */
  async login(code) {
    await this.#fetch("api/login", { method: "POST", headers: { Authorization: `Holdfast-Login ${code}` } }, false);
  }

  async logout() {
    await this.#fetch("api/logout", { method: "POST" }, false);
  }

  /** @param {{ ended?: boolean }} [which] */
  async sessions({ ended = false } = {}) {
    const answer = /** @type {{ sessions: Status[] }} */ (await this.#json(`api/sessions${ended ? "?all=1" : ""}`));
    return answer.sessions.map(complete);
  }

  /** @param {string} id */
  async session(id) {
    return complete(/** @type {Status} */ (await this.#json(`api/sessions/${id}`)));
  }

  /**
   * @param {Spawn} spawn what to run; by default the user's shell at home
   * @param {{ cols: number, rows: number } | null} size
   */
  async create({ name, argv, cwd }, size) {
    const query = new URLSearchParams();
    if (name) query.set("name", name);
    if (argv) query.set("argv", JSON.stringify(argv));
    if (cwd) query.set("cwd", cwd);
    if (size !== null) {
      query.set("cols", String(size.cols));
      query.set("rows", String(size.rows));
    }
    return complete(/** @type {Status} */ (await this.#json(`api/sessions?${query}`, { method: "POST" })));
  }

  /**
   * @param {string} id
   * @returns {Promise<Status>} when it has ended
   */
  async end(id) {
    return /** @type {Status} */ (await this.#json(`api/sessions/${id}/end`, { method: "POST" }));
  }

  /**
   * @param {string} id
   * @param {string} name empty: none
   */
  async rename(id, name) {
    const query = new URLSearchParams({ name });
    return complete(/** @type {Status} */ (await this.#json(`api/sessions/${id}/rename?${query}`, { method: "POST" })));
  }

  /**
   * @param {string} id
   * @param {{ before?: number | null, max?: number, styled?: boolean }} wanted
   */
  async lines(id, { before = null, max = 1000, styled = true }) {
    const query = new URLSearchParams({ max: String(max), styled: styled ? "1" : "0" });
    if (before !== null) query.set("before", String(before));
    return /** @type {Lines} */ (await this.#json(`api/sessions/${id}/lines?${query}`));
  }

  /** @param {string} id @param {number} lines of scrollback */
  async screen(id, lines = 0) {
    return /** @type {Screen} */ (await this.#json(`api/sessions/${id}/screen?lines=${lines}`));
  }

  /**
   * Search on from a line backwards; one call looks for about half a second.
   *
   * @param {string} id
   * @param {{ text: string, caseSensitive: boolean, regex: boolean, before: number | null, max: number }} wanted
   * @param {AbortSignal} signal
   */
  async search(id, { text, caseSensitive, regex, before, max }, signal) {
    const flag = (/** @type {boolean} */ is) => (is ? "1" : "0");
    const query = new URLSearchParams({ q: text, max: String(max), case: flag(caseSensitive), regex: flag(regex) });
    if (before !== null) query.set("before", String(before));
    return /** @type {Found} */ (await this.#json(`api/sessions/${id}/search?${query}`, { signal }));
  }

  /**
   * @param {string} id
   * @param {{ plain: boolean }} form
   * @returns {string} where a browser downloads the log
   */
  logUrl(id, { plain }) {
    return new URL(`api/sessions/${id}/log?download=1${plain ? "&plain=1" : ""}`, this.#base).href;
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   * @returns {Promise<unknown>}
   */
  async #json(path, options = {}) {
    return (await this.#fetch(path, options, true)).json();
  }

  /**
   * @param {string} path
   * @param {RequestInit} options
   * @param {boolean} loggedIn whether an answer of 401 means that the login has ended
   */
  async #fetch(path, options, loggedIn) {
    let answer;
    try {
      answer = await fetch(new URL(path, this.#base), { credentials: "same-origin", cache: "no-store", ...options });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError("unreachable", "The daemon cannot be reached. Is it running, and is the network up?");
    }
    if (answer.ok) return answer;
    const { code, message } = await errorOf(answer);
    if (answer.status === 401 && loggedIn) this.dispatchEvent(new Event("unauthorized"));
    throw new ApiError(code, message);
  }
}

/**
 * @param {Response} answer
 * @returns {Promise<{ code: string, message: string }>}
 */
async function errorOf(answer) {
  try {
    const { code, message } = await answer.json();
    if (typeof code === "string" && typeof message === "string") return { code, message };
  } catch {
    // a proxy's own page: its status is all there is to say
  }
  return { code: "internal", message: `The answer was HTTP ${answer.status}.` };
}

/**
 * @param {Status} status
 * @returns {Status} with what an older daemon leaves out
 */
function complete(status) {
  return { ...status, program: status.program ?? "", present: status.present ?? [], ends_at: status.ends_at ?? null };
}

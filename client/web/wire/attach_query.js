// Query parameters of `GET /ws`: what the page asks for when it attaches. Pure.

export const SUBPROTOCOL = "holdfast.v1";

/** @typedef {{ cols: number, rows: number }} Size in cells */
/**
 * @typedef {object} Spawn how a new session is made; what is left out is the daemon's choice
 * @property {string} [name]
 * @property {readonly string[]} [argv]
 * @property {string} [cwd]
 * @property {string} [linger] a duration, or `never`
 */
/**
 * @typedef {object} AttachQuery
 * @property {string | null} sessionId null: a new session
 * @property {number | null} since offset before which the page has everything
 * @property {boolean} create where the session cannot be had, make a fresh one
 * @property {"rw" | "ro"} mode
 * @property {string} clientId
 * @property {number} scrollbackLines of a restored screen
 * @property {number} windowBytes of output on the way, before an ack is needed
 * @property {Size | null} size null: leave the session's size alone
 * @property {Spawn} spawn
 */

/**
 * @param {URL} socketUrl address of the WebSocket, without parameters of its own
 * @param {AttachQuery} query
 * @returns {URL}
 */
export function attachUrl(socketUrl, query) {
  const url = new URL(socketUrl);
  const parameters = url.searchParams;
  parameters.set("client_id", query.clientId);
  parameters.set("replay", `restore:${query.scrollbackLines}`);
  parameters.set("window", String(query.windowBytes));
  parameters.set("mode", query.mode);
  if (query.mode === "rw") {
    parameters.set("answers", "1");
  }
  if (query.sessionId !== null) {
    parameters.set("session_id", query.sessionId);
    parameters.set("create", query.create ? "1" : "0");
  }
  if (query.since !== null) {
    parameters.set("since", String(query.since));
  }
  if (query.size !== null) {
    parameters.set("cols", String(query.size.cols));
    parameters.set("rows", String(query.size.rows));
  }
  if (query.sessionId === null || query.create) {
    addSpawn(parameters, query.spawn);
  }
  return url;
}

/**
 * @param {URLSearchParams} parameters
 * @param {Spawn} spawn
 */
function addSpawn(parameters, { name, argv, cwd, linger }) {
  if (name) {
    parameters.set("name", name);
  }
  if (argv !== undefined) {
    parameters.set("argv", JSON.stringify(argv));
  }
  if (cwd) {
    parameters.set("cwd", cwd);
  }
  if (linger !== undefined) {
    parameters.set("linger", linger);
  }
}

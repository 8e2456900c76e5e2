// What an attachment says of itself. Types only.

/**
 * @typedef {"connecting" | "connected" | "reconnecting" | "offline" | "ended" | "refused" | "taken-over" |
 *   "detached"} Phase
 */
/**
 * @typedef {object} ConnectionState a snapshot; times are milliseconds since the epoch
 * @property {Phase} phase
 * @property {number} attempt of this outage; 0 while connected
 * @property {number | null} retryAtMs null: an attempt is under way, or there will be none
 * @property {number} sinceMs when this phase began
 * @property {number | null} latencyMs
 * @property {number} waitingKeys typed, and not on their way
 * @property {{ keys: number, ageMs: number } | null} question whether keys that have waited that long are to be typed
 * @property {string | null} code why it ended or is refused
 * @property {string} reason the same for people, or why the connection was lost
 * @property {{ code: number | null, signal: number | null } | null} exit how the session's process ended
 */
/**
 * @typedef {object} AttachmentOptions
 * @property {URL} socketUrl
 * @property {string} clientId
 * @property {string | null} sessionId null: make a new session
 * @property {boolean} [create] where that session cannot be had, make a fresh one; only at first
 * @property {import("../wire/attach_query.js").Spawn} [spawn]
 * @property {"rw" | "ro"} [mode]
 * @property {import("./output.js").Sink} sink
 * @property {number} [scrollbackLines] of a restored screen
 * @property {number | null} [seenOffset] how far the user had seen the session, for `missedBytes`
 * @property {import("./typing.js").UnsentKeeper} [keeper]
 * @property {import("./clock.js").Clock} [clock]
 * @property {() => number} [random]
 * @property {import("./socket.js").WebSocketMaker} [WebSocket]
 * @property {(socketUrl: URL) => Promise<import("../wire/errors.js").RefusedError | null>} [checkLogin]
 * @property {(clock: import("./clock.js").Clock, onDoubt: () => void) => () => void} [watchWaking]
 * @property {() => boolean} [isOnline]
 * @property {() => boolean} [isActive] the user looks at this tab: it may take the session's size
 */

export {};

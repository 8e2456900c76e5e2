// Notices that the machine slept or the network changed: a half-open connection would otherwise seem alive for minutes.
//
// No event tells of sleep itself. What shows is a wall clock that jumped; a page that comes back into view, the focus or
// the network are further reasons to ask whether the connection still holds.

import { Alarm } from "./clock.js";

const TICK_MS = 1000;
const JUMP_MS = 3000;

/**
 * @param {import("./clock.js").Clock} clock
 * @param {() => void} onDoubt called at each such moment
 * @returns {() => void} stops watching
 */
export function watchWaking(clock, onDoubt) {
  const stopped = new AbortController();
  const options = { signal: stopped.signal };
  for (const name of ["online", "offline", "focus", "pageshow"]) {
    window.addEventListener(name, onDoubt, options);
  }
  const onVisible = () => {
    if (document.visibilityState === "visible") {
      onDoubt();
    }
  };
  document.addEventListener("visibilitychange", onVisible, options);
  const stopTicking = watchJumps(clock, onVisible); // timers of a hidden page are throttled: they always seem to jump
  return () => {
    stopTicking();
    stopped.abort();
  };
}

/**
 * @param {import("./clock.js").Clock} clock
 * @param {() => void} onJump the clock went on while this page did not
 * @returns {() => void} stops watching
 */
export function watchJumps(clock, onJump) {
  let dueMs = clock.now();
  const tick = new Alarm(clock, () => {
    const lateMs = clock.now() - dueMs;
    next();
    if (lateMs > JUMP_MS) {
      onJump();
    }
  });
  const next = () => {
    dueMs = clock.now() + TICK_MS;
    tick.set(dueMs);
  };
  next();
  return () => tick.clear();
}

// Who this tab is: the same over reloads, and never the same as another tab.
//
// A duplicated tab begins with a copy of the other's memory. So the tab that uses an id holds a Web Lock named after it;
// where it is taken, this tab takes another.

const RELEASE_MS = 500; // a page that is being reloaded lets go of its lock a moment after its successor has begun

/**
 * @param {string | null} remembered
 * @param {LockManager | undefined} locks absent where the page is not served over a secure connection
 * @returns {Promise<string>}
 */
export async function claimClientId(remembered, locks) {
  if (remembered !== null && (locks === undefined || (await hold(locks, remembered)))) {
    return remembered;
  }
  const made = `web-${crypto.getRandomValues(new BigUint64Array(1))[0]?.toString(36)}`;
  if (locks !== undefined) {
    await hold(locks, made);
  }
  return made;
}

/**
 * Holds the lock as long as the page lives.
 *
 * @param {LockManager} locks
 * @param {string} clientId
 * @returns {Promise<boolean>}
 */
function hold(locks, clientId) {
  return new Promise((resolve) => {
    const held = locks.request(`holdfast:${clientId}`, { signal: AbortSignal.timeout(RELEASE_MS) }, () => {
      resolve(true);
      return new Promise(() => {});
    });
    held.catch(() => resolve(false));
  });
}

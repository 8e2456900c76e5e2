// The page: lets one in by the link's code, and opens what its address, this tab and this browser say.
//
// `window.holdfast` is for scripts of the user's own: `pane` is the terminal (`pane.terminal` is xterm.js), `attachment`
// the place in the session that is shown, `history` the history that is open (else null).

import { Api, ApiError } from "./api.js";
import { parseFragment, showAddress } from "./login.js";
import { claimClientId } from "./session/client_id.js";
import { Memory } from "./session/memory.js";
import { SettingsStore } from "./settings.js";
import { App } from "./ui/app.js";

const base = new URL(document.baseURI);
base.hash = "";
base.search = "";

const { code, sessionId } = parseFragment(location.hash);
if (code !== null) showAddress(sessionId); // before anything else may see it

const api = new Api(base);
const memory = new Memory(sessionStorage, localStorage, base.pathname);
const clientId = await claimClientId(memory.clientId, navigator.locks);
memory.clientId = clientId;
const app = new App({ api, settings: new SettingsStore(), memory, clientId });
Object.defineProperty(window, "holdfast", {
  value: Object.freeze({
    pane: app.pane,
    get attachment() {
      return app.attachment;
    },
    get history() {
      return app.history;
    },
  }),
});
await enter(code, sessionId);
addEventListener("hashchange", () => {
  const next = parseFragment(location.hash);
  if (next.code !== null) showAddress(next.sessionId);
  if (next.code !== null || next.sessionId !== null) void enter(next.code, next.sessionId);
});

/**
 * @param {string | null} loginCode
 * @param {string | null} addressed
 */
async function enter(loginCode, addressed) {
  try {
    if (loginCode !== null) await api.login(loginCode);
  } catch (error) {
    const isUsed = error instanceof ApiError && error.code === "unauthorized";
    const isIn = isUsed && (await api.sessions().catch(() => null)) !== null; // by an earlier link
    if (!isIn) {
      app.showLogin(sentence(/** @type {Error} */ (error).message));
      return;
    }
  }
  await app.boot(addressed);
}

/** @param {string} message */
function sentence(message) {
  return message.charAt(0).toUpperCase() + message.slice(1) + (message.endsWith(".") ? "" : ".");
}

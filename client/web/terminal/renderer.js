// What draws the cells: WebGL, or the DOM where there is none or where the graphics card takes it away.

import { WebglAddon } from "../vendor/addon-webgl.mjs";

/**
 * Draw by WebGL if that works. The two measure cells a little differently, so this belongs right behind `open`.
 * @param {import("../vendor/xterm.mjs").Terminal} terminal
 * @param {() => void} onFallback the DOM draws from now on; cells may have changed their size
 */
export function drawFast(terminal, onFallback) {
  const addon = new WebglAddon();
  try {
    addon.onContextLoss(() => {
      addon.dispose();
      onFallback();
    });
    terminal.loadAddon(addon);
  } catch {
    addon.dispose(); // no WebGL2, or no context left: xterm.js draws by DOM as it did
  }
}

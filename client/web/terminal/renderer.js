// What draws the cells: WebGL, or the DOM where no graphics card does it, or where the card takes it away.

import { WebglAddon } from "../vendor/addon-webgl.mjs";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/**
 * Draw by WebGL if that works. The two measure cells a little differently, so this belongs right behind `open`.
 * @param {import("../vendor/xterm.mjs").Terminal} terminal
 * @param {() => void} onFallback the DOM draws from now on; cells may have changed their size
 */
export function drawFast(terminal, onFallback) {
  if (!hasGraphicsCard()) return;
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

/**
 * Whether WebGL is worth it. Drawn by the processor it is slower than the DOM, and each frame is read back besides: the
 * first screen takes twice as long. Chromium does not count that as the "major performance caveat" that it is.
 */
function hasGraphicsCard() {
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (context === null) return false;
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
  context.getExtension("WEBGL_lose_context")?.loseContext(); // a page may hold only some
  return !SOFTWARE.test(renderer);
}

// Pictures in the terminal (sixel, iTerm2's protocol): loaded when the page has nothing better to do.

const STORAGE_MB = 32;
const LARGEST_PIXELS = 4 * 1024 * 1024;

/**
 * @param {import("../vendor/xterm.mjs").Terminal} terminal
 * @param {() => void} onLoaded it has put handlers of its own before all others
 */
export function loadImages(terminal, onLoaded) {
  whenIdle(async () => {
    // An import can name no hash; the link before it does, and is what is fetched.
    const links = /** @type {HTMLTemplateElement} */ (document.getElementById("for-later")).content;
    document.head.append(links.cloneNode(true));
    const { ImageAddon } = await import("../vendor/addon-image.mjs");
    if (terminal.element === undefined) return; // disposed of meanwhile
    const limits = { pixelLimit: LARGEST_PIXELS, storageLimit: STORAGE_MB, enableSizeReports: false };
    terminal.loadAddon(new ImageAddon(limits));
    onLoaded();
  });
}

/** @param {() => Promise<void>} action */
function whenIdle(action) {
  const run = () => void action().catch((problem) => console.warn("holdfast: no images:", problem));
  if ("requestIdleCallback" in window) requestIdleCallback(run, { timeout: 5000 });
  else setTimeout(run, 2000); // Safari
}

// Where the system asks for reduced motion no cursor blinks, whatever programs ask for.

/** @type {("block" | "underline" | "bar")[]} */
const STYLES = ["block", "block", "block", "underline", "underline", "bar", "bar"];
const BLINKING = 12;

/**
 * @param {import("../vendor/xterm.mjs").Terminal} terminal
 * @param {() => boolean} isCalm
 */
export function keepCalm(terminal, isCalm) {
  terminal.parser.registerCsiHandler({ intermediates: " ", final: "q" }, (params) => {
    if (!isCalm()) return false;
    terminal.options.cursorStyle = STYLES[Number(params[0] ?? 0)] ?? "block";
    return true;
  });
  terminal.parser.registerCsiHandler(
    { prefix: "?", final: "h" },
    (params) => isCalm() && params.length === 1 && params[0] === BLINKING,
  );
}

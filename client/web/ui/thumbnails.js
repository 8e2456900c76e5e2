// Small pictures of what sessions show: one terminal that is never on the page takes a session's screen, and its cells
// are drawn into the canvas of a row. A screen is asked for again only when the session has printed since.

import { THEMES } from "../terminal/themes.js";
import { Terminal } from "../vendor/xterm.mjs";

/** @import { Api, Screen, Status } from "../api.js" */
/** @import { IBufferCell, ITheme } from "../vendor/xterm.mjs" */

/** @typedef {keyof typeof THEMES} Theme */

const BASE_COLOURS = /** @type {const} */ (["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]);
const LEVELS = [0, 95, 135, 175, 215, 255];
const CELL_HEIGHT_TO_WIDTH = 2;
const MOST_COLS = 84; // of a wider screen its left part, still to be recognised

export class Thumbnails {
  #api;
  #theme;
  /** @type {Terminal | null} */
  #terminal = null;
  /** @type {Map<string, { tail: number, theme: Theme, picture: HTMLCanvasElement }>} */
  #pictures = new Map();
  /** One after the other: there is one terminal. */
  #queue = Promise.resolve();

  /**
   * @param {Api} api
   * @param {() => Theme} theme the one in force
   */
  constructor(api, theme) {
    this.#api = api;
    this.#theme = theme;
  }

  /**
   * Draw a session into `canvas`, at once what is known of it, and what is new when it has come.
   *
   * @param {HTMLCanvasElement} canvas
   * @param {Status} session
   */
  draw(canvas, { session_id: id, tail }) {
    const known = this.#pictures.get(id);
    if (known !== undefined) copy(known.picture, canvas);
    if (known !== undefined && known.tail === tail && known.theme === this.#theme()) return;
    this.#queue = this.#queue.then(async () => {
      if (!canvas.isConnected) return;
      const meanwhile = this.#pictures.get(id);
      if (meanwhile?.tail === tail && meanwhile.theme === this.#theme()) return copy(meanwhile.picture, canvas);
      try {
        const screen = await this.#api.screen(id);
        const picture = await this.#render(screen, canvas.width, canvas.height);
        this.#pictures.set(id, { tail, theme: this.#theme(), picture });
        copy(picture, canvas);
      } catch {
        // no emulator, or the session has just ended: the row says everything without its picture
      }
    });
  }

  /**
   * @param {Screen} screen
   * @param {number} width
   * @param {number} height
   */
  async #render(screen, width, height) {
    const terminal = (this.#terminal ??= new Terminal({ allowProposedApi: true, scrollback: 0 }));
    terminal.reset();
    terminal.resize(screen.cols, screen.rows);
    await new Promise((resolve) => terminal.write(screen.screen, () => resolve(undefined)));
    const picture = document.createElement("canvas");
    picture.width = width;
    picture.height = height;
    paint(terminal, picture, THEMES[this.#theme()]);
    return picture;
  }
}

/**
 * @param {HTMLCanvasElement} from
 * @param {HTMLCanvasElement} to
 */
function copy(from, to) {
  const context = to.getContext("2d");
  context?.clearRect(0, 0, to.width, to.height);
  context?.drawImage(from, 0, 0, to.width, to.height);
  to.dataset.drawn = "yes";
}

/**
 * @param {Terminal} terminal
 * @param {HTMLCanvasElement} canvas
 * @param {ITheme} theme
 */
function paint(terminal, canvas, theme) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const foreground = theme.foreground ?? "#ffffff";
  context.fillStyle = theme.background ?? "#000000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const cols = Math.min(terminal.cols, MOST_COLS);
  const cellWidth = canvas.width / cols;
  const cellHeight = cellWidth * CELL_HEIGHT_TO_WIDTH;
  const firstRow = Math.max(0, lastUsedRow(terminal) + 1 - Math.floor(canvas.height / cellHeight));
  context.font = `${cellHeight * 0.84}px monospace`;
  context.textBaseline = "middle";
  const buffer = terminal.buffer.active;
  for (let row = firstRow; row < terminal.rows; row++) {
    const line = buffer.getLine(buffer.baseY + row);
    for (let column = 0; column < cols; column++) {
      const cell = line?.getCell(column);
      if (cell === undefined) continue;
      const inverse = cell.isInverse() !== 0;
      const ink = colour(cell, inverse ? "bg" : "fg", theme) ?? (inverse ? theme.background : foreground);
      const ground = colour(cell, inverse ? "fg" : "bg", theme) ?? (inverse ? foreground : null);
      const [x, y] = [column * cellWidth, (row - firstRow) * cellHeight];
      if (ground !== null) {
        context.fillStyle = ground;
        context.fillRect(x, y, cellWidth * Math.max(1, cell.getWidth()) + 0.5, cellHeight + 0.5);
      }
      const text = cell.getChars();
      if (!text || text === " ") continue;
      context.fillStyle = ink ?? foreground;
      context.fillText(text, x, y + cellHeight / 2);
    }
  }
}

/** @param {Terminal} terminal */
function lastUsedRow(terminal) {
  const buffer = terminal.buffer.active;
  for (let row = terminal.rows - 1; row > buffer.cursorY; row--) {
    if (buffer.getLine(buffer.baseY + row)?.translateToString(true)) return row;
  }
  return buffer.cursorY;
}

/**
 * @param {IBufferCell} cell
 * @param {"fg" | "bg"} which
 * @param {ITheme} theme
 * @returns {string | null} null: the terminal's own
 */
function colour(cell, which, theme) {
  const value = which === "fg" ? cell.getFgColor() : cell.getBgColor();
  if (which === "fg" ? cell.isFgDefault() : cell.isBgDefault()) return null;
  if (which === "fg" ? cell.isFgRGB() : cell.isBgRGB()) return `#${value.toString(16).padStart(6, "0")}`;
  const base = BASE_COLOURS[value % 8] ?? "white";
  if (value < 8) return theme[base] ?? base;
  if (value < 16) return theme[/** @type {"brightRed"} */ (`bright${base[0]?.toUpperCase()}${base.slice(1)}`)] ?? base;
  if (value >= 232) return grey(8 + (value - 232) * 10);
  const cube = value - 16;
  return `rgb(${LEVELS[Math.floor(cube / 36)]},${LEVELS[Math.floor(cube / 6) % 6]},${LEVELS[cube % 6]})`;
}

/** @param {number} level */
function grey(level) {
  return `rgb(${level},${level},${level})`;
}

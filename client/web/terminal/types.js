// What the terminal's modules agree on: types alone.

/**
 * @typedef {"system" | "light" | "dark" | "contrast"} ThemeName
 * @typedef {{ theme: ThemeName, fontSize: number, clipboardWrite: boolean, screenReader: boolean,
 *   bell: "visual" | "sound" | "off" }} Settings  fontSize in CSS pixels
 * @typedef {{ cols: number, rows: number }} Size  in cells
 * @typedef {{ width: number, height: number }} Box  in CSS pixels
 * @typedef {{ label: string, run: () => void }} NoticeAction
 * @typedef {{ text: string, actions: NoticeAction[] }} Notice  for the user; without actions it may go by itself
 * @typedef {{ line: number, offset: number, text: string, wraps: boolean }} Line  as in the protocol's `lines`
 * @typedef {{ first_line: number, end_line: number, lines: Line[] }} Lines
 * @typedef {{ before: number | null, max: number, styled: boolean }} LinesRequest
 */

export {};

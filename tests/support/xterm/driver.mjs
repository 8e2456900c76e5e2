// Reads streams from stdin, one JSON object a line: {"cols", "rows", "stream" in base64}.
// Writes for each what the terminal shows then: {"text": rows without blanks at their ends, "x", "y", "alternate"}.
import headless from "@xterm/headless";
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const { cols, rows, stream } = JSON.parse(line);
  const terminal = new headless.Terminal({ cols, rows, scrollback: 1000, allowProposedApi: true });
  await new Promise((done) => terminal.write(Buffer.from(stream, "base64"), done));
  const buffer = terminal.buffer.active;
  const text = Array.from({ length: rows }, (_, row) => buffer.getLine(buffer.baseY + row).translateToString(true));
  const alternate = buffer.type === "alternate";
  console.log(JSON.stringify({ text, x: buffer.cursorX, y: buffer.cursorY, alternate }));
  terminal.dispose();
}

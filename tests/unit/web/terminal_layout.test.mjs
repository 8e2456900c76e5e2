// What fits, and the font at which a session of another size is all visible.
import assert from "node:assert/strict";
import { test } from "node:test";

import { boundedFont, fontThatShows, whatFits } from "../../../client/web/terminal/layout.js";

const CELL = { width: 8, height: 17 };

test("as many whole cells fit as there is room for, within the protocol's limits", () => {
  assert.deepEqual(whatFits({ width: 803, height: 350 }, CELL), { cols: 100, rows: 20 });
  assert.deepEqual(whatFits({ width: 1, height: 1 }, CELL), { cols: 2, rows: 1 });
  assert.deepEqual(whatFits({ width: 90_000, height: 90_000 }, CELL), { cols: 1000, rows: 1000 });
  assert.equal(whatFits({ width: 0, height: 300 }, CELL), null);
  assert.equal(whatFits({ width: 300, height: 300 }, { width: 0, height: 0 }), null);
});

test("a session that is too large gets a smaller font, in the direction that needs it most; never one below 6", () => {
  const room = { width: 800, height: 340 };
  assert.equal(fontThatShows({ cols: 80, rows: 10 }, room, CELL, 14), 14);
  assert.equal(fontThatShows({ cols: 200, rows: 10 }, room, CELL, 14), 7);
  assert.equal(fontThatShows({ cols: 80, rows: 40 }, room, CELL, 14), 7);
  assert.equal(fontThatShows({ cols: 1000, rows: 10 }, room, CELL, 14), 6);
});

test("a font size that is asked for is a whole number from 6 to 40", () => {
  assert.deepEqual([3, 14.4, 99].map(boundedFont), [6, 14, 40]);
});

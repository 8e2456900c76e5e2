// Commands as people type them.

import assert from "node:assert/strict";
import test from "node:test";
import { argvOf } from "../../../client/web/ui/command_words.js";

test("nothing typed is the user's own shell", () => {
  assert.equal(argvOf(""), null);
  assert.equal(argvOf("  "), null);
});

test("words and quotes make an argument list", () => {
  assert.deepEqual(argvOf("make -j 8"), ["make", "-j", "8"]);
  assert.deepEqual(argvOf(`grep "two words" 'and $three' a\\ b`), ["grep", "two words", "and $three", "a b"]);
  assert.deepEqual(argvOf(`git commit -m "say \\"hi\\""`), ["git", "commit", "-m", 'say "hi"']);
  assert.deepEqual(argvOf("echo ''"), ["echo", ""]);
});

test("what only a shell understands goes to a shell", () => {
  for (const text of ["a | b", "a && b", "echo $HOME", 'echo "$HOME"', "ls *.c", "X=1 make", "cd ~/x", "echo 'open"]) {
    assert.deepEqual(argvOf(text), ["/bin/sh", "-c", text]);
  }
});

"""Other terminals, for a second opinion: xterm.js without a screen, and tmux.

Each is only ever compared with itself: what it shows of a whole stream, and of a restore with the rest of the stream.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

__all__ = ["Shown", "Task", "Tmux", "XtermJs", "tmux", "xterm_js"]

_XTERM = Path(__file__).parent / "xterm"
_INSTALL_S = 120
_WAIT_S = 30


class Task(NamedTuple):
    """What to write into a terminal of which size."""

    cols: int
    rows: int
    stream: bytes


class Shown(NamedTuple):
    """What is seen then: rows of text without blanks at their ends, the cursor, from 0, and on which screen."""

    text: tuple[str, ...]
    x: int
    y: int
    is_alternate: bool


@dataclass(frozen=True)
class XtermJs:
    """xterm.js in Node; a process for all streams of a call."""

    node: str

    def show(self, tasks: Sequence[Task]) -> list[Shown]:
        """Write each stream into a terminal of its own."""
        lines = [
            json.dumps({"cols": cols, "rows": rows, "stream": base64.b64encode(stream).decode()})
            for cols, rows, stream in tasks
        ]
        command = [self.node, str(_XTERM / "driver.mjs")]
        done = subprocess.run(
            command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=_WAIT_S
        )
        told = [json.loads(line) for line in done.stdout.splitlines()]
        return [Shown(tuple(row.rstrip() for row in one["text"]), one["x"], one["y"], one["alternate"]) for one in told]


def xterm_js() -> XtermJs:
    """Return xterm.js, installed beside its lock file where it is not yet; the test is skipped where it cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("xterm.js needs node and npm")
    if not (_XTERM / "node_modules" / "@xterm" / "headless" / "package.json").exists():
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        try:
            done = subprocess.run(command, cwd=_XTERM, capture_output=True, text=True, check=False, timeout=_INSTALL_S)
        except subprocess.TimeoutExpired:
            pytest.skip("xterm.js cannot be installed: npm takes too long")
        if done.returncode:
            pytest.skip(f"xterm.js cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return XtermJs(node)


@dataclass(frozen=True)
class Tmux:
    """A server of its own."""

    command: str
    socket: Path
    folder: Path

    def show(self, tasks: Sequence[Task]) -> list[Shown]:
        """Write each stream into a pane of its own; all of them at the same time."""
        for number, task in enumerate(tasks):
            self._start(number, task)
        return [self._finish(number, task) for number, task in enumerate(tasks)]

    def _start(self, number: int, task: Task) -> None:
        file = self.folder / f"{number}"
        file.write_bytes(task.stream)
        # The answer to a query that stands behind the stream says that tmux has seen all of it.
        signal = shlex.join([*self._tmux, "wait-for", "-S", f"{number}"])
        script = (
            f"stty raw -echo; cat {shlex.quote(str(file))}; printf '\\033[5n'; head -c 4 >/dev/null; {signal}; read end"
        )
        size = ["-x", str(task.cols), "-y", str(task.rows)]
        self.run("new-session", "-d", "-s", f"s{number}", *size, script)

    def _finish(self, number: int, task: Task) -> Shown:
        self.run("wait-for", f"{number}")
        text = self.run("capture-pane", "-p", "-t", f"s{number}").split("\n")[: task.rows]
        place = self.run("display-message", "-p", "-t", f"s{number}", "#{cursor_x} #{cursor_y} #{alternate_on}")
        self.run("kill-session", "-t", f"s{number}")
        x, y, is_alternate = map(int, place.split())
        return Shown(tuple(row.rstrip() for row in text), x, y, bool(is_alternate))

    @property
    def _tmux(self) -> list[str]:
        return [self.command, "-S", str(self.socket), "-f", os.devnull]

    def run(self, *arguments: str) -> str:
        """Do one thing, and return what it prints."""
        environ = {name: value for name, value in os.environ.items() if name not in {"TMUX", "TMUX_PANE"}}
        command = [*self._tmux, *arguments]
        return subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=_WAIT_S
        ).stdout


@contextmanager
def tmux(folder: Path) -> Iterator[Tmux]:
    """Start a server with its files in a folder, and end it; the test is skipped where there is no tmux."""
    command = shutil.which("tmux")
    if command is None:
        pytest.skip("there is no tmux here")
    server = Tmux(command, folder / "tmux", folder)
    server.run("new-session", "-d", "-s", "keep", "-x", "80", "-y", "24", "read end")
    try:
        server.run("set-option", "-g", "status", "off")
        server.run("set-option", "-g", "history-limit", "1000")
        yield server
    finally:
        server.run("kill-server")

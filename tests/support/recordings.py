"""Real programs recorded in a real terminal: what they print while somebody uses them."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

from .terminal_streams import Step, TerminalStream

__all__ = ["PROGRAMS", "Program", "record"]

_REST_S = 0.15
_WAIT_S = 20.0
_SIZE = 80, 24
_DEVICE_ATTRIBUTES, _ANSWER = b"\x1b[c", b"\x1b[?62;22c"  # fish waits for it

Key = bytes | tuple[int, int]
"""What is typed, or a new size of the window."""


@dataclass(frozen=True)
class Program:
    """One to be recorded.

    Attributes:
        name: of the program, also the command that must be there.
        prepare: makes what it shows in a folder, and returns its command line.
        shows: what it prints when it can be used.
        keys: what is typed then, each when the output has come to rest.
        environ: variables of its own.
    """

    name: str
    prepare: Callable[[Path], list[str]]
    shows: bytes
    keys: Sequence[Key] = ()
    environ: tuple[tuple[str, str], ...] = ()


def record(program: Program, folder: Path) -> TerminalStream:
    """Run a program, use it, and return what it printed; the test is skipped where it is missing."""
    if shutil.which(program.name) is None:
        pytest.skip(f"there is no {program.name} here")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        **dict(program.environ),
    }
    cols, rows = _SIZE
    process = PtyProcess.spawn(program.prepare(folder), cwd=str(folder), env=environ, dimensions=(rows, cols))
    try:
        return TerminalStream(cols, rows, tuple(_use(process, program)))
    finally:
        process.kill(signal.SIGKILL)
        process.close()


def _use(process: PtyProcess, program: Program) -> list[Step]:
    steps: list[Step] = [_read(process, program.shows)]
    for key in program.keys:
        if isinstance(key, bytes):
            process.write(key)
        else:
            cols, rows = key
            process.setwinsize(rows, cols)
            steps.append(key)
        steps.append(_read(process, b""))
    return [step for step in steps if step]


def _read(process: PtyProcess, wanted: bytes) -> bytes:
    """Read until the output has what is wanted and comes to rest, or ends."""
    printed = bytearray()
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.fd], [], [], _REST_S)
        if not ready:
            if wanted in printed:
                return bytes(printed)
            continue
        try:
            data = os.read(process.fd, 65536)
        except OSError:  # Linux says so at the end
            data = b""
        if not data:
            break
        printed += data
        if _DEVICE_ATTRIBUTES in data:
            process.write(_ANSWER)
    assert wanted in printed, f"{wanted!r} was not printed, but {bytes(printed[-200:])!r}"
    return bytes(printed)


def _text(folder: Path) -> Path:
    file = folder / "text.c"
    lines = (f'    printf("line {number}: grüße, 漢字 and tabs\\t%d\\n", {number * 7919});' for number in range(200))
    file.write_text("#include <stdio.h>\n\nint main(void) {\n" + "\n".join(lines) + "\n}\n")
    return file


def _vim(folder: Path) -> list[str]:
    return ["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "--cmd", "set ruler showmode", str(_text(folder))]


def _less(folder: Path) -> list[str]:
    return ["less", "-R", "-N", str(_text(folder))]


def _bash(_folder: Path) -> list[str]:
    return ["bash", "--noprofile", "--norc", "-i"]


def _fish(_folder: Path) -> list[str]:
    return ["fish", "--no-config", "-i"]


def _progress_bar(folder: Path) -> list[str]:
    script = folder / "progress.py"
    script.write_text(
        "import sys\n"
        "for done in range(101):\n"
        "    bar = '█' * (done // 4) + '░' * (25 - done // 4)\n"
        "    sys.stdout.write(f'\\r\\x1b[2K\\x1b[32m{bar}\\x1b[0m {done:3d}% of 漢字')\n"
        "    if done % 20 == 0:\n"
        "        sys.stdout.write(f'\\r\\x1b[2Kstep {done} is done\\n')\n"
        "print(' finished')\n"
    )
    return [sys.executable, str(script)]


def _git_log(folder: Path) -> list[str]:
    run = ["git", "-c", "user.name=A", "-c", "user.email=a@example.net", "-C", str(folder)]
    subprocess.run([*run, "init", "-q"], check=True)
    for number in range(6):
        (folder / "file").write_text(f"grüße {number}\n" * (number + 3))
        subprocess.run([*run, "add", "file"], check=True)
        subprocess.run([*run, "commit", "-q", "-m", f"Change number {number}"], check=True)
    return [*run, "--no-pager", "log", "--color=always", "-p", "--graph"]


_LINE_EDITING = (
    b"echo one two three", b"\x01\x1bf\x1bfX\x05", b"\r", b"printf 'a\\tb\\n%s\\n' " + b"wide" * 40, b"\x17", b"\x1b[A",
    b"\r", (50, 24), b"for i in 1 2 3; do\r", b"printf '\\e[4%sm a \\e[K\\e[0m\\n' $i\rdone\r", b"\x12wide", b"\x07",
    b"ls --color=always /\r",
)  # fmt: skip
_VIM_KEYS = (
    b":syntax on\r", b"5Goinserted \xe6\xbc\xa2\x1b", b":vsplit\r", b"\x06\x06", b"/1[05]:\r", b":set list\r",
    (100, 30), b"ggdGu", b":split\r", b"VGd", (60, 20), b":q!\r",
)  # fmt: skip
_FISH_KEYS = (
    b"echo hello wor", b"\x7f\x7f\x7f", b"\r", b"ls /et\t", (60, 24), b"\r", b"for i in 1 2\r", b"echo $i\r", b"end\r",
)  # fmt: skip
_PROMPT = r"\[\e[1;32m\]here\[\e[0m\]:\[\e[34m\]\w\[\e[0m\]\$ "

PROGRAMS = (
    Program("vim", _vim, b"stdio", _VIM_KEYS),
    Program("less", _less, b"stdio", (b" ", b" ", b"/line 9\r", b"n", (70, 20), b"G", b"b", b"h", b"q")),
    Program("htop", lambda _folder: ["htop", "-d", "5"], b"PID", (b"t", b"\x1b[B", b"\x1b[B", (100, 30), b"I")),
    Program("top", lambda _folder: ["top", "-d", "0.5"], b"PID", (b"1", b"c", (70, 20), b"t")),
    Program("bash", _bash, b"here", _LINE_EDITING, (("PS1", _PROMPT),)),
    Program("fish", _fish, b"~", _FISH_KEYS),
    Program("python3", _progress_bar, b"finished"),
    Program("git", _git_log, b"number 0"),
)

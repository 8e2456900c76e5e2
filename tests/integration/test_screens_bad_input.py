"""Bad output: the screen is right as far as it can be, in bounded memory and time.

Each stream goes into a process of its own, which tells how much memory it took.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast.daemon.screens.screen import available

pytestmark = pytest.mark.skipif(available() is not None, reason="there is no terminal emulator here")

MB = 1 << 20
TESTS = Path(__file__).parent.parent
SCRIPT = """
import json, resource, sys, time
from support.screen_facts import differences, restored_facts
from holdfast.daemon.screens.screen import Screen

cols, rows, limits = *map(int, sys.argv[1:3]), dict(scrollback_lines=1000, scrollback_bytes=1 << 24)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

data = sys.stdin.buffer.read()
before = peak()
early = Screen(cols, rows, **limits)
started = time.perf_counter()
early.feed(data)
fed = time.perf_counter()
restore = early.restore(1000)
painted = time.perf_counter()
late = Screen(cols, rows, **limits)
late.feed(restore)
loaded = Screen.from_checkpoint(early.checkpoint(), **limits)
for screen in (early, late, loaded):
    screen.feed(b"\\x1b\\\\\\x1b[mthe end")
told = restored_facts(early.snapshot(), 900)
print(json.dumps({
    "feed_s": fed - started, "restore_s": painted - fed, "restore_bytes": len(restore), "memory": peak() - before,
    "late": differences(told, restored_facts(late.snapshot(), 900)),
    "loaded": differences(told, restored_facts(loaded.snapshot(), 900)),
    "text": [row.text.decode() for row in early.rows(0, 1_000_000, styled=False)][-rows:],
}))
"""


def outcome(data: bytes, cols: int = 80, rows: int = 24) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(cols), str(rows)],
        input=data,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["late"], found["loaded"]) == ([], [])
    return found


def test_bytes_that_are_not_utf8_become_what_they_become_for_whoever_was_there() -> None:
    chance = random.Random(5)
    data = bytes(chance.choice((chance.randrange(32, 256), chance.randrange(0xA0, 256))) for _ in range(200_000))
    found = outcome(data)
    assert "�" in "".join(found["text"])
    assert found["memory"] < 60 * MB


def test_a_line_of_20_mb_is_a_line_that_wraps() -> None:
    """Only its end is kept, as of any other."""
    found = outcome(b"0123456789" * (2 * MB))
    assert found["memory"] < 60 * MB
    assert found["restore_bytes"] < 200_000
    assert found["restore_s"] < 2
    assert found["text"][-2] == "0123456789" * 8


@pytest.mark.parametrize("opener", [b"\x1b]0;", b"\x1bPq", b"\x1b_G", b"\x1b^", b"\x1bX", b"\x1b["])
def test_a_sequence_that_never_ends_swallows_what_it_would_and_is_not_kept(opener: bytes) -> None:
    """A terminal that comes in the middle of it prints nothing of it, either."""
    found = outcome(b"before " + opener + b"1" * (5 * MB))
    assert found["memory"] < 60 * MB
    assert found["restore_bytes"] < 70_000
    assert found["text"] == ["before the end", *[""] * 23]


def test_ten_thousand_modes_are_switched() -> None:
    """Also those that do not exist."""
    chance = random.Random(9)
    known = (1, 5, 6, 7, 12, 25, 47, 66, 69, 1000, 1003, 1004, 1006, 1047, 1049, 2004, 2026, 2027, 2048)
    modes = [chance.choice((*known, chance.randrange(10_000))) for _ in range(10_000)]
    data = b"".join(b"\x1b[%s%d%c" % (chance.choice((b"?", b"")), mode, chance.choice(b"hl")) for mode in modes)
    assert outcome(data + b"\x1b[?1049l\x1b[?6l")["restore_bytes"] < 10_000


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (500, 1), (500, 500)])
def test_windows_of_any_size(size: tuple[int, int]) -> None:
    lines = b"".join(b"\x1b[3%dmline %d\x1b[m\r\n" % (number % 8, number) for number in range(3000))
    found = outcome(lines if size[0] > 20 else b"a\r\n\x1b[31mb\x1b[m\r\n" * 3000, *size)
    assert found["memory"] < 250 * MB
    assert found["restore_s"] < 5
    assert found["text"][-1] == "the end"[-size[0] :]


def test_a_screen_full_of_everything_costs_little() -> None:
    """Every cell another colour, underline and link."""
    cells = [
        b"\x1b[0;4;38;2;%d;%d;%dm\x1b]8;id=%d;http://x/\x07z" % (n % 256, n // 256, n % 7, n % 500)
        for n in range(200 * 60)
    ]
    found = outcome(b"".join(cells), 200, 60)
    assert found["memory"] < 100 * MB
    assert found["restore_s"] < 5

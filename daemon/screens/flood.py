"""Floods of short lines: all but the last of them leave nothing on a screen but the numbers of its rows. Pure.

The emulator makes some two million rows a second, so `yes`, 3 bytes a row, takes a second for 6 MB, and whoever looks
at such a session would wait until it has seen all. Where nothing but plain lines comes, that each fit into one row, the
rows in the middle can be counted instead.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Flood", "find_flood"]


class Flood(NamedTuple):
    """Part of some output: what stands in `[start, stop)` is `lines` whole plain lines, a row each.

    As many as a screen has rows come before it, so that it begins at the bottom, and enough behind it.
    """

    start: int
    stop: int
    lines: int


def find_flood(data: bytes, cols: int, rows: int, kept: int) -> Flood | None:
    """Return what of `data` may be counted instead of drawn; None where that is not worth it.

    Args:
        data: output.
        cols: width of the screen.
        rows: its height.
        kept: lines at the end of it that are to be drawn.
    """
    if data.count(b"\r\n") < 2 * (rows + kept):  # at 4 GB/s, and nearly always
        return None
    begin = data.find(b"\r\n") + 2
    run = _plain_lines(cols).match(data, begin)
    assert run is not None  # noqa: S101  # it matches nothing, too
    lines = data.count(b"\n", begin, run.end())
    if lines < 2 * (rows + kept):
        return None
    start = begin + sum(len(line) + 1 for line in data[begin : run.end()].split(b"\n", rows)[:rows])
    stop = run.end() - sum(len(line) + 1 for line in data[begin : run.end() - 1].rsplit(b"\n", kept)[1:])
    return Flood(start, stop, lines - rows - kept)


@lru_cache(maxsize=64)
def _plain_lines(cols: int) -> re.Pattern[bytes]:
    # Takes 115 to 280 MB/s: possessive, it remembers no way back.
    return re.compile(rb"(?:[ -~]{0,%d}+\r\n)*+" % cols)

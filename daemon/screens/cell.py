"""One cell of a row: where a character stands, and what writes it once more. Pure."""

from __future__ import annotations

import re
import unicodedata

from .page import Row
from .pen import PLAIN, Pen
from .runs import Run, runs

__all__ = ["again", "blank_end", "erase_again", "find", "joins", "write"]

_CLUSTERS_ON, _CLUSTERS_OFF = b"\x1b[?2027h", b"\x1b[?2027l"
_TEXT_SELECTOR, _EMOJI_SELECTOR = "\ufe0e", "\ufe0f"
_ENDS_CLUSTER = re.compile(
    "[\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""Ignorable characters that are no part of a cluster (UAX 29, Control), but have no width."""
_ALWAYS_JOINS = re.compile("[\u115f-\u11ff\u200c\u200d\ud7b0-\ud7fb\U000e0020-\U000e007f]|" + _ENDS_CLUSTER.pattern)
_EMOJI = re.compile("[\U0001f000-\U0001faff]")
_ERASE = b"\x1b[@"
"""ICH: unlike other erasing it does not undo that the row wraps."""


def write(pen: Pen, run: Run) -> None:
    """Write the text of a run."""
    pen.take(run.style, run.link, is_protected=run.is_protected)
    pen.write(run.text.encode())
    if run.joined:
        pen.write(_join(run))


def _join(run: Run) -> bytes:
    """Return what goes into the same cell. Mode 2027 decides whether a terminal that has it puts it there."""
    if _EMOJI_SELECTOR in run.joined:
        clusters = run.is_wide
    else:
        clusters = _TEXT_SELECTOR in run.joined or not all(map(joins, run.joined))
    if not clusters:
        return run.joined.encode()
    return _CLUSTERS_ON + b"".join(map(_join_to_cluster, run.joined)) + _CLUSTERS_OFF


def _join_to_cluster(part: str) -> bytes:
    return _CLUSTERS_OFF + part.encode() + _CLUSTERS_ON if _ENDS_CLUSTER.match(part) else part.encode()


def joins(character: str) -> bool:
    """Whether it goes into the cell before it, in any mode."""
    category = unicodedata.category(character)
    if category == "Cn":
        return _EMOJI.match(character) is None  # newer than this Python, as a mark is that the emulator knows
    return category in {"Mn", "Me"} or _ALWAYS_JOINS.match(character) is not None


def again(row: Row, column: int) -> tuple[int, int, bytes]:
    """Return where the character in a column begins and stops, and what writes it once more: a space for none."""
    at, pen = 0, Pen()
    for run in runs(row):
        if at + run.columns > column:
            if run.text:
                width = run.columns // len(run.text)
                number = (column - at) // width
                write(pen, run._replace(text=run.text[number]))
                return at + number * width, at + (number + 1) * width, pen.bytes()
            pen.take(run.fill or PLAIN)
            break
        at += run.columns
    pen.write(b" ")
    return column, column + 1, pen.bytes()


def erase_again(row: Row, column: int) -> bytes:
    """Return what makes the cell under the cursor, the last of its row, blank again, if it is."""
    at = 0
    for run in runs(row):
        if at <= column < at + run.columns:
            return b"" if run.text else (run.fill or PLAIN) + _ERASE + PLAIN
        at += run.columns
    return PLAIN + _ERASE


def find(row: Row, character: str) -> int | None:
    """Return the first column in which this character stands."""
    at = 0
    for run in runs(row):
        number = run.text.find(character)
        if number >= 0:
            return at + number * (run.columns // len(run.text))
        at += run.columns
    return None


def blank_end(row: Row) -> tuple[int, bytes]:
    """Return the column from which on characters can be written and erased, and what makes the background there.

    A row that wraps, or goes on, is left alone: erasing undoes the wrap, and what says that a wide one did not fit.
    """
    found = list(runs(row))
    used = sum(run.columns for run in found)
    if row.wraps or row.continues:
        return row.page.cols, PLAIN
    if not found or found[-1].text or used < row.page.cols:
        return used, PLAIN
    return used - found[-1].columns, found[-1].fill

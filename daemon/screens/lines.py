"""Rows of the emulator one by one, to be read. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .page import Row
from .pen import Pen
from .runs import runs

__all__ = ["Line", "is_one_line", "line"]


class Line(NamedTuple):
    """A row as it can be shown alone.

    Attributes:
        text: UTF-8, without a line feed; with SGR and OSC 8 if it was asked for, and then it ends in plain style.
        wraps: the next row belongs to the same line.
    """

    text: bytes
    wraps: bool


def is_one_line(row: Row, after: Row | None) -> bool:
    """Whether the text of a row goes on in the one after it. That one knows it, too; when they differ, this decides."""
    return after is not None and row.wraps


def line(row: Row, after: Row | None, *, styled: bool) -> Line:
    """Return a row alone, and whether it goes on in the row after it.

    Cells without a character are spaces; those at the end are left out unless they are coloured.
    """
    found = list(runs(row))
    wraps = is_one_line(row, after)
    if not styled:
        text = "".join((run.text or " " * run.columns) + run.joined for run in found)
        return Line((text if wraps else text.rstrip(" ")).encode(), wraps)
    while found and not found[-1].text and not found[-1].fill:
        found.pop()
    pen = Pen()
    for run in found:
        if run.text:
            pen.take(run.style, run.link)
            pen.write((run.text + run.joined).encode())
        elif run.fill:
            pen.take(run.fill)
            pen.write(b" " * run.columns)
        else:
            pen.take()
            pen.write(b" " * run.columns)
    return Line(pen.bytes(), wraps)

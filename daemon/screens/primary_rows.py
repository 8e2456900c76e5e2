"""Rows of the primary screen, one by one, with its scrollback: what a session's lines are. Pure."""

from __future__ import annotations

from itertools import zip_longest

from .lines import Line, line
from .plain import plain_lines
from .snapshot import Snapshot

__all__ = ["primary_rows", "used_rows"]


def primary_rows(snapshot: Snapshot, first: int, stop: int, *, styled: bool) -> list[Line]:
    """Return rows `first` to `stop`, counted from the oldest that is kept; styled 10 to 20 µs each, else 2 to 3."""
    rows = snapshot.screens[0].rows_between(first, stop + 1)  # one more tells whether the last one goes on in it
    wanted = rows[: max(0, stop - first)]
    if not styled:
        return plain_lines(wanted, rows[len(wanted)] if len(rows) > len(wanted) else None)
    return [line(row, after, styled=True) for row, after in zip_longest(wanted, rows[1 : len(wanted) + 1])]


def used_rows(snapshot: Snapshot) -> int:
    """Return how many rows there are, but for blank ones at the end of the screen."""
    primary = snapshot.screens[0]
    count = primary.row_count
    for row in reversed(primary.last_rows(snapshot.rows)):
        if line(row, None, styled=False).text:
            break
        count -= 1
    return count

"""Feeding a screen so little at a time that it can be seen which output began a row."""

from __future__ import annotations

import re

from .screen import Place, Screen

__all__ = ["feed_some"]

_ESCAPE, _LAST_ASCII = 0x1B, 0x7F
_ROW_ENDS = re.compile(rb"[\n\x0b\x0c]|\x1b(?!\[[0-9;:]*m)")
"""In text: what moves the cursor to another row, the line feeds and any sequence but SGR."""
_INTERRUPTIONS = re.compile(rb"[\n\x0b\x0c\x1b]")
"""In a sequence: line feeds have their effect at once, and another sequence takes its place."""


def feed_some(screen: Screen, place: Place, data: bytes) -> tuple[int, bool]:
    """Feed the rest of a sequence, or text that stays in its row, or one character that may begin the next.

    Takes 5 µs. What begins a row is the same however a stream is cut into calls.

    Args:
        screen: to feed.
        place: where it is.
        data: what comes next; not empty.

    Returns:
        How many bytes were taken, and whether they ended the row.
    """
    if not place.at_rest:
        # A character that is cut short by another one ends with that one's first byte.
        count, ends_row = (1, False) if data[0] > _LAST_ASCII else _until(_INTERRUPTIONS, data, len(data))
        taken = screen.feed_to_rest(data[:count])
        return (count, ends_row) if taken is None else (taken, False)
    # A byte makes one cell at most, so the row has room for these; in its last column a single one is next.
    count, ends_row = _until(_ROW_ENDS, data, screen.size[0] - place.x)
    screen.feed(data[:count])
    return count, ends_row


def _until(stops: re.Pattern[bytes], data: bytes, most: int) -> tuple[int, bool]:
    """Return how much comes before an escape, or up to a line feed, and whether it is one."""
    found = stops.search(data, 0, most)
    if found is None:
        return min(most, len(data)), False
    if data[found.start()] == _ESCAPE:
        return found.start() or 1, False
    return found.end(), True

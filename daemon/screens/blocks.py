"""Blocks of plain text, kept to be searched: rows joined where they wrap, and where each of them stands. Pure.

A block has whole lines. Where a line is too long for that, or ends in rows that are another block's, the block has some
of those too, behind its own, so that what is looked for is found across the cut.
"""

from __future__ import annotations

import re
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import zstandard

from .messages import Row

__all__ = ["OVERLAP_CHARS", "TextBlock", "cut"]

OVERLAP_CHARS = 4096
"""What is looked for is found across a cut where it is no longer than that."""

_MOST_HELD_CHARS = 65536
"""Of a line that goes on: held back until it is whole, or so long."""

_HEAD = struct.Struct("<QII")
_LEVEL = 1  # 4 MB in 10 ms; a third larger than the next ones
_LINE_FEED = re.compile("\n")


class TextBlock:
    """Rows that follow each other.

    Attributes:
        text: of all rows, with a line feed behind those that do not wrap.
        end_line: rows from this number on are another block's.
    """

    def __init__(self, text: str, end_line: int, wraps: Sequence[int], marks: Sequence[int]) -> None:
        self.text = text
        self.end_line = end_line
        self._wraps = wraps  # where in the text a row begins that goes on with the one before
        # Three numbers each: a row, counted from the first one here, its line number and its offset. The rows up to the
        # next mark are numbered on from it, and have its offset.
        self._marks = marks

    @classmethod
    def of(cls, rows: Sequence[Row], end_line: int) -> TextBlock:
        """Make one of rows."""
        parts, wraps, marks, size = [], array("I"), array("Q"), 0
        before = None
        for at, row in enumerate(rows):
            if before is None or row.offset != before.offset or row.line != before.line + 1:
                marks.extend((at, row.line, row.offset))
            text = row.text.decode(errors="replace")
            parts.append(text if row.wraps else text + "\n")
            size += len(parts[-1])
            if row.wraps:
                wraps.append(size)
            before = row
        return cls("".join(parts), end_line, wraps, marks)

    def pack(self) -> bytes:
        """Return it as bytes, packed."""
        head = _HEAD.pack(self.end_line, len(self._wraps), len(self._marks))
        wraps, marks = array("I", self._wraps), array("Q", self._marks)
        data = head + wraps.tobytes() + marks.tobytes() + self.text.encode()
        return zstandard.ZstdCompressor(level=_LEVEL).compress(data)

    @classmethod
    def unpack(cls, packed: bytes) -> TextBlock:
        """Return it again. Raises ValueError."""
        try:
            data = zstandard.ZstdDecompressor().decompress(packed)
            end_line, wrap_count, mark_count = _HEAD.unpack_from(data)
            marks_at = _HEAD.size + 4 * wrap_count
            text_at = marks_at + 8 * mark_count
            wraps, marks = array("I", data[_HEAD.size : marks_at]), array("Q", data[marks_at:text_at])
            return cls(data[text_at:].decode(), end_line, wraps, marks)
        except (zstandard.ZstdError, struct.error) as error:
            raise ValueError(f"a damaged text: {error}") from None

    @cached_property
    def _starts(self) -> list[int]:
        """Where rows begin."""
        feeds = [found.end() for found in _LINE_FEED.finditer(self.text)]
        return [0, *(sorted([*feeds, *self._wraps]) if self._wraps else feeds)]

    @cached_property
    def _marked_rows(self) -> Sequence[int]:
        return self._marks[::3]

    def row_at(self, position: int) -> int:
        """Return which row, counted from the first one here, a position of the text lies in."""
        return bisect_right(self._starts, position) - 1

    def place(self, row: int) -> tuple[int, int]:
        """Return the line number of a row, and its offset."""
        at = 3 * (bisect_right(self._marked_rows, row) - 1)
        first, line, offset = self._marks[at : at + 3]
        return line + row - first, offset

    def start(self, row: int) -> int:
        """Return where in the text a row begins; the end of it behind the last one."""
        return self._starts[row] if row < len(self._starts) else len(self.text)

    def start_of_line(self, line: int) -> int:
        """Return where the first row begins that has this number, or a higher one."""
        at = max(0, bisect_left(self._marks[1::3], line + 1) - 1) * 3
        if at >= len(self._marks):
            return 0
        first, number, _ = self._marks[at : at + 3]
        behind = self._marks[at + 3] if at + 3 < len(self._marks) else len(self._starts)
        return self.start(min(first + max(0, line - number), behind))

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Yield a line in pieces that are short enough for a regular expression, the last one first.

        Args:
            start: where it begins.
            stop: where it ends, without its line feed.

        Yields:
            Where each begins and ends, and up to where it is searched: that lies in the next ones.
        """
        if stop - start <= OVERLAP_CHARS:
            yield start, stop, stop
            return
        cuts, last = [start], start
        for row in range(self.row_at(start) + 1, self.row_at(stop) + 1):
            if self._starts[row] - last >= OVERLAP_CHARS // 2:
                last = self._starts[row]
                cuts.append(last)
        for begin, end in reversed([*pairwise(cuts), (cuts[-1], stop)]):
            yield begin, end, min(stop, begin + OVERLAP_CHARS)


def cut(rows: Sequence[Row], end_line: int, *, is_end: bool) -> tuple[int, int]:
    """Say where rows that were gathered are cut into a block.

    Args:
        rows: in order.
        end_line: rows from this number on are no block's own.
        is_end: no more will come of those before it.

    Returns:
        How many are the block's own, the others being left for the next one; and how many stand in it.
    """
    own = bisect_left(rows, end_line, key=lambda row: row.line)
    if is_end:
        return own, _with_overlap(rows, own)
    count, held = own, 0
    while count and rows[count - 1].wraps:
        count -= 1
        held += len(rows[count].text)
    if held <= _MOST_HELD_CHARS:
        return count, count
    count, held = own, 0
    while held < OVERLAP_CHARS:
        count -= 1
        held += len(rows[count].text)
    return count, own


def _with_overlap(rows: Sequence[Row], count: int) -> int:
    """Return how many rows there are with those in which the last line goes on."""
    size = 0
    while 0 < count < len(rows) and rows[count - 1].wraps and size < OVERLAP_CHARS:
        size += len(rows[count].text)
        count += 1
    return count

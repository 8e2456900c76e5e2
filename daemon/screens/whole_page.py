"""Rows of a page painted at once, by operations on all its cells instead of a loop over them. Pure.

It makes a thousand lines of coloured words in 3 to 8 ms that a loop makes in 30 to 110: somebody waits for them. Rows
with links, coloured blanks, protected or combined characters, or characters beyond the first plane of Unicode are left
to that loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain, compress, pairwise, zip_longest
from typing import Final

from .page import Page, Row
from .pen import sgr
from .runs import EIGHT_BYTES, ends_in_spacer

__all__ = ["paint_at_once", "skip_blanks"]

_SECOND_HALF, _BLANK, _STRANGE = 1, 2, 3
"""Stand in text for the cells that have no character, or something else: control characters are in no cell."""
_MARKS: Final = bytes({*range(4, 32), *range(0x80, 0xA0)} - {ord("\n"), ord("\x1b")})
"""Stand for a change of style."""
_BLANKS: Final = re.compile("[\0\2]+")
_LINE_FEED = ord("\n") << 2
_NOT_MARKED = 0xFF  # the number of a style, one more, must be a byte


def _table(value: Callable[[int], int]) -> bytes:
    return bytes(value(byte) & 0xFF for byte in range(256))


def _flag(value: Callable[[int], bool]) -> bytes:
    return _table(lambda byte: 0xFF if value(byte) else 0)


# By the value of one byte of a cell: two bits of kind, 24 of character, 16 of style, two of width, then one each for
# protection and link, two of shell marks, 16 of link; or the first 32 bits of that.
_LOW_6 = _table(lambda byte: byte >> 2)
_HIGH_2 = _table(lambda byte: byte << 6)
_SPACER = _table(lambda byte: _SECOND_HALF if byte & 8 else 0)
_NO_CHARACTER = _flag(lambda byte: byte & 3 != 0)
_BEYOND_FIRST_PLANE = _flag(lambda byte: byte >= 1 << 2)
_LINK_OR_PROTECTED = _flag(lambda byte: byte & 0x30 != 0)
_ANY = _flag(lambda byte: byte != 0)
_NONE = _table(lambda byte: 0 if byte else _BLANK)
_ONE_MORE = _table(lambda byte: byte + 1)


class _Cells:
    """Cells taken apart: one byte of each, all of them in one plane.

    Attributes:
        count: how many there are.
        low: low byte of the character, or what stands for it.
        high: high byte of it; `has_high` is whether any is set.
        style: low byte of the number of the style.
        style_high: high byte of that; likewise.
        changes: 255 where the style is another than before.
    """

    def __init__(self, cells: bytes, packing: int) -> None:
        count = 6 if packing == EIGHT_BYTES else 4
        first, second, third, fourth, *more = (cells[at :: 1 << packing] for at in range(count))
        self.count = len(first)
        low = _number(first, _LOW_6) | _number(second, _HIGH_2)
        high = _number(second, _LOW_6) | _number(third, _HIGH_2)
        strange = _number(first, _NO_CHARACTER) | _number(third, _BEYOND_FIRST_PLANE)
        style, style_high = _number(fourth, _LOW_6), 0
        if more:
            fifth, sixth = more
            low |= _number(sixth, _SPACER)
            strange |= _number(sixth, _LINK_OR_PROTECTED)
            style |= _number(fifth, _HIGH_2)
            style_high = _number(fifth, _LOW_6) | _number(sixth, _HIGH_2)
        low |= _number(self._plane(low | high), _NONE)
        low ^= (low ^ _number(bytes([_STRANGE]) * self.count)) & strange
        high &= ~strange
        self.low, self.high, self.has_high = self._plane(low), self._plane(high), high > 0
        self.style, self.style_high, self.has_style_high = self._plane(style), self._plane(style_high), style_high > 0
        everywhere = (1 << 8 * self.count) - 1
        changes = (style ^ style << 8 | style_high ^ style_high << 8) & everywhere
        self.changes = self._plane(changes).translate(_ANY)

    def _plane(self, number: int) -> bytes:
        return number.to_bytes(self.count, "little")

    def marked(self) -> tuple[str, dict[int, str]] | None:
        """Return the text with a mark where the style changes, and the marks by style; None where they are too many."""
        if self.has_style_high or _NOT_MARKED in self.style:
            return None
        numbers = self._plane(_number(self.style, _ONE_MORE) & _number(self.changes))
        used = bytes(set(numbers.translate(None, b"\0")))
        if len(used) > len(_MARKS):
            return None
        marks = _MARKS[: len(used)]
        text = self._interleaved(numbers.translate(bytes.maketrans(used, marks)))
        return text, {number - 1: chr(mark) for number, mark in zip(used, marks, strict=True)}

    def _interleaved(self, marks: bytes) -> str:
        """Return the text, each character behind its mark, without the marks that are 0."""
        if not self.has_high:
            pairs = bytearray(2 * self.count)
            pairs[0::2], pairs[1::2] = marks, self.low
            return pairs.translate(None, b"\0").decode("latin-1")
        pairs = bytearray(4 * self.count)
        pairs[0::4], pairs[2::4], pairs[3::4] = marks, self.low, self.high
        return pairs.decode("utf-16-le").replace("\0", "")

    def pieces(self) -> tuple[list[str], list[int]]:
        """Return the text cut where the style changes, and the style behind each cut."""
        pairs = bytearray(2 * self.count)
        pairs[0::2], pairs[1::2] = self.low, self.high
        text = pairs.decode("utf-16-le")
        cuts = list(compress(range(self.count), self.changes))
        pieces = [text[start:stop] for start, stop in pairwise([0, *cuts, self.count])]
        return pieces, [self.style[at] | self.style_high[at] << 8 for at in cuts]


def paint_at_once(page: Page, rows: Sequence[Row], packing: int) -> list[bytes | None]:
    """Return what paints each of these rows, from plain state to plain state; None for one that is left to the loop.

    Where there are few styles, a cell becomes two characters, a mark where the style changes and its own: what stands
    for nothing is taken out, and each mark is replaced by its SGR.

    Args:
        page: of the rows.
        rows: any of its rows, of one packing.
        packing: theirs, four or eight bytes.
    """
    if not rows:
        return []
    size = 1 << packing
    shown = [row.cells[:-size] if ends_in_spacer(row) else row.cells for row in rows]
    cells = _Cells(_LINE_FEED.to_bytes(size, "little").join([*shown, b""]), packing)
    marked = cells.marked()
    if marked is not None:
        text, marks = marked
        for number, mark in marks.items():
            text = text.replace(mark, _switch(page, number))
    else:
        pieces, numbers = cells.pieces()
        switches = {number: _switch(page, number) for number in set(numbers)}
        behind = [switches[number] for number in numbers]
        text = "".join(chain.from_iterable(zip_longest(pieces, behind, fillvalue="")))
    if packing == EIGHT_BYTES:
        # A wide space is what DEC graphics has no character for.
        text = text.replace(" \1", "\u3000").replace("\1", "")
    *painted, _ = text.split("\n")
    return [None if "\3" in row else skip_blanks(row) for row in painted]


def _switch(page: Page, number: int) -> str:
    return sgr(page.styles[number]).decode()


def skip_blanks(text: str) -> bytes:
    """Return text whose blank cells the cursor passes over."""
    return (_BLANKS.sub(_skip, text) if "\0" in text or "\2" in text else text).encode()


def _skip(found: re.Match[str]) -> str:
    return f"\x1b[{len(found[0])}C"


def _number(plane: bytes, table: bytes | None = None) -> int:
    return int.from_bytes(plane if table is None else plane.translate(table), "little")

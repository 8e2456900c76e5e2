"""The emulator's packed rows, taken apart into runs of cells that look alike. Pure.

Somebody waits for a thousand of them, so a row is taken apart by operations on all of it: as one big number that is
shifted and masked. Only rows with coloured blanks and combined characters, a few of a screen, are read cell by cell.
Layout: `grid_cell` of `src/terminal/snapshot/snapshot.ksy` of ghostty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, zip_longest
from typing import NamedTuple

from .page import Link, Row
from .pen import PLAIN, fill, sgr

__all__ = [
    "BYTE",
    "EIGHT_BYTES",
    "FOUR_BYTES",
    "Run",
    "ends_in_spacer",
    "has_others_than_characters",
    "last_run",
    "runs",
]

BYTE, TWO_BYTES, FOUR_BYTES, EIGHT_BYTES = 0, 1, 2, 3
"""Packings: without anything but a character, with kind and style, with everything."""

_ONE_STYLE = re.compile(rb"(?s)(.)\1*")
_ONE_LOOK = re.compile(rb"(?s)(.{8})\1*")
_BLANK_OR_TEXT = re.compile("\0+|(?:[^\0\1]\1)+|(?:[^\0\1](?!\1))+")

_KIND_BITS = 3
_GRAPHEME, _RGB_FILL = 1, 3
_CONTENT_BITS = 0x1FFFFF
_CONTENT_SHIFT, _STYLE_SHIFT, _WIDTH_SHIFT, _LINK_SHIFT = 2, 26, 42, 48
_STYLE_BITS = 0xFFFF
_WIDE, _SPACER_TAIL, _SPACER_HEAD = 1, 2, 3
_PROTECTED_BIT = 1 << 44
_LOOK_BITS = 0xFFFF_0000_0000_0000 | _PROTECTED_BIT | _STYLE_BITS << _STYLE_SHIFT
_FILL_BITS = 0x3FFFFFF

_SECOND_HALF = "\1"
"""Stands in a text for the second half of a wide character: no cell has such a character."""


class Run(NamedTuple):
    """Neighbouring cells alike. Without text they are blank, and `fill` makes their background, if they have one.

    Attributes:
        style: the sequence that makes it.
        joined: what stands in the cell of the text's only character.
    """

    columns: int
    text: str = ""
    style: bytes = PLAIN
    link: Link | None = None
    is_protected: bool = False
    fill: bytes = b""
    has_background: bool = False
    joined: str = ""
    is_wide: bool = False


_Look = tuple[bytes, Link | None, bool, bytes, bool]
_PLAIN_LOOK: _Look = (PLAIN, None, False, b"", False)


def runs(row: Row) -> Iterator[Run]:
    """Yield the runs of a row; blank cells at its end are left out."""
    if row.packing == BYTE:
        yield from _pieces(row.cells.decode("latin-1"), _PLAIN_LOOK)
    elif row.packing == TWO_BYTES:
        yield from _pieces(row.cells.decode("utf-16-le"), _PLAIN_LOOK)
    elif has_others_than_characters(row):
        yield from _runs_cell_by_cell(row)
    elif row.packing == FOUR_BYTES:
        yield from _styled_runs(row)
    else:
        yield from _looking_runs(row)


def last_run(row: Row) -> Run:
    """Return the run of the last cell that is not left out."""
    found = Run(0)
    for found in runs(row):  # noqa: B007  # the last one
        pass
    return found


def ends_in_spacer(row: Row) -> bool:
    """Whether its last cell only says that a wide character did not fit."""
    if row.packing != EIGHT_BYTES or len(row.cells) != row.page.cols * 8:
        return False
    return _width(int.from_bytes(row.cells[-8:], "little")) == _SPACER_HEAD


def _pieces(text: str, look: _Look) -> Iterator[Run]:
    """Yield the runs of cells of one look: blank ones, wide ones and others."""
    if "\0" not in text and _SECOND_HALF not in text:
        yield Run(len(text), text, *look)
        return
    for found in _BLANK_OR_TEXT.finditer(text):
        part = found[0]
        if part[0] == "\0":
            yield Run(len(part))
        elif part[1:2] == _SECOND_HALF:
            yield Run(len(part), _wide(part.replace(_SECOND_HALF, "")), *look, is_wide=True)
        else:
            yield Run(len(part), part, *look)


def _wide(text: str) -> str:
    """What DEC graphics has no character for is a space; the emulator keeps it as wide as it was sent."""
    return text.replace(" ", "\u3000")


def has_others_than_characters(row: Row) -> bool:
    """Whether a cell has only a coloured background, or a combined character."""
    return bool(int.from_bytes(row.cells, "little") & _mask(_KIND_BITS, 1 << row.packing, len(row.cells)))


@lru_cache(maxsize=64)  # rows of one width want the same few
def _mask(bits: int, size: int, length: int) -> int:
    """Return the number that leaves only these bits of each cell of `size` bytes, in `length` bytes of them."""
    return int.from_bytes(bits.to_bytes(size, "little") * (length // size), "little")


def _styled_runs(row: Row) -> Iterator[Run]:
    """Four-byte cells: kind in two bits, 24 of content, six of style."""
    size = len(row.cells)
    characters = int.from_bytes(row.cells, "little") >> _CONTENT_SHIFT & _mask(_CONTENT_BITS, 4, size)
    text = characters.to_bytes(size, "little").decode("utf-32-le")
    for found in _ONE_STYLE.finditer(row.cells[3::4]):
        yield from _pieces(text[found.start() : found.end()], _look(row, found[1][0] >> 2 << _STYLE_SHIFT))


def _looking_runs(row: Row) -> Iterator[Run]:
    """Eight-byte cells. Both halves of a wide character look the same."""
    cells = row.cells[:-8] if ends_in_spacer(row) else row.cells
    number, size = int.from_bytes(cells, "little"), len(cells)
    characters = number >> _CONTENT_SHIFT & _mask(_CONTENT_BITS, 8, size)
    # The bit that makes a second half becomes its character: it has none of its own.
    halves = number >> _WIDTH_SHIFT + 1 & _mask(ord(_SECOND_HALF), 8, size)
    text = (characters | halves).to_bytes(size, "little").decode("utf-32-le")[::2]
    for found in _ONE_LOOK.finditer((number & _mask(_LOOK_BITS, 8, size)).to_bytes(size, "little")):
        look = _look(row, int.from_bytes(found[1], "little"))
        yield from _pieces(text[found.start() // 8 : found.end() // 8], look)


def _look(row: Row, word: int) -> _Look:
    style = row.page.styles[word >> _STYLE_SHIFT & _STYLE_BITS]
    return sgr(style), row.page.links.get(word >> _LINK_SHIFT), bool(word & _PROTECTED_BIT), b"", bool(style[4])


def _runs_cell_by_cell(row: Row) -> Iterator[Run]:
    words = memoryview(row.cells).cast("I" if row.packing == FOUR_BYTES else "Q").tolist()
    columns = len(words) - ends_in_spacer(row)
    cells = [(column, word) for column, word in enumerate(words[:columns]) if _width(word) != _SPACER_TAIL]
    groups = [list(group) for _, group in groupby(cells, _alike)]
    for group, after in zip_longest(groups, groups[1:], fillvalue=[(columns, 0)]):
        column, word = group[0]
        width = after[0][0] - column
        if word & _KIND_BITS > _GRAPHEME:
            yield Run(width, fill=_fill(word))
        elif not word >> _CONTENT_SHIFT & _CONTENT_BITS:
            yield Run(width)
        else:
            text = "".join(chr(word >> _CONTENT_SHIFT & _CONTENT_BITS) for _, word in group)
            joined = row.graphemes().get(column, "") if word & _KIND_BITS == _GRAPHEME else ""
            is_wide = _width(word) == _WIDE
            yield Run(width, _wide(text) if is_wide else text, *_look(row, word), joined, is_wide)


def _alike(cell: tuple[int, int]) -> object:
    """Return what is the same for the cells of one run."""
    column, word = cell
    kind = word & _KIND_BITS
    if kind == _GRAPHEME:
        return (column,)
    if kind:
        return word & _FILL_BITS
    return word >> _STYLE_SHIFT << _STYLE_SHIFT if word >> _CONTENT_SHIFT & _CONTENT_BITS else None


def _fill(word: int) -> bytes:
    value = word >> _CONTENT_SHIFT
    if word & _KIND_BITS == _RGB_FILL:
        return fill(bytes((2, value & 255, value >> 8 & 255, value >> 16 & 255)))
    return fill(bytes((1, value & 255, 0, 0)))


def _width(word: int) -> int:
    return word >> _WIDTH_SHIFT & 3

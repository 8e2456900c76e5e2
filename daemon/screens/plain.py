"""Rows as plain text, many at once, by operations on all their cells instead of a loop over them. Pure.

All that a session ever printed is made into text by this: 2 to 3 µs a row, which one by one takes 10 to 20. Rows with
combined characters or coloured blanks are left to that loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Final, TypeAlias

from .lines import Line, is_one_line, line
from .page import Row
from .runs import BYTE, EIGHT_BYTES, FOUR_BYTES, ends_in_spacer, has_others_than_characters

__all__ = ["plain_lines"]

_Reader: TypeAlias = Callable[[list[Row]], Sequence[str | None]]

_TWO_BYTES = 1
_LINE_FEED: Final = ord("\n") << 2
_CONTENT: Final = {FOUR_BYTES: b"\xff\xff\x1f\0", EIGHT_BYTES: b"\xff\xff\x1f\0\0\0\0\0"}
_SPACER: Final = b"\1\0\0\0\0\0\0\0"
_SPACER_SHIFT = 43
_CHARACTERS_ALONE: Final = bytes(byte for byte in range(256) if not byte & 3)
_SECOND_HALF = "\1"


def plain_lines(rows: Sequence[Row], behind: Row | None) -> list[Line]:
    """Return each of these rows as `line` does without styles.

    Args:
        rows: consecutive ones.
        behind: the row behind the last one, if there is one.
    """
    texts: dict[int, str | None] = {}
    for packing, read in _READERS.items():
        wanted = [at for at, row in enumerate(rows) if row.packing == packing]
        if wanted:
            texts.update(zip(wanted, read([rows[at] for at in wanted]), strict=True))
    found = []
    for at, (row, after) in enumerate(zip_longest(rows, (*rows[1:], behind)[: len(rows)])):
        text = texts[at]
        if text is None:
            found.append(line(row, after, styled=False))
        elif is_one_line(row, after):
            found.append(Line(text.encode(), True))
        else:
            found.append(Line(text.rstrip(" ").encode(), False))
    return found


def _split(text: str) -> list[str]:
    return text.replace("\0", " ").split("\n")


def _bytes(rows: list[Row]) -> list[str]:
    return _split(b"\n".join([row.cells for row in rows]).decode("latin-1"))


def _pairs(rows: list[Row]) -> list[str]:
    return _split(b"\n\0".join([row.cells for row in rows]).decode("utf-16-le"))


def _fours(rows: list[Row]) -> Sequence[str | None]:
    cells = _LINE_FEED.to_bytes(4, "little").join([row.cells for row in rows])
    if cells[::4].translate(None, _CHARACTERS_ALONE):
        return _without_others(rows, _fours)
    characters = int.from_bytes(cells, "little") >> 2 & _mask(_CONTENT[FOUR_BYTES], cells)
    return _split(characters.to_bytes(len(cells), "little").decode("utf-32-le"))


def _eights(rows: list[Row]) -> Sequence[str | None]:
    shown = [row.cells[:-8] if ends_in_spacer(row) else row.cells for row in rows]
    cells = _LINE_FEED.to_bytes(8, "little").join(shown)
    if cells[::8].translate(None, _CHARACTERS_ALONE):
        return _without_others(rows, _eights)
    number = int.from_bytes(cells, "little")
    characters = number >> 2 & _mask(_CONTENT[EIGHT_BYTES], cells)
    # The bit that makes the second half of a wide character becomes its character: it has none of its own.
    characters |= number >> _SPACER_SHIFT & _mask(_SPACER, cells)
    text = characters.to_bytes(len(cells), "little").decode("utf-32-le")[::2]
    if _SECOND_HALF in text:  # a wide space is what DEC graphics has no character for
        text = text.replace(" " + _SECOND_HALF, "\u3000").replace(_SECOND_HALF, "")
    return _split(text)


def _without_others(rows: list[Row], read: _Reader) -> Sequence[str | None]:
    """Return the texts, but of rows that have more than characters: a colour can look like a line feed."""
    is_plain = [not has_others_than_characters(row) for row in rows]
    plain = [row for row, is_one in zip(rows, is_plain, strict=True) if is_one]
    texts = iter(read(plain) if plain else ())
    return [next(texts) if is_one else None for is_one in is_plain]


def _mask(bits: bytes, cells: bytes) -> int:
    return int.from_bytes(bits * (len(cells) // len(bits)), "little")


_READERS: Final[dict[int, _Reader]] = {
    BYTE: _bytes,
    _TWO_BYTES: _pairs,
    FOUR_BYTES: _fours,
    EIGHT_BYTES: _eights,
}

"""A page of the emulator's snapshot: rows of packed cells, with the styles and links that they point to. Pure.

Layout: `page_payload` of `src/terminal/snapshot/snapshot.ksy` of ghostty.
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import NamedTuple

__all__ = ["DEFAULT_STYLE", "Link", "Page", "Row", "Style", "read_link", "read_text"]

Style = bytes
"""Four bytes each of foreground, background and underline (kind 0 none, 1 palette, 2 RGB; values), two of flags."""

DEFAULT_STYLE: Style = bytes(14)

Link = tuple[bytes, bytes]
"""Explicit id, empty where there is none, and URI."""

_PAGE_HEADER = struct.Struct("<HHHHHHII")
_EIGHT_BYTES, _WIDTH_SHIFT = 3, 42  # packing of cells that have a width, and where in them


class Row(NamedTuple):
    """One row of cells, still packed.

    Attributes:
        at: where it stands in the payload of its page.
        wraps: its text went on in the next row: it still does where that one `continues`.
        continues: the text of the row before went on here.
        packing: log2 of the bytes of a cell.
        cells: the packed cells; blank ones at the end are left out.
    """

    page: Page
    number: int
    at: int
    wraps: bool
    continues: bool
    packing: int
    cells: bytes

    def graphemes(self) -> dict[int, str]:
        """Return what is combined with the character of a column."""
        return self.page.graphemes.get(self.number, {})

    def is_wide(self, column: int) -> bool:
        """Whether a wide character begins in this column."""
        if self.packing != _EIGHT_BYTES:
            return False
        return int.from_bytes(self.cells[8 * column : 8 * column + 8], "little") >> _WIDTH_SHIFT & 3 == 1


class Page:
    """A block of rows with its tables, unpacked on demand."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.cols, self.row_count, self._style_count, self._link_count, *_ = _PAGE_HEADER.unpack_from(payload)

    @cached_property
    def _tables(self) -> tuple[dict[int, Style], dict[int, Link], int]:
        at = _PAGE_HEADER.size
        styles = {0: DEFAULT_STYLE}
        for _ in range(self._style_count):
            (number,) = struct.unpack_from("<H", self._payload, at)
            styles[number] = self._payload[at + 2 : at + 16]
            at += 18
        links = {}
        for _ in range(self._link_count):
            (number,) = struct.unpack_from("<H", self._payload, at)
            link, at = read_link(self._payload, at + 2)
            if link is not None:
                links[number] = link
        return styles, links, at

    @property
    def styles(self) -> dict[int, Style]:
        """Styles by number."""
        return self._tables[0]

    @property
    def links(self) -> dict[int, Link]:
        """Hyperlinks by number: explicit id and URI."""
        return self._tables[1]

    @cached_property
    def _grid(self) -> tuple[list[Row], int]:
        rows = []
        payload, at = self._payload, self._tables[2]
        for number in range(self.row_count):
            flags = payload[at]
            packing = flags >> 4 & 3
            end = at + 3 + ((payload[at + 1] | payload[at + 2] << 8) << packing)
            rows.append(Row(self, number, at, bool(flags & 1), bool(flags & 2), packing, payload[at + 3 : end]))
            at = end
        return rows, at

    @property
    def rows(self) -> list[Row]:
        """All rows, oldest first."""
        return self._grid[0]

    @cached_property
    def graphemes(self) -> dict[int, dict[int, str]]:
        """What is combined with the characters of cells: by row, then column."""
        found: dict[int, dict[int, str]] = {}
        at = self._grid[1]
        (entries,) = struct.unpack_from("<I", self._payload, at)
        at += 4
        for _ in range(entries):
            row, column, count = struct.unpack_from("<HHH", self._payload, at)
            end = at + 6 + 4 * count
            found.setdefault(row, {})[column] = self._payload[at + 6 : end].decode("utf-32-le")
            at = end
        return found

    def without_split(self, cols: int) -> bytes | None:
        """Return the payload without the wide characters in column `cols - 1`; None where there are none."""
        split = [row for row in self.rows if row.is_wide(cols - 1)]
        if not split:
            return None
        for row in split:
            self.graphemes.get(row.number, {}).pop(cols - 1, None)
            at = 8 * (cols - 1)
            self.rows[row.number] = row._replace(cells=row.cells[:at] + bytes(16) + row.cells[at + 16 :])
        parts = [self._payload[: self._tables[2]]]
        for row in self.rows:
            flags = self._payload[row.at]
            parts.append(struct.pack("<BH", flags, len(row.cells) >> row.packing) + row.cells)
        joined = [(row, column, text) for row, columns in self.graphemes.items() for column, text in columns.items()]
        parts.append(struct.pack("<I", len(joined)))
        for number, column, text in joined:
            parts.append(struct.pack("<HHH", number, column, len(text)) + text.encode("utf-32-le"))
        return b"".join(parts)


def read_link(payload: bytes, at: int) -> tuple[Link | None, int]:
    """Return the hyperlink that stands at an offset, if any, and the offset behind it."""
    kind = payload[at]
    at += 1
    if kind == 0:
        return None, at
    name = b""
    if kind == 1:
        at += 4  # counts the links that were opened
    else:
        name, at = read_text(payload, at)
    uri, at = read_text(payload, at)
    return (name, uri), at


def read_text(payload: bytes, at: int) -> tuple[bytes, int]:
    """Return the text that stands at an offset behind its length, and the offset behind it."""
    (length,) = struct.unpack_from("<I", payload, at)
    return payload[at + 4 : at + 4 + length], at + 4 + length

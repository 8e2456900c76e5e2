"""Rows of the emulator as bytes that paint them into another terminal. Pure.

What is painted comes out cell by cell as it was: characters with their style, link and protection, cells that were
never written, cells erased with a background, and which rows are one line that wrapped. A thousand lines go through
here while somebody waits: rows of ASCII, coloured or not, are made a whole page at a time by operations on bytes.
Sources: ECMA-48 8.3 (CUF, ECH, CHA, ICH, EL, SGR), ctlseqs of xterm.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, zip_longest

from .cell import write
from .lines import is_one_line
from .page import Row
from .pen import PLAIN, Pen
from .runs import BYTE, EIGHT_BYTES, FOUR_BYTES, Run, ends_in_spacer, last_run, runs
from .whole_page import paint_at_once, skip_blanks

__all__ = ["paint"]


def paint(rows: Sequence[Row], cols: int, height: int) -> bytes:
    """Return what writes these rows from the top of a blank screen, and scrolls where they are more than it has.

    The terminal must be in plain state: no margins, origin, insert or grapheme mode, autowrap on, default style, ASCII.
    It is left there, but for the cursor.

    Args:
        rows: of which each begins a line or goes on from the one before it.
        cols: width of the terminal.
        height: rows that it shows.
    """
    out: list[bytes] = []
    wrapped: Row | None = None
    for row, data, after in zip_longest(rows, _painted(rows), rows[1:]):
        if wrapped is not None and not (_is_full(wrapped, cols) and _begins_plainly(row)):
            out.append(_wrap(wrapped, row, cols, height))
        else:
            if wrapped is None and out:
                out.append(b"\r\n")
            out.append(data)
        wrapped = row if is_one_line(row, after) else None
    return b"".join(out)


def _painted(rows: Sequence[Row]) -> list[bytes]:
    """Return what paints each row that begins a line."""
    painted: list[bytes] = []
    for page, group in groupby(rows, key=lambda row: row.page):
        of_page = list(group)
        whole = {
            packing: iter(paint_at_once(page, [row for row in of_page if row.packing == packing], packing))
            for packing in (FOUR_BYTES, EIGHT_BYTES)
        }
        for row in of_page:
            data = next(whole[row.packing]) if row.packing in whole else _paint_plain(row)
            painted.append(_paint_runs(list(runs(row)), Pen()) if data is None else data)
    return painted


def _paint_plain(row: Row) -> bytes:
    """Paint a row without styles."""
    return skip_blanks(row.cells.decode("latin-1" if row.packing == BYTE else "utf-16-le"))


def _paint_runs(found: Sequence[Run], pen: Pen) -> bytes:
    for number, run in enumerate(found, start=1):
        if run.text:
            write(pen, run)
            continue
        if run.fill:
            pen.take(run.fill)
            pen.write(b"\x1b[%dX" % run.columns)
        if number < len(found):
            pen.write(b"\x1b[%dC" % run.columns)
    return pen.bytes()


def _is_full(row: Row, cols: int) -> bool:
    """Whether its last column has a character."""
    return len(row.cells) >> row.packing == cols and not ends_in_spacer(row) and bool(last_run(row).text)


def _begins_plainly(row: Row) -> bool:
    """Whether it begins with a character without background."""
    first = next(runs(row), None)
    return first is not None and bool(first.text) and not first.has_background


def _wrap(before: Row, row: Row, cols: int, height: int) -> bytes:
    """Go to the next row as printing on does, so that both are one line, and paint it.

    A row wraps only when its last column is written: where that was erased since, it is written and erased once more.
    """
    is_full, is_short = _is_full(before, cols), ends_in_spacer(before)
    found, pen = list(runs(row)), Pen()
    if is_short:
        pen.write(b"\x1b[%dG" % cols)
    elif not is_full:
        pen.write(b"\x1b[%dG " % cols)
    if found and found[0].text and found[0].is_wide >= is_short and (is_full or is_short):
        first = found.pop(0)
        write(pen, first)
        if first.has_background and first.columns < cols:
            pen.take()  # it may have made a line scroll in, which then had its background all along
            pen.write(b"\x1b[K")
        return _paint_runs(found, pen)
    pen.write(("\u3000" if is_short else " ").encode() + b"\r\x1b[K")
    if not is_full and not is_short and height > 1:
        pen.take(_end_fill(before, cols))
        pen.write(b"\x1b[A\x1b[%dG\x1b[@\x1b[B\r" % cols)  # ICH: other erasing undoes the wrap
        pen.take()
    return _paint_runs(found, pen)


def _end_fill(row: Row, cols: int) -> bytes:
    """Return what makes the background of a blank last column."""
    return (len(row.cells) >> row.packing == cols and last_run(row).fill) or PLAIN

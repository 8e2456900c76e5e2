"""Plain tables for people, and what makes text from others fit to be printed.

Names, commands and folders come from whoever made a session: none of their characters may act on the reader's terminal.
No rich here: it would cost `holdfast ls` half of its time.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence

__all__ = ["clean", "format_age", "format_bytes", "format_table", "print_table", "width"]

_GAP = "  "
_SHRINKS_TO = 8
"""No column gets narrower than this, in cells, to make a table fit."""


def clean(text: str) -> str:
    """Return `text` on one line, with everything that is not printable replaced by U+FFFD."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def width(text: str) -> int:
    """Return the cells that `text` takes on a terminal (Unicode Standard Annex 11; combining marks take none)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def format_bytes(count: int) -> str:
    """Return a size in decimal units, with at most three digits."""
    if count < 1000:  # noqa: PLR2004  # a kilobyte
        return f"{count} B"
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5:  # noqa: PLR2004  # what still rounds to three digits
            return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"  # noqa: PLR2004  # two digits at least
    return f"{size / 1000:.1f} TB"


def format_age(seconds: float) -> str:
    """Return a duration in its largest whole unit, as in `now`, `40s`, `5m`, `3h`, `12d`."""
    for unit, unit_s in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)}{unit}"
    return "now"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, max_width: int | None = None) -> list[str]:
    """Return the lines of a table.

    Args:
        header: one title a column.
        rows: cells, cleaned here.
        max_width: in cells; the widest columns are shortened until it fits. None: as wide as it is.
    """
    table = [tuple(header), *(tuple(clean(cell) for cell in row) for row in rows)]
    widths = [max(width(row[column]) for row in table) for column in range(len(header))]
    if max_width is not None:
        _shrink(widths, max_width - len(_GAP) * (len(widths) - 1))
    return [_GAP.join(_fit(cell, cells) for cell, cells in zip(row, widths, strict=True)).rstrip(" ") for row in table]


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to stdout: fitted and with a bold header on a terminal, whole and bare elsewhere."""
    terminal = sys.stdout.isatty()
    lines = format_table(header, rows, max_width=shutil.get_terminal_size().columns if terminal else None)
    if terminal and not os.environ.get("NO_COLOR"):  # no-color.org: any text that is not empty
        lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
    print("\n".join(lines))  # noqa: T201  # the answer itself


def _shrink(widths: list[int], room: int) -> None:
    while sum(widths) > room and max(widths) > _SHRINKS_TO:
        widths[widths.index(max(widths))] -= 1


def _fit(text: str, cells: int) -> str:
    if width(text) <= cells:
        return text + " " * (cells - width(text))
    while width(text) > cells - 1:
        text = text[:-1]
    return f"{text}…" + " " * (cells - 1 - width(text))

"""All that two terminals can differ in, read from the emulator's own snapshot cell by cell.

The cells are unpacked here a second time, slowly and plainly, so that a mistake in reading them cannot hide itself.
"""

from __future__ import annotations

from dataclasses import fields
from itertools import zip_longest
from typing import Any

from holdfast.daemon.screens.lines import is_one_line
from holdfast.daemon.screens.modes import bit_of
from holdfast.daemon.screens.page import Row
from holdfast.daemon.screens.snapshot import ScreenState, Snapshot

__all__ = ["Facts", "cells", "differences", "facts", "restored_facts"]

Facts = dict[str, Any]

_COLUMNS_TOLD = 4
_BLOCK = 1
_ISO = 1
_ASCII = 1
_SECOND_HALF, _NO_ROOM = 2, 3
_WIDE = 1
_SCREENS = {0: "primary", 1: "alternate"}
_CHOOSE_SCREEN = (47, 1047, 1048, 1049)
_NOT_CARRIED = sum(1 << bit_of(mode) for mode in (3, 2026, *_CHOOSE_SCREEN))
_NOT_SAVED = _NOT_CARRIED | sum(1 << bit_of(mode) for mode in (1004, 2031, 2033, 2048, 5522))


def cells(row: Row, cols: int) -> list[tuple[object, ...]]:
    """Return what stands in each column: character, what is combined with it, style, width, protection and link."""
    size = 1 << row.packing
    words = [int.from_bytes(row.cells[at : at + size], "little") for at in range(0, len(row.cells), size)]
    if size <= 2:
        words = [word << 2 for word in words]
    found = [_cell(row, column, word) for column, word in enumerate(words)]
    return found + [()] * (cols - len(found))


def _cell(row: Row, column: int, word: int) -> tuple[object, ...]:
    kind, content, width = word & 3, word >> 2 & 0xFFFFFF, word >> 42 & 3
    if width == _SECOND_HALF:
        return ("second half",)
    if width == _NO_ROOM or (not kind and not content):
        return ()
    if kind > 1:
        return ("background", kind, content)
    joined = row.graphemes().get(column, "") if kind else ""
    style, link = row.page.styles[word >> 26 & 0xFFFF], row.page.links.get(word >> 48)
    return chr(content), joined, style, width, word >> 44 & 1, link


def facts(snapshot: Snapshot, history: int) -> Facts:
    """Return all of them by name.

    Args:
        snapshot: of the terminal.
        history: rows of scrollback to look at.
    """
    found = {field.name: getattr(snapshot, field.name) for field in fields(Snapshot) if field.name != "screens"}
    for key, screen in snapshot.screens.items():
        name = _SCREENS[key]
        for part in ("cursor", "saved"):
            state = getattr(screen, part)
            found[f"{name} {part}"] = state is not None
            if state is not None:
                found |= {f"{name} {part} {field.name}": getattr(state, field.name) for field in fields(state)}
                found[f"{name} {part} charset"] = _character_sets(state.charset)
        found |= _row_facts(name, screen, snapshot, history)
    return found


def _row_facts(name: str, screen: ScreenState, snapshot: Snapshot, history: int) -> Facts:
    rows = screen.last_rows(snapshot.rows + history)
    found: Facts = {}
    for number, (row, after) in enumerate(zip_longest(rows, rows[1:]), start=snapshot.rows - len(rows)):
        found[f"{name} row {number}"] = cells(row, snapshot.cols)
        found[f"{name} row {number} goes on"] = is_one_line(row, after)
    return found


def _character_sets(packed: int) -> tuple[list[int], int]:
    """Return the four sets, where UTF-8 and ASCII show the same, and how they are invoked."""
    return [max(_ASCII, packed >> shift & 3) for shift in (0, 2, 4, 6)], packed >> 8


def restored_facts(snapshot: Snapshot, history: int) -> Facts:
    """Return those that a restore carries; what it says in other words is named alike."""
    found = facts(snapshot, history)
    if not snapshot.is_alternate:
        found = {name: fact for name, fact in found.items() if not name.startswith("alternate")}
    found["cursor_is_default"] = snapshot.cursor_is_default and snapshot.active.cursor.shape == _BLOCK
    found["title"] = snapshot.title.replace(b"\x7f", b"")
    found["modes"] = snapshot.modes & ~_NOT_CARRIED
    found["saved_modes"] = snapshot.saved_modes & ~_NOT_SAVED
    for name, fact in found.items():
        if name.endswith("protected_mode"):
            found[name] = fact == _ISO  # otherwise the way that was used last decides nothing
        elif " row " in name and isinstance(fact, list):
            found[name] = [_as_painted(cell) for cell in fact]
    return found


def _as_painted(cell: tuple[object, ...]) -> tuple[object, ...]:
    """Return a wide space as the wide space that can be written."""
    return ("\u3000", *cell[1:]) if cell and cell[0] == " " and cell[3] == _WIDE else cell


def differences(one: Facts, other: Facts) -> list[str]:
    """Return the facts in which they differ, told with both values."""
    names = sorted(one.keys() | other.keys())
    return [f"{name}: {_told(one.get(name), other.get(name))}" for name in names if one.get(name) != other.get(name)]


def _told(one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        columns = [f"{at}: {a!r} / {b!r}" for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        return ", ".join(columns[:_COLUMNS_TOLD])
    if isinstance(one, int) and isinstance(other, int) and not isinstance(one, bool):
        return f"{one} / {other} (bits {[bit for bit in range(64) if (one ^ other) >> bit & 1]})"
    return f"{one!r} / {other!r}"

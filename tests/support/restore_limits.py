"""What a restore cannot carry: each limit with the screens that have it, and an example.

A difference between an early terminal and a late one is a mistake unless a limit here explains it; and a limit that no
longer holds is to be deleted, which a test of the examples sees to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from holdfast.daemon.screens.cell import blank_end, find, joins
from holdfast.daemon.screens.modes import MARGINS, ORIGIN, bit_of, is_set
from holdfast.daemon.screens.snapshot import SavedCursor, ScreenState, Snapshot

from .screen_facts import cells
from .terminal_streams import Step

__all__ = ["LIMITS", "Limit", "Moment"]


@dataclass(frozen=True)
class Moment:
    """Where a restore is made.

    Attributes:
        snapshot: of the early terminal.
        before: what was printed up to there.
        after: what is printed from there on.
        is_resized: whether the size changes then.
    """

    snapshot: Snapshot
    before: bytes
    after: bytes
    is_resized: bool


@dataclass(frozen=True)
class Limit:
    """One thing that is lost.

    Attributes:
        name: of what is lost.
        holds: whether the restore of this moment loses it.
        now: pattern of the facts that differ at once; None where nothing does.
        later: pattern of those that differ when the stream has gone on; None where anything may.
        before: an example: what was printed, at 10 x 3.
        after: what makes the difference show, where it does not at once.
    """

    name: str
    holds: Callable[[Moment], object]
    now: str | None
    before: tuple[Step, ...]
    after: tuple[Step, ...] = ()
    later: str | None = None


def _shown(moment: Moment) -> list[ScreenState]:
    """Return the screens that are painted."""
    snapshot = moment.snapshot
    return [screen for key, screen in snapshot.screens.items() if key <= snapshot.is_alternate]


def _hides_an_alternate_screen(moment: Moment) -> object:
    hidden = 1 in moment.snapshot.screens and not moment.snapshot.is_alternate
    return hidden and re.search(rb"\?[0-9;]*(47|1049)[0-9;]*[hr]", moment.snapshot.continuation + moment.after)


def _has_shell_marks(moment: Moment) -> object:
    return b"\x1b]133;" in moment.before


def _saved_what_is_not_saved(moment: Moment) -> object:
    lost = (47, 1004, 1047, 1049, 2026, 2031, 2033, 2048, 5522)
    changed = moment.snapshot.saved_modes ^ moment.snapshot.default_modes
    return any(changed >> bit_of(mode) & 1 for mode in lost) and re.search(rb"\x1b\[\?[0-9;]*r", moment.after)


def _popped_too_often(moment: Moment) -> object:
    return re.search(rb"\x1b\[<[0-9]*u", moment.before)


def _waits_elsewhere(moment: Moment) -> object:
    snapshot = moment.snapshot
    cursors: list[tuple[SavedCursor, bool]] = [(screen.cursor, screen is snapshot.active) for screen in _shown(moment)]
    cursors += [(screen.saved, False) for screen in _shown(moment) if screen.saved is not None]
    last, margin = snapshot.cols - 1, snapshot.region[3]
    return any(
        cursor.pending_wrap and not (cursor.x == last or (active and cursor.x == margin)) for cursor, active in cursors
    )


def _is_outside(moment: Moment) -> object:
    snapshot, cursor = moment.snapshot, moment.snapshot.active.cursor
    top, bottom, left, right = snapshot.region
    if not is_set(snapshot.modes, MARGINS):
        left, right = 0, snapshot.cols - 1
    inside = top <= cursor.y <= bottom and left <= cursor.x <= right
    return is_set(snapshot.modes, ORIGIN) and not inside


def _waits_on_blank(moment: Moment) -> object:
    cells_under = [_under_waiting(moment, screen) for screen in _shown(moment)]
    return any(cell is not None and cell[:1] in {(), ("background",)} for cell in cells_under)


def _under_waiting(moment: Moment, screen: ScreenState) -> tuple[object, ...] | None:
    """Return the cell on which the cursor waits to wrap."""
    cursor, rows = screen.cursor, screen.last_rows(moment.snapshot.rows)
    if not cursor.pending_wrap or cursor.y >= len(rows):
        return None
    row = cells(rows[cursor.y], moment.snapshot.cols)
    return row[cursor.x - 1] if row[cursor.x] == ("second half",) else row[cursor.x]


def _repeats_what_cannot_be_written(moment: Moment) -> object:
    character = moment.snapshot.previous
    under = _under_waiting(moment, moment.snapshot.active)
    if not character or joins(character) or (under and under[0] != character):
        return True
    rows = moment.snapshot.active.last_rows(moment.snapshot.rows)
    return not any(find(row, character) is not None or blank_end(row)[0] + 2 <= moment.snapshot.cols for row in rows)


def _shifts_once(moment: Moment) -> object:
    cursors = [screen.cursor for screen in _shown(moment) if screen is not moment.snapshot.active]
    return any(cursor.charset >> 12 for cursor in cursors) or any(
        screen.saved is not None and screen.saved.charset >> 12 for screen in _shown(moment)
    )


def _protects_blanks(moment: Moment) -> object:
    rows = [row for screen in _shown(moment) for row in screen.last_rows(screen.row_count) if row.packing == 3]
    words = (int.from_bytes(row.cells[at : at + 8], "little") for row in rows for at in range(0, len(row.cells), 8))
    return any(word >> 44 & 1 and not word >> 2 & 0xFFFFFF and word >> 42 & 3 != 2 for word in words)


def _has_rows_inserted_behind_a_wrap(moment: Moment) -> object:
    for screen in _shown(moment):
        rows = screen.last_rows(screen.row_count)
        if moment.is_resized and any(row.wraps != after.continues for row, after in pairwise(rows)):
            return True
    return False


def _ends_in_a_row_that_wraps(moment: Moment) -> object:
    return any(screen.last_rows(1)[0].wraps for screen in _shown(moment))


def _has_one_row(moment: Moment) -> object:
    return moment.snapshot.rows == 1 and any(
        row.wraps for screen in _shown(moment) for row in screen.last_rows(screen.row_count)
    )


def _is_resized(moment: Moment) -> object:
    return moment.is_resized


LIMITS = (
    Limit(
        "an alternate screen that is not shown", _hides_an_alternate_screen, None,
        (b"\x1b[?47habc\x1b[?47l",), (b"\x1b[?47h",),
    ),
    Limit("shell marks", _has_shell_marks, None, (b"a\r\nb\r\n\x1b]133;A\x07$ ",), (b"\x1b[2J",)),
    Limit(
        "modes saved that choose the screen or report", _saved_what_is_not_saved, None,
        (b"\x1b[?1004h\x1b[?1004s\x1b[?1004l",), (b"\x1b[?1004r",),
    ),
    Limit("keyboard flags that were popped", _popped_too_often, None, (b"\x1b[<u\x1b[=9u\x1b[>u",), (b"\x1b[<u",)),
    Limit(
        "waiting to wrap in another column", _waits_elsewhere, "cursor pending_wrap|saved pending_wrap|saved x",
        (b"0123456789\x1b[Z",),
    ),
    Limit("a cursor outside the margins in origin mode", _is_outside, "cursor [xy]", (b"\x1b[?6h\x1b7\x1b[2r\x1b8",)),
    Limit("waiting to wrap on a blank cell", _waits_on_blank, r"row \d+|previous", (b"0123456789\x1b[S",)),
    Limit("the character that REP repeats", _repeats_what_cannot_be_written, "previous", (b"\x1b#8",)),
    Limit("a single shift that was saved", _shifts_once, "charset", (b"\x1bN\x1b7",)),
    Limit(
        "protection of cells without a character", _protects_blanks, None,
        ("\x1b[?69h\x1b[4s\x1b[44m\x1bV\x1b[1;10H漢".encode(),), (b"\x1b[1J",),
    ),
    Limit(
        "how a row inserted behind one that wraps flows", _has_rows_inserted_behind_a_wrap, None,
        (b" z z z z z z z z z z ", b"\x1b[L", b"\n"), ((7, 3),),
    ),
    Limit(
        "that the last row wraps, where the cursor cannot leave it", _ends_in_a_row_that_wraps, None,
        (b"\x1b[1;2r\x1b[3;1H0123456789ab",), (b"\x1b[r\x1b[3;1H\n",), "goes on",
    ),
    Limit(
        "how rows wrap in a screen that became narrower without reflow", _is_resized, None,
        (b"\x1b[?1049h", (2, 3)), (b"789012345678", (10, 3)), "goes on",
    ),
    Limit("the erased end of a row that wraps, in one row", _has_one_row, "row", ((10, 1), b"\x1b[45m\x1b[K", (9, 1))),
)  # fmt: skip

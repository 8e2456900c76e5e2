"""A snapshot of the emulator as escape sequences: written to any terminal, it then shows and does the same. Pure.

What a restore promises: scrollback lines as asked for, the screen, also the primary one below an alternate one, both
saved cursors, margins, modes switched on *and* off, modes saved by XTSAVE, tab stops, character sets, the character
that REP repeats, keyboard and mouse modes, pointer, cursor, title and colours that the program set; and at the very end
the bytes of a sequence that is not complete, so that the stream can go on at any byte. It needs no reset and makes
none: what a terminal had scrolled away stays. It asks nothing, and nothing in it has an effect beyond the screen; but a
terminal in which it switches on 2033 or 2048, since the program did, reports at once.

What it cannot carry (`tests/support/restore_limits.py` names each, with an example):
- an alternate screen that is not shown: most terminals, and 1049, clear it anyway;
- shell marks (OSC 133) and what a terminal does by them; images; modes saved by XTSAVE that choose the screen, or that
  a terminal reports on at once; what is left in the keyboard stack below what was popped too often;
- a cursor that waits to wrap in another column than the last one or the right margin; one outside the margins in origin
  mode, which is moved inside; and where a cursor waits to wrap on a cell without a character, that gets a space;
- the character that REP repeats, where it stands nowhere and nothing on the screen is blank, or where another one makes
  the cursor wait to wrap; a single shift that was saved, or waits below the alternate screen;
- protection of cells without a character; that a wide space is one of DEC graphics, not U+3000;
- that a row was inserted behind one that wraps: both flow as one line; that the last row wraps where the cursor cannot
  leave it; in a terminal of one row, that the end of such a row was erased; and how rows wrap in a screen that became
  narrower without reflow.
Sequences that a terminal does not know, it ignores.
"""

from __future__ import annotations

from dataclasses import fields

from .cell import again, blank_end, erase_again, find, joins
from .modes import CURSOR_BLINKS, MARGINS, ORIGIN, assert_modes, is_set, save_modes
from .painting import paint
from .pen import PLAIN, open_link, sgr
from .snapshot import Cursor, SavedCursor, ScreenState, Snapshot

__all__ = ["restore"]

_PLAIN = b'\x1b[0$}\x1b[?6l\x1b[0m\x1b]8;;\x1b\\\x1b[0"q\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b}'
_LEAVE_ALTERNATE = b"\x1b[?1049l"
_BLANK = b"\x1b[4;20l\x1b[?45;69;1045;2027l\x1b[?7h" + _PLAIN + b"\x1b[r\x1b[H\x1b[2J"
"""A blank screen on which characters land where they are written."""

_TAB_WIDTH = 8
_BLOCK = 1
_BLINKING_SHAPES = {0: 5, 1: 1, 2: 3, 3: 1}  # the steady one is the next number; a hollow block has none
_DESIGNATE = (b"(", b")", b"*", b"+")
_ASCII_SET = 1  # 0 is UTF-8, which shows the same
_CHARACTER_SETS = {2: b"A", 3: b"0"}
_INVOKE_LEFT = {0: b"", 1: b"\x0e", 2: b"\x1bn", 3: b"\x1bo"}
_INVOKE_RIGHT = {0: b"", 1: b"\x1b~", 2: b"", 3: b"\x1b|"}
_SINGLE_SHIFT = {3: b"\x1bN", 4: b"\x1bO"}  # one more than the set
_ISO_PROTECTION = 1
_PROTECT = {0: (b'\x1b[1"q', b""), _ISO_PROTECTION: (b"\x1bV", b"\x1bW"), 2: (b'\x1b[1"q', b"")}
_POINTERS = (
    b"default", b"context-menu", b"help", b"pointer", b"progress", b"wait", b"cell", b"crosshair", b"text",
    b"vertical-text", b"alias", b"copy", b"move", b"no-drop", b"not-allowed", b"grab", b"grabbing", b"all-scroll",
    b"col-resize", b"row-resize", b"n-resize", b"e-resize", b"s-resize", b"w-resize", b"ne-resize", b"nw-resize",
    b"se-resize", b"sw-resize", b"ew-resize", b"ns-resize", b"nesw-resize", b"nwse-resize", b"zoom-in", b"zoom-out",
)  # fmt: skip
_USUAL_POINTER = b"text"
_CONTROLS = bytes(range(0x20)) + b"\x7f"


def restore(snapshot: Snapshot, lines: int) -> bytes:
    """Return the sequences.

    Args:
        snapshot: of the terminal.
        lines: of scrollback, at most. Where a line that wrapped begins earlier, its end comes alone.
    """
    primary = snapshot.screens[0]
    parts = [_LEAVE_ALTERNATE, save_modes(snapshot.saved_modes, snapshot.default_modes), _BLANK]
    parts += [paint(primary.last_rows(snapshot.rows + lines), snapshot.cols, snapshot.rows)]
    if snapshot.is_alternate:
        parts += [_below_alternate(snapshot, primary), _BLANK]
        parts.append(paint(snapshot.active.last_rows(snapshot.rows), snapshot.cols, snapshot.rows))
    cursor = snapshot.active.cursor
    parts += [_tab_stops(snapshot), _saved(snapshot, snapshot.active)]
    parts += [_repeated(snapshot), _placed(snapshot)]
    parts += [_shape(snapshot, cursor), assert_modes(snapshot.modes, snapshot.mouse_event, snapshot.mouse_format)]
    parts += [_keyboard(cursor), b"\x1b[>4;2m" if snapshot.modify_other_keys else b"\x1b[>4m", _pointer(snapshot)]
    parts.append(_colours(snapshot))
    if snapshot.title:
        parts.append(b"\x1b]2;%s\x1b\\" % snapshot.title.translate(None, _CONTROLS))
    parts += [_pen(cursor), _character_sets(cursor.charset), _SINGLE_SHIFT.get(cursor.charset >> 12, b"")]
    parts.append(b"\x1b[1$}" if snapshot.writes_status_line else b"")
    return b"".join([*parts, snapshot.continuation])


def _below_alternate(snapshot: Snapshot, primary: ScreenState) -> bytes:
    """Give the primary screen its state, and enter the alternate one."""
    cursor, saved = primary.cursor, primary.saved
    begin = _shape(snapshot, cursor) + _keyboard(cursor)
    if saved is not None and _without_its_own(cursor) == saved:
        # As programs do it: where the cursor of 1049 is kept apart from that of DECSC, as in tmux, it must be this.
        return begin + _to_saved(snapshot, primary, saved) + b"\x1b[?1049h"
    at = _at(snapshot, primary, cursor, (0, 0, snapshot.cols - 1))
    parts = [begin, _saved(snapshot, primary), at, _pen(cursor), _character_sets(cursor.charset)]
    return b"".join([*parts, b"\x1b[?1047h"])


def _without_its_own(cursor: Cursor) -> SavedCursor:
    """Return what DECSC would save."""
    return SavedCursor(**{field.name: getattr(cursor, field.name) for field in fields(SavedCursor)})


def _saved(snapshot: Snapshot, screen: ScreenState) -> bytes:
    """Save the cursor that DECSC saved, if any."""
    saved = screen.saved
    if saved is None:
        return b""
    erase = b""
    if saved.pending_wrap and saved.x == snapshot.cols - 1 and saved.y < snapshot.rows:
        # It was moved to by writing a character, where there may be none any more.
        erase = erase_again(screen.last_rows(snapshot.rows)[saved.y], saved.x)
    return _to_saved(snapshot, screen, saved) + b"\x1b7" + erase + _PLAIN


def _to_saved(snapshot: Snapshot, screen: ScreenState, saved: SavedCursor) -> bytes:
    origin = b"\x1b[?6h" if saved.origin else b""
    at = _at(snapshot, screen, saved, (0, 0, snapshot.cols - 1))
    protect = _protect(screen.cursor.protected_mode, is_on=saved.is_protected)
    return b"".join([origin, at, sgr(saved.style), protect, _character_sets(saved.charset)])


def _placed(snapshot: Snapshot) -> bytes:
    """Set margins and origin mode, which move the cursor, and put it in its place."""
    top, bottom, left, right = snapshot.region
    parts = []
    if is_set(snapshot.modes, MARGINS):
        parts.append(b"\x1b[?69h\x1b[%d;%ds" % (left + 1, right + 1))
    if (top, bottom) != (0, snapshot.rows - 1):
        parts.append(b"\x1b[%d;%dr" % (top + 1, bottom + 1))
    if is_set(snapshot.modes, ORIGIN):
        parts.append(b"\x1b[?6h")
    else:
        top = left = 0
    edge = right if snapshot.active.cursor.x <= right else snapshot.cols - 1
    parts.append(_at(snapshot, snapshot.active, snapshot.active.cursor, (top, left, edge)))
    return b"".join(parts)


def _at(snapshot: Snapshot, screen: ScreenState, cursor: SavedCursor, margins: tuple[int, int, int]) -> bytes:
    """Move the cursor. Where the next character wraps, write again what it wrote last: nothing else makes it so."""
    top, left, right = margins
    row = max(0, cursor.y - top) + 1  # origin mode keeps it within the margins, also where it was not
    move = b"\x1b[%d;%dH" % (row, max(0, cursor.x - left) + 1)
    if not cursor.pending_wrap or cursor.x != right or cursor.y >= snapshot.rows or cursor.y < top:
        return move
    start, stop, text = again(screen.last_rows(snapshot.rows)[cursor.y], cursor.x)
    if stop != cursor.x + 1 or start < left:
        return move
    return b"\x1b[%d;%dH%s" % (row, start - left + 1, text)


def _repeated(snapshot: Snapshot) -> bytes:
    """Write the character that REP repeats: where it stands already, or where it can be erased again."""
    character = snapshot.previous
    if not character or joins(character):
        return b""
    rows = snapshot.active.last_rows(snapshot.rows)
    for number, row in enumerate(rows, start=1):
        column = find(row, character)
        if column is not None:
            start, _, text = again(row, column)
            return b"\x1b[%d;%dH%s" % (number, start + 1, text)
    for number, row in enumerate(rows, start=1):
        column, fill = blank_end(row)
        if column + 2 <= snapshot.cols:
            at = b"\x1b[%d;%dH" % (number, column + 1)
            return at + character.encode() + at + fill + b"\x1b[2X" + PLAIN
    return b""


def _tab_stops(snapshot: Snapshot) -> bytes:
    if snapshot.tab_stops == frozenset(range(_TAB_WIDTH, snapshot.cols - 1, _TAB_WIDTH)):
        return b"\x1b[?5W"  # DECST8C
    return b"\x1b[3g" + b"".join(b"\x1b[%dG\x1bH" % (column + 1) for column in sorted(snapshot.tab_stops))


def _shape(snapshot: Snapshot, cursor: Cursor) -> bytes:
    """DECSCUSR: 0 for the terminal's own cursor."""
    is_steady = not is_set(snapshot.modes, CURSOR_BLINKS)
    if cursor.shape == _BLOCK and (snapshot.cursor_is_default or cursor is not snapshot.active.cursor):
        return b"\x1b[0 q"
    return b"\x1b[%d q" % (_BLINKING_SHAPES[cursor.shape] + is_steady)


def _keyboard(cursor: Cursor) -> bytes:
    first, *pushed = cursor.keyboard
    return b"\x1b[=%d;1u" % first + b"".join(b"\x1b[>%du" % flags for flags in pushed)


def _pointer(snapshot: Snapshot) -> bytes:
    """Shape of the pointer, and who gets the mouse with shift, where the program said so."""
    shape = _POINTERS[snapshot.mouse_shape]
    capture = b"\x1b[>%ds" % (snapshot.mouse_shift_capture - 1) if snapshot.mouse_shift_capture else b""
    return capture if shape == _USUAL_POINTER else capture + b"\x1b]22;%s\x1b\\" % shape


def _colours(snapshot: Snapshot) -> bytes:
    """Colours that the program set; the others stay the terminal's own."""
    numbers = {b"4;%d" % number: colour for number, colour in snapshot.palette.items()}
    numbers |= {b"%d" % number: colour for number, colour in snapshot.colours.items()}
    return b"".join(b"\x1b]%s;rgb:%02x/%02x/%02x\x1b\\" % (number, *colour) for number, colour in numbers.items())


def _pen(cursor: Cursor) -> bytes:
    link = open_link(cursor.link) if cursor.link is not None else b""
    return sgr(cursor.style) + link + _protect(cursor.protected_mode, is_on=cursor.is_protected)


def _protect(mode: int, *, is_on: bool) -> bytes:
    """Begin to protect, or have begun and ended: in the way of ISO 6429 erasing spares such characters even then."""
    begin, end = _PROTECT[mode]
    if is_on:
        return begin
    return begin + end if mode == _ISO_PROTECTION else b""


def _character_sets(charset: int) -> bytes:
    """Designate and invoke, from a state in which all are ASCII."""
    sets = [(_DESIGNATE[slot], charset >> 2 * slot & 3) for slot in range(4)]
    designated = b"".join(b"\x1b" + slot + _CHARACTER_SETS[number] for slot, number in sets if number > _ASCII_SET)
    return designated + _INVOKE_LEFT[charset >> 8 & 3] + _INVOKE_RIGHT[charset >> 10 & 3]

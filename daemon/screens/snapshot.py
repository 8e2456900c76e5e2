"""The emulator's binary snapshot, read into Python: modes, cursors, pages of rows. Pure.

libghostty-vt writes all it knows of a terminal into one snapshot, natively and fast; nothing else gives a saved cursor,
the keyboard stack, margins, or cells erased with a background. Layout: `src/terminal/snapshot/snapshot.ksy` of ghostty.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .page import DEFAULT_STYLE, Link, Page, Row, Style, read_link, read_text
from .records import (
    CONTINUATION,
    ENVELOPE,
    FINISH,
    HEAD_BYTES,
    HISTORY,
    PAGE,
    SCREEN,
    TERMINAL,
    SnapshotError,
    record,
    records,
)

__all__ = ["DEFAULT_STYLE", "Cursor", "Page", "Row", "SavedCursor", "ScreenState", "Snapshot", "SnapshotError", "Style"]
__all__ += ["length", "parse", "without_split"]


_TERMINAL_HEADER = struct.Struct("<HHII4HBHHIBBBBBBBBBBQQQ8s8s8sQQ")
_SCREEN_HEADER = struct.Struct("<HHQHHBB16sIHBB8sBBB")
_SAVED_CURSOR = struct.Struct("<HH16sBH")
_PALETTE_COLOURS = 256
_NO_CHARACTER = 0xFFFFFFFF
_AUTOWRAP_BIT = 9


@dataclass(frozen=True, slots=True)
class SavedCursor:
    """What DECSC keeps. Positions count from 0."""

    x: int
    y: int
    style: Style
    charset: int
    is_protected: bool = False
    pending_wrap: bool = False
    origin: bool = False


@dataclass(frozen=True, slots=True)
class Cursor(SavedCursor):
    """The cursor, and what goes on under it.

    Attributes:
        shape: 0 bar, 1 block, 2 underline, 3 hollow block.
        protected_mode: 0 off, 1 ISO, 2 DEC; stays when protecting ends.
        link: explicit id (empty: none) and URI of the open hyperlink.
        keyboard: kitty keyboard flags, oldest first; the last ones are in force.
    """

    shape: int = 1
    protected_mode: int = 0
    link: Link | None = None
    keyboard: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class ScreenState:
    """One of the two screens.

    Attributes:
        pages: all pages, oldest first; the last rows of the last ones are the screen, those before it scrollback.
    """

    cursor: Cursor
    saved: SavedCursor | None
    pages: list[Page]

    @property
    def row_count(self) -> int:
        """Rows of scrollback and screen."""
        return sum(page.row_count for page in self.pages)

    def last_rows(self, count: int) -> list[Row]:
        """Return the last `count` rows, or as many as there are, oldest first."""
        return self.rows_between(max(0, self.row_count - count), self.row_count)

    def rows_between(self, first: int, stop: int) -> list[Row]:
        """Return rows by number; only the pages they lie in are unpacked."""
        found: list[Row] = []
        at = 0
        for page in self.pages:
            if at < stop and at + page.row_count > first:
                found += page.rows[max(0, first - at) : stop - at]
            at += page.row_count
        return found


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A terminal. Fields that nothing here uses are left out.

    Attributes:
        region: top, bottom, left and right margin, from 0, inclusive.
        previous: the character that REP repeats.
        modes: bits, in the order of `screen_modes`.
        mouse_event: what is reported: 0 nothing, 1 X10, 2 normal, 3 button, 4 any.
        mouse_format: 0 X10, 1 UTF-8, 2 SGR, 3 urxvt, 4 SGR pixels.
        mouse_shape: of the pointer, by its number in the format.
        mouse_shift_capture: whether shift with the mouse is the program's: 0 not said, 1 no, 2 yes.
        writes_status_line: what is printed goes to a status line (DECSASD), which the emulator does not show.
        saved_modes: what XTSAVE saved; where it saved nothing, as in `default_modes`.
        tab_stops: their columns, from 0.
        palette: colours set by OSC 4, by number.
        colours: colours set by OSC 10, 11 and 12, by that number.
        screens: by 0 primary, 1 alternate.
        continuation: the bytes of a character or sequence that has not ended.
    """

    cols: int
    rows: int
    region: tuple[int, int, int, int]
    is_alternate: bool
    previous: str
    cursor_is_default: bool
    modify_other_keys: bool
    mouse_event: int
    mouse_format: int
    mouse_shape: int
    mouse_shift_capture: int
    writes_status_line: bool
    modes: int
    saved_modes: int
    default_modes: int
    tab_stops: frozenset[int]
    palette: dict[int, bytes]
    colours: dict[int, bytes]
    title: bytes
    screens: dict[int, ScreenState]
    continuation: bytes

    @property
    def active(self) -> ScreenState:
        """The screen that shows."""
        return self.screens[int(self.is_alternate)]


def parse(data: bytes) -> Snapshot:
    """Read a snapshot.

    Raises:
        SnapshotError: not a snapshot of this version, or damaged. Checksums are left to the emulator.
    """
    try:
        return _parse(data)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise SnapshotError(f"the snapshot is damaged: {error}") from None


def without_split(data: bytes, cols: int) -> bytes | None:
    """Return the snapshot without the wide characters that a width of `cols` cuts in half; None where there are none.

    A screen that does not reflow, the alternate one or both without autowrap, keeps the left half; and a terminal with
    half a character can be neither encoded nor decoded any more.
    """
    parts, changed, key, reflows = [data[: len(ENVELOPE)]], False, 0, True
    for tag, start, end in records(data):
        payload = data[start + HEAD_BYTES : end]
        if tag in {SCREEN, HISTORY}:
            key = payload[0]
        if tag == TERMINAL:
            reflows = bool(_TERMINAL_HEADER.unpack_from(payload)[21] >> _AUTOWRAP_BIT & 1)
        elif tag == PAGE and (key or not reflows) and (better := Page(payload).without_split(cols)) is not None:
            parts.append(record(PAGE, better))
            changed = True
            continue
        parts.append(data[start:end])
    return b"".join(parts) if changed else None


def length(data: bytes) -> int:
    """Return how many bytes of `data` are the snapshot that it begins with. Raises SnapshotError."""
    for tag, _, end in records(data):
        if tag == FINISH:
            return end
    raise SnapshotError("the snapshot has no end")


def _parse(data: bytes) -> Snapshot:
    terminal, continuation = b"", b""
    cursors: dict[int, tuple[Cursor, SavedCursor | None]] = {}
    shown: dict[int, list[Page]] = {}
    older: dict[int, list[Page]] = {}
    pages: list[Page] = []
    for tag, start, end in records(data):
        payload = data[start + HEAD_BYTES : end]
        if tag == TERMINAL:
            terminal = payload
        elif tag == SCREEN:
            key = payload[0]
            cursors[key] = _read_screen(payload)
            pages = shown[key] = []
        elif tag == HISTORY:
            pages = older[payload[0]] = []
        elif tag == PAGE:
            pages.append(Page(payload))
        elif tag == CONTINUATION:
            continuation = payload
    screens = {key: ScreenState(*cursors[key], older.get(key, [])[::-1] + shown[key]) for key in cursors}
    return _read_terminal(terminal, screens, continuation)


def _read_screen(payload: bytes) -> tuple[Cursor, SavedCursor | None]:
    (_, _, _, x, y, shape, flags, style, _, charset, protected, level, keyboard, _, _, has_saved) = (
        _SCREEN_HEADER.unpack_from(payload)
    )
    at = _SCREEN_HEADER.size
    saved = None
    if has_saved:
        sx, sy, saved_style, saved_flags, saved_charset = _SAVED_CURSOR.unpack_from(payload, at)
        at += _SAVED_CURSOR.size
        bits = (bool(saved_flags & bit) for bit in (1, 2, 4))
        saved = SavedCursor(sx, sy, saved_style[:14], saved_charset, *bits)
    link, _ = read_link(payload, at)
    cursor = Cursor(
        x, y, style[:14], charset,
        is_protected=bool(flags & 2), pending_wrap=bool(flags & 1), shape=shape, protected_mode=protected,
        link=link, keyboard=tuple(keyboard[: level + 1]),
    )  # fmt: skip
    return cursor, saved


def _read_terminal(payload: bytes, screens: dict[int, ScreenState], continuation: bytes) -> Snapshot:
    (
        cols, rows, _, _, top, bottom, left, right, status_line, active, _, previous, is_default, _, _, _, other_keys,
        event, form, shift_capture, shape, _, modes, saved_modes, defaults, background, foreground, cursor_colour, _, _,
    ) = _TERMINAL_HEADER.unpack_from(payload)  # fmt: skip
    at = _TERMINAL_HEADER.size
    stops = int.from_bytes(payload[at : at + (cols + 7) // 8], "little")
    at += (cols + 7) // 8 + 3 * _PALETTE_COLOURS
    mask = int.from_bytes(payload[at : at + _PALETTE_COLOURS // 8], "little")
    at += _PALETTE_COLOURS // 8
    palette = {}
    for number in range(_PALETTE_COLOURS):
        if mask >> number & 1:
            palette[number] = payload[at : at + 3]
            at += 3
    _, at = read_text(payload, at)
    title, _ = read_text(payload, at)
    dynamic = {10: foreground, 11: background, 12: cursor_colour}
    return Snapshot(
        cols=cols,
        rows=rows,
        region=(top, bottom, left, right),
        is_alternate=bool(active),
        previous="" if previous == _NO_CHARACTER else chr(previous),
        cursor_is_default=bool(is_default),
        modify_other_keys=bool(other_keys),
        mouse_event=event,
        mouse_format=form,
        mouse_shape=shape,
        mouse_shift_capture=shift_capture,
        writes_status_line=bool(status_line),
        modes=modes,
        saved_modes=saved_modes,
        default_modes=defaults,
        tab_stops=frozenset(column for column in range(cols) if stops >> column & 1),
        palette=palette,
        colours={number: colour[5:8] for number, colour in dynamic.items() if colour[4]},
        title=title,
        screens=screens,
        continuation=continuation,
    )

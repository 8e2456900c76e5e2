"""A session's screen in memory: the one adapter over `pyghostty` (libghostty-vt), which is pinned exactly.

It is fed what the PTY printed, and tells what a terminal would show: as escape sequences that paint it anew, as rows,
as a checkpoint; and it makes the answers to queries.

Bounds: scrollback in lines and bytes; an unfinished sequence in bytes. The emulator drops scrollback by whole pages, up
to `page_rows` at once, and cannot be asked for a snapshot while a sequence is longer than it remembers; both are made
good for here.

What a stream does to a screen does not depend on how it is cut into calls of `feed`, but for a character in two pieces
that is printed to the right of a right margin: there the emulator errs.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import restore as painting
from . import snapshot as snapshots
from .emulator import MAX_UNFINISHED_BYTES, available, blank, check, decode, encode, ffi, lib, set_option, set_up
from .errors import ScreenError
from .lines import Line
from .long_sequence import LongSequence
from .primary_rows import primary_rows
from .records import SnapshotError
from .status import Status
from .trimming import trim

__all__ = ["MAX_UNFINISHED_BYTES", "Line", "Screen", "ScreenError", "available", "page_rows"]

_ALLOWS_WIDTH = re.compile(rb"\?40")
_SWITCH = re.compile(rb"[0-9][hlr]")  # the ends of DECSET, DECRST and XTRESTORE

_BEGINS_WITHIN_STRING = re.compile(rb"(?s)\x1b[X^_].*?([\x90\x9b\x9d])")
_C1_OFFSET = 0x40  # from a C1 control to the letter that means it behind ESC: ECMA-48 5.3

_CELL_PIXELS = (8, 16)
_PAGE_CELLS = 215 * 215
_MAX_REPLY_BYTES = 64 * 1024


def page_rows(cols: int) -> int:
    """Return how many lines of scrollback of this width the emulator drops at once."""
    return _PAGE_CELLS // cols + 1


class Place(NamedTuple):
    """Where the cursor is.

    Attributes:
        is_alternate: on which screen.
        scrollback_rows: above the screen; 0 for the alternate one.
        x: column from 0.
        y: row of the screen, from 0.
        at_rest: whether the last byte ended a character or control sequence.
        unfinished_bytes: of one in progress; 0 where that is too long to be remembered.
    """

    is_alternate: bool
    scrollback_rows: int
    x: int
    y: int
    at_rest: bool
    unfinished_bytes: int


class Screen:
    """One terminal.

    Every method but `close` may raise ScreenError.
    """

    def __init__(self, cols: int, rows: int, *, scrollback_lines: int, scrollback_bytes: int) -> None:
        """Make a blank one.

        Args:
            cols: width in cells, from 1.
            rows: height.
            scrollback_lines: lines that are always kept once there were as many, within the bytes.
            scrollback_bytes: memory for them, to a page or two (about 400 kB each).
        """
        self._begin(blank(cols, rows), scrollback_lines, scrollback_bytes)

    def _begin(self, terminal: Any, scrollback_lines: int, scrollback_bytes: int, stub: bytes = b"") -> None:
        self._scrollback = scrollback_lines, scrollback_bytes
        self._long = LongSequence(stub)
        self._replies = bytearray()
        self._own(terminal)
        self._size = self._status.size
        self._last = b""  # byte fed
        self._set_scrollback()

    def _own(self, terminal: Any) -> None:
        self._terminal = terminal
        self._free = weakref.finalize(self, lib.ghostty_terminal_free, terminal)
        replies = self._replies

        def reply(_terminal: Any, _userdata: Any, data: Any, length: int) -> None:
            if len(replies) + length <= _MAX_REPLY_BYTES:
                replies.extend(ffi.buffer(data, length))

        self._reply = ffi.callback("GhosttyTerminalWritePtyFn", reply)  # must live as long as the terminal
        set_up(terminal, self._reply)
        self._status = Status(terminal)
        self._unfinished_bytes = self._unfinished_length()

    def _set_scrollback(self) -> None:
        lines, size = self._scrollback
        # A page goes at once, so one more than asked for is kept; but none where none is wanted.
        keep = lines + page_rows(self._size[0]) if lines else 0
        set_option(self._terminal, "SCROLLBACK_MAX_LINES", ffi.new("size_t *", keep))
        set_option(self._terminal, "SCROLLBACK_MAX_BYTES", ffi.new("size_t *", size if lines else 0))

    def feed(self, data: bytes) -> None:
        """Take what was printed."""
        self._require_open()
        for piece in self._pieces(data):
            rest = self._long.skip(piece)
            lib.ghostty_terminal_vt_write(self._terminal, rest, len(rest))
            self._look_after(piece)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        """Cut the data where what was fed so far demands it."""
        at = 0
        while at < len(data):
            # What is unfinished is taken from the emulator at its longest, wherever the calls happened to be cut.
            piece = data[at : at + MAX_UNFINISHED_BYTES - self._unfinished_bytes]
            around = self._last + piece
            if self._status.may_change_width or _ALLOWS_WIDTH.search(around):
                found = _SWITCH.search(around)
                piece = piece[: found.end() - len(self._last)] if found else piece
            at += len(piece)
            yield piece

    def _look_after(self, piece: bytes) -> None:
        self._last = piece[-1:] or self._last
        self._status.read()
        self._unfinished_bytes = 0 if self._status.at_rest else self._unfinished_length()
        if self._unfinished_bytes == MAX_UNFINISHED_BYTES:
            self._long.begin(self._unfinished(self._unfinished_bytes))
            lib.ghostty_terminal_vt_write(self._terminal, b"\x18", 1)
            self._unfinished_bytes = 0
        if self._status.size != self._size:
            # DECCOLM. The PTY's size is what its clients agreed on; programs do not change it.
            self._resize(*self._size)

    def _unfinished_length(self) -> int:
        length = ffi.new("size_t *")
        lib.ghostty_terminal_continuation_buf(self._terminal, ffi.NULL, 0, length)
        return int(length[0])

    def _unfinished(self, length: int) -> bytes:
        buffer = ffi.new("uint8_t[]", length)
        written = ffi.new("size_t *")
        check(lib.ghostty_terminal_continuation_buf(self._terminal, buffer, length, written), "read what is unfinished")
        return bytes(ffi.buffer(buffer, written[0]))

    @property
    def at_rest(self) -> bool:
        """Whether the last byte ended a character or control sequence."""
        return self.place.at_rest

    def feed_to_rest(self, data: bytes) -> int | None:
        """Take only as much as ends the sequence in progress.

        Returns:
            How many bytes that were, 0 at rest; None where all were taken, and it goes on.
        """
        self._require_open()
        at = 0
        for piece in self._pieces(data):
            rest = self._long.skip(piece)
            taken = ffi.new("size_t *")
            result = lib.ghostty_terminal_vt_write_until_ground(self._terminal, rest, len(rest), taken)
            if result != lib.GHOSTTY_NO_VALUE:
                check(result, "feed it")
                if not self._long:
                    end = len(piece) - len(rest) + int(taken[0])
                    self._look_after(piece[:end])
                    return at + end
            self._look_after(piece)
            at += len(piece)
        return None if data or not self.at_rest else 0

    def resize(self, cols: int, rows: int) -> None:
        """Change the size: lines of the primary screen flow into the new width."""
        self._require_open()
        if cols < self._size[0] and (better := snapshots.without_split(self._encode(), cols)) is not None:
            self._become(better)
        self._resize(cols, rows)
        self._size = cols, rows
        self._set_scrollback()

    def _become(self, data: bytes) -> None:
        """Go on from another snapshot."""
        terminal = decode(data)
        self._free()
        self._own(terminal)
        self._set_scrollback()

    def _resize(self, cols: int, rows: int) -> None:
        check(lib.ghostty_terminal_resize(self._terminal, cols, rows, *_CELL_PIXELS), f"make it {cols}x{rows}")
        self._status.read()

    def take_replies(self) -> bytes:
        """Return the answers to queries since the last call."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._size

    @property
    def place(self) -> Place:
        """Where the cursor is. Takes a microsecond."""
        self._require_open()
        status = self._status
        is_alternate, scrollback_rows, x, y = status.position
        return Place(is_alternate, scrollback_rows, x, y, status.at_rest and not self._long, self._unfinished_bytes)

    @property
    def scrollback_rows(self) -> int:
        """Rows above the screen; 0 while the alternate one shows."""
        return self.place.scrollback_rows

    def prune(self, lines: int) -> int:
        """Drop the oldest scrollback, in whole pages, but for `lines` rows or a page more. Takes 5 µs.

        Returns:
            How many rows were dropped; not known while the alternate screen shows, then 0.
        """
        before = self.scrollback_rows
        set_option(self._terminal, "SCROLLBACK_MAX_LINES", ffi.new("size_t *", lines + page_rows(self._size[0])))
        self._status.read()
        dropped = before - self.scrollback_rows
        self._set_scrollback()
        return dropped

    def trim(self, lines: int) -> int:
        """Drop all scrollback of the primary screen but the last `lines` rows, exactly. Takes milliseconds.

        Returns:
            How many rows were dropped.
        """
        try:
            data, dropped = trim(self._encode(), lines)
        except SnapshotError as error:
            raise ScreenError(str(error)) from None
        if dropped:
            self._become(data)
        return dropped

    def snapshot(self) -> snapshots.Snapshot:
        """Return all of it, unpacked on demand: `rows` and `restore` take from this."""
        try:
            return snapshots.parse(self._encode())
        except SnapshotError as error:
            raise ScreenError(str(error)) from None

    def restore(self, lines: int) -> bytes:
        """Return the escape sequences that make any terminal show this, with the last `lines` lines of scrollback."""
        return painting.restore(self.snapshot(), lines) + self._long.stub

    def rows(self, first: int, count: int, *, styled: bool) -> list[Line]:
        """Return rows of the primary screen and its scrollback, counted from the oldest that is kept."""
        return primary_rows(self.snapshot(), max(0, first), max(0, first + count), styled=styled)

    def checkpoint(self) -> bytes:
        """Return all of it, scrollback too. For this build of the emulator."""
        return self._encode() + self._long.stub

    @classmethod
    def from_checkpoint(cls, data: bytes, *, scrollback_lines: int, scrollback_bytes: int) -> Screen:
        """Make a screen as it was. Raises ScreenError where the bytes are no checkpoint, or damaged."""
        try:
            stub = data[snapshots.length(data) :]
        except SnapshotError as error:
            raise ScreenError(str(error)) from None
        screen = cls.__new__(cls)
        screen._begin(decode(data[: len(data) - len(stub)]), scrollback_lines, scrollback_bytes, stub)  # noqa: SLF001  # its own
        return screen

    def _encode(self) -> bytes:
        self._require_open()
        try:
            return encode(self._terminal)
        except ScreenError:
            if not self._rewrite_unfinished():
                raise
            return encode(self._terminal)

    def _rewrite_unfinished(self) -> bool:
        """Write a sequence that one byte began within a string as one of its own; a snapshot cannot hold the former."""
        unfinished = self._unfinished(self._unfinished_bytes) if self._unfinished_bytes else b""
        found = _BEGINS_WITHIN_STRING.match(unfinished)
        if found is None:
            return False
        begun = b"\x1b%c" % (found[1][0] - _C1_OFFSET) + unfinished[found.end() :]
        lib.ghostty_terminal_vt_write(self._terminal, b"\x18" + begun, 1 + len(begun))
        self._look_after(b"")
        return True

    def close(self) -> None:
        """Free the memory. Nothing else may be called then."""
        self._free()

    def _require_open(self) -> None:
        if not self._free.alive:
            raise ScreenError("the screen is closed")

"""What is read from a terminal of the emulator all the time."""

from __future__ import annotations

from typing import Any

from .emulator import check, ffi, lib

__all__ = ["Status"]

_ALLOW_WIDTH_CHANGE = 40


class Status:
    """What is looked at behind every piece of output, in one call: 0.4 µs. Alone, each of it takes as long.

    Attributes:
        at_rest: whether the last byte ended a character or control sequence, as far as the emulator knows.
        size: columns and rows.
        position: whether the alternate screen shows, rows above it (0 for the alternate one), column and row (from 0).
        may_change_width: whether DECCOLM has an effect.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._at_rest = ffi.new("bool *")
        self._cols, self._rows, self._x, self._y = (ffi.new("uint16_t *") for _ in range(4))
        self._screen = ffi.new("int *")
        self._scrollback_rows = ffi.new("size_t *")
        self._mode = ffi.new("GhosttyTerminalModeConfig *", {"mode": _ALLOW_WIDTH_CHANGE})
        places = {
            "VT_GROUND": self._at_rest,
            "COLS": self._cols,
            "ROWS": self._rows,
            "CURSOR_X": self._x,
            "CURSOR_Y": self._y,
            "ACTIVE_SCREEN": self._screen,
            "SCROLLBACK_ROWS": self._scrollback_rows,
            "MODE": self._mode,
        }
        self._count = len(places)
        self._keys = ffi.new("GhosttyTerminalData[]", [getattr(lib, f"GHOSTTY_TERMINAL_DATA_{key}") for key in places])
        self._places = ffi.new("void *[]", list(places.values()))
        self._alternate = lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE
        self.read()

    def read(self) -> None:
        """Look again."""
        result = lib.ghostty_terminal_get_multi(self._terminal, self._count, self._keys, self._places, ffi.NULL)
        check(result, "be looked at")
        self.at_rest: bool = self._at_rest[0]
        self.size: tuple[int, int] = self._cols[0], self._rows[0]
        self.may_change_width: bool = self._mode.value
        is_alternate = self._screen[0] == self._alternate
        self.position: tuple[bool, int, int, int] = is_alternate, self._scrollback_rows[0], self._x[0], self._y[0]

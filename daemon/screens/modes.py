"""Terminal modes by the bit that the emulator's snapshot keeps them in, and what a restore asserts of them. Pure.

Sources: `snapshot/terminal.zig` of ghostty (bits); ctlseqs of xterm, DECSET and SM; mode 2027 of "Terminal Unicode
Core"; 2031, 2033 and 2048 of contour, kitty and ghostty.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CURSOR_BLINKS", "MARGINS", "ORIGIN", "assert_modes", "bit_of", "is_set", "save_modes"]

_ANSI = {0: 2, 1: 4, 2: 12, 3: 20}
_DEC = (
    1, 3, 4, 5, 6, 7, 8, 9, 12, 25, 40, 45, 47, 66, 67, 69, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016,
    1035, 1036, 1039, 1045, 1047, 1048, 1049, 2004, 2026, 2027, 2031, 2033, 2048, 5522,
)  # fmt: skip
_BITS: Final = {number: bit for bit, number in enumerate(_DEC, start=4)}

ORIGIN = 6
CURSOR_BLINKS = 12
KEYPAD = 66
MARGINS = 69

_MOUSE_EVENTS: Final = (9, 1000, 1002, 1003)
_MOUSE_FORMATS: Final = (1005, 1006, 1015, 1016)
_LATER: Final = frozenset({*_MOUSE_EVENTS, *_MOUSE_FORMATS, ORIGIN, MARGINS, KEYPAD})
_NEVER: Final = frozenset({3, 47, 1047, 1048, 1049, 2026})
"""Resizing (DECCOLM), which screen shows (chosen by the restore), and the frame that only its program can end."""
_REPORTING: Final = frozenset({1004, 2031, 2033, 2048, 5522})
"""A terminal may report at once where these are switched on: not done only to have them saved."""
_AT_MOST = 16
"""Parameters in one sequence: a VT220 and the Linux console read no more."""


def bit_of(number: int) -> int:
    """Return the bit of a DEC private mode."""
    return _BITS[number]


def is_set(modes: int, number: int) -> bool:
    """Whether a DEC private mode is on."""
    return bool(modes >> _BITS[number] & 1)


def assert_modes(modes: int, mouse_event: int, mouse_format: int) -> bytes:
    """Return what switches every mode to what it is, but for those that move the cursor.

    Args:
        modes: bits of the snapshot.
        mouse_event: which of the reports is in force, counted from 1; several modes may be on, the last one set wins.
        mouse_format: the same of their encodings.
    """
    parts = [b"\x1b[%d%c" % (number, b"h" if modes >> bit & 1 else b"l") for bit, number in _ANSI.items()]
    off = [number for number in _BITS if number not in _LATER | _NEVER and not is_set(modes, number)]
    on = [number for number in _BITS if number not in _LATER | _NEVER and is_set(modes, number)]
    parts += [*_switch(off, b"l"), *_switch(on, b"h"), b"\x1b=" if is_set(modes, KEYPAD) else b"\x1b>"]
    return b"".join([*parts, _choose(_MOUSE_EVENTS, modes, mouse_event), _choose(_MOUSE_FORMATS, modes, mouse_format)])


def save_modes(saved: int, default: int) -> bytes:
    """Return what makes XTRESTORE bring back what XTSAVE saved. The modes themselves are left as they were saved.

    Args:
        saved: bits of the snapshot.
        default: what a terminal has saved that was never told to.
    """
    changed = [number for number in _BITS if number not in _NEVER | _REPORTING and is_set(saved ^ default, number)]
    on = [number for number in changed if is_set(saved, number)]
    off = [number for number in changed if not is_set(saved, number)]
    return b"".join([*_switch(on, b"h"), *_switch(off, b"l"), *_switch(changed, b"s")])


def _switch(numbers: list[int], how: bytes) -> list[bytes]:
    groups = (numbers[start : start + _AT_MOST] for start in range(0, len(numbers), _AT_MOST))
    return [b"\x1b[?%s%s" % (b";".join(b"%d" % number for number in group), how) for group in groups]


def _choose(numbers: tuple[int, ...], modes: int, chosen: int) -> bytes:
    """Modes that exclude each other in effect: all off, then those that are on, the one in force last."""
    on = [number for number in numbers if is_set(modes, number)]
    wanted = numbers[chosen - 1] if chosen else 0
    on.sort(key=wanted.__eq__)
    parts = [*_switch([number for number in numbers if number not in on], b"l"), *_switch(on, b"h")]
    if not chosen and on:
        # One was switched off while another stayed on: nothing is reported.
        parts += _switch([number for number in numbers if number not in on][:1], b"l")
    return b"".join(parts)

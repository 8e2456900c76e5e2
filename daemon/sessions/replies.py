"""What the daemon answers in a terminal's place while none is attached: made from what the mirror's screen tells. Pure.

The sizes of cells are those of the mirror's emulator, 8 by 16 pixels. Colours that no program has set are a dark
terminal's, as most are. Nothing that a program wrote is ever repeated (a title would be typed into a shell).
Source: ctlseqs of xterm, "Device-Control functions", "Window manipulation" and "Operating System Commands".
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

__all__ = [
    "BlankScreen",
    "Screen",
    "ansi_mode_unknown",
    "capabilities",
    "colour_scheme",
    "cursor_position",
    "dynamic_colours",
    "from_emulator",
    "private_mode_unknown",
    "window",
]

Colour = tuple[int, int, int]

_CELL_COLS_PX, _CELL_ROWS_PX = 8, 16
_FOREGROUND, _BACKGROUND = (255, 255, 255), (0, 0, 0)
_LIGHT = 128
_ST, _BEL = b"\x1b\\", b"\x07"
_NUMBER = re.compile(rb"[0-9]+")
_HEXADECIMAL = re.compile(rb"(?:[0-9A-Fa-f]{2})+")

# Of the TERM and COLORTERM that sessions have. `Ms`, how to write the clipboard, is not there: nobody would take it.
_CAPABILITIES = {b"TN": b"xterm-256color", b"Co": b"256", b"colors": b"256", b"RGB": b"8", b"Tc": b""}


class Screen(Protocol):
    """What answers are made from: the mirror's `Answer`, or a `BlankScreen`."""

    @property
    def replies(self) -> bytes:
        """What the emulator answered by itself."""
        ...  # a protocol's property needs a body that returns nothing

    @property
    def x(self) -> int:
        """The cursor's column, from 0."""
        ...  # the same

    @property
    def y(self) -> int:
        """The cursor's row, from 0; from the region's top where the origin mode says so."""
        ...  # the same

    @property
    def cols(self) -> int:
        """Width in cells."""
        ...  # the same

    @property
    def rows(self) -> int:
        """Height in cells."""
        ...  # the same

    @property
    def foreground(self) -> Colour | None:
        """As a program has set it; None where none did."""
        ...  # the same

    @property
    def background(self) -> Colour | None:
        """The same of the background."""
        ...  # the same

    @property
    def cursor_colour(self) -> Colour | None:
        """The same of the cursor."""
        ...  # the same


class BlankScreen(NamedTuple):
    """All that is known of the screen without a mirror: its size."""

    cols: int
    rows: int
    replies: bytes = b""
    x: int = 0
    y: int = 0
    foreground: Colour | None = None
    background: Colour | None = None
    cursor_colour: Colour | None = None


def from_emulator(_query: bytes, screen: Screen) -> bytes:
    """The emulator answers by itself."""
    return screen.replies


def cursor_position(_query: bytes, screen: Screen) -> bytes:
    """DECXCPR."""
    return b"\x1b[?%d;%dR" % (screen.y + 1, screen.x + 1)


def colour_scheme(_query: bytes, screen: Screen) -> bytes:
    """Dark or light (contour's extension), by the background's brightness as ITU-R BT.601 weighs it."""
    red, green, blue = screen.background or _BACKGROUND
    return b"\x1b[?997;%dn" % (2 if 0.299 * red + 0.587 * green + 0.114 * blue >= _LIGHT else 1)


def dynamic_colours(query: bytes, screen: Screen) -> bytes:
    """OSC 10 to 12, several at once as well: each further field is for the next number."""
    fields, end = _osc(query)
    first = int(fields[0])
    foreground = screen.foreground or _FOREGROUND
    known = {
        10: foreground,
        11: screen.background or _BACKGROUND,
        12: screen.cursor_colour or foreground,
    }
    asked = [first + at for at, field in enumerate(fields[1:]) if field == b"?"]
    return b"".join(b"\x1b]%d;%s%s" % (number, _rgb(known[number]), end) for number in asked if number in known)


def capabilities(query: bytes, _screen: Screen) -> bytes:
    """XTGETTCAP: names and values are in hexadecimal, each name is answered by itself."""
    return b"".join(_capability(name) for name in query[len(b"\x1bP+q") : -len(_ST)].split(b";"))


def _capability(name: bytes) -> bytes:
    if _HEXADECIMAL.fullmatch(name) is None:
        return b"\x1bP0+r\x1b\\"  # what else stands there may be a command for a shell
    value = _CAPABILITIES.get(bytes.fromhex(name.decode()))
    if value is None:
        return b"\x1bP0+r" + name + _ST
    return b"\x1bP1+r" + name + (b"=" + value.hex().upper().encode() if value else b"") + _ST


def window(query: bytes, screen: Screen) -> bytes:
    """XTWINOPS 11 to 21: an open window in the corner of a screen of its own size, without titles."""
    operation = int(_NUMBER.findall(query)[0])
    pixels = screen.rows * _CELL_ROWS_PX, screen.cols * _CELL_COLS_PX
    cells = screen.rows, screen.cols
    return {
        11: b"\x1b[1t",
        13: b"\x1b[3;0;0t",
        14: b"\x1b[4;%d;%dt" % pixels,
        15: b"\x1b[5;%d;%dt" % pixels,
        16: b"\x1b[6;%d;%dt" % (_CELL_ROWS_PX, _CELL_COLS_PX),
        18: b"\x1b[8;%d;%dt" % cells,
        19: b"\x1b[9;%d;%dt" % cells,
        20: b"\x1b]L\x1b\\",
        21: b"\x1b]l\x1b\\",
    }[operation]


def ansi_mode_unknown(query: bytes, _screen: Screen) -> bytes:
    """DECRQM: not recognised."""
    return b"\x1b[%s;0$y" % _NUMBER.findall(query)[0]


def private_mode_unknown(query: bytes, _screen: Screen) -> bytes:
    """DECRQM of a private mode: not recognised."""
    return b"\x1b[?%s;0$y" % _NUMBER.findall(query)[0]


def _osc(query: bytes) -> tuple[list[bytes], bytes]:
    """Return the fields of an OSC, and what ended it: the answer ends the same way."""
    end = _BEL if query.endswith(_BEL) else _ST
    return query[2 : -len(end)].split(b";"), end


def _rgb(colour: Colour) -> bytes:
    return b"rgb:%04x/%04x/%04x" % tuple(part * 257 for part in colour)

"""Styles, links and protection as escape sequences, switched only where they change. Pure.

Sources: ECMA-48 8.3.117 (SGR), ISO 8613-6 and ctlseqs of xterm (colours), OSC 8 as in "Hyperlinks in terminal
emulators", DECSCA of the VT220.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from .page import DEFAULT_STYLE, Link, Style

__all__ = ["PLAIN", "Pen", "fill", "open_link", "sgr"]

PLAIN: Final = b"\x1b[0m"
_NO_LINK: Final = b"\x1b]8;;\x1b\\"
_PROTECTED: Final = (b'\x1b[0"q', b'\x1b[1"q')

_ATTRIBUTES = ((1, b";1"), (4, b";2"), (2, b";3"), (8, b";5"), (16, b";7"), (32, b";8"), (64, b";9"), (128, b";53"))
_UNDERLINE_SHIFT, _UNDERLINE_MASK = 8, 7
_NO_COLOUR, _PALETTE_COLOUR = 0, 1


@lru_cache(maxsize=4096)  # a third of the time of a coloured listing otherwise
def sgr(style: Style) -> bytes:
    """Return what makes this style, whatever it was before.

    The underline's colour comes apart, with all else in at most 20 parameters: libghostty-vt and tmux drop a sequence
    of more than 24. It has colons: a terminal without such colours would take `58;5;1` for blinking and bold.
    """
    if style == DEFAULT_STYLE:
        return PLAIN
    flags = int.from_bytes(style[12:14], "little")
    parts = [b"\x1b[0", *(parameter for bit, parameter in _ATTRIBUTES if flags & bit)]
    if underline := flags >> _UNDERLINE_SHIFT & _UNDERLINE_MASK:
        parts.append(b";4" if underline == 1 else b";4:%d" % underline)
    parts += [_colour(style[0:4], 3, 9), _colour(style[4:8], 4, 10), b"m"]
    kind, first, green, blue = style[8:12]
    if kind != _NO_COLOUR:
        parts.append(
            b"\x1b[58:5:%dm" % first if kind == _PALETTE_COLOUR else b"\x1b[58:2::%d:%d:%dm" % (first, green, blue)
        )
    return b"".join(parts)


def fill(background: Style) -> bytes:
    """Return what makes erasing leave this background: four bytes as in a style."""
    return b"\x1b[0%sm" % _colour(background, 4, 10)


def _colour(colour: bytes, normal: int, bright: int) -> bytes:
    kind, first, green, blue = colour
    if kind == _NO_COLOUR:
        return b""
    if kind != _PALETTE_COLOUR:
        return b";%d8;2;%d;%d;%d" % (normal, first, green, blue)
    if first < 8:  # noqa: PLR2004  # ISO 8613-6 has eight colours, aixterm eight bright ones
        return b";%d%d" % (normal, first)
    return b";%d%d" % (bright, first - 8) if first < 16 else b";%d8;5;%d" % (normal, first)  # noqa: PLR2004  # the same


def open_link(link: Link) -> bytes:
    """Return the OSC 8 that opens a link."""
    name, uri = link
    return b"\x1b]8;%s;%s\x1b\\" % (b"id=" + name if name else b"", uri)


class Pen:
    """Gathers what is written, from plain state on."""

    def __init__(self) -> None:
        self._out: list[bytes] = []
        self._style = PLAIN
        self._link: Link | None = None
        self._is_protected = False

    def take(self, style: bytes = PLAIN, link: Link | None = None, *, is_protected: bool = False) -> None:
        """Write what comes now like this; without arguments, plainly."""
        if style != self._style:
            self._out.append(style)
            self._style = style
        if link != self._link:
            self._out.append(open_link(link) if link is not None else _NO_LINK)
            self._link = link
        if is_protected != self._is_protected:
            self._out.append(_PROTECTED[is_protected])
            self._is_protected = is_protected

    def write(self, data: bytes) -> None:
        """Write text, or a sequence."""
        self._out.append(data)

    def bytes(self) -> bytes:
        """Return all of it, in plain state again."""
        self.take()
        return b"".join(self._out)

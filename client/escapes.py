"""Where a stream of terminal output may be interrupted: between characters and control sequences. Pure.

What a program prints arrives in pieces cut anywhere. A terminal does nothing with half a control sequence, so whoever
holds that half back until the rest is there delays nothing, can look at whole sequences, and may write in between.
Source: ECMA-48, sections 5.4 (control sequences) and 5.6 (control strings); ctlseqs of xterm, "C1 Control Characters".
"""

from __future__ import annotations

import re

__all__ = ["MAX_HELD_BYTES", "Carry", "split_at_rest"]

MAX_HELD_BYTES = 1 << 20
"""Longest unfinished sequence that is held back. Only control strings (images, the clipboard) can be longer."""

_OSC = rb"\] [^\x07\x18\x1a\x1b]*"
_OTHER_STRING = rb"[PX^_] [^\x18\x1a\x1b]*"
_UNFINISHED = re.compile(
    rb"\x1b (?: \[ [0-?]* [\ -/]* | " + _OSC + rb" | " + _OTHER_STRING + rb" | [\ -/]* )", re.VERBOSE
)
_UNFINISHED_STRING = re.compile(rb"\x1b (?: " + _OSC + rb" | " + _OTHER_STRING + rb" )", re.VERBOSE)

_ESC = b"\x1b"
_LONGEST_CHARACTER = 4
_CONTINUATION_MASK, _CONTINUATION = 0xC0, 0x80


def split_at_rest(data: bytes) -> int:
    """Return the length of the part of `data` that ends at rest; a sequence or character that is cut off begins there.

    `data` must begin at rest. Costs a search back to the last ESC, which decides all: every ESC begins anew.
    """
    last = data.rfind(_ESC)
    if last < 0:
        return len(data) - _cut_character(data)
    if last == len(data) - 1:  # maybe half of the ST (ESC \) that ends a string
        opener = data.rfind(_ESC, 0, last)
        return opener if opener >= 0 and _UNFINISHED_STRING.fullmatch(data, opener, last) else last
    return last if _UNFINISHED.fullmatch(data, last) else len(data) - _cut_character(data)


def _cut_character(data: bytes) -> int:
    """Return how many bytes at the end are the beginning of a UTF-8 character."""
    for length in range(1, min(_LONGEST_CHARACTER, len(data) + 1)):
        byte = data[-length]
        if byte & _CONTINUATION_MASK != _CONTINUATION:
            needed = 1 + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)  # noqa: PLR2004  # RFC 3629, section 3
            return length if needed > length else 0
    return 0


class Carry:
    """Turn pieces cut anywhere into pieces that begin and end at rest.

    Attributes:
        held: what waits for its rest.
    """

    def __init__(self) -> None:
        self.held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can go on; an unfinished sequence longer than `MAX_HELD_BYTES` goes on as it is."""
        data = self.held + data
        cut = split_at_rest(data)
        if len(data) - cut > MAX_HELD_BYTES:
            cut = len(data)
        self.held = data[cut:]
        return data[:cut]

    def flush(self) -> bytes:
        """Return what is held, and hold nothing."""
        held, self.held = self.held, b""
        return held

"""Where a stream of terminal output may be interrupted: between characters and control sequences. Pure.

What a program prints arrives in pieces cut anywhere. A terminal does nothing with half a control sequence, so whoever
holds that half back until the rest is there delays nothing, can look at whole sequences, and may write in between.
Source: ECMA-48, sections 5.4 (control sequences) and 5.6 (control strings); ctlseqs of xterm, "C1 Control Characters";
the parser of Paul Williams (control characters inside a sequence are carried out, and it goes on).
"""

from __future__ import annotations

import re

__all__ = ["MAX_HELD_BYTES", "Carry", "is_unfinished", "split_at_rest"]

MAX_HELD_BYTES = 1 << 20
"""Longest unfinished sequence that is held back. Only control strings (images, the clipboard) can be longer."""

_C0 = rb"\x00-\x17\x19\x1c-\x1f\x7f"
_CONTROL = rb"[\ -?" + _C0 + rb"]*+"
_OSC = rb"[^\x07\x18\x1a\x1b]*+"
_OTHER_STRING = rb"[^\x18\x1a\x1b]*+"
_STRING = rb"(?: \] " + _OSC + rb" | [PX^_] " + _OTHER_STRING + rb" )"
# C1 controls, as two bytes of UTF-8, introduce sequences in VTE, kitty and xterm.js; their ST is of the same kind.
_C1_TEXT = rb"(?: [^\x07\x18\x1a\x1b\xc2] | \xc2 (?! \x9c ) )*+"
_C1_STRING = rb"[\x90\x98\x9d-\x9f] " + _C1_TEXT

_UNFINISHED = re.compile(
    rb"\x1b [" + _C0 + rb"]*+ (?: \[ " + _CONTROL + rb" | " + _STRING + rb" | [\ -/" + _C0 + rb"]*+ )", re.VERBOSE
)
_UNFINISHED_C1 = re.compile(rb"\xc2 (?: \x9b " + _CONTROL + rb" | " + _C1_STRING + rb" )", re.VERBOSE)
_C1_OPENER = re.compile(rb"\xc2[\x90\x98\x9b\x9d-\x9f]")

_ESC, _C1_LEAD = b"\x1b", b"\xc2"
_LONGEST_CHARACTER = 4
_CONTINUATION_MASK, _CONTINUATION = 0xC0, 0x80


def split_at_rest(data: bytes) -> int:
    """Return the length of the part of `data` that ends at rest; a sequence or character that is cut off begins there.

    `data` must begin at rest. Costs a search back to the last ESC, which decides all: every ESC begins anew. What such
    an ESC breaks off belongs to it: it may be half of the ST that ends a string, and whoever takes away a
    sequence must see what goes on without it.
    """
    cut = len(data)
    while (begun := _begun_at(data, 0, cut)) is not None:
        cut = begun
    return cut


def is_unfinished(data: bytes, start: int, stop: int) -> bool:
    """Whether in data[start:stop] a sequence or a character begins that does not end there."""
    return _begun_at(data, start, stop) is not None


def _begun_at(data: bytes, start: int, stop: int) -> int | None:
    """Return where something begins in data[start:stop] that does not end there."""
    begun = _unfinished_at(data, start, stop)
    if begun is None and (cut := _cut_character(data[max(start, stop - _LONGEST_CHARACTER) : stop])):
        return stop - cut
    return begun


def _unfinished_at(data: bytes, start: int, stop: int) -> int | None:
    last = data.rfind(_ESC, start, stop)
    if last >= 0 and _UNFINISHED.fullmatch(data, last, stop):
        return last
    return _unfinished_c1(data, max(last, start), stop)


def _unfinished_c1(data: bytes, start: int, stop: int) -> int | None:
    """Return the same of a sequence that a C1 control begins."""
    if data.find(_C1_LEAD, start, stop) < 0:
        return None
    openers = _C1_OPENER.finditer(data, start, stop)
    return next((one.start() for one in openers if _UNFINISHED_C1.fullmatch(data, one.start(), stop)), None)


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

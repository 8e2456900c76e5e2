"""History without effect: what a replay must not do to the terminal that shows it is taken out. Pure.

A terminal answers queries as if they had just been asked, and the answer is typed into whatever runs now; a bell rings
for something long past; a clipboard write overwrites what the user copied since. Text, colours, modes, titles and
images stay. Sources: ctlseqs of xterm; OSC 9, 99, 777, 1337 and the graphics protocol: iTerm2 and kitty.
"""

from __future__ import annotations

import re

from .escapes import Carry

__all__ = ["Inert", "make_inert"]

# What the body of an OSC begins with that has an effect beyond the screen, or asks.
_OSC_EFFECT = rb"""(?:
    (?: 9 | 52 | 99 | 777 | 5522 ) (?: ; | (?=[\x07\x1b]) )             # notifications and progress, clipboard
  | 1337 ; (?! File= | MultipartFile= | FilePart= | FileEnd )   # iTerm2: attention, clipboard, reports; not images
  | (?: [345] | 1[0-9] | 2[12] | 50 | 10[45] ) ; [^\x07\x18\x1a\x1b]*? \?   # colours, fonts, pointers: a field is `?`
)"""
# DECRQSS, XTGETTCAP, whatever tmux would pass on; the kitty graphics protocol answers to every image.
_STRING_EFFECT = rb"(?: P (?: [0-9;]* \$q | \+q | tmux; ) | _G )"

# Begins with a set of characters, by which `re` finds candidates fast; each parameter list is then read once.
_EFFECTS = re.compile(
    rb"""
    [\x05\x07\x1b] (?: (?<= [\x05\x07] )           # ENQ, BEL
      | \[ (?:
            [0-9;]*+ (?:
                [cnti] | (?<= \[ ) x | (?<= \[ [01] ) x   # DA1, DSR, window operations, printing, DECREQTPARM
              | \$ [puw] | \* y | & u | " v | ' \| | \# [|R]   # DECRQM, DECRQTSR, DECRQPSR, DECRQCRA, ...
            )
          | \? [0-9;]*+ (?: [nimuS] | \$ p )         # DSR, printing, XTQMODKEYS, kitty keyboard, XTSMGRAPHICS, DECRQM
          | [>=] [0-9;]*+ [cq]                       # DA2, DA3, XTVERSION
        )
      | Z                                           # DECID
      | \] (?:
            """
    + _OSC_EFFECT
    + rb""" [^\x07\x18\x1a\x1b]*+ (?: \x07 | \x1b\\ | [\x18\x1a] | (?= \x1b ) )
          | (?P<kept> [^\x07\x18\x1a\x1b]*+ \x07 )  # its BEL ends it, and does not ring
        )
      | """
    + _STRING_EFFECT
    + rb""" [^\x18\x1a\x1b]*+ (?: \x1b\\ | [\x18\x1a] | (?= \x1b ) )
    )
    """,
    re.VERBOSE,
)
_LONG_EFFECT = re.compile(
    rb"\x1b (?: (?P<osc> \] "
    + _OSC_EFFECT
    + rb" [^\x07\x18\x1a\x1b]* ) | "
    + _STRING_EFFECT
    + rb" [^\x18\x1a\x1b]* ) \Z",
    re.VERBOSE,
)
_OSC_END = re.compile(rb"\x07|\x1b\\|[\x18\x1a]|(?=\x1b[^\\])")
_STRING_END = re.compile(rb"\x1b\\|[\x18\x1a]|(?=\x1b[^\\])")


def make_inert(data: bytes) -> bytes:
    """Return `data`, which begins and ends at rest, without what has an effect."""
    return _EFFECTS.sub(_kept, data)


def _kept(match: re.Match[bytes]) -> bytes:
    return match[0] if match["kept"] is not None else b""


class Inert:
    """`make_inert` for bytes that arrive in pieces cut anywhere."""

    def __init__(self) -> None:
        self._carry = Carry()
        self._skip_to: re.Pattern[bytes] | None = None
        self._skipped_esc = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be shown now."""
        if self._skip_to is not None:
            data = self._skip(self._skip_to, data)
        whole = self._carry.feed(data)
        if (long := _LONG_EFFECT.search(whole, max(0, whole.rfind(b"\x1b")))) is not None:
            # Too long to be held until its end: drop it as it comes.
            self._skip_to = _OSC_END if long["osc"] is not None else _STRING_END
            whole = whole[: long.start()]
        return make_inert(whole)

    def _skip(self, end: re.Pattern[bytes], data: bytes) -> bytes:
        """Drop up to the end of a long string; an ESC at the very end may be the first half of its ST."""
        data = self._skipped_esc + data
        found = end.search(data)
        if found is None:
            self._skipped_esc = b"\x1b" if data.endswith(b"\x1b") else b""
            return b""
        self._skip_to, self._skipped_esc = None, b""
        return data[found.end() :]

    def flush(self) -> bytes:
        """Return what waits for its rest, as it is, and forget it: what follows is not filtered by this object."""
        return self._carry.flush()

    def finish(self) -> bytes:
        """Return what is left at the end of the bytes: a character cut off, but no sequence that could swallow more."""
        held = self.flush()
        return b"" if held.startswith(b"\x1b") else held

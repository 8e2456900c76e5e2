"""History without effect: what a replay must not do to the terminal that shows it is taken out. Pure.

A terminal answers queries as if they had just been asked, and the answer is typed into whatever runs now; a bell rings
for something long past; a clipboard write overwrites what the user copied since. Text, colours, modes, titles and
images stay, except those of kitty's protocol, which answers to every image.

C1 controls: a lone byte of 0x80 to 0x9F is no character in UTF-8, and no terminal in UTF-8 mode acts on it. Encoded as
UTF-8 (C2 9B for CSI) it acts in VTE, kitty and xterm.js; so these two-byte forms count like ESC [.
Sources: ctlseqs of xterm; OSC 9, 99, 777, 1337, 5113 and 5522, kitty's remote control and graphics: iTerm2 and kitty;
OSC 51: the terminals of vim and emacs; tmux(1), control mode.
"""

from __future__ import annotations

import re

from .escapes import Carry, is_unfinished, split_at_rest

__all__ = ["Inert", "make_inert"]

_ST = b"\x1b\\"
_LOOK_BACK_BYTES = 16 * 1024
"""Longest sequence that is seen to be broken off by one that is taken out."""

# Control characters inside a sequence are carried out, and change nothing else.
_C0 = rb"[\x00-\x17\x19\x1c-\x1f\x7f]*+"
_NUMBERS = rb"[0-9:;\x00-\x17\x19\x1c-\x1f\x7f]*+"


def _spelled_out(pattern: bytes) -> bytes:
    return pattern.replace(b"NUMBERS", _NUMBERS).replace(b"C0", _C0)


# What goes on with a CSI and asks, prints, or moves windows. Reads each list of numbers once.
_CSI_EFFECT = _spelled_out(
    rb"""(?: NUMBERS (?:
        [cnti] | (?<= [\[\x9b] ) x | (?<= [\[\x9b] [01] ) x     # DA1, DSR, window operations, printing, DECREQTPARM
      | \$ C0 [puw] | \* C0 y | & C0 u | " C0 v | ' C0 \| | \# C0 [|R]     # DECRQM, DECRQTSR, DECRQPSR, DECRQCRA, ...
    )
  | \? NUMBERS (?: [gimnuS] | \$ C0 p )        # XTQFMTKEYS, printing, XTQMODKEYS, DSR, kitty keyboard, XTSMGRAPHICS
  | [>=] NUMBERS [cq]                          # DA2, DA3, XTVERSION
)"""
)
# What goes on with an OSC and has an effect beyond the screen, or asks.
_OSC_EFFECT = rb"""(?:
    (?: 9 | 5[12] | 6[01] | 99 | 777 | 5113 | 5522 ) (?: ; | (?= [\x07\x1b\xc2] ) )   # notifications, clipboard, files
  | 1337 ; (?! File= | MultipartFile= | FilePart= | FileEnd )                 # attention, clipboard, reports; no images
  | (?: [345] | 1[0-9] | 2[12] | 50 | 10[45] ) ; [^?\x07\x18\x1a\x1b]*+ \?    # colours, fonts, pointers: a field is `?`
)"""
# DECRQSS, XTGETTCAP, what tmux would pass on, tmux's control mode, kitty's remote control.
_DCS_EFFECT = rb"(?: [0-9;]*+ \$q | \+q | tmux; | 1000p | @kitty- )"

_OSC_TEXT, _TEXT = rb"[^\x07\x18\x1a\x1b]*+", rb"[^\x18\x1a\x1b]*+"
_END, _OSC_END = rb"(?: \x1b\\ | [\x18\x1a] | (?= \x1b ) )", rb"(?: \x07 | \x1b\\ | [\x18\x1a] | (?= \x1b ) )"
_C1_TEXT = rb"(?: [^\x07\x18\x1a\x1b\xc2] | \xc2 (?! \x9c ) )*+"
_C1_END = rb"(?: \x07 | \xc2\x9c | \x1b\\ | [\x18\x1a] | (?= \x1b ) )"

# Begins with a set of characters, by which `re` finds candidates fast.
_EFFECTS = re.compile(
    rb"[\x05\x07\x1b\xc2] (?:"
    rb"  (?<= [\x05\x07] )"  # ENQ, BEL
    rb"| (?<= \x1b ) " + _C0 + rb"(?:"
    rb"    (?P<csi> \[ " + _CSI_EFFECT + rb" | Z )"
    rb"  | \] (?: " + _OSC_EFFECT + _OSC_TEXT + _OSC_END + rb" | (?P<kept> " + _OSC_TEXT + rb"\x07 ) )"
    rb"  | (?: P " + _DCS_EFFECT + rb" | _G ) " + _TEXT + _END + rb")"
    rb"| (?<= \xc2 ) (?:"
    rb"    \x9b " + _CSI_EFFECT + rb" | \x9a"
    rb"  | \x9d (?: " + _OSC_EFFECT + _C1_TEXT + _C1_END + rb" | (?P<c1_kept> " + _C1_TEXT + rb" ) \x07 )"
    rb"  | (?: \x90 " + _DCS_EFFECT + rb" | \x9fG ) " + _C1_TEXT + _C1_END + rb")"
    rb")",
    re.VERBOSE,
)
_INTRODUCER = re.compile(rb"\x1b|\xc2[\x90-\x9f]")
_CARRIED_OUT = re.compile(rb"[\x00-\x04\x06\x08-\x17\x19\x1c-\x1f]")
_LONG = re.compile(
    rb"(?P<c1> \xc2 )? (?: \x1b " + _C0 + rb" )? (?:"
    rb"  (?P<osc> [\]\x9d] ) (?P<osc_effect> " + _OSC_EFFECT + rb" )?"
    rb"| [P\x90] (?P<dcs_effect> " + _DCS_EFFECT + rb" )?"
    rb"| [_\x9f] (?P<apc_effect> G )?"
    rb"| [X^\x98\x9e] )",
    re.VERBOSE,
)
_STRING_ENDS = {
    "osc": re.compile(rb"\x07|\x1b\\|[\x18\x1a]|(?=\x1b[^\\])"),
    "c1": re.compile(rb"\x07|\xc2\x9c|\x1b\\|[\x18\x1a]|(?=\x1b[^\\])"),
    "other": re.compile(rb"\x1b\\|[\x18\x1a]|(?=\x1b[^\\])"),
}


def make_inert(data: bytes) -> bytes:
    """Return `data`, which begins and ends at rest, without what has an effect."""
    return _EFFECTS.sub(_left_of, data)


def _left_of(match: re.Match[bytes]) -> bytes:
    """Return what is left of an effect."""
    text, start, kind = match[0], match.start(), match.lastgroup
    if kind == "kept":
        return text
    if kind == "c1_kept":
        return text[:-1] + _ST  # where C1 controls do not count, the BEL would ring
    # What an effect has broken off would go on with what follows it, and might be another effect then.
    if len(text) == 1:
        left = b""
        breaks_off = start > 0 and match.string[start - 1] >= 0x80 and _breaks_off(match)  # noqa: PLR2004  # no ASCII
    else:
        left = b"".join(_CARRIED_OUT.findall(text)) if kind == "csi" else b""
        breaks_off = start > 0 and _breaks_off(match)
    return _ST + left if breaks_off else left


def _breaks_off(match: re.Match[bytes]) -> bool:
    return is_unfinished(match.string, max(0, match.start() - _LOOK_BACK_BYTES), match.start())


class Inert:
    """`make_inert` for bytes that arrive in pieces cut anywhere, history first, then live output."""

    def __init__(self) -> None:
        self._carry = Carry()
        self._string_end: re.Pattern[bytes] | None = None  # of a string too long to be held back until then
        self._is_string_shown = False
        self._maybe_end = b""

    def feed(self, data: bytes, *, is_replay: bool = True) -> bytes:
        """Return what can be shown now; an effect is history's where its end is."""
        before = behind = b""
        if self._string_end is not None:
            before, data = self._go_through(self._string_end, data)
        whole = self._carry.feed(data)
        cut = split_at_rest(whole)
        if cut < len(whole) and (long := _LONG.match(whole, cut)) is not None:
            behind, rest = self._begin_string(long, is_replay=is_replay)
            whole = whole[:cut]
            if rest:  # the string was broken off by what is not whole itself
                behind += self.feed(rest, is_replay=is_replay)
        return before + (make_inert(whole) if is_replay else whole) + behind

    def _begin_string(self, long: re.Match[bytes], *, is_replay: bool) -> tuple[bytes, bytes]:
        """Return what is shown of a long string's beginning, and what is behind the string."""
        kind = "c1" if long["c1"] is not None else "osc" if long["osc"] is not None else "other"
        effects = (long["osc_effect"], long["dcs_effect"], long["apc_effect"])
        self._string_end = _STRING_ENDS[kind]
        self._is_string_shown = not is_replay or all(effect is None for effect in effects)
        text, rest = self._go_through(self._string_end, long.string[long.end() :])
        return (long[0] + text if self._is_string_shown else b""), rest

    def _go_through(self, end: re.Pattern[bytes], data: bytes) -> tuple[bytes, bytes]:
        """Return what is shown of a long string, and what is behind it. Its last byte may be half of its end."""
        data, self._maybe_end = self._maybe_end + data, b""
        found = end.search(data)
        if found is not None:
            self._string_end = None
            stop = found.end()
        else:
            stop = len(data) - data.endswith((b"\x1b", b"\xc2"))
            self._maybe_end = data[stop:]
        return (data[:stop] if self._is_string_shown else b""), (data[stop:] if found is not None else b"")

    def flush(self) -> bytes:
        """Return what waits for its rest, as it is, and forget it: what follows does not continue it."""
        waiting = self._carry.flush()
        if self._is_string_shown:
            waiting = self._maybe_end + waiting
        self._string_end, self._maybe_end = None, b""
        return waiting

    def finish(self) -> bytes:
        """Return what is left at the end of the bytes: a character cut off, but no sequence that could swallow more."""
        return _INTRODUCER.split(self.flush(), 1)[0]

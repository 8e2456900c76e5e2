"""What a session's output has switched on in the terminal that shows it, and how to switch it off again. Pure.

A session may be left at any moment, in the middle of vim as well. The terminal belongs to the user: it gets back the
screen, keys, mouse and cursor it had. Most of this could be sent blindly, but not all: leaving an alternate screen that
is not there moves the cursor, and popping keyboard flags that others pushed breaks their keys. So modes are followed;
what no two terminals agree on by default (`_OWN_MODES`), the terminal is asked to remember; and what it keeps in
stacks, keyboard flags and titles, is guarded so that the session cannot reach below its own.
Sources: ctlseqs of xterm (DECSET, XTSAVE, DECSCUSR, modifyOtherKeys, window operations); the kitty keyboard protocol
and pointer shapes; ECMA-35 and ECMA-48 (character sets, tab stops); progress: ConEmu.
"""

from __future__ import annotations

import re

__all__ = ["ScreenState"]

# Most sequences are colours and cursor moves: looked for first, they pass by ten times as fast.
_CHANGES = re.compile(
    rb"""\x1b (?! \[ [0-9;]*+ [A-Zdmr] ) (?:
        \[ (?:
            (?P<numbers> [0-9;]*+ )
            (?: (?P<ansi_modes> [hl] ) | (?P<cursor> \x20 q ) | (?P<window> t ) | (?P<tab_clear> g )
              | (?P<status_line> (?<= [1-9] ) \$ \} ) )
          | \? (?P<private> [0-9;]*+ ) (?P<modes> [hlsr] )
          | (?P<prefix> [<=>] ) (?P<flags> [0-9;]*+ )
            (?: (?P<keyboard> u ) | (?P<key_encoding> [mnf] ) | (?P<shift_key> s ) )
        )
      | \] (?P<colour> [45] | 1[0-9] | 21 ) ; (?! [^\x07\x1b]* \? )
      | \] (?: (?P<pointer> 22; ) | (?P<progress> 9;4;[1-9] ) )
      | (?P<keypad> [=>] )
      | (?P<tab_stop> H ) | (?P<guarded> V )
      | (?P<character_sets> [()*+][^B] | [-./]. | [|~] )
      | (?P<eight_bit_keys> \x20 G )
      | (?P<other_coding> % [^G] )
      | (?P<reset> c )
    )""",
    re.VERBOSE,
)

_C1_LEAD, _C1 = b"\xc2", re.compile(rb"\xc2[\x80-\x9f]")

_ALTERNATE_SCREENS = (1049, 1047, 47)
_ORIGIN_MODE, _ANSI_MODE = 6, 2
_SEND_RECEIVE_MODE = -12  # modes of SM and RM are negative here
_ON_BY_DEFAULT = frozenset({2, 7, 8, 25, 1007, 1034, 1035, 1036, _SEND_RECEIVE_MODE})
_LARGEST_MODE = 9999
_MAX_KEYBOARDS = 64
_MAX_TITLES = 8  # xterm keeps ten, and one is the user's

# Also where nothing was seen to switch them on: they are off, or on, in every terminal at a prompt. At most 16 in one
# sequence, as a VT220 and the Linux console read no more.
_ALWAYS = b"\x1b[?1;9;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026l\x1b[?7;25h\x1b[4l\x1b>"
_WHOLE_SCREEN = b"\x1b7\x1b[r\x1b8"  # DECSTBM moves the cursor, so it is saved
_PLAIN_TEXT = b'\x1b[0m\x1b[0"q\x1b(B\x0f\x1b]8;;\x1b\\'
# The column is that of the right edge in the end, whatever the width; where there is DECST8C it is exact.
_USUAL_TAB_STOPS = b"\x1b7\r\x1b[3g" + b"\x1b[8C\x1bH" * 125 + b"\x1b[?5W\x1b8"
_UNDO = {
    "status_line": b"\x1b[0$}",
    "tab_stop": _USUAL_TAB_STOPS,
    "tab_clear": _USUAL_TAB_STOPS,
    "character_sets": b"\x1b)B\x1b*B\x1b+B\x1b}",
    "guarded": b"\x1bW",
    "pointer": b"\x1b]22;text\x1b\\\x1b]22;\x1b\\",  # terminals disagree on what stands for the usual one
    "progress": b"\x1b]9;4;0\x1b\\",
    "shift_key": b"\x1b[>0s",
    "eight_bit_keys": b"\x1b F",
    "other_coding": b"\x1b%G",
}
_LEAVE_VT52 = b"\x1b<"

_OWN_MODES = b"8;12;45;67;1007;1034;1035;1036;1039;1042;1043;1045;2027;2033"
_SAVE_MODES, _RESTORE_MODES = b"\x1b[?%ss" % _OWN_MODES, b"\x1b[?%sr" % _OWN_MODES
_SAVE_TITLE, _RESTORE_TITLE = b"\x1b[22;0t", b"\x1b[23;0t"

_KITTY_COLOURS = 21
_SET, _ADD, _REMOVE = 1, 2, 3


class ScreenState:
    """The modes in force, as far as they matter on leaving."""

    def __init__(self) -> None:
        self._titles = 0  # saved by the session, above the user's own
        self._keyboard_is_ours = True
        self._reset()

    def _reset(self) -> None:
        self._modes: dict[int, bool] = {}
        self._saved_modes: dict[int, bool] = {}
        # By "is the alternate screen". The terminal has the last one, in an entry of our own, and not the others.
        self._keyboards: dict[bool, list[int]] = {False: [0], True: [0]}
        self._key_encodings: dict[tuple[bytes, bool], bytes] = {}  # by resource, and whether it is its format
        self._cursor = b""
        self._colours: set[int] = set()
        self._keypad = False
        self._touched: set[str] = set()

    @property
    def is_alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return any(self._modes.get(mode, False) for mode in _ALTERNATE_SCREENS)

    # Following

    def track(self, data: bytes) -> bytes:
        """Follow `data`, which begins and ends at rest, and return what of it may be shown.

        That is all of it, but for what changes the terminal's stacks and saved modes: they hold what is the user's. And
        a program that pushed there may have done so before this terminal was attached, and pop now. And without C1
        controls in UTF-8: some terminals act on them; the emulator that keeps the session's screen does not.
        """
        if _C1_LEAD in data:
            data = _C1.sub(b"", data)
        return _CHANGES.sub(self._follow, data)

    def _follow(self, match: re.Match[bytes]) -> bytes:
        match match.lastgroup:
            case "modes":
                return self._change_modes(match)
            case "keyboard":
                return self._change_keyboard(match)
            case "window":
                return self._change_titles(match)
            case kind:
                self._note(kind, match)
                return match[0]

    def _note(self, kind: str | None, match: re.Match[bytes]) -> None:
        match kind:
            case "ansi_modes":
                self._modes |= dict.fromkeys((-mode for mode in _modes(match["numbers"])), match[kind] == b"h")
            case "key_encoding":
                # `m` and `n` change the same resource.
                self._key_encodings[match["flags"].partition(b";")[0][:4], match[kind] == b"f"] = match[0]
            case "cursor":
                self._cursor = match["numbers"]
            case "colour":
                self._colours.add(int(match[kind]))
            case "keypad":
                self._keypad = match[kind] == b"="
            case "reset":
                self._reset()
                self._keyboard_is_ours = False
            case _:
                self._touched.add(str(kind))

    def _change_modes(self, match: re.Match[bytes]) -> bytes:
        """Set and reset; save and restore are done here, for what the terminal itself has saved is the user's."""
        modes, how = _modes(match["private"]), match["modes"]
        if how == b"s":
            self._saved_modes |= {mode: self._modes.get(mode, mode in _ON_BY_DEFAULT) for mode in modes}
            return b""
        if how == b"r":
            restored = {mode: self._saved_modes[mode] for mode in modes if mode in self._saved_modes}
            self._modes |= restored
            return b"".join(_switch(mode, on) for mode, on in restored.items())
        self._modes |= dict.fromkeys(modes, how == b"h")
        return match[0]

    def _change_keyboard(self, match: re.Match[bytes]) -> bytes:
        """Push, pop and set. The terminal is told the outcome: its stack is short, and the lower part the user's."""
        stack = self._keyboards[self.is_alternate]
        first, _, second = match["flags"].partition(b";")
        number = int(first[:6] or 0)
        if match["prefix"] == b">":
            stack.append(number)
            del stack[1:-_MAX_KEYBOARDS]
        elif match["prefix"] == b"<":
            if max(1, number) >= len(stack):
                stack[0] = 0
            del stack[max(1, len(stack) - max(1, number)) :]
        else:
            how = int(second[:6] or _SET)
            changed = {_SET: number, _ADD: stack[-1] | number, _REMOVE: stack[-1] & ~number}
            stack[-1] = changed.get(how, stack[-1])
        return b"\x1b[=%du" % stack[-1]

    def _change_titles(self, match: re.Match[bytes]) -> bytes:
        operation = match["numbers"].partition(b";")[0]
        if operation == b"22":
            self._titles += 1
            return match[0] if self._titles <= _MAX_TITLES else b""
        if operation == b"23":
            shown = 0 < self._titles <= _MAX_TITLES
            self._titles = max(0, self._titles - 1)
            return match[0] if shown else b""
        return match[0]

    # Coming and going

    def enter(self) -> bytes:
        """Return what puts a terminal at a prompt into this state; its text is another matter."""
        self._keyboard_is_ours = True
        alternate = next((mode for mode in _ALTERNATE_SCREENS if self._modes.get(mode)), None)
        parts = [_SAVE_TITLE, _SAVE_MODES, b"\x1b[>%du" % self._keyboards[False][-1]]
        if alternate is not None:
            parts.append(_switch(alternate, True))
            if flags := self._keyboards[True][-1]:
                parts.append(b"\x1b[=%du" % flags)
        parts += [_switch(mode, on) for mode, on in self._modes.items() if self._is_changed(mode)]
        if self._keypad:
            parts.append(b"\x1b=")
        if self._cursor:
            parts.append(b"\x1b[%s q" % self._cursor)
        return b"".join([*parts, *self._key_encodings.values()])

    def leave(self) -> bytes:
        """Return what puts the terminal back into the state of a prompt, and takes our entries from its stacks."""
        saved = min(self._titles, _MAX_TITLES) + 1
        keyboard = b"\x1b[<1u" if self._keyboard_is_ours else b""
        parts = [*self._undo(), keyboard, _RESTORE_MODES, *[_RESTORE_TITLE] * saved]
        self._titles = 0
        return b"".join(parts)

    def clear(self) -> bytes:
        """Return what puts the terminal into the state right behind `enter`, for a screen to be painted; forget all."""
        parts = self._undo()
        self._reset()
        return b"".join(parts)

    def _undo(self) -> list[bytes]:
        parts = [_LEAVE_VT52] if self._modes.get(_ANSI_MODE) is False else []
        for mode in _ALTERNATE_SCREENS:
            if self._modes.get(mode):
                parts += [b"\x1b[=0u" if self._keyboards[True][-1] else b"", _switch(mode, False)]
        parts.append(b"\x1b[=0u" if self._keyboards[False][-1] else b"")
        parts += [_switch(mode, mode in _ON_BY_DEFAULT) for mode in self._modes if self._is_changed(mode)]
        if self._modes.get(_ORIGIN_MODE):
            parts.append(b"\x1b[999;1H")  # switching it off moved the cursor to the top
        parts += [_ALWAYS, _WHOLE_SCREEN, *dict.fromkeys(_UNDO[kind] for kind in sorted(self._touched))]
        if self._cursor:
            parts.append(b"\x1b[0 q")
        parts += [b"\x1b[>%s%s" % (key, b"f" if is_format else b"m") for key, is_format in self._key_encodings]
        # Behind the keys, whose sequences some terminals take for attributes of text.
        return [*parts, *_usual_colours(self._colours), _PLAIN_TEXT]

    def _is_changed(self, mode: int) -> bool:
        return mode not in _ALTERNATE_SCREENS and self._modes[mode] != (mode in _ON_BY_DEFAULT)


def _modes(numbers: bytes) -> list[int]:
    """Return those that there can be; hostile output could name a million others."""
    return [mode for number in numbers.split(b";") if 0 < (mode := int(number[:6] or 0)) <= _LARGEST_MODE]


def _switch(mode: int, on: bool) -> bytes:
    return b"\x1b[%s%d%c" % (b"?" if mode > 0 else b"", abs(mode), b"h" if on else b"l")


def _usual_colours(changed: set[int]) -> list[bytes]:
    numbers = changed | {4, 10, 11, 12} if _KITTY_COLOURS in changed else changed
    return [b"\x1b]1%02d\x1b\\" % number for number in sorted(numbers - {_KITTY_COLOURS})]

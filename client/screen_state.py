"""What a session's output has switched on in the terminal that shows it, and how to switch it off again. Pure.

A session may be left at any moment, in the middle of vim as well. The terminal belongs to the user: it gets back the
screen, keys, mouse and cursor it had. Most of this could be sent blindly, but not all: leaving an alternate screen that
is not there moves the cursor, and popping keyboard flags that others pushed breaks their keys. So modes are followed.
Sources: ctlseqs of xterm (DECSET, DECSCUSR, modifyOtherKeys, window operations); the kitty keyboard protocol.
"""

from __future__ import annotations

import re

__all__ = ["ScreenState"]

_CHANGES = re.compile(
    rb"""\x1b (?:
        \[ \? (?P<modes> [0-9;]+ ) (?P<on> [hl] )
      | \[ (?P<keyboard> [<>=] ) (?P<flags> [0-9;]* ) u
      | \[ > 4 (?P<other_keys> ; [0-9]+ )? m
      | \[ (?P<cursor> [0-9]* ) \x20 q
      | \] (?P<colour> 4 | 1[0-9] ) ; (?! [^\x07\x1b]* \? )
      | (?P<keypad> [=>] )
      | (?P<reset> c )
    )""",
    re.VERBOSE,
)

_ALTERNATE_SCREENS = (1049, 1047, 47)
_ORIGIN_MODE = 6
_ON_BY_DEFAULT = frozenset({7, 8, 25, 1007, 1034, 1035, 1036})

# Also where nothing was seen to switch them on: they are off, or on, in every terminal at a prompt. At most 16 in one
# sequence, as a VT220 and the Linux console read no more.
_ALWAYS = b"\x1b[?1;9;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026l\x1b[?7;25h\x1b[4l\x1b>"
_WHOLE_SCREEN = b"\x1b7\x1b[r\x1b8"  # DECSTBM moves the cursor, so it is saved
_PLAIN_TEXT = b"\x1b[0m\x1b(B\x0f\x1b]8;;\x1b\\"
_SAVE_TITLE, _RESTORE_TITLE = b"\x1b[22;0t", b"\x1b[23;0t"

_SET, _ADD, _REMOVE = 1, 2, 3


class ScreenState:
    """The modes in force, as far as they matter on leaving."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._modes: dict[int, bool] = {}
        self._keyboards: dict[bool, list[int]] = {False: [0], True: [0]}  # by "is the alternate screen"
        self._other_keys = b""
        self._cursor = b""
        self._colours: set[bytes] = set()
        self._keypad = False

    @property
    def is_alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return any(self._modes.get(mode, False) for mode in _ALTERNATE_SCREENS)

    def track(self, data: bytes) -> None:
        """Follow `data`, which begins and ends at rest."""
        for match in _CHANGES.finditer(data):
            kind = match.lastgroup
            if kind == "on":
                for mode in match["modes"].split(b";"):
                    if mode:
                        self._modes[int(mode[:6])] = match["on"] == b"h"
            elif kind == "flags":
                self._change_keyboard(match["keyboard"], match["flags"])
            elif kind == "cursor":
                self._cursor = match["cursor"]
            elif kind == "colour":
                self._colours.add(match["colour"])
            elif kind == "keypad":
                self._keypad = match["keypad"] == b"="
            elif kind == "reset":
                self._reset()
            else:
                self._other_keys = match["other_keys"] or b""

    def _change_keyboard(self, operation: bytes, parameters: bytes) -> None:
        stack = self._keyboards[self.is_alternate]
        first, _, second = parameters.partition(b";")
        number = int(first[:6] or 0)
        if operation == b">":
            stack.append(number)
        elif operation == b"<":
            del stack[max(1, len(stack) - max(1, number)) :]
        else:
            how = int(second[:6] or _SET)
            changed = {_SET: number, _ADD: stack[-1] | number, _REMOVE: stack[-1] & ~number}
            stack[-1] = changed.get(how, stack[-1])

    def enter(self) -> bytes:
        """Return what puts a terminal at a prompt into this state; its text is another matter."""
        alternate = next((mode for mode in _ALTERNATE_SCREENS if self._modes.get(mode)), None)
        parts = [_SAVE_TITLE, *_push(self._keyboards[False])]
        if alternate is not None:
            parts += [b"\x1b[?%dh" % alternate, *_push(self._keyboards[True])]
        parts += [
            b"\x1b[?%d%c" % (mode, b"h" if on else b"l")
            for mode, on in self._modes.items()
            if mode not in _ALTERNATE_SCREENS and on != (mode in _ON_BY_DEFAULT)
        ]
        if self._keypad:
            parts.append(b"\x1b=")
        if self._cursor:
            parts.append(b"\x1b[%s q" % self._cursor)
        if self._other_keys:
            parts.append(b"\x1b[>4%sm" % self._other_keys)
        return b"".join(parts)

    def leave(self) -> bytes:
        """Return what puts the terminal back into the state of a prompt."""
        parts = []
        for mode in _ALTERNATE_SCREENS:
            if self._modes.get(mode):
                parts += [*_pop(self._keyboards[True]), b"\x1b[?%dl" % mode]
        parts += _pop(self._keyboards[False])
        parts += [
            b"\x1b[?%d%c" % (mode, b"h" if mode in _ON_BY_DEFAULT else b"l")
            for mode, on in self._modes.items()
            if mode not in _ALTERNATE_SCREENS and on != (mode in _ON_BY_DEFAULT)
        ]
        if self._modes.get(_ORIGIN_MODE):
            parts.append(b"\x1b[999;1H")  # switching it off moved the cursor to the top
        parts += [_ALWAYS, _WHOLE_SCREEN, _PLAIN_TEXT]
        if self._cursor:
            parts.append(b"\x1b[0 q")
        if self._other_keys:
            parts.append(b"\x1b[>4m")
        parts += [b"\x1b]1%02d\x1b\\" % int(colour) for colour in sorted(self._colours)]
        return b"".join([*parts, _RESTORE_TITLE])


def _push(stack: list[int]) -> list[bytes]:
    base = [b"\x1b[=%du" % stack[0]] if stack[0] else []
    return base + [b"\x1b[>%du" % flags for flags in stack[1:]]


def _pop(stack: list[int]) -> list[bytes]:
    pops = [b"\x1b[<%du" % (len(stack) - 1)] if len(stack) > 1 else []
    return [*pops, b"\x1b[=0u"] if stack[0] else pops

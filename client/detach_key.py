r"""Find the detach key in what a terminal sends. Pure.

A key has more than one code: a program in the session may have asked the terminal to report keys as the kitty keyboard
protocol or xterm's modifyOtherKeys do, and Ctrl-\ must leave the session all the same.
"""

from __future__ import annotations

import re

__all__ = ["DetachKey"]

_CTRL = 4
_CAPS_LOCK, _NUM_LOCK = 64, 128  # locks count as modifiers there, and change nothing here


class DetachKey:
    r"""A control key.

    Attributes:
        label: its name for people, as in `Ctrl-\`.
    """

    def __init__(self, code: bytes) -> None:
        r"""Take the control character that the key sends ordinarily, as in `b"\x1c"`."""
        character = chr(code[0] | 0x40).lower()
        self.label = f"Ctrl-{character.upper()}"
        modifiers = "|".join(str(1 + _CTRL + locks) for locks in (0, _CAPS_LOCK, _NUM_LOCK, _CAPS_LOCK | _NUM_LOCK))
        kitty = rf"\[{ord(character)}(?::\d*)*;(?:{modifiers})(?::[12])?(?:;[\d:]*)?u"
        other_keys = rf"\[27;{1 + _CTRL};{ord(character)}~"
        self._pattern = re.compile(re.escape(code) + rf"|\x1b(?:{kitty}|{other_keys})".encode())

    def split(self, data: bytes) -> tuple[bytes, bool]:
        """Return what was typed before the key, and whether it was pressed; what follows it is for nobody."""
        match = self._pattern.search(data)
        return (data, False) if match is None else (data[: match.start()], True)

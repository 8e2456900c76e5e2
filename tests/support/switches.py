"""What a program can switch on in a terminal, and what a terminal is in afterwards: for tests that it is given back."""

from __future__ import annotations

import re
from typing import Any

from holdfast.daemon.screens.screen import Screen
from holdfast.daemon.screens.snapshot import Snapshot

__all__ = ["SWITCHES", "USERS_OWN", "USERS_TEXT", "USERS_TITLE", "Terminal"]

SWITCHES = {
    "application cursor keys": b"\x1b[?1h",
    "application keypad": b"\x1b=",
    "alternate screen": b"\x1b[?1049h",
    "alternate screen, without the cursor": b"\x1b[?1047h",
    "alternate screen, the oldest": b"\x1b[?47h",
    "mouse, X10": b"\x1b[?9h",
    "mouse, buttons": b"\x1b[?1000h",
    "mouse, drags": b"\x1b[?1002h",
    "mouse, motion": b"\x1b[?1003h",
    "mouse as UTF-8": b"\x1b[?1003;1005h",
    "mouse as SGR": b"\x1b[?1003;1006h",
    "mouse as urxvt": b"\x1b[?1003;1015h",
    "mouse as SGR pixels": b"\x1b[?1003;1016h",
    "mouse with shift": b"\x1b[>1s",
    "focus events": b"\x1b[?1004h",
    "bracketed paste": b"\x1b[?2004h",
    "paste events": b"\x1b[?5522h",
    "hidden cursor": b"\x1b[?25l",
    "cursor shape": b"\x1b[3 q",
    "blinking cursor": b"\x1b[?12h",
    "no autowrap": b"\x1b[?7l",
    "reverse wrap": b"\x1b[?45;1045h",
    "reverse video": b"\x1b[?5h",
    "slow scroll": b"\x1b[?4h",
    "origin mode": b"\x1b[3;9r\x1b[?6h",
    "margins": b"\x1b[3;9r",
    "margins left and right": b"\x1b[?69h\x1b[5;40s",
    "insert mode": b"\x1b[4h",
    "new line mode": b"\x1b[20h",
    "locked keyboard": b"\x1b[2h",
    "local echo": b"\x1b[12l",
    "no autorepeat": b"\x1b[?8l",
    "backarrow": b"\x1b[?67h",
    "drawing characters": b"\x1b(0",
    "drawing characters, shifted out": b"\x1b)0\x0e",
    "character sets on the right": b"\x1b*A\x1b+0\x1b|",
    "status line": b"\x1b[1$}",
    "kitty keyboard, pushed": b"\x1b[>1u\x1b[>31u",
    "kitty keyboard, set": b"\x1b[=5u",
    "kitty keyboard, popped too often": b"\x1b[>1u\x1b[<9u\x1b[=3u",
    "kitty keyboard, on the alternate screen": b"\x1b[>1u\x1b[?1049h\x1b[>3u\x1b[=7u",
    "modifyOtherKeys": b"\x1b[>4;2m",
    "colours and attributes": b"\x1b[1;3;4:3;5;7;9;53;38;5;9;48;2;1;2;3;58:5:7m",
    "protected text": b'\x1b[1"q',
    "guarded text": b"\x1bV",
    "open link": b"\x1b]8;id=x;https://example.org\x1b\\",
    "synchronized output": b"\x1b[?2026h",
    "colour scheme reports": b"\x1b[?2031h",
    "visibility reports": b"\x1b[?2033h",
    "size reports": b"\x1b[?2048h",
    "grapheme clusters": b"\x1b[?2027l",
    "alternate scroll": b"\x1b[?1007h",
    "meta keys": b"\x1b[?1035;1036l\x1b[?1039h",
    "tab stops": b"\x1b[3g\x1b[5G\x1bH",
    "saved modes": b"\x1b[?1007;2027;2004h\x1b[?1007;2027;2004s\x1b[?1007;2027;2004l\x1b[?2004r",
    "palette": b"\x1b]4;1;#123456;200;#654321\x1b\\",
    "foreground": b"\x1b]10;#111111\x07",
    "background": b"\x1b]11;#222222\x07",
    "cursor's colour": b"\x1b]12;#333333\x07",
    "pointer": b"\x1b]22;crosshair\x07",
    "title": b"\x1b]2;the session's\x07",
    "titles saved": b"\x1b[22;2t\x1b]2;two\x07\x1b[22;0t\x1b]0;three\x07",
    "titles taken": b"\x1b]2;one\x07\x1b[23;2t\x1b[23;0t\x1b[23t",
}

USERS_TITLE = b"the user's"
USERS_TEXT = [b"$ make", b"all done", b"$ holdfast attach"]
USERS_OWN = (
    b"\r\n".join(USERS_TEXT)
    + b"\r\n\x1b]2;%s\x07" % USERS_TITLE
    +
    # No two terminals agree on these; and whoever started the command may have wanted other keys.
    b"\x1b[?2027h\x1b[?1007l\x1b[?12;1039h\x1b[>1u"
)

_TITLES = re.compile(rb"\x1b\](?P<set>[02]);(?P<title>[^\x07\x1b]*)|\x1b\[(?P<stack>2[23])(?:;[0-9;]*)?t")


class Terminal:
    """An emulator for what a terminal is in, and titles with a stack, as xterm has them and the emulator has not."""

    def __init__(self, cols: int, rows: int) -> None:
        self._screen = Screen(cols, rows, scrollback_lines=1000, scrollback_bytes=1 << 20)
        self._title = b""
        self._titles: list[bytes] = []

    def feed(self, data: bytes) -> None:
        self._screen.feed(data)
        for match in _TITLES.finditer(data):
            if match["set"]:
                self._title = match["title"]
            elif match["stack"] == b"22":
                self._titles.append(self._title)
            elif self._titles:
                self._title = self._titles.pop()

    @property
    def text(self) -> list[bytes]:
        """Lines of scrollback and screen, without those that are empty."""
        snapshot = self._screen.snapshot()
        rows = self._screen.rows(0, snapshot.screens[0].row_count, styled=False)
        return [row.text for row in rows if row.text.strip()]

    @property
    def state(self) -> dict[str, Any]:
        """All that the next program finds, but for what is written and where the cursor stands."""
        snapshot: Snapshot = self._screen.snapshot()
        cursor = snapshot.screens[0].cursor
        whole = {
            name: getattr(snapshot, name)
            for name in ("is_alternate", "region", "modes", "mouse_event", "mouse_format", "mouse_shape", "tab_stops")
        }
        whole |= {
            name: getattr(snapshot, name)
            for name in ("modify_other_keys", "palette", "colours", "cursor_is_default", "writes_status_line")
        }
        drawn = {name: getattr(cursor, name) for name in ("style", "is_protected", "shape", "link", "keyboard")}
        sets = [max(1, cursor.charset >> 2 * slot & 3) for slot in range(4)]  # UTF-8 and ASCII show the same
        shift = snapshot.mouse_shift_capture not in {0, 1}  # "not said" and "no" are the same
        return {
            **whole,
            **drawn,
            "sets": (sets, cursor.charset >> 8),
            "shift": shift,
            "title": (self._title, len(self._titles)),
        }

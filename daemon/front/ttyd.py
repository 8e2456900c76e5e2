"""The language of ttyd's clients, subprotocol `tty`: what they send and are sent. Pure.

Every message is one character and what belongs to it; the first one of a client is JSON alone, with its size. Facts are
from ttyd 1.7: `src/server.h`, `src/protocol.c`, and its page's `xterm/index.ts`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ...wire.errors import MessageError
from ...wire.messages import MAX_SIDE_CELLS, CloseCode, ServerMessage, Session
from ..sessions.attachment import Restored
from .encoding import Frame

__all__ = ["SUBPROTOCOL_TTYD", "Hello", "Hold", "Keys", "NewSize", "TtydEncoding", "TtydMessage", "notice", "parse"]

SUBPROTOCOL_TTYD = "tty"

_OUTPUT, _TITLE, _PREFERENCES = b"0", b"1", b"2"
_INPUT, _RESIZE, _PAUSE, _RESUME, _JSON = b"0", b"1", b"2", b"3", b"{"
_RESET = b"\x1bc"
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

_OWN_PREFERENCES: Final = {"disableLeaveAlert": True}
"""Its page warns that closing it ends the command, which here it does not."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message. Size in cells, where it is told. The token in it was looked at by the gate, in a header."""

    cols: int | None
    rows: int | None


@dataclass(frozen=True, slots=True)
class Keys:
    """What is typed."""

    data: bytes


@dataclass(frozen=True, slots=True)
class NewSize:
    """The terminal has this size, in cells."""

    cols: int
    rows: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The client wants no output for now (pause), or output again (resume)."""

    is_held: bool


TtydMessage: TypeAlias = Hello | Keys | NewSize | Hold


def parse(data: str | bytes) -> TtydMessage | None:
    """Read a message of a client; None where ttyd ignores it too. Raises MessageError."""
    message = data.encode() if isinstance(data, str) else data
    command, rest = message[:1], message[1:]
    match command:
        case b"0":
            return Keys(rest)
        case b"1":
            cols, rows = _size(rest)
            return None if cols is None or rows is None else NewSize(cols, rows)
        case b"2" | b"3":
            return Hold(command == _PAUSE)
        case b"{":
            return Hello(*_size(message))
    return None


def _size(data: bytes) -> tuple[int | None, int | None]:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise MessageError(f"a size that is not JSON: {data[:60]!r}") from None
    if not isinstance(fields, dict):
        raise MessageError(f"a size that is no JSON object: {data[:60]!r}")
    return _side(fields.get("columns")), _side(fields.get("rows"))


def _side(value: object) -> int | None:
    """Return a width or height; None where it is not told, as by a terminal that has no size yet."""
    if type(value) is not int or value < 1:
        return None
    return min(value, MAX_SIDE_CELLS)


def notice(text: str) -> bytes:
    """Return what shows a line of text in the terminal: there is no other way to tell a ttyd client anything."""
    return _OUTPUT + f"\x1b[0;31mholdfast: {_CONTROLS.sub(' ', text)}\x1b[0m\r\n".encode()


class TtydEncoding:
    """What a client of ttyd is sent. See `Encoding`."""

    zstd = False

    def __init__(self, title: Callable[[Session], str]) -> None:
        """Make one; `title` returns what stands in the title bar until a program sets it."""
        self._title = title
        self._may_replay = False
        self._has_shown = False

    def message(self, message: ServerMessage) -> Sequence[Frame]:
        """See `Encoding`. For most messages such a client has no place."""
        if isinstance(message, Session):
            # All that was printed would ring and ask again. A client that is there from the beginning gets it live.
            self._may_replay = message.attach != "replay"
            preferences = json.dumps(_OWN_PREFERENCES, separators=(",", ":")).encode()
            return (_TITLE + _CONTROLS.sub(" ", self._title(message)).encode(), _PREFERENCES + preferences)
        return ()

    def screen(self, restored: Restored) -> Frame:
        """See `Encoding`. What the terminal shows already is not reset by itself."""
        reset = _RESET if self._has_shown else b""
        self._has_shown = True
        return _OUTPUT + reset + restored.data

    def output(
        self,
        offset: int,  # noqa: ARG002  # such clients do not count
        data: bytes | memoryview,
        *,
        is_replay: bool,
        prompt: Callable[[int], bool],  # noqa: ARG002  # they look at bytes alone
    ) -> Frame:
        """See `Encoding`. Hot path."""
        if is_replay and not self._may_replay:
            return b""
        self._has_shown = True
        return _OUTPUT + data

    def chunk(self, offset: int, blob: bytes) -> Frame:
        """See `Encoding`."""
        raise NotImplementedError

    def rest(self) -> Frame:
        """See `Encoding`."""
        return b""

    def close_code(self, code: int) -> int:
        """See `Encoding`. Its page comes back by itself, at once and for ever, after anything but 1000."""
        return code if code in (CloseCode.STOPPING, CloseCode.INTERNAL) else CloseCode.DETACHED

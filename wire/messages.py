"""JSON messages of wire protocol v1, one dataclass each. docs/protocol.md is their full text.

Pure: text in, dataclasses out, and back. Unknown fields are ignored, unknown types are an error; a message says what
it is by `type`, which stands in the class and not in its instances.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from .errors import MessageError
from .frames import MAX_NUMBER
from .typed import build

__all__ = [
    "MAX_LINES",
    "MAX_SIDE_CELLS",
    "SUBPROTOCOL_BEARER_PREFIX",
    "SUBPROTOCOL_BINARY",
    "SUBPROTOCOL_JSON",
    "Ack",
    "AttachKind",
    "ClientMessage",
    "CloseCode",
    "Detach",
    "End",
    "Error",
    "Exit",
    "Input",
    "InputAck",
    "Line",
    "Lines",
    "LinesRequest",
    "Output",
    "Ping",
    "Pong",
    "Presence",
    "PresentClient",
    "ReplayDone",
    "Resize",
    "Resized",
    "ServerMessage",
    "Session",
    "Skipped",
    "check_size",
    "encode",
    "is_unicode",
    "parse_client_message",
    "parse_server_message",
]

SUBPROTOCOL_JSON = "holdfast.json"
SUBPROTOCOL_BINARY = "holdfast.v1"
SUBPROTOCOL_BEARER_PREFIX = "holdfast.bearer."

MAX_SIDE_CELLS = 1000
"""Largest width or height of a terminal, in cells. A full-HD screen in the smallest readable font has under 500."""

MAX_LINES = 10_000
"""Most lines in one answer: some 2 MB of JSON, made in a third of a second."""

AttachKind: TypeAlias = Literal["fresh", "exact", "restore", "replay"]


class CloseCode:
    """WebSocket close codes (RFC 6455, section 7.4: 4000-4999 are private)."""

    DETACHED = 1000
    STOPPING = 1001
    INTERNAL = 1011
    ENDED = 4000
    TAKEN_OVER = 4001
    PROTOCOL_ERROR = 4002
    NOT_ALLOWED = 4003
    NO_SESSION = 4004
    LIMIT = 4008


_MAX_ID_CHARS = 64


def check_size(cols: int, rows: int) -> None:
    """Raise ValueError unless both sides are 1 to `MAX_SIDE_CELLS` cells."""
    for name, cells in (("cols", cols), ("rows", rows)):
        if not 1 <= cells <= MAX_SIDE_CELLS:
            raise ValueError(f"{name} must be 1 to {MAX_SIDE_CELLS}, not {cells}")


def is_unicode(text: str) -> bool:
    """Whether text can be encoded: JSON escapes can spell half of a surrogate pair, which no UTF-8 has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_number(name: str, number: int) -> None:
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError(f"{name} must be 0 to {MAX_NUMBER}, not {number}")


# Client to daemon


@dataclass(frozen=True, slots=True)
class Input:
    """Text typed by the user; `seq`: bytes of input (UTF-8) this client sent before, None counts as the next."""

    type: ClassVar = "input"
    text: str
    seq: int | None = None

    def __post_init__(self) -> None:
        if self.seq is not None:
            _check_number("seq", self.seq)
        if not is_unicode(self.text):
            raise ValueError("text must be Unicode without lone surrogates")


@dataclass(frozen=True, slots=True)
class Resize:
    """The client's terminal has this size, in cells."""

    type: ClassVar = "resize"
    cols: int
    rows: int

    def __post_init__(self) -> None:
        check_size(self.cols, self.rows)


@dataclass(frozen=True, slots=True)
class Ack:
    """The client has processed output up to `offset` (flow control, with `window`)."""

    type: ClassVar = "ack"
    offset: int

    def __post_init__(self) -> None:
        _check_number("offset", self.offset)


@dataclass(frozen=True, slots=True)
class Ping:
    """Answered by `Pong` at once, behind what is already on its way."""

    type: ClassVar = "ping"


@dataclass(frozen=True, slots=True)
class Detach:
    """Leave without keeping a place: the daemon closes with 1000."""

    type: ClassVar = "detach"


@dataclass(frozen=True, slots=True)
class End:
    """End the session: SIGHUP, then SIGKILL, to what runs in it."""

    type: ClassVar = "end"


@dataclass(frozen=True, slots=True)
class LinesRequest:
    """Send older lines, rendered; answered by `Lines`.

    Attributes:
        before: number of the line behind the last one wanted; None: behind the last one of the screen.
        max: how many, at most; 1 to `MAX_LINES`.
        styled: with escape sequences for colours and links; else plain text.
        id: comes back in the answer.
    """

    type: ClassVar = "lines"
    before: int | None = None
    max: int = 1000
    styled: bool = True
    id: str = ""

    def __post_init__(self) -> None:
        if self.before is not None:
            _check_number("before", self.before)
        if not 1 <= self.max <= MAX_LINES:
            raise ValueError(f"max must be 1 to {MAX_LINES}, not {self.max}")
        if len(self.id) > _MAX_ID_CHARS or not is_unicode(self.id):
            raise ValueError(f"id must be at most {_MAX_ID_CHARS} characters without lone surrogates")


# Daemon to client


@dataclass(frozen=True, slots=True)
class Session:
    """First message of every attachment: which session this is, and where its output goes on.

    Attributes:
        reconnected: the session existed before.
        age_seconds: since it was created.
        created_at: seconds since the epoch.
        attach: how output starts (`exact`: at `since`; `replay`: from the head; `restore`: a restored screen; `fresh`).
        offset: of the first byte that follows.
        input_seq: next seq expected from this client.
        fallback: why the requested session could not be had, or None.
        previous_session_id: the one asked for, when this is a fresh one in its place.
        trimmed_bytes: bytes between `since` and `offset` that are no longer kept.
        replay_until: offset at which history ends and live output begins.
        input_unknown: bytes before `input_seq` whose fate a crash left unknown; they must not be sent again.
        exclusive: the client_id of the single writer, if there is one.
        first_line: number of the line at which the scrollback of the restored screen begins (`attach` = `restore`).
    """

    type: ClassVar = "session"
    session_id: str
    reconnected: bool
    age_seconds: float
    created_at: float
    attach: AttachKind
    offset: int
    input_seq: int
    cols: int
    rows: int
    fallback: str | None = None
    previous_session_id: str | None = None
    client_id: str = ""
    name: str = ""
    trimmed_bytes: int = 0
    replay_until: int = 0
    input_unknown: int = 0
    exclusive: str | None = None
    first_line: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """Output as text (JSON mode).

    Attributes:
        text: whole characters; bytes that are not UTF-8 became U+FFFD.
        is_replay: from history.
        is_prompt: the shell itself waits for input behind this text.
        offset: of the first byte.
        end: behind the last byte; a client that has this message comes back with `since` = `end`.
    """

    type: ClassVar = "output"
    text: str
    is_replay: bool
    is_prompt: bool
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class ReplayDone:
    """History ends here; what follows is live."""

    type: ClassVar = "replay_done"
    offset: int


@dataclass(frozen=True, slots=True)
class Error:
    """Something went wrong; `code` for programs, `message` for people."""

    type: ClassVar = "error"
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Exit:
    """The process ended: with exit code `code`, or by signal number `signal`; both None when unknown."""

    type: ClassVar = "exit"
    code: int | None
    signal: int | None


@dataclass(frozen=True, slots=True)
class Resized:
    """The session has this size now, in cells."""

    type: ClassVar = "resize"
    cols: int
    rows: int


@dataclass(frozen=True, slots=True)
class PresentClient:
    """One client of a session; `since`: when it came or vanished, seconds since the epoch."""

    client_id: str
    mode: Literal["rw", "ro"]
    state: Literal["connected", "waiting"]
    since: float


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is attached, or vanished and expected back."""

    type: ClassVar = "presence"
    clients: list[PresentClient] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InputAck:
    """All input before `seq` has been written to the terminal."""

    type: ClassVar = "input_ack"
    seq: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Bytes `[from_offset, to_offset)` will not be sent: `behind`, `trimmed`, or `corrupt` in the store.

    A client that is `behind` is sent the screen of `to_offset` next; its scrollback begins at line `first_line`.
    """

    type: ClassVar = "skipped"
    from_offset: int
    to_offset: int
    reason: Literal["behind", "trimmed", "corrupt"]
    first_line: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the terminal, as it was seen.

    Attributes:
        line: its number, counted from the session's first.
        offset: of the output that began it.
        text: without blanks at its end; with escape sequences where they were asked for.
        wraps: the text goes on in the next one.
    """

    line: int
    offset: int
    text: str
    wraps: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """Answer to `LinesRequest`.

    Attributes:
        first_line: number of the oldest line that can be had.
        end_line: number behind the last line of the screen.
        lines: consecutive; empty where there are none before the one asked for.
        id: of the request.
    """

    type: ClassVar = "lines"
    first_line: int
    end_line: int
    lines: list[Line]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer to `Ping`."""

    type: ClassVar = "pong"


ClientMessage: TypeAlias = Input | Resize | Ack | Ping | Detach | End | LinesRequest
ServerMessage: TypeAlias = (
    Session | Output | ReplayDone | Error | Exit | Resized | Presence | InputAck | Skipped | Pong | Lines
)

_CLIENT: dict[str, type[ClientMessage]] = {
    cls.type: cls for cls in (Input, Resize, Ack, Ping, Detach, End, LinesRequest)
}
_SERVER: dict[str, type[ServerMessage]] = {
    cls.type: cls
    for cls in (Session, Output, ReplayDone, Error, Exit, Resized, Presence, InputAck, Skipped, Pong, Lines)
}


def encode(message: ClientMessage | ServerMessage) -> str:
    """Return the JSON text of a message, on one line."""
    return json.dumps({"type": message.type, **dataclasses.asdict(message)}, ensure_ascii=False, separators=(",", ":"))


def parse_client_message(text: str) -> ClientMessage:
    """Read what a client sent.

    Raises:
        MessageError: not a JSON object, of an unknown type, or with a missing or wrong field.
    """
    message: ClientMessage = _parse(text, _CLIENT)
    return message


def parse_server_message(text: str) -> ServerMessage:
    """Read what a daemon sent; raises like `parse_client_message`."""
    message: ServerMessage = _parse(text, _SERVER)
    return message


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")  # Python reads NaN and Infinity; the other side's parser need not


def _parse(text: str, known: dict[str, type[Any]]) -> Any:
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"not JSON: {error}") from None
    if not isinstance(values, dict):
        raise MessageError("a message must be a JSON object")
    name = values.get("type")
    if not isinstance(name, str) or name not in known:
        raise MessageError(f"unknown message type {name!r}"[:100])
    try:
        return build(known[name], values)
    except (ValueError, RecursionError) as error:  # a value that json could just read may be too deep to describe
        raise MessageError(f"{name}: {error}") from None

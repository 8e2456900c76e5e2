"""What happens to an attachment beside its output, one type each; `on_event` of `connect` gets them in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..wire import messages
from ..wire.messages import PresentClient, ServerMessage
from ..wire.messages import Session as SessionMessage

__all__ = [
    "Attached",
    "Ended",
    "ErrorReported",
    "Event",
    "FellBack",
    "InputDropped",
    "InputUnknown",
    "Presence",
    "Reconnected",
    "Reconnecting",
    "Resized",
    "Restored",
    "Skipped",
    "event_of",
]


@dataclass(frozen=True, slots=True)
class Attached:
    """A connection is attached, the first or a later one; `session` is what the daemon said."""

    session: SessionMessage


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection is lost; the next attempt begins in `delay_s` seconds.

    Attributes:
        attempt: of this outage, from 1.
        delay_s: seconds until it begins.
        reason: why the connection, or the attempt before, failed.
    """

    attempt: int
    delay_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Reconnected:
    """Attached again, after `attempts` attempts and `offline_s` seconds."""

    attempts: int
    offline_s: float


@dataclass(frozen=True, slots=True)
class Restored:
    """History is through; output from `offset` on is live."""

    offset: int


@dataclass(frozen=True, slots=True)
class FellBack:
    """The session asked for is gone and this is a fresh one; `reason`: `expired`, `not_found`, `process_dead`, ..."""

    reason: str
    previous_session_id: str | None
    session_id: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Output `[from_offset, to_offset)` is not delivered; `missing`: the daemon left it out without a word."""

    from_offset: int
    to_offset: int
    reason: Literal["behind", "trimmed", "corrupt", "missing"]


@dataclass(frozen=True, slots=True)
class Resized:
    """The session's terminal has this size now, in cells."""

    cols: int
    rows: int


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is attached, or vanished and expected back."""

    clients: tuple[PresentClient, ...]


@dataclass(frozen=True, slots=True)
class InputUnknown:
    """Whether these last `byte_count` bytes of input reached the terminal cannot be known; they are not sent again."""

    byte_count: int


@dataclass(frozen=True, slots=True)
class InputDropped:
    """Queued input was not typed: it was meant for a session that is gone."""

    byte_count: int


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """The daemon reports a problem; `code` for programs, `message` for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The session's process ended, with an exit code or by a signal number; both None where that is unknown."""

    exit_code: int | None
    signal: int | None


Event: TypeAlias = (
    Attached
    | Reconnecting
    | Reconnected
    | Restored
    | FellBack
    | Skipped
    | Resized
    | Presence
    | InputUnknown
    | InputDropped
    | ErrorReported
    | Ended
)


def event_of(message: ServerMessage) -> Event | None:
    """Return the event that a message of the daemon is by itself; None for those that are none, or more than one."""
    match message:
        case messages.ReplayDone():
            return Restored(message.offset)
        case messages.Resized():
            return Resized(message.cols, message.rows)
        case messages.Presence():
            return Presence(tuple(message.clients))
        case messages.Skipped():
            return Skipped(message.from_offset, message.to_offset, message.reason)
        case messages.Error():
            return ErrorReported(message.code, message.message)
        case _:
            return None

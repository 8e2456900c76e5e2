"""What keeper and daemon say to each other, and how it looks on the socket between them.

Pure: values in, bytes out, and back. A frame is four bytes of length (big-endian) and that many bytes of JSON, an
object whose `type` names one of the classes here. `CARRIES_FD` says which messages travel with a descriptor
(SCM_RIGHTS).

A keeper outlives upgrades of the daemon, so this language changes rarely and `VERSION` with it. NamedTuples and one
table of checks, because the keeper stays in memory for months: `dataclasses` alone would add 1.4 MB to it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    "CARRIES_FD",
    "LENGTH_BYTES",
    "MAX_MESSAGE_BYTES",
    "READY",
    "TAKEN",
    "UNKNOWN_EXIT",
    "VERSION",
    "Adopt",
    "BadMessageError",
    "Busy",
    "Done",
    "ExitStatus",
    "Exited",
    "Failed",
    "Forget",
    "HandedOver",
    "Hello",
    "Kept",
    "Message",
    "Signal",
    "Spawn",
    "Spawned",
    "body_length",
    "decode_body",
    "encode",
]

VERSION = 1
LENGTH_BYTES = 4
MAX_MESSAGE_BYTES = 1 << 20
"""Largest JSON body. The longest message is `Spawn`, with a whole environment in it."""

READY = b"ok\n"
"""Written to the descriptor of `--ready-fd`: the keeper listens."""
TAKEN = b"taken\n"
"""The same, where another keeper had the socket already."""

_MAX_SESSION_ID_CHARS = 200
_MAX_SIDE_CELLS = 0xFFFF
"""ioctl_tty(2): `struct winsize` has unsigned shorts."""
_MAX_SIGNAL = 64
_MAX_PID = (1 << 31) - 1


class BadMessageError(Exception):
    """A message that cannot be understood, or is too long to be sent."""


class ExitStatus(NamedTuple):
    """How a process ended: exit code, or number of the signal. Both None: unknown (the keeper was not its parent)."""

    code: int | None
    signal: int | None


UNKNOWN_EXIT = ExitStatus(None, None)


# Daemon to keeper. `request` comes back in the answer: `Spawned`, `Done` or `Failed`.


class Spawn(NamedTuple):
    """Start a command on a new terminal."""

    request: int
    session_id: str
    argv: list[str]
    cwd: str
    env: dict[str, str]
    cols: int
    rows: int


class Adopt(NamedTuple):
    """Keep a copy (the descriptor) of a terminal whose process `pid` another keeper spawned."""

    request: int
    session_id: str
    pid: int


class Signal(NamedTuple):
    """Send a signal to the process group of the session and to the foreground one of its terminal."""

    request: int
    session_id: str
    signum: int


class Forget(NamedTuple):
    """Close the keeper's copy of the terminal and drop the exit status."""

    request: int
    session_id: str


# Keeper to daemon: answers


class Spawned(NamedTuple):
    """The command runs; the descriptor is its terminal's master."""

    request: int
    pid: int


class Done(NamedTuple):
    """A request without a result was carried out."""

    request: int


class Failed(NamedTuple):
    """A request was not carried out; `stage` is set for a `Spawn` alone."""

    request: int
    stage: str | None
    errno: int | None
    text: str


# Keeper to daemon: unasked


class Hello(NamedTuple):
    """First message to the one daemon; a `Kept` for every session follows, then `HandedOver`."""

    version: int
    pid: int


class Busy(NamedTuple):
    """First and only message to a second daemon."""


class Kept(NamedTuple):
    """A session that the keeper holds; the descriptor is its terminal's master."""

    session_id: str
    pid: int
    exited: bool
    code: int | None
    signal: int | None


class HandedOver(NamedTuple):
    """Every session has been handed over."""


class Exited(NamedTuple):
    """The process of a session ended."""

    session_id: str
    code: int | None
    signal: int | None


Message: TypeAlias = (
    Spawn | Adopt | Signal | Forget | Spawned | Done | Failed | Hello | Busy | Kept | HandedOver | Exited
)

CARRIES_FD: tuple[type[Message], ...] = (Adopt, Spawned, Kept)

_CLASSES: dict[str, type[Message]] = {
    "spawn": Spawn,
    "adopt": Adopt,
    "signal": Signal,
    "forget": Forget,
    "spawned": Spawned,
    "done": Done,
    "failed": Failed,
    "hello": Hello,
    "busy": Busy,
    "kept": Kept,
    "handed_over": HandedOver,
    "exited": Exited,
}
_TYPES = {cls: name for name, cls in _CLASSES.items()}


def encode(message: Message) -> bytes:
    """Return the frame of a message.

    Raises:
        BadMessageError: its body is longer than `MAX_MESSAGE_BYTES`.
    """
    body = json.dumps({"type": _TYPES[type(message)], **message._asdict()}, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_MESSAGE_BYTES:
        raise BadMessageError(f"a message of {len(body)} bytes; {MAX_MESSAGE_BYTES} are allowed")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def body_length(prefix: bytes | bytearray) -> int:
    """Return how many bytes of body follow the first `LENGTH_BYTES` of a frame.

    Raises:
        BadMessageError: more than `MAX_MESSAGE_BYTES`.
    """
    length = int.from_bytes(prefix[:LENGTH_BYTES], "big")
    if length > MAX_MESSAGE_BYTES:
        raise BadMessageError(f"a message of {length} bytes; {MAX_MESSAGE_BYTES} are allowed")
    return length


def decode_body(body: bytes | bytearray) -> Message:
    """Read the JSON body of a frame; unknown fields are ignored.

    Raises:
        BadMessageError: not a JSON object, of an unknown type, or a field is missing or has a value out of its range.
    """
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise BadMessageError("a message that is not JSON") from None
    name = values.get("type") if isinstance(values, dict) else None
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise BadMessageError(f"a message of unknown type {name!r:.60}")
    for field in cls._fields:
        if field not in values or not _CHECKS[field](values[field]):
            raise BadMessageError(f"{name}: {field} is missing or out of range")
    message: Message = cls._make(values[field] for field in cls._fields)
    return message


def _integer(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _optional(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


def _is_os_text(value: Any) -> bool:
    """Whether the kernel can be given this text. execve(2) in a forked child is too late to find out."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:  # a lone surrogate that is not an escaped byte
        return False
    return True


def _is_argv(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_os_text, value)) and value[0] != ""


def _is_env(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name and "=" not in name and _is_os_text(name) and _is_os_text(text) for name, text in value.items()
    )


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "request": _integer(0, 2**53),
    "session_id": lambda value: isinstance(value, str) and 1 <= len(value) <= _MAX_SESSION_ID_CHARS,
    "argv": _is_argv,
    "cwd": lambda value: _is_os_text(value) and value.startswith("/"),
    "env": _is_env,
    "cols": _integer(1, _MAX_SIDE_CELLS),
    "rows": _integer(1, _MAX_SIDE_CELLS),
    "pid": _integer(2, _MAX_PID),  # kill(2): 0 and -1 mean many processes, and 1 is nobody's session
    "signum": _integer(1, _MAX_SIGNAL),
    "stage": _optional(lambda value: value in {"command", "cwd", "fork"}),
    "errno": _optional(_integer(0, 4095)),
    "text": lambda value: isinstance(value, str),
    "version": _integer(1, 1000),
    "exited": lambda value: isinstance(value, bool),
    "code": _optional(_integer(0, 255)),
    "signal": _optional(_integer(1, _MAX_SIGNAL)),
}
"""What each field may hold; a name means the same in every message."""

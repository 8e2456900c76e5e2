"""Query parameters of `GET /ws`: what a client asks for when it attaches.

Pure, and used by both ends: the client formats what the daemon parses.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from .durations import parse_duration
from .errors import QueryError
from .frames import MAX_NUMBER
from .messages import MAX_SIDE_CELLS, is_unicode

__all__ = ["AttachQuery", "Replay", "SpawnQuery", "is_session_id"]

_SESSION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
MAX_NAME_CHARS = 100
MAX_LINES = 1_000_000
MAX_QUERY_CHARS = 7000
"""A request line may have 8 KiB (websockets, MAX_LINE_LENGTH), other parameters and the path included."""


def is_session_id(text: str) -> bool:
    """Whether this is a UUID4 in its usual, lower-case form."""
    return _SESSION_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Replay:
    """What a client without a position wants of the past; `lines` belongs to `restore`."""

    kind: Literal["all", "restore", "none"] = "all"
    lines: int | None = None

    @classmethod
    def parse(cls, text: str) -> Replay:
        """Read `all`, `none`, `restore` or `restore:LINES`; raises ValueError."""
        kind, colon, lines = text.partition(":")
        if kind == "restore":
            return cls("restore", _integer(0, MAX_LINES)(lines) if colon else None)
        if kind in ("all", "none") and not colon:
            return cls("all" if kind == "all" else "none")
        raise ValueError("must be all, none, restore or restore:LINES")

    def __str__(self) -> str:
        return self.kind if self.lines is None else f"{self.kind}:{self.lines}"


@dataclass(frozen=True, slots=True)
class SpawnQuery:
    """How a new session is to be made.

    Attributes:
        name: unique among running sessions; empty for none.
        argv: command and arguments; None for the user's shell.
        cwd: absolute path; None for the user's home.
        cols: width in cells.
        rows: height in cells.
        linger: seconds after its last client is gone until it is ended; None keeps it.
        expires: idle expiry, in seconds; None where it never expires; `default` for the daemon's setting.
    """

    name: str = ""
    argv: tuple[str, ...] | None = None
    cwd: str | None = None
    cols: int | None = None
    rows: int | None = None
    linger: float | None = None
    expires: float | Literal["default"] | None = "default"

    @classmethod
    def parse(cls, query: str) -> SpawnQuery:
        """Read a query string; unknown parameters are ignored, raises QueryError."""
        return cls(**_read(query, _SPAWN))

    def format(self) -> str:
        """Return the query string, without what has its default; raises QueryError where a path is not UTF-8."""
        return _format(self, SpawnQuery())


@dataclass(frozen=True, slots=True)
class AttachQuery:
    """What `GET /ws` asks for.

    Attributes:
        session_id: session to come back to; None for a new one.
        since: offset up to which the client has everything.
        create: make a fresh session where the one asked for cannot be had.
        replay: history wanted by a client without `since`.
        mode: `ro` neither types, resizes nor ends.
        client_id: same across reconnections of one client.
        window: bytes in flight before an `ack` is needed; 0: no flow control.
        zstd: stored chunks may be sent as they are (frame kind 0x03).
        answers: behind it is a terminal that answers the queries of programs, while they are live.
        exclusive: be the only writer.
        steal: take that place from whoever has it.
        spawn: how to make a fresh session; its size is also the client's.
    """

    session_id: str | None = None
    since: int | None = None
    create: bool = True
    replay: Replay = Replay()
    mode: Literal["rw", "ro"] = "rw"
    client_id: str = ""
    window: int = 0
    zstd: bool = False
    answers: bool = False
    exclusive: bool = False
    steal: bool = False
    spawn: SpawnQuery = SpawnQuery()

    @classmethod
    def parse(cls, query: str) -> AttachQuery:
        """Read a query string; unknown parameters are ignored.

        Raises:
            QueryError: a value is malformed or out of range, or a parameter is given twice.
        """
        return cls(**_read(query, _ATTACH), spawn=SpawnQuery.parse(query))

    def format(self) -> str:
        """Return the query string, as `SpawnQuery.format` does."""
        parts = (_format(self, AttachQuery()), self.spawn.format())
        return "&".join(part for part in parts if part)


def _integer(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 16 and low <= int(text) <= high):  # noqa: PLR2004  # 2**53 has 16 digits
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return text == "1"


def _pattern(regex: re.Pattern[str], what: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if regex.fullmatch(text) is None:
            raise ValueError(f"must be {what}")
        return text

    return read


def _mode(text: str) -> str:
    if text not in ("rw", "ro"):
        raise ValueError("must be rw or ro")
    return text


def _name(text: str) -> str:
    if len(text) > MAX_NAME_CHARS or not text.isprintable():
        raise ValueError(f"must be at most {MAX_NAME_CHARS} printable characters")
    if is_session_id(text):
        raise ValueError("must not look like a session id")
    return text


def _argv(text: str) -> tuple[str, ...]:
    try:
        argv = json.loads(text)
    except (ValueError, RecursionError):
        argv = None
    if not (isinstance(argv, list) and argv and all(isinstance(word, str) and "\0" not in word for word in argv)):
        raise ValueError("must be a JSON list of at least one text")
    if not argv[0]:
        raise ValueError("must begin with a command")
    if not all(map(is_unicode, argv)):
        raise ValueError("must be Unicode without lone surrogates")
    return tuple(argv)


def _cwd(text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        raise ValueError("must be an absolute path")
    return text


_SPAWN: dict[str, Callable[[str], Any]] = {
    "name": _name,
    "argv": _argv,
    "cwd": _cwd,
    "cols": _integer(1, MAX_SIDE_CELLS),
    "rows": _integer(1, MAX_SIDE_CELLS),
    "linger": parse_duration,
    "expires": parse_duration,
}
_ATTACH: dict[str, Callable[[str], Any]] = {
    "session_id": _pattern(_SESSION_ID, "a session id (a lower-case UUID4)"),
    "since": _integer(0, MAX_NUMBER),
    "create": _flag,
    "replay": Replay.parse,
    "mode": _mode,
    "client_id": _pattern(_CLIENT_ID, "1 to 64 of A-Z a-z 0-9 . _ -"),
    "window": _integer(0, MAX_NUMBER),
    "zstd": _flag,
    "answers": _flag,
    "exclusive": _flag,
    "steal": _flag,
}


def _read(query: str, readers: dict[str, Callable[[str], Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=64)
    except ValueError as error:
        raise QueryError(f"query string: {error}") from None
    for name, text in pairs:
        if name not in readers:
            continue
        if name in values:
            raise QueryError(f"{name} is given twice")
        try:
            values[name] = readers[name](text)
        except ValueError as error:
            raise QueryError(f"{name} {error}, not {text[:60]!r}") from None
    return values


def _format(value: SpawnQuery | AttachQuery, default: SpawnQuery | AttachQuery) -> str:
    pairs: list[tuple[str, str]] = []
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, SpawnQuery) or item == getattr(default, field.name):
            continue
        pairs.append((field.name, _text(item)))
    try:
        query = urlencode(pairs)
    except UnicodeEncodeError as error:
        raise QueryError(f"{error.object[:60]!r} is not UTF-8 and cannot be asked for") from None
    if len(query) > MAX_QUERY_CHARS:
        longest = max(pairs, key=lambda pair: len(pair[1]))[0]
        raise QueryError(
            f"{longest} is too long to be asked for ({len(query)} characters): put a long command in a script"
        )
    return query


def _text(item: object) -> str:
    match item:
        case bool():
            return str(int(item))
        case None:
            return "never"
        case tuple():
            return json.dumps(item)
        case _:
            return str(item)

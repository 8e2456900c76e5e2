"""How the messages between daemon and screens process look on the socket between them. Pure.

A frame is two lengths (four bytes each, big-endian), a head and a payload. The head is a JSON list: the number of the
request, a name, and the fields of the class of that name; the payload is the field that is bytes, if there is one.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final, get_args

from .messages import Match, Message, Row

__all__ = [
    "MAX_PAYLOAD_BYTES",
    "BadMessageError",
    "Frames",
    "encode",
    "pack_matches",
    "pack_rows",
    "read_message",
    "unpack_matches",
    "unpack_rows",
]

MAX_PAYLOAD_BYTES = 256 << 20
"""A screen of 1000 by 1000 cells with a colour of its own in each, painted with its scrollback, has some 80 MB."""

_MAX_HEAD_BYTES = 64 * 1024
_LENGTHS = struct.Struct(">II")
_ROW = struct.Struct("<QQI?")
_MAX_NUMBER = 2**63 - 1
_MAX_SIDE_CELLS = 0xFFFF
_MAX_TEXT_CHARS = 2000
_MAX_COLOUR = 255


class BadMessageError(Exception):
    """A message that cannot be understood, or is too long."""


_CLASSES: Final[dict[str, type[Message]]] = {cls.__name__: cls for cls in get_args(Message)}
_PAYLOAD_FIELDS = ("data", "replies")
_PAYLOAD_AT = {
    cls: next((at for at, field in enumerate(cls._fields) if field in _PAYLOAD_FIELDS), None)
    for cls in _CLASSES.values()
}


def encode(number: int, message: Message) -> tuple[bytes, bytes]:
    """Return the frame of a message in two parts, so that a long payload is not copied. Takes 4 µs.

    Raises:
        BadMessageError: it is too long, or a field is out of its range.
    """
    cls = type(message)
    _check(cls, message)
    fields: list[object] = [number, cls.__name__, *message]
    at = _PAYLOAD_AT[cls]
    payload = b"" if at is None else fields.pop(2 + at)
    head = json.dumps(fields, separators=(",", ":")).encode("ascii")
    if not isinstance(payload, bytes) or len(payload) > MAX_PAYLOAD_BYTES or len(head) > _MAX_HEAD_BYTES:
        raise BadMessageError(f"{cls.__name__} is too long")
    return _LENGTHS.pack(len(head), len(payload)) + head, payload


def read_message(stream: BinaryIO) -> tuple[int, Message] | None:
    """Wait for a message, and return its number too; None where the stream has ended.

    Raises:
        BadMessageError: malformed, too long, or cut off.
    """
    lengths = stream.read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise BadMessageError("a message that is cut off")
    head_bytes, payload_bytes = _lengths(lengths)
    head, payload = stream.read(head_bytes), stream.read(payload_bytes)
    if len(head) < head_bytes or len(payload) < payload_bytes:
        raise BadMessageError("a message that is cut off")
    return _decode(head, payload)


class Frames:
    """Messages out of a stream that comes in pieces."""

    def __init__(self) -> None:
        self._received = bytearray()

    def take(self, data: bytes) -> Iterator[tuple[int, Message]]:
        """Take the next piece, and yield every message that is whole now, with its number.

        Raises:
            BadMessageError: malformed or too long. Nothing more can be taken then.
        """
        self._received += data
        while len(self._received) >= _LENGTHS.size:
            head_bytes, payload_bytes = _lengths(self._received)
            payload_at = _LENGTHS.size + head_bytes
            end = payload_at + payload_bytes
            if len(self._received) < end:
                return
            head, payload = self._received[_LENGTHS.size : payload_at], self._received[payload_at:end]
            del self._received[:end]
            yield _decode(bytes(head), bytes(payload))


def _lengths(data: bytes | bytearray) -> tuple[int, int]:
    head_bytes, payload_bytes = _LENGTHS.unpack_from(data)
    if head_bytes > _MAX_HEAD_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise BadMessageError(f"a message of {head_bytes} and {payload_bytes} bytes")
    return head_bytes, payload_bytes


def _decode(head: bytes, payload: bytes) -> tuple[int, Message]:
    try:
        number, name, *fields = json.loads(head)
        cls = _CLASSES[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadMessageError(f"a message that makes no sense: {head[:60]!r}") from None
    at = _PAYLOAD_AT[cls]
    if at is not None:
        fields.insert(at, payload)
    if not _is_number(number) or len(fields) != len(cls._fields) or (at is None and payload):
        raise BadMessageError(f"{name}: malformed")
    message: Message = cls._make(tuple(value) if isinstance(value, list) else value for value in fields)
    _check(cls, message)
    return number, message


def _check(cls: type[Message], fields: Iterable[object]) -> None:
    for name, value in zip(cls._fields, fields, strict=True):
        if not _CHECKS[name](value):
            raise BadMessageError(f"{cls.__name__}: {name} is out of range")


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_NUMBER


def _is_side(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _MAX_SIDE_CELLS


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_bytes(value: Any) -> bool:
    return type(value) is bytes


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT_CHARS


def _is_colour(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, tuple) and len(value) == 3 and all(map(_is_colour_part, value))  # noqa: PLR2004  # RGB


def _is_colour_part(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_COLOUR


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "screen": _is_number,
    "cols": _is_side,
    "rows": _is_side,
    "data": _is_bytes,
    "replies": _is_bytes,
    "codec": _is_number,
    "raw_length": _is_number,
    "start": _is_number,
    "stop": _is_number,
    "offset": _is_number,
    "lines": _is_number,
    "first_line": _is_number,
    "end_line": _is_number,
    "styled": _is_flag,
    "exact": _is_flag,
    "before": _is_number,
    "most": _is_number,
    "ignore_case": _is_flag,
    "is_pattern": _is_flag,
    "within_ms": _is_number,
    "row_count": _is_number,
    "scanned_to": _is_number,
    "problem": lambda value: value is None or _is_text(value),
    "version": _is_number,
    "missing": lambda value: value is None or _is_text(value),
    "text": _is_text,
    "x": _is_number,
    "y": _is_number,
    "foreground": _is_colour,
    "background": _is_colour,
    "cursor_colour": _is_colour,
}
"""What each field may hold; a name means the same in every message. A caller may be wrong, and the process mad."""


def pack_rows(rows: list[Row]) -> bytes:
    """Return rows as bytes."""
    return b"".join(_ROW.pack(row.line, row.offset, len(row.text), row.wraps) + row.text for row in rows)


def unpack_rows(data: bytes) -> list[Row]:
    """Return rows again. A thousand take half a millisecond. Raises BadMessageError."""
    rows = []
    at = 0
    try:
        while at < len(data):
            line, offset, length, wraps = _ROW.unpack_from(data, at)
            at += _ROW.size + length
            rows.append(Row(line, offset, data[at - length : at], wraps))
    except struct.error:
        raise BadMessageError("rows that are cut off") from None
    if at > len(data):
        raise BadMessageError("rows that are cut off")
    return rows


def pack_matches(matches: list[Match]) -> bytes:
    """Return matches as bytes."""
    return json.dumps(matches, ensure_ascii=False, separators=(",", ":")).encode()


def unpack_matches(data: bytes) -> list[Match]:
    """Return matches again. Raises BadMessageError."""
    try:
        return [
            Match(int(line), int(offset), str(text), tuple((int(start), int(stop)) for start, stop in spans))
            for line, offset, text, spans in json.loads(data)
        ]
    except (ValueError, TypeError, RecursionError):
        raise BadMessageError("matches that make no sense") from None

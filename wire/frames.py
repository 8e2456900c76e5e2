"""Binary frames of the subprotocol `holdfast.v1`: one byte kind, eight bytes big-endian number, payload.

Pure: bytes in, values out. What a number means depends on the kind (docs/protocol.md, "Binary frames").
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from .errors import FrameError

__all__ = ["FRAME_HEADER_BYTES", "MAX_NUMBER", "Frame", "FrameKind", "decode_frame", "encode_frame"]

_HEADER = struct.Struct(">BQ")
FRAME_HEADER_BYTES = _HEADER.size

MAX_NUMBER = 2**53 - 1
"""Largest offset or seq: what a JavaScript number holds exactly, so that the same value can travel in JSON."""


class FrameKind(IntEnum):
    """First byte of a frame."""

    INPUT = 0x00
    """To the daemon; number: seq, the input bytes this client sent before; payload: bytes typed."""
    OUTPUT = 0x01
    """To the client; number: offset of the first byte; payload: raw bytes, live."""
    REPLAY = 0x02
    """To the client; number: offset of the first byte; payload: raw bytes from history."""
    REPLAY_ZSTD = 0x03
    """To the client; number: offset of the first byte; payload: one zstd frame with its content size."""
    RESTORE = 0x04
    """To the client; number: the offset it stands for; payload: escape sequences made by the mirror."""


class Frame(NamedTuple):
    """A decoded frame; `payload` is a view into the received message, not a copy."""

    kind: FrameKind
    number: int
    payload: memoryview


def encode_frame(kind: FrameKind, number: int, payload: bytes | memoryview) -> bytes:
    """Return the frame as it travels. Hot path: one concatenation, no checks."""
    return b"".join((_HEADER.pack(kind, number), payload))


def decode_frame(data: bytes) -> Frame:
    """Split a received binary message.

    Raises:
        FrameError: shorter than its header, of an unknown kind, or with a number beyond `MAX_NUMBER`.
    """
    if len(data) < FRAME_HEADER_BYTES:
        raise FrameError(f"binary frame of {len(data)} bytes; its header alone has {FRAME_HEADER_BYTES}")
    kind, number = _HEADER.unpack_from(data)
    try:
        known = FrameKind(kind)
    except ValueError:
        raise FrameError(f"unknown frame kind 0x{kind:02x}") from None
    if number > MAX_NUMBER:
        raise FrameError(f"frame number {number} is larger than {MAX_NUMBER}")
    return Frame(known, number, memoryview(data)[FRAME_HEADER_BYTES:])

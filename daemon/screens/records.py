"""Records of the emulator's binary snapshot: tag, length, CRC-32C and payload. Pure.

Format `GHOSTSNP` version 1, described by `src/terminal/snapshot/snapshot.ksy` of ghostty; numbers are little-endian.
Another version is refused: the emulator is pinned, so that cannot happen by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["CONTINUATION", "ENVELOPE", "FINISH", "HEAD_BYTES", "HISTORY", "PAGE", "SCREEN", "TERMINAL", "SnapshotError"]
__all__ += ["record", "records"]

ENVELOPE = b"GHOSTSNP\x01\x00"
TERMINAL, SCREEN, PAGE, HISTORY, FINISH, CONTINUATION = 1, 2, 3, 4, 6, 7
_HEAD = struct.Struct("<HII")
HEAD_BYTES = _HEAD.size


class SnapshotError(Exception):
    """The bytes are no snapshot of the version that is understood, or are cut off."""


def records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield tag, start and end of each record."""
    if not data.startswith(ENVELOPE):
        raise SnapshotError("not a GHOSTSNP snapshot of version 1")
    at = len(ENVELOPE)
    while at < len(data):
        if at + HEAD_BYTES > len(data):
            raise SnapshotError("the snapshot is cut off")
        tag, length, _ = _HEAD.unpack_from(data, at)
        end = at + HEAD_BYTES + length
        if end > len(data):
            raise SnapshotError("the snapshot is cut off")
        yield tag, at, end
        at = end


def record(tag: int, payload: bytes) -> bytes:
    """Return a record."""
    head = struct.pack("<HI", tag, len(payload))
    return head + struct.pack("<I", _crc32c(head + payload)) + payload


def _crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli): RFC 3720, B.4."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _crc_of_byte(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


_CRC_TABLE = tuple(map(_crc_of_byte, range(256)))

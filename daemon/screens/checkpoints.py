"""A numbered screen as bytes: its numbers, and the packed snapshot of the emulator behind them. Pure.

Of one version and one build of the emulator: the output is there to make another screen from, so nothing is converted.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import zstandard

from .errors import ScreenError

__all__ = ["Numbers", "pack", "unpack"]

_MAGIC = b"HFscreen"
_VERSION = 1
_HEADER = struct.Struct("<8sHB1sQQQQ")
_MOST_STATE_BYTES = 256 << 20


class Numbers(NamedTuple):
    """What a numbered screen knows of itself.

    Attributes:
        offset: bytes of output behind it.
        first_line: number of the oldest row that is kept.
        top: number of the screen's first row, when that was looked at last.
        reached: number behind the last row that the cursor had been in by then.
        last: the last byte of output; empty where there was none.
    """

    offset: int
    first_line: int
    top: int
    reached: int
    last: bytes


def pack(numbers: Numbers, state: bytes) -> bytes:
    """Return a checkpoint. `state` shrinks to a tenth or less, in a millisecond."""
    *counts, last = numbers
    header = _HEADER.pack(_MAGIC, _VERSION, len(last), last, *counts)
    return header + zstandard.ZstdCompressor().compress(state)


def unpack(data: bytes) -> tuple[Numbers, bytes]:
    """Return numbers and state again.

    Raises:
        ScreenError: another version, or damaged.
    """
    try:
        magic, version, last_length, last, offset, first_line, top, reached = _HEADER.unpack_from(data)
        if (magic, version) != (_MAGIC, _VERSION):
            raise ScreenError("the checkpoint is of another version")
        packed = data[_HEADER.size :]
        if zstandard.frame_content_size(packed) > _MOST_STATE_BYTES:
            raise ScreenError("the checkpoint is damaged: its screen would be too large")
        numbers = Numbers(offset, first_line, top, reached, last[:last_length])
        return numbers, zstandard.ZstdDecompressor().decompress(packed)
    except (struct.error, zstandard.ZstdError) as error:
        raise ScreenError(f"the checkpoint is damaged: {error}") from None

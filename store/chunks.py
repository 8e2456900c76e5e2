"""Chunks: pieces of a session's log as they are stored. Pure: where to cut, how to pack and unpack.

A chunk stands on its own: it begins where the escape parser is at rest as far as its cut could tell, and knows its
offsets, its times and the terminal size in force. What packs a chunk is measured: 256 KiB of coloured listing take
0.2 ms and become 16 kB at zstd level 3.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import zstandard

from .errors import StoreError

__all__ = [
    "COMPRESS_FROM_BYTES",
    "RAW",
    "ZSTD",
    "Chunk",
    "checksum",
    "cut_length",
    "decode_chunk",
    "encode_chunk",
    "is_sound",
]

RAW = 0
"""Codec: the bytes as they are."""

ZSTD = 1
"""Codec: one zstd frame with its content size (RFC 8878)."""

COMPRESS_FROM_BYTES = 10_000
"""Below it a chunk stays raw: it will be replaced by a bigger one, or is the end of a short session."""

_LEVEL = 3
_LOOK_BACK_BYTES = 4096

_OPEN_SEQUENCE = re.compile(
    rb"""\x1b (?: \[ [0-?]* [ -/]*            # CSI without its final byte
               |  [\]PX^_] [^\x07\x1b]* \x1b?   # OSC, DCS, SOS, PM, APC without BEL or ST
               |  [ -/]*                        # ESC without its final byte
               ) \Z""",
    re.VERBOSE,
)
"""A control sequence that has not ended: ECMA-48 5.3, 5.4, 5.6, and BEL as xterm takes it for ST."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored chunk. The checksum of `blob` was verified when it was read.

    Attributes:
        first_offset: offset of its first byte.
        raw_length: bytes of terminal output in it.
        codec: `RAW` or `ZSTD`; a `ZSTD` blob can be sent as it is.
        blob: the packed bytes.
        lines: line feeds in it.
        cols: width of the terminal, in cells, when it began.
        rows: height.
        started_at: when its first byte was read, in seconds since the epoch.
        ended_at: when its last byte was, to about 10 ms.
        times: when the bytes between were read (`holdfast.store.output_times`).
    """

    first_offset: int
    raw_length: int
    codec: int
    blob: bytes
    lines: int
    cols: int
    rows: int
    started_at: float
    ended_at: float
    times: bytes = b""

    @property
    def end_offset(self) -> int:
        """Offset behind its last byte."""
        return self.first_offset + self.raw_length

    def raw(self) -> bytes:
        """Unpack it. Raises StoreError where the blob does not hold what it says."""
        return decode_chunk(self.codec, self.blob, self.raw_length)


def cut_length(data: bytes, limit: int) -> int:
    """Return after how many bytes of `data` to cut, at least 1 and at most `limit`.

    That is behind the last line feed. Without one, in front of an unfinished control sequence or character, as far as
    the last 4 KiB can tell.
    """
    limit = min(limit, len(data))
    line_end = data.rfind(b"\n", 0, limit) + 1
    if line_end:
        return line_end
    start = max(0, limit - _LOOK_BACK_BYTES)
    sequence = _OPEN_SEQUENCE.search(data[start:limit])
    cut = start + sequence.start() if sequence else limit - _unfinished_character(data[:limit][-3:])
    return cut or limit


def _unfinished_character(ending: bytes) -> int:
    """Return how many bytes at the end are the start of a UTF-8 character that goes on (RFC 3629)."""
    for back in range(1, len(ending) + 1):
        byte = ending[-back]
        if byte & 0xC0 != 0x80:  # noqa: PLR2004  # not a continuation byte 10xxxxxx
            length = 2 if 0xC2 <= byte < 0xE0 else 3 if 0xE0 <= byte < 0xF0 else 4 if 0xF0 <= byte < 0xF5 else 1  # noqa: PLR2004  # lead bytes
            return back if length > back else 0
    return 0


def encode_chunk(raw: bytes) -> tuple[int, bytes]:
    """Pack the bytes of a chunk; return codec and blob. Leaves the GIL while it compresses."""
    if len(raw) >= COMPRESS_FROM_BYTES:
        packed = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(raw)
        if len(packed) < len(raw):
            return ZSTD, packed
    return RAW, raw


def decode_chunk(codec: int, blob: bytes, raw_length: int) -> bytes:
    """Unpack a chunk; never makes more than `raw_length` bytes.

    Raises:
        StoreError: unknown codec, damaged frame, or another length than recorded.
    """
    try:
        if codec == RAW:
            raw = blob
        elif codec == ZSTD and zstandard.frame_content_size(blob) == raw_length:
            raw = zstandard.ZstdDecompressor().decompress(blob, max_output_size=raw_length)
        else:
            raise StoreError(
                f"a chunk has codec {codec}, or another length in its frame than the {raw_length} recorded"
            )
    except zstandard.ZstdError as error:
        raise StoreError(f"a chunk cannot be unpacked: {error}") from None
    if len(raw) != raw_length:
        raise StoreError(f"a chunk holds {len(raw)} bytes, not {raw_length}")
    return raw


def checksum(blob: bytes) -> int:
    """Return the CRC-32 that is stored beside a blob."""
    return zlib.crc32(blob)


def is_sound(chunk: Chunk, crc32: int) -> bool:
    """Whether a chunk as read is the one that was stored, so that its blob can be sent on without unpacking it."""
    if checksum(chunk.blob) != crc32:
        return False
    if chunk.codec == RAW:
        return len(chunk.blob) == chunk.raw_length
    try:
        return chunk.codec == ZSTD and zstandard.frame_content_size(chunk.blob) == chunk.raw_length
    except zstandard.ZstdError:
        return False

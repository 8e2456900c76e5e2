"""From frames to output: decoded, in order, each byte once. Pure.

Resuming and replaying overlap by design (a stored chunk is sent whole though only its end is new), so what lies below
the expected offset is dropped; what is missing is reported, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import zstandard

from ..wire.errors import FrameError
from ..wire.frames import FrameKind, decode_frame

__all__ = ["MAX_CHUNK_BYTES", "Output", "OutputCursor", "Screen"]

MAX_CHUNK_BYTES = 16 << 20
"""Largest decoded chunk. Stored chunks have about 256 KiB; a hostile frame of 1 MB could claim 4 GB."""


class Output(NamedTuple):
    """Bytes the session printed.

    Attributes:
        offset: of the first byte.
        data: at least one byte.
        is_replay: from history: it must have no effect (no bell, no answered query).
    """

    offset: int
    data: bytes
    is_replay: bool

    @property
    def end(self) -> int:
        """Offset behind it: `since` of whoever has this."""
        return self.offset + len(self.data)


class Screen(Output):
    """What the session shows behind `offset` bytes of output: escape sequences for a terminal, and no output itself.

    Comes where `replay="restore"` was asked for: first of all, and again where too much was missed to send it all. It
    replaces what a terminal shows that is in the state of a reset; it may end inside a sequence, which the next output
    completes.
    """

    __slots__ = ()

    @property
    def end(self) -> int:
        """Its bytes are not the log's, and do not count."""
        return self.offset


class OutputCursor:
    """Where one client stands in a session's output.

    Attributes:
        expected: offset of the next byte.
    """

    def __init__(self, on_hole: Callable[[int, int], None]) -> None:
        """Call `on_hole(from_offset, to_offset)` where the daemon leaves bytes out without having said so."""
        self.expected = 0
        self._on_hole = on_hole
        self._inflate = zstandard.ZstdDecompressor().decompress

    def decode(self, message: bytes) -> Output | None:
        """Read a binary message; None where it holds nothing new.

        Hot path of every replay: no copy besides the one into `Output.data`.

        Raises:
            FrameError: malformed, of a kind that does not travel to clients, or not decodable.
        """
        kind, offset, payload = decode_frame(message)
        if kind is FrameKind.OUTPUT or kind is FrameKind.REPLAY:
            data = bytes(payload)
        elif kind is FrameKind.REPLAY_ZSTD:
            data = self._decompress(payload)
        elif kind is FrameKind.RESTORE:
            return self._begin_at(Screen(offset, bytes(payload), is_replay=True))
        else:
            raise FrameError(f"a frame of kind 0x{kind:02x} does not belong here")
        if offset != self.expected:
            data = self._align(offset, data)
            offset = self.expected
        if not data:
            return None
        self.expected = offset + len(data)
        return Output(offset, data, kind is not FrameKind.OUTPUT)

    def _begin_at(self, screen: Screen) -> Screen:
        if screen.offset > self.expected:
            self._on_hole(self.expected, screen.offset)
        self.expected = screen.offset
        return screen

    def _decompress(self, payload: memoryview) -> bytes:
        try:
            size = zstandard.frame_content_size(payload)
            if not 0 <= size <= MAX_CHUNK_BYTES:
                raise FrameError(f"a compressed frame must say its content size, {MAX_CHUNK_BYTES} bytes at most")
            return self._inflate(payload)
        except zstandard.ZstdError as error:
            raise FrameError(f"a compressed frame cannot be decoded: {error}") from None

    def _align(self, offset: int, data: bytes) -> bytes:
        if offset > self.expected:
            self._on_hole(self.expected, offset)
            self.expected = offset
            return data
        return data[self.expected - offset :]

"""Reading one session's log: the hot tail for what is new, chunks in the database for the rest, one log of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from .chunk_table import ChunkTable, Resize, Span
from .chunks import Chunk
from .errors import CorruptChunkError, GapError, StoreError
from .hot_tail import HotTail
from .output_times import Mark, unpack
from .sealing import Sealing

__all__ = ["LogReader"]


class LogReader:
    """Read access to a log.

    Attributes:
        session_id: whose.
    """

    def __init__(self, chunks: ChunkTable, session_id: str, ring: HotTail, sealing: Sealing) -> None:
        self.session_id = session_id
        self._chunks = chunks
        self._ring: HotTail | None = ring  # None: closed
        self._sealing = sealing
        self._end = ring.end  # the tail once it is closed

    @property
    def tail(self) -> int:
        """Offset behind the newest byte."""
        return self._end if self._ring is None else self._ring.end

    @property
    def head(self) -> int:
        """Oldest offset kept; moves by whole chunks."""
        return self._sealing.head

    @property
    def stored(self) -> int:
        """What lies before this offset was committed to the database."""
        return self._sealing.stored

    @property
    def spans(self) -> list[Span]:
        """The offsets of its stored chunks, the partial one last."""
        return self._sealing.spans

    def read_hot(self, offset: int, limit: int) -> bytes | None:
        """Return bytes from `offset` on, `limit` at most, from memory; b"" at the tail.

        None where they are not in memory any more: `read_stored` has them.
        """
        end = self.tail
        if offset >= end:
            return b""
        if self._ring is None or offset < self._ring.oldest:
            return None
        return self._ring.copy(offset, min(end, offset + limit))

    async def read_stored(self, offset: int, limit: int) -> list[Chunk]:
        """Return consecutive stored chunks; the first contains `offset`, or follows it where that is trimmed or lost.

        They have `limit` bytes of blobs at most, but are one at least. Empty where `read_hot` has the bytes.

        Raises:
            CorruptChunkError: the bytes at `offset` cannot be read; go on at its `end_offset`.
            StoreError: as `Database.fetch`.
        """
        # Asked before the query: while it runs, what it did not find yet may be stored and leave the ring.
        resumes = self.tail if self._ring is None else self._ring.oldest
        chunks = await self._chunks.read(self.session_id, offset, limit)
        if not chunks and offset < resumes:
            raise CorruptChunkError(self.session_id, offset, resumes)
        return chunks

    async def read(self, offset: int, limit: int) -> bytes:
        """Return bytes from `offset` on, `limit` at most, wherever they are; b"" at the tail.

        Raises:
            GapError: the bytes at `offset` were trimmed; as `CorruptChunkError`, they are damaged or lost.
            StoreError: as `Database.fetch`.
        """
        hot = self.read_hot(offset, limit)
        if hot is not None:
            return hot
        chunks = await self.read_stored(offset, limit)
        if not chunks:
            return self.read_hot(offset, limit) or b""
        first = chunks[0].first_offset
        if first > offset:
            raise (GapError if offset < self.head else CorruptChunkError)(self.session_id, offset, first)
        return self._unpacked(chunks, offset - first + limit)[offset - first :]

    async def times(self, start: int, stop: int) -> list[Mark]:
        """Return when the bytes [start, stop) were read, as marks; the first may lie before `start`."""
        sealed = self._sealing.sealed
        unsealed = self._sealing.times.within(max(start, sealed), min(stop, self.tail))
        marks: list[Mark] = []
        for first, started_at, packed in await self._chunks.times(self.session_id, start, min(stop, sealed)):
            marks += unpack(first, started_at, packed)
        marks += unsealed
        ends = [*(offset for offset, _ in marks[1:]), stop]
        return [mark for mark, end in zip(marks, ends, strict=True) if mark[0] < stop and end > start]

    async def resizes(self, start: int, stop: int) -> list[Resize]:
        """Return the resizes behind `start` bytes of output and before `stop`."""
        new = [one for one in self._sealing.new_resizes if start <= one.offset < stop]
        stored = await self._chunks.resizes(self.session_id, start, stop)
        return [*stored, *(one for one in new if one not in stored)]

    def _unpacked(self, chunks: Sequence[Chunk], enough: int) -> bytes:
        raw = bytearray()
        for chunk in chunks:
            try:
                raw += chunk.raw()
            except StoreError:
                if raw:
                    break
                raise CorruptChunkError(self.session_id, chunk.first_offset, chunk.end_offset) from None
            if len(raw) >= enough:
                break
        return bytes(raw[:enough])

"""The log of a session that has ended: read as `LogReader` reads that of a running one, all of it from the database."""

from __future__ import annotations

from .chunk_table import ChunkTable, Resize
from .chunks import Chunk

__all__ = ["StoredLog"]


class StoredLog:
    """Read access to what is stored of one session.

    Attributes:
        session_id: whose.
        head: oldest offset kept.
        tail: offset behind the last byte.
    """

    def __init__(self, chunks: ChunkTable, session_id: str, head: int, tail: int) -> None:
        self.session_id = session_id
        self.head = head
        self.tail = tail
        self._chunks = chunks

    @classmethod
    async def open(cls, chunks: ChunkTable, session_id: str) -> StoredLog:
        """Find out what there is. Raises StoreError."""
        spans = await chunks.spans(session_id)
        return cls(chunks, session_id, spans[0].first if spans else 0, spans[-1].end if spans else 0)

    def read_hot(self, offset: int, _limit: int) -> bytes | None:
        """See `LogReader`: nothing is in memory."""
        return None if offset < self.tail else b""

    async def read_stored(self, offset: int, limit: int) -> list[Chunk]:
        """See `LogReader`."""
        return await self._chunks.read(self.session_id, offset, limit)

    async def resizes(self, start: int, stop: int) -> list[Resize]:
        """See `LogReader`."""
        return await self._chunks.resizes(self.session_id, start, stop)

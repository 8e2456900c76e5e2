"""Chunks and resizes in the database.

What is written is returned as statements, so that one transaction can hold the chunks of many sessions; what is read is
one query a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .chunks import Chunk, checksum, is_sound
from .database import Database, Statement
from .errors import CorruptChunkError

__all__ = ["ChunkTable", "Resize", "Span"]

_MOST_CHUNKS = 64
"""Of one read: well packed output (a thousand to one) would otherwise put gigabytes behind one answer."""

_COLUMNS = "first_offset, raw_length, codec, blob, lines, cols, rows, started_at, ended_at, times"

_INSERT = f"""
    INSERT INTO chunks (session_id, {_COLUMNS}, stored_bytes, crc32) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (session_id, first_offset) DO UPDATE SET
        raw_length = excluded.raw_length, codec = excluded.codec, blob = excluded.blob, lines = excluded.lines,
        ended_at = excluded.ended_at, times = excluded.times, stored_bytes = excluded.stored_bytes,
        crc32 = excluded.crc32
"""  # noqa: S608  # constants only

# The sum is made over the rows' short parts; blobs are read for those that are returned.
_SELECT = f"""
    WITH candidates AS (
        SELECT id, stored_bytes, sum(stored_bytes) OVER (ORDER BY first_offset) AS total
        FROM (
            SELECT rowid AS id, first_offset, stored_bytes FROM chunks
            WHERE session_id = :session_id AND first_offset + raw_length > :offset AND first_offset >= coalesce(
                (SELECT max(first_offset) FROM chunks WHERE session_id = :session_id AND first_offset <= :offset), 0)
            ORDER BY first_offset LIMIT {_MOST_CHUNKS}
        )
    )
    SELECT {_COLUMNS}, crc32 FROM candidates JOIN chunks ON chunks.rowid = candidates.id
    WHERE total <= :limit OR total = candidates.stored_bytes
    ORDER BY first_offset
"""  # noqa: S608  # constants only


class Span(NamedTuple):
    """The offsets [first, end) of a stored chunk."""

    first: int
    end: int


class Resize(NamedTuple):
    """The terminal got another size, in cells, behind `offset` bytes of output, at `at` seconds since the epoch."""

    offset: int
    at: float
    cols: int
    rows: int


class ChunkTable:
    """Chunks and resizes of all sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def put(session_id: str, chunks: Sequence[Chunk]) -> Statement:
        """Store chunks; one that begins where a stored one does replaces it."""
        rows = [
            (
                session_id,
                *(chunk.first_offset, chunk.raw_length, chunk.codec, chunk.blob, chunk.lines, chunk.cols, chunk.rows),
                *(chunk.started_at, chunk.ended_at, chunk.times, len(chunk.blob), checksum(chunk.blob)),
            )
            for chunk in chunks
        ]
        return _INSERT, rows

    @staticmethod
    def put_resizes(session_id: str, resizes: Sequence[Resize]) -> Statement:
        """Store resizes."""
        return "INSERT OR REPLACE INTO resizes VALUES (?, ?, ?, ?, ?)", [(session_id, *resize) for resize in resizes]

    @staticmethod
    def trim(session_id: str, head: int) -> list[Statement]:
        """Delete what lies before `head`, which is where a chunk begins; the size in force there stays known."""
        key = [(session_id, head)]
        in_force = "(SELECT max(at_offset) FROM resizes WHERE session_id = ?1 AND at_offset <= ?2)"
        return [
            ("DELETE FROM chunks WHERE session_id = ? AND first_offset < ?", key),
            (f"DELETE FROM resizes WHERE session_id = ?1 AND at_offset < {in_force}", key),  # noqa: S608  # constants
            ("DELETE FROM checkpoints WHERE session_id = ? AND at_offset < ?", key),
        ]

    @staticmethod
    def delete(session_ids: Sequence[str]) -> list[Statement]:
        """Delete everything of these sessions."""
        keys = [(session_id,) for session_id in session_ids]
        return [(f"DELETE FROM {table} WHERE session_id = ?", keys) for table in ("chunks", "resizes", "checkpoints")]  # noqa: S608  # constants

    async def read(self, session_id: str, offset: int, limit: int) -> list[Chunk]:
        """Return consecutive chunks, the first of which contains or follows `offset`.

        Args:
            session_id: whose.
            offset: where reading goes on.
            limit: stored bytes at most; one chunk is returned whatever its size.

        Raises:
            CorruptChunkError: the first one is damaged; a later one just ends the list.
            StoreError: as `Database.fetch`.
        """
        chunks: list[Chunk] = []
        rows = await self._database.fetch(_SELECT, {"session_id": session_id, "offset": offset, "limit": limit})
        for *columns, crc32 in rows:
            chunk = Chunk(*columns)
            if chunks and chunk.first_offset != chunks[-1].end_offset:
                break
            if not is_sound(chunk, crc32):
                if chunks:
                    break
                raise CorruptChunkError(session_id, max(offset, chunk.first_offset), chunk.end_offset)
            chunks.append(chunk)
        return chunks

    async def spans(self, session_id: str) -> list[Span]:
        """Return the offsets of all stored chunks, in order, without reading them."""
        sql = "SELECT first_offset, first_offset + raw_length FROM chunks WHERE session_id = ? ORDER BY first_offset"
        return [Span(*row) for row in await self._database.fetch(sql, (session_id,))]

    async def all_spans(self) -> dict[str, list[Span]]:
        """Return the offsets of all chunks by session."""
        spans: dict[str, list[Span]] = {}
        sql = "SELECT session_id, first_offset, first_offset + raw_length FROM chunks ORDER BY session_id, first_offset"
        for session_id, first, end in await self._database.fetch(sql):
            spans.setdefault(session_id, []).append(Span(first, end))
        return spans

    async def times(self, session_id: str, start: int, stop: int) -> list[tuple[int, float, bytes]]:
        """Return first offset, start time and packed marks of the chunks that meet [start, stop)."""
        sql = """SELECT first_offset, started_at, times FROM chunks
                 WHERE session_id = ? AND first_offset < ? AND first_offset + raw_length > ? ORDER BY first_offset"""
        return [(row[0], row[1], row[2]) for row in await self._database.fetch(sql, (session_id, stop, start))]

    async def resizes(self, session_id: str, start: int, stop: int) -> list[Resize]:
        """Return the resizes with offsets in [start, stop), in order."""
        sql = """SELECT at_offset, at, cols, rows FROM resizes
                 WHERE session_id = ? AND at_offset >= ? AND at_offset < ? ORDER BY at_offset, at"""
        return [Resize(*row) for row in await self._database.fetch(sql, (session_id, start, stop))]

    async def sizes(self, session_id: str, first_offset: int) -> list[Resize]:
        """Return the size in force where a stored chunk begins, and the resizes behind it, in order."""
        sql = """SELECT first_offset, started_at, cols, rows FROM chunks
                 WHERE session_id = :session_id AND first_offset = :first_offset
                 UNION ALL
                 SELECT * FROM (SELECT at_offset, at, cols, rows FROM resizes
                                WHERE session_id = :session_id AND at_offset > :first_offset ORDER BY at_offset, at)"""
        rows = await self._database.fetch(sql, {"session_id": session_id, "first_offset": first_offset})
        return [Resize(*row) for row in rows]

    async def size_at_end(self, session_id: str) -> tuple[int, int] | None:
        """Return columns and rows as last recorded, or None where nothing was."""
        sql = """SELECT cols, rows FROM (
                     SELECT cols, rows, at_offset, at, 1 AS newer FROM resizes WHERE session_id = :session_id
                     UNION ALL
                     SELECT cols, rows, first_offset, started_at, 0 FROM chunks WHERE session_id = :session_id)
                 ORDER BY at_offset DESC, newer DESC, at DESC LIMIT 1"""
        rows = await self._database.fetch(sql, {"session_id": session_id})
        return (rows[0][0], rows[0][1]) if rows else None

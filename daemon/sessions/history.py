"""What a session printed, read from any offset: of a running session, and of one that has ended.

Stored zstd chunks are passed on as they are; only what is cut, or still in the hot tail, is packed anew.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import zstandard

from ...store.chunks import ZSTD, Chunk
from ...store.errors import GapError, StoreError
from ...store.store import Store
from .session import Session

__all__ = ["Excerpt", "History"]

logger = logging.getLogger(__name__)

_HOT_BYTES = 256 * 1024
_BATCH_BYTES = 1 << 20
"""Stored bytes fetched by one query."""


class History:
    """Read access to all logs of a store; `live` are the sessions whose newest bytes are in a hot tail."""

    def __init__(self, store: Store, live: Mapping[str, Session]) -> None:
        self._store = store
        self._live = live

    async def bounds(self, session_id: str) -> tuple[int, int]:
        """Return head and tail of a session's log. Raises StoreError."""
        live = self._live.get(session_id)
        if live is not None:
            return live.log.head, live.log.tail
        spans = await self._store.chunks.spans(session_id)
        return (spans[0].first, spans[-1].end) if spans else (0, 0)

    async def excerpt(self, session_id: str, *, first: int, stop: int) -> Excerpt:
        """Return the bytes [first, stop) as far as they are kept; `stop` beyond the tail means the tail of now."""
        head, tail = await self.bounds(session_id)
        first = min(max(first, head), tail)
        return Excerpt(self, session_id, first, max(first, min(stop, tail)))

    async def pieces(self, session_id: str, first: int, stop: int) -> AsyncIterator[Chunk | bytes]:
        """Iterate over [first, stop): whole stored chunks where they fit, else bytes. What is damaged is left out."""
        offset = first
        while offset < stop:
            live = self._live.get(session_id)
            hot = live.log.read_hot(offset, min(_HOT_BYTES, stop - offset)) if live is not None else None
            if hot is not None:
                if not hot:
                    return
                yield hot
                offset += len(hot)
                continue
            try:
                chunks = await self._store.chunks.read(session_id, offset, _BATCH_BYTES)
            except GapError as gap:
                offset = gap.end_offset
                continue
            if not chunks:
                return
            for chunk in chunks:
                if chunk.first_offset >= stop:  # a batch knows nothing of `stop`
                    return
                if chunk.first_offset >= offset and chunk.end_offset <= stop:
                    yield chunk
                else:
                    start = max(0, offset - chunk.first_offset)
                    yield _raw(session_id, chunk)[start : stop - chunk.first_offset]
                offset = chunk.end_offset


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The bytes [first, stop) of a session's log."""

    history: History
    session_id: str
    first: int
    stop: int

    async def raw(self) -> AsyncIterator[bytes]:
        """Iterate over the bytes."""
        async for piece in self.history.pieces(self.session_id, self.first, self.stop):
            yield _raw(self.session_id, piece) if isinstance(piece, Chunk) else piece

    async def zstd_frames(self) -> AsyncIterator[bytes]:
        """Iterate over zstd frames that decode to the bytes (RFC 8878: a stream may be several frames)."""
        async for piece in self.history.pieces(self.session_id, self.first, self.stop):
            if isinstance(piece, Chunk) and piece.codec == ZSTD:
                yield piece.blob
            else:
                yield zstandard.compress(_raw(self.session_id, piece) if isinstance(piece, Chunk) else piece)


def _raw(session_id: str, chunk: Chunk) -> bytes:
    """Unpack a chunk; nothing is left of one that is damaged in spite of its checksum."""
    try:
        return chunk.raw()
    except StoreError as error:
        logger.warning(
            "session %s: left out bytes %d to %d: %s", session_id, chunk.first_offset, chunk.end_offset, error
        )
        return b""

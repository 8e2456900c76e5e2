"""One session's output as a log of bytes: the hot tail for what is new, chunks in the database for the rest.

    head ........ chunks ........ sealed ... partial chunk ... stored ... tail
                                  [------------- hot tail ---------------]

The ring keeps everything from `sealed` on, because the partial chunk is cut again from it, and usually a good deal
before, so that a client that is slightly behind is served without the database. `stored` moves only when a commit has
returned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from .chunk_table import ChunkTable, Resize, Span
from .chunks import Chunk, cut_length
from .errors import CorruptChunkError, GapError, StoreError
from .flush_batch import Batch, Piece
from .hot_tail import PTY_READ_BYTES, HotTail
from .input_ledger import InputLedger
from .limits import StoreLimits
from .output_times import Mark, OutputTimes, unpack
from .recovery import recover, tail_path
from .retention import head_within

__all__ = ["Flushing", "LogHome", "SessionLog"]

logger = logging.getLogger(__name__)

_EVERYTHING = 1 << 62


class Flushing(Protocol):
    """The part of the flusher that a log calls; `holdfast.store.flusher` says what each does."""

    def dirty(self, log: SessionLog, /) -> None: ...  # noqa: D102  # described there
    def urge(self) -> None: ...  # noqa: D102  # described there
    def starved(self, log: SessionLog, /) -> None: ...  # noqa: D102  # described there
    async def flush(self, log: SessionLog, /) -> None: ...  # noqa: D102  # described there


class LogHome(Protocol):
    """The part of the store that a log needs."""

    @property
    def chunks(self) -> ChunkTable: ...  # noqa: D102  # described in Store
    @property
    def flusher(self) -> Flushing: ...  # noqa: D102  # described in Store
    @property
    def logs(self) -> dict[str, SessionLog]: ...  # noqa: D102  # described in Store
    @property
    def tails_dir(self) -> Path: ...  # noqa: D102  # described in Store
    @property
    def limits(self) -> StoreLimits: ...  # noqa: D102  # described in Store
    @property
    def boot_id(self) -> str: ...  # noqa: D102  # described in Store
    @property
    def clock(self) -> Callable[[], float]: ...  # noqa: D102  # described in Store


class SessionLog:
    """The log of one session; `create`, `recover` and `history` make one.

    Attributes:
        session_id: whose.
        head: oldest offset kept; moves by whole chunks.
        stored: what lies before it was committed to the database.
        inputs: at-most-once input, kept in the hot tail's header.
        on_room: called when a log that said `full` has room again.
    """

    def __init__(
        self, home: LogHome, session_id: str, ring: HotTail | None, spans: Sequence[Span], sealed: int
    ) -> None:
        self.session_id = session_id
        self.on_room: Callable[[], None] | None = None
        self._home = home
        self._ring = ring
        self._end = sealed  # the tail of a log without a ring
        self._spans = list(spans)  # of sealed chunks
        self._sealed = self.stored = sealed
        self.head = self._spans[0].first if self._spans else sealed
        self._trim_to = 0
        self._times = OutputTimes()
        self._sizes: list[Resize] = []  # those in force from `sealed` on, the first one at or before it
        self._new_resizes: list[Resize] = []
        self._is_dirty = False
        self._is_starved = False
        self._urge_at = sealed + home.limits.chunk_bytes
        self.inputs = InputLedger.empty() if ring is None else ring.inputs
        if ring is not None:
            ring.keep_from = sealed

    @classmethod
    async def create(cls, home: LogHome, session_id: str, *, cols: int, rows: int) -> SessionLog:
        """Make the log of a new session, for a terminal of this size in cells.

        Raises:
            StorageUnavailableError: the folder of the hot tails cannot be written.
        """
        ring = HotTail.create(
            tail_path(home.tails_dir, session_id), ring_bytes=home.limits.ring_bytes, base=0, boot_id=home.boot_id
        )
        log = cls(home, session_id, ring, [], 0)
        home.logs[session_id] = log
        log.note_resize(cols, rows)
        return log

    @classmethod
    async def recover(cls, home: LogHome, session_id: str) -> SessionLog:
        """Take up the log of a session after the daemon before this one ended in whatever way.

        A hot tail that is missing, foreign or from another boot is replaced by an empty one behind what is stored. One
        that begins behind what is stored (the database was lost, or rolled back by a power cut) leaves a gap, which
        readers are told.

        Raises:
            StoreError: as `Database.fetch` and `HotTail.create`.
        """
        found = await recover(
            home.chunks,
            home.tails_dir,
            session_id,
            ring_bytes=home.limits.ring_bytes,
            chunk_bytes=home.limits.chunk_bytes,
            boot_id=home.boot_id,
        )
        log = cls(home, session_id, found.ring, found.spans, found.sealed)
        log.stored = found.stored
        log._sizes = found.sizes
        log._times.restore(found.marks)
        home.logs[session_id] = log
        if log.tail > log.stored:
            log._grew(log.tail - log.stored)
        return log

    @classmethod
    async def history(cls, home: LogHome, session_id: str) -> SessionLog:
        """Open the log of an ended session for reading; it needs no `close`. Raises as `Database.fetch`."""
        spans = await home.chunks.spans(session_id)
        return cls(home, session_id, None, spans, spans[-1].end if spans else 0)

    @property
    def tail(self) -> int:
        """Offset behind the newest byte."""
        return self._end if self._ring is None else self._ring.end

    @property
    def raw_bytes_kept(self) -> int:
        """Bytes of output that can be read."""
        return sum(span.end - span.first for span in self._spans) + self.tail - self._sealed

    @property
    def full(self) -> bool:
        """Whether the terminal must not be read now. `on_room` is called when that is over."""
        if self._ring is not None and self._ring.room >= PTY_READ_BYTES:
            return False
        if not self._is_starved and self._ring is not None:
            self._is_starved = True
            self._home.flusher.starved(self)
        return True

    # Writing

    def read_from(self, fd: int) -> int:
        """Take output from the terminal; see `HotTail.read_from`. Hot path: a flood makes 15,000 calls a second."""
        count = self._writable.read_from(fd)
        if count:
            self._grew(count)
        return count

    def append(self, data: bytes) -> int:
        """Add output that the daemon itself makes; return how much had room."""
        count = self._writable.append(data)
        if count:
            self._grew(count)
        return count

    def note_resize(self, cols: int, rows: int) -> None:
        """Record the terminal's size, in cells, with the offset where it begins; the same size again is no news."""
        if self._sizes and self._sizes[-1][2:] == (cols, rows):
            return
        resize = Resize(self.tail, self._home.clock(), cols, rows)
        self._sizes.append(resize)
        self._new_resizes.append(resize)
        self._mark_dirty()

    async def close(self, *, keep_tail: bool) -> None:
        """Store what is not stored, and let go of the hot tail; history can still be read.

        Args:
            keep_tail: leave its file, for the daemon that takes up the session; then storage that fails is no error.

        Raises:
            StoreError: not all is stored; the log is as it was. Only without `keep_tail`.
        """
        if self._ring is None:
            return
        try:
            while self.is_dirty:
                await self._home.flusher.flush(self)
        except StoreError as error:
            if not keep_tail:
                raise
            logger.warning(
                "session %s: %d bytes stay in the hot tail: %s", self.session_id, self.tail - self.stored, error
            )
        ring = self._ring
        if ring is None:  # closed by another task meanwhile
            return
        self._end, self._ring = ring.end, None
        self.inputs = ring.inputs.copy()
        if not keep_tail:
            ring.unlink()
        ring.close()
        self._home.logs.pop(self.session_id, None)

    # Reading

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
        chunks = await self._home.chunks.read(self.session_id, offset, limit)
        resumes = self.tail if self._ring is None else self._ring.oldest
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
        marks: list[Mark] = []
        for first, started_at, packed in await self._home.chunks.times(self.session_id, start, min(stop, self._sealed)):
            marks += unpack(first, started_at, packed)
        if stop > self._sealed and self.tail > self._sealed:
            marks += self._times.within(self._sealed, min(stop, self.tail))
        return [
            mark
            for mark, following in zip(marks, [*marks[1:], (stop, 0.0)], strict=True)
            if following[0] > start and mark[0] < stop
        ]

    async def resizes(self, start: int, stop: int) -> list[Resize]:
        """Return the resizes behind `start` bytes of output and before `stop`."""
        stored = await self._home.chunks.resizes(self.session_id, start, stop)
        return [*stored, *(one for one in self._new_resizes if start <= one.offset < stop and one not in stored)]

    # For the flusher and housekeeping

    @property
    def is_dirty(self) -> bool:
        """Whether there is something to commit."""
        return self.tail > self.stored or bool(self._new_resizes) or self._trim_to > self.head

    @property
    def has_full_chunk(self) -> bool:
        """Whether a chunk can be sealed."""
        return self.tail - self._sealed >= self._home.limits.chunk_bytes

    @property
    def spans(self) -> list[Span]:
        """The offsets of its stored chunks, the partial one last."""
        partial = [Span(self._sealed, self.stored)] if self.stored > self._sealed else []
        return [*self._spans, *partial]

    def trim(self, head: int) -> None:
        """Delete what lies before `head`, where a chunk begins, with the next commit."""
        self._trim_to = max(self._trim_to, head)
        if self.is_dirty:
            self._mark_dirty()

    def take(self, *, whole: bool) -> Batch | None:
        """Return what is to be committed: full chunks, and what is left as a partial one where `whole`."""
        if self._ring is None:
            return None
        pieces, start, end = [], self._sealed, self._ring.end
        limit = self._home.limits.chunk_bytes
        while end - start >= limit:
            data = self._ring.copy(start, start + limit)
            piece = self._piece(start, data[: cut_length(data, limit)], is_sealed=True)
            pieces.append(piece)
            start = piece.span.end
        # Also where a seal has cut off bytes that were stored in the partial chunk before: they stay stored.
        if start < end and (whole or start < self.stored) and (end > self.stored or pieces):
            pieces.append(self._piece(start, self._ring.copy(start, end), is_sealed=False))
        head = self._head_after(pieces)
        if not pieces and not self._new_resizes and head is None:
            return None
        return Batch(self.session_id, pieces, list(self._new_resizes), head)

    def committed(self, batch: Batch) -> None:
        """Take note that a batch is in the database."""
        for piece in batch.pieces:
            if piece.is_sealed:
                self._spans.append(piece.span)
                self._sealed = piece.span.end
            self.stored = piece.span.end
        del self._new_resizes[: len(batch.resizes)]
        if batch.head is not None:
            self.head = max(self.head, batch.head)
            self._spans = [span for span in self._spans if span.first >= self.head]
        self._times.forget_before(self._sealed)
        while len(self._sizes) > 1 and self._sizes[1].offset <= self._sealed:
            del self._sizes[0]
        self._urge_at = self._sealed + self._home.limits.chunk_bytes
        self._is_dirty = self.is_dirty
        if self._ring is not None:
            self._ring.keep_from = self._sealed

    def relieve(self) -> str | None:
        """Call `on_room` where a full log has room again; return what is wrong where the file system has none."""
        if self._ring is not None and self._ring.room < PTY_READ_BYTES:
            return f"no space for {self._ring.path}" if self._ring.reserve_failed else ""
        self._is_starved = False
        if self.on_room is not None and self._ring is not None:
            self.on_room()
        return None

    @property
    def _writable(self) -> HotTail:
        if self._ring is None:
            raise StoreError(f"the log of session {self.session_id} is closed")
        return self._ring

    def _grew(self, count: int) -> None:
        end = self.tail
        self._times.note(end - count, self._home.clock())
        if not self._is_dirty:
            self._mark_dirty()
        if end >= self._urge_at:
            self._urge_at = _EVERYTHING
            self._home.flusher.urge()

    def _mark_dirty(self) -> None:
        self._is_dirty = True
        self._home.flusher.dirty(self)

    def _piece(self, start: int, data: bytes, *, is_sealed: bool) -> Piece:
        size = next((one for one in reversed(self._sizes) if one.offset <= start), self._sizes[0])
        marks = self._times.within(start, start + len(data))
        return Piece(start, data, is_sealed, size.cols, size.rows, marks)

    def _head_after(self, pieces: list[Piece]) -> int | None:
        """Return the head once `pieces` are stored, or None where it stays."""
        spans = [*self._spans, *(piece.span for piece in pieces)]
        if not pieces and self.stored > self._sealed:
            spans.append(Span(self._sealed, self.stored))
        head = max(head_within(spans, self._home.limits.session_bytes) or 0, self._trim_to)
        return head if head > self.head else None

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

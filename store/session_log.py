"""One session's output as a log of bytes: the hot tail for what is new, chunks in the database for the rest.

    head ........ chunks ........ sealed ... partial chunk ... stored ... tail
                                  [------------- hot tail ---------------]

The ring keeps everything from `sealed` on, because the partial chunk is cut again from it, and usually a good deal
before, so that a client that is slightly behind is served without the database. `stored` moves only when a commit has
returned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .checkpoint_table import CheckpointTable
from .chunk_table import ChunkTable, Resize
from .errors import StoreError
from .flush_batch import Batch
from .flusher import Flusher
from .hot_tail import PTY_READ_BYTES, HotTail
from .limits import StoreLimits
from .log_reader import LogReader
from .recovery import recover, tail_path
from .sealing import Sealing

__all__ = ["LogHome", "SessionLog"]

logger = logging.getLogger(__name__)

_NEVER = 1 << 62


class LogHome(Protocol):
    """The part of the store that a log needs."""

    @property
    def chunks(self) -> ChunkTable: ...  # noqa: D102  # described in Store
    @property
    def checkpoints(self) -> CheckpointTable: ...  # noqa: D102  # described in Store
    @property
    def flusher(self) -> Flusher: ...  # noqa: D102  # described in Store
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


class SessionLog(LogReader):
    """The log of one session; `create` and `recover` make one.

    Attributes:
        inputs: at-most-once input, kept in the hot tail's header.
        on_room: called when a log that said `full` has room again.
    """

    def __init__(self, home: LogHome, session_id: str, ring: HotTail, sealing: Sealing) -> None:
        super().__init__(home.chunks, session_id, ring, sealing)
        self.on_room: Callable[[], None] | None = None
        self._home = home
        self._urge_at = _NEVER
        self._is_starved = False
        self.inputs = ring.inputs
        self._go_on()
        self._is_announced = False  # to the flusher, as dirty

    @classmethod
    async def create(cls, home: LogHome, session_id: str, *, cols: int, rows: int) -> SessionLog:
        """Make the log of a new session, for a terminal of this size in cells.

        Raises:
            StorageUnavailableError: the folder of the hot tails cannot be written.
        """
        ring = HotTail.create(
            tail_path(home.tails_dir, session_id), ring_bytes=home.limits.ring_bytes, base=0, boot_id=home.boot_id
        )
        log = cls(home, session_id, ring, Sealing(session_id, home.limits, spans=(), sealed=0, stored=0))
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
        sealing = Sealing(
            session_id,
            home.limits,
            spans=found.spans,
            sealed=found.sealed,
            stored=found.stored,
            sizes=found.sizes,
            marks=found.marks,
        )
        log = cls(home, session_id, found.ring, sealing)
        home.logs[session_id] = log
        await home.checkpoints.forget_after(session_id, log.tail)
        log._recover_size(found.ring)
        if log.tail > log.stored:
            log._grew(log.tail - log.stored)
        return log

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
        if self._sealing.note_resize(Resize(self.tail, self._home.clock(), cols, rows)):
            self._writable.note_resize(cols, rows)
            self._announce()

    def _recover_size(self, ring: HotTail) -> None:
        """Take note of a resize that was not committed any more."""
        if ring.last_resize is not None:
            offset, cols, rows = ring.last_resize
            if self._sealing.note_resize(Resize(offset, self._home.clock(), cols, rows)):
                self._announce()

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

    # For the flusher and housekeeping

    def mend_tail(self) -> bool:
        """Make the hot tail's file again where somebody removed it; return whether that was so.

        One synchronous step, in which no byte can come.

        Raises:
            StorageUnavailableError: it cannot be made now; the log goes on without a file.
        """
        former = self._ring
        if former is None or former.is_in_place:
            return False
        self._ring = former.remake(boot_id=self._home.boot_id)
        self.inputs = self._ring.inputs
        former.close()
        return True

    @property
    def is_dirty(self) -> bool:
        """Whether there is something to commit."""
        return self._ring is not None and self._sealing.is_dirty(self.tail)

    @property
    def has_full_chunk(self) -> bool:
        """Whether a chunk can be sealed."""
        return self._ring is not None and self._sealing.has_full_chunk(self.tail)

    def hold_from(self, offset: int | None) -> None:
        """Keep what lies behind `offset`, up to twice the limit, for a reader that is on its way; None: for nobody."""
        self._sealing.hold_from = offset

    def trim(self, head: int) -> None:
        """Delete what lies before `head`, where a chunk begins, with the next commit."""
        self._sealing.trim(head)
        self._announce()

    def take(self, *, whole: bool) -> Batch | None:
        """Return what is to be committed: full chunks, and what is left as a partial one where `whole`."""
        return None if self._ring is None else self._sealing.take(self._ring.copy, self._ring.end, whole=whole)

    def committed(self, batch: Batch) -> None:
        """Take note that a batch is in the database."""
        self._sealing.committed(batch)
        self._go_on()

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
        self._sealing.times.note(end - count, self._home.clock())
        if not self._is_announced:
            self._announce()
        if end >= self._urge_at:
            self._urge_at = _NEVER
            self._home.flusher.urge()

    def _announce(self) -> None:
        self._is_announced = True
        self._home.flusher.dirty(self)

    def _go_on(self) -> None:
        """Give the ring's space before `sealed` free, and begin to watch for the next full chunk."""
        self._urge_at = self._sealing.sealed + self._home.limits.chunk_bytes
        self._is_announced = self.is_dirty
        if self._ring is not None:
            self._ring.keep_from = self._sealing.sealed

"""The store: sessions' records and output, on disk and in hot tails, behind one object.

The daemon knows `Store`, `SessionLog`, `SessionRecord` and the errors; that it is SQLite is known to `database`,
`chunk_table` and `session_records` alone, so that another engine can take their place.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .checkpoint_table import CheckpointTable
from .chunk_table import ChunkTable
from .database import Database
from .errors import StorageUnavailableError, StoreError
from .flusher import Flusher, TroubleCallback
from .limits import StoreLimits
from .recovery import tail_path
from .retention import Holding, plan
from .session_log import SessionLog
from .session_records import SessionRecords

__all__ = ["Store"]

logger = logging.getLogger(__name__)

_RECLAIM_PAGES = 128
"""Given back in one step: 2 MiB, 3 ms on average during which nothing else is written."""

_RECLAIM_STEPS = 64


class Store:
    """Everything that is stored; `open` makes one.

    Attributes:
        records: the sessions.
        chunks: their stored output.
        checkpoints: their screens, now and then.
        flusher: moves output from the hot tails to the disk.
        logs: of sessions that have a hot tail open, by session id.
        tails_dir: where hot tails lie.
        limits: what is kept.
        boot_id: of the machine's boot.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        tails_dir: Path,
        limits: StoreLimits,
        *,
        boot_id: str,
        on_trouble: TroubleCallback,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tails_dir = tails_dir
        self.limits = limits
        self.boot_id = boot_id
        self.clock = clock
        self.logs: dict[str, SessionLog] = {}
        self.records = SessionRecords(database)
        self.chunks = ChunkTable(database)
        self.checkpoints = CheckpointTable(database)
        self.flusher = Flusher(database, on_trouble, clock=clock, monotonic=monotonic)
        self._database = database
        self._flushing = asyncio.create_task(self.flusher.run(), name="flusher")

    @classmethod
    async def open(
        cls,
        database: Path,
        tails_dir: Path,
        limits: StoreLimits,
        *,
        boot_id: str,
        on_trouble: TroubleCallback,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Store:
        """Open the database, or make it, and start the flusher.

        Args:
            database: its file; the folder is there.
            tails_dir: made 0700 where it is missing.
            limits: what is kept.
            boot_id: of the machine's boot; hot tails of another one are not trusted.
            on_trouble: told when storage fails (text) and when it works again (None).
            clock: seconds since the epoch.
            monotonic: seconds, for intervals.

        Raises:
            StorageUnavailableError: a file or folder cannot be used now.
            DatabaseDamagedError: not a database, or damaged.
            SchemaError: another program's, or a newer version's.
        """
        _make_folder(tails_dir)
        opened = await Database.open(database)
        return cls(opened, tails_dir, limits, boot_id=boot_id, on_trouble=on_trouble, clock=clock, monotonic=monotonic)

    async def close(self) -> None:
        """Store what is not stored, and close. Storage that fails is no error: the hot tails keep the rest."""
        self._flushing.cancel()
        with suppress(asyncio.CancelledError):
            await self._flushing
        try:
            for log in list(self.logs.values()):
                await log.close(keep_tail=True)
            await self.flusher.settle()
        finally:  # whatever went wrong: the connections' threads would keep the process from ending
            await self._database.close()

    async def housekeep(self, now: float) -> list[str]:
        """Apply retention and the total cap, give unused pages back; return the sessions that are gone.

        Args:
            now: seconds since the epoch.

        Raises:
            StoreError: storage fails; the next call goes on.
        """
        await self._clear_tails()
        decided = plan(await self._holdings(), self.limits, now)
        if decided.delete:
            await self.records.delete(*decided.delete)
        for session_id, head in decided.trim.items():
            if (log := self.logs.get(session_id)) is not None:
                log.trim(head)
                await self.flusher.flush(log)
        for _ in range(_RECLAIM_STEPS):  # in steps: between them output can be written
            if not await self._database.reclaim(_RECLAIM_PAGES):
                break
        return list(decided.delete)

    async def mend_tails(self) -> int:
        """Make the files of hot tails again that somebody removed; return how many. Their folder must be there.

        Raises:
            StorageUnavailableError: some cannot be made now; the others are.
        """
        count, failed = 0, None
        for log in list(self.logs.values()):
            try:
                count += log.mend_tail()
            except StorageUnavailableError as error:
                failed = error
            await asyncio.sleep(0)  # each may copy 2 MiB
        if failed is not None:
            raise failed
        return count

    async def _holdings(self) -> list[Holding]:
        spans = await self.chunks.all_spans()
        return [
            Holding(
                record.session_id,
                None if record.state == "running" else record.ended_at or record.last_activity_at,
                record.last_activity_at,
                spans.get(record.session_id, ()),
            )
            for record in await self.records.list()
            if record.state == "running" or record.session_id not in self.logs
        ]

    async def _clear_tails(self) -> None:
        """Store what a crash left in the hot tails of ended sessions; remove those that belong to nobody."""
        for path in self.tails_dir.glob("*.ring"):
            session_id = path.stem
            record = None if session_id in self.logs else await self.records.get(session_id)
            if session_id in self.logs or (record is not None and record.state == "running"):
                continue
            if record is None:
                tail_path(self.tails_dir, session_id).unlink(missing_ok=True)
                continue
            log = await SessionLog.recover(self, session_id)
            try:
                await log.close(keep_tail=False)
            except StoreError:
                await log.close(keep_tail=True)
                raise


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnavailableError(f"cannot make {path}: {error.strerror}") from None

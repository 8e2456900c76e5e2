"""The flusher: moves output from the hot tails into the database, in the background.

Output of all logs that have something new is written in one transaction. What to write and when is decided in
`holdfast.store.flush_plan`; here it is done, and storage that fails is tried again each second: the data waits in the
hot tails, and a log whose ring is full says so, which stops its program rather than losing its output.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from .database import Database
from .errors import StoreError
from .flush_batch import Batch, encode_batches
from .flush_plan import RETRY_INTERVAL_S, Situation, decide
from .uncancelled import Uncancelled

__all__ = ["FlushableLog", "Flusher", "TroubleCallback"]

logger = logging.getLogger(__name__)

TroubleCallback = Callable[[str | None], None]
"""Called once with what is wrong when storage starts to fail, and once with None when it works again."""


class FlushableLog(Protocol):
    """The part of a log that the flusher calls; `SessionLog` says what each does."""

    @property
    def is_dirty(self) -> bool: ...  # noqa: D102  # described there
    @property
    def has_full_chunk(self) -> bool: ...  # noqa: D102  # described there
    def take(self, *, whole: bool) -> Batch | None: ...  # noqa: D102  # described there
    def committed(self, batch: Batch, /) -> None: ...  # noqa: D102  # described there
    def relieve(self) -> str | None: ...  # noqa: D102  # described there


class Flusher:
    """Writes dirty logs; `run` is its task.

    Args:
        database: where to.
        on_trouble: told when storage fails and when it works again.
        clock: seconds since the epoch.
        monotonic: seconds, for intervals.
    """

    def __init__(
        self,
        database: Database,
        on_trouble: TroubleCallback,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._on_trouble = on_trouble
        self._clock = clock
        self._monotonic = monotonic
        self._dirty: dict[FlushableLog, float] = {}  # since when
        self._starved: set[FlushableLog] = set()
        self._unsynced_since: float | None = None
        self._retry_at: float | None = None
        self._troubles: dict[str, str] = {}
        self._writes = Uncancelled()
        self._news = asyncio.Event()
        self._lock = asyncio.Lock()  # one write at a time: a log's next batch begins where the last one ended

    def dirty(self, log: FlushableLog, /) -> None:
        """Take note that a log has something to commit, from now on."""
        self._dirty.setdefault(log, self._monotonic())
        self._news.set()

    def urge(self) -> None:
        """Take note that some log has a chunk to seal."""
        self._news.set()

    def starved(self, log: FlushableLog, /) -> None:
        """Take note that a log is full; it is told when it has room."""
        self._starved.add(log)
        self._news.set()

    async def run(self) -> None:
        """Write what is due, for ever. Idle, it sleeps without a deadline."""
        while True:
            try:
                await self._step()
            except StoreError:
                pass  # reported, and tried again when it is due
            except Exception:  # whatever it is: a flusher that ends would stop every terminal as their rings fill up
                logger.exception("flushing failed")
                self._retry_at = self._monotonic() + RETRY_INTERVAL_S

    async def flush(self, log: FlushableLog, /) -> None:
        """Commit all of one log now, so that it survives a power cut. Raises StoreError."""
        await self._write([log], whole=True)

    async def flush_all(self) -> None:
        """Commit all that is not committed, so that it survives a power cut. Raises StoreError."""
        await self._write(list(self._dirty), whole=True)

    async def settle(self) -> None:
        """Wait for writes whose callers were cancelled."""
        await self._writes.settle()

    async def _step(self) -> None:
        decision = decide(self._monotonic(), self._situation())
        if decision.write:
            await self._write(list(self._dirty), whole=decision.whole)
        else:
            await self._wait(decision.wake_at)
            self._relieve()

    def _situation(self) -> Situation:
        return Situation(
            has_full_chunk=any(log.has_full_chunk for log in self._dirty),
            dirty_since=min(self._dirty.values(), default=None),
            unsynced_since=self._unsynced_since,
            retry_at=self._retry_at,
        )

    async def _wait(self, wake_at: float | None) -> None:
        """Wait for news, or until `wake_at`; while a log is starved for disk blocks, no longer than to the next try."""
        if self._starved:
            wake_at = min(wake_at or float("inf"), self._monotonic() + RETRY_INTERVAL_S)
        self._news.clear()
        delay = None if wake_at is None else max(0.0, wake_at - self._monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._news.wait()

    async def _write(self, logs: Sequence[FlushableLog], *, whole: bool) -> None:
        """Write to the end even where the caller is cancelled: what is committed must also be counted as stored."""
        await self._writes.run(self._write_now(logs, whole=whole))

    async def _write_now(self, logs: Sequence[FlushableLog], *, whole: bool) -> None:
        async with self._lock:
            taken_at = self._monotonic()
            batches = [(log, batch) for log in logs if (batch := log.take(whole=whole)) is not None]
            try:
                if batches:
                    statements = await asyncio.to_thread(encode_batches, [batch for _, batch in batches])
                    await self._database.write(statements, durable=whole)
                elif whole and self._unsynced_since is not None:
                    await self._database.sync(self._clock())
            except StoreError as error:
                self._retry_at = self._monotonic() + RETRY_INTERVAL_S
                self._report("database", str(error))
                raise
            self._retry_at = None
            self._report("database", None)
            if whole:
                self._unsynced_since = None
            elif batches and self._unsynced_since is None:
                self._unsynced_since = taken_at
            for log, batch in batches:
                log.committed(batch)
            self._forget_clean(logs, taken_at if whole else None)
            self._relieve()

    def _forget_clean(self, logs: Sequence[FlushableLog], since: float | None) -> None:
        """Drop logs with nothing left to commit; what came while all else was committed is dirty `since` then."""
        for log in logs:
            if not log.is_dirty:
                self._dirty.pop(log, None)
            elif since is not None:
                self._dirty[log] = since

    def _relieve(self) -> None:
        """Tell starved logs that have room again."""
        wrong: str | None = None
        for log in list(self._starved):
            reason = log.relieve()
            if reason is None:
                self._starved.discard(log)
            else:
                wrong = wrong or reason or None
        self._report("hot tail", wrong)

    def _report(self, part: str, text: str | None) -> None:
        """Report the first trouble, and when the last one is over; not each failed try between."""
        was_well = not self._troubles
        if text is None:
            self._troubles.pop(part, None)
        else:
            self._troubles[part] = text
        if was_well and text is not None:
            logger.error("storage fails, output is held in memory: %s", text)
            self._on_trouble(text)
        elif not was_well and not self._troubles:
            logger.warning("storage works again")
            self._on_trouble(None)

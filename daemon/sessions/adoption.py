"""After a start of the daemon: what becomes of the sessions that its predecessor left.

Those that the keeper holds are taken up where they were; of those that it does not, the rest of the output is stored
and the books are closed.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from ...store.session_log import SessionLog
from ...store.session_records import SessionRecord
from ...store.store import Store
from ..keeper.link import Held
from .births import Births
from .keeper_supervisor import KeeperSupervisor
from .liveness import probe
from .resume import Process

__all__ = ["Adoption", "Recovered"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """A session that goes on."""

    held: Held
    record: SessionRecord
    log: SessionLog


class Adoption:
    """Takes up sessions, or closes their books. All methods raise StoreError."""

    def __init__(
        self,
        store: Store,
        keeper: KeeperSupervisor,
        births: Births,
        *,
        boot_id: str,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._births = births
        self._boot_id = boot_id
        self._clock = clock

    async def recover(self, held: Held, record: SessionRecord | None) -> Recovered | None:
        """Take up what the keeper holds; None where its end is stored already."""
        if record is None:
            record = await self._births.foundling(held)
        log = await SessionLog.recover(self._store, held.session_id)
        if record.state == "running":
            running = _with_size(self._births.with_process(record, held), log, held.master_fd)
            if running != record:  # a spawn that a crash cut short has no pid in its row yet
                await self._store.records.update(running)
            return Recovered(held, running, log)
        # The daemon died before it could tell the keeper.
        await log.close(keep_tail=False)
        os.close(held.master_fd)
        await self._keeper.forget(held.session_id)
        return None

    async def bury(self, record: SessionRecord) -> None:
        """A row says running, but no keeper holds it: keep what its hot tail still has, and mark it dead."""
        self._end_survivor(record)
        log = await SessionLog.recover(self._store, record.session_id)
        await log.close(keep_tail=False)
        reason = "process_dead" if record.boot_id == self._boot_id else "host_rebooted"
        dead = replace(record, state="dead", end_reason=reason, ended_at=self._clock(), pid=None)
        await self._store.records.update(dead)

    def _end_survivor(self, record: SessionRecord) -> None:
        """Kill a process that outlived its terminal by ignoring the SIGHUP that said so: nobody could ever end it."""
        process = probe(record.pid, record.pid_started, record.boot_id, current_boot=self._boot_id)
        if process is Process.ALIVE and record.pid is not None:
            logger.warning("session %s: process %d outlived its terminal; killing it", record.session_id, record.pid)
            with suppress(ProcessLookupError):
                os.killpg(record.pid, signal.SIGKILL)  # it leads its own group: ptyprocess called setsid(2) for it


def _with_size(record: SessionRecord, log: SessionLog, master_fd: int) -> SessionRecord:
    """Return the record with the size that the terminal has; a crash may have come before it was stored."""
    cols, rows = os.get_terminal_size(master_fd)
    if not cols or not rows:
        return record
    log.note_resize(cols, rows)
    return replace(record, cols=cols, rows=rows)

"""How a session begins: its row, its log, its process, in that order.

The row comes first: a crash between leaves a row without a process, which the next start closes, and never a process
that nobody knows the name of.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from ...store.session_log import SessionLog
from ...store.session_records import SessionRecord
from ...store.store import Store
from ...wire.errors import ConfigError, RefusedError
from ...wire.messages import CloseCode
from ...wire.paths import Paths, make_runtime_dirs
from ...wire.query import SpawnQuery
from ..keeper.link import ExitStatus, Held, KeeperError, SpawnError
from .keeper_supervisor import KeeperSupervisor
from .liveness import started_after_boot

__all__ = ["BirthPlan", "Births", "Newborn"]

_DEFAULT_COLS, _DEFAULT_ROWS = 80, 24
_EXIT_NOT_FOUND, _EXIT_NOT_EXECUTABLE = 127, 126  # POSIX shells, "Exit Status for Commands"


@dataclass(frozen=True, slots=True)
class BirthPlan:
    """What a `SpawnQuery` leaves open.

    Attributes:
        shell_argv: the command of a session that names none.
        environment: what every shell inherits.
        home: folder of a session that names none.
        idle_expiry_s: of a session that names none, in seconds; None: never.
    """

    shell_argv: tuple[str, ...]
    environment: dict[str, str]
    home: str
    idle_expiry_s: float | None


@dataclass(frozen=True, slots=True)
class Newborn:
    """A session that has begun; `exit` is set where its command could not be run."""

    record: SessionRecord
    log: SessionLog
    master_fd: int
    exit: ExitStatus | None = None


class Births:
    """Makes sessions. All methods raise what the store does beside what they name."""

    def __init__(
        self,
        store: Store,
        keeper: KeeperSupervisor,
        paths: Paths,
        plan: BirthPlan,
        *,
        boot_id: str,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._paths = paths
        self._plan = plan
        self._boot_id = boot_id
        self._clock = clock

    @property
    def home(self) -> str:
        """Where a session starts that has no other folder."""
        return self._plan.home

    async def spawn(self, query: SpawnQuery, previous_session_id: str | None) -> Newborn:
        """Begin a session.

        A command that cannot be run gives a session that says so, as a shell would, and has ended with 127 or 126.

        Raises:
            RefusedError: `bad_cwd`, `spawn_failed`, or `storage`; then nothing is left of it.
        """
        self._make_folders()
        record = self._record(query, previous_session_id)
        await self._store.records.insert(record)
        log = await SessionLog.create(self._store, record.session_id, cols=record.cols, rows=record.rows)
        try:
            held = await self._keeper.spawn(
                record.session_id,
                record.argv,
                cwd=record.cwd,
                env=self._environment(record.session_id),
                cols=record.cols,
                rows=record.rows,
            )
        except SpawnError as error:
            if error.stage == "command":
                return _stillborn(record, log, error)
            await self._discard(record, log)
            raise RefusedError("bad_cwd" if error.stage == "cwd" else "spawn_failed", str(error)) from None
        except KeeperError as error:
            await self._discard(record, log)
            raise RefusedError(
                "spawn_failed", f"cannot start a process: {error}", close_code=CloseCode.INTERNAL
            ) from None
        record = self.with_process(record, held)
        await self._store.records.update(record)
        return Newborn(record, log, held.master_fd)

    def with_process(self, record: SessionRecord, held: Held) -> SessionRecord:
        """Return the record with the process that the keeper holds for it."""
        return replace(record, pid=held.pid, pid_started=started_after_boot(held.pid), boot_id=self._boot_id)

    async def foundling(self, held: Held) -> SessionRecord:
        """Make a row for a process whose row was lost with the database: the shell is worth keeping."""
        record = replace(self._record(SpawnQuery(), None), session_id=held.session_id, argv=("(unknown)",))
        await self._store.records.insert(record)
        return record

    def _record(self, query: SpawnQuery, previous_session_id: str | None) -> SessionRecord:
        now = self._clock()
        return SessionRecord(
            session_id=str(uuid.uuid4()),
            name=query.name,
            argv=query.argv or self._plan.shell_argv,
            cwd=query.cwd or self._plan.home,
            cols=query.cols or _DEFAULT_COLS,
            rows=query.rows or _DEFAULT_ROWS,
            created_at=now,
            last_activity_at=now,
            pid=None,
            pid_started=None,
            boot_id=self._boot_id,
            state="running",
            linger_s=query.linger,
            idle_expiry_s=self._plan.idle_expiry_s if query.expires == "default" else query.expires,
            previous_session_id=previous_session_id,
        )

    def _environment(self, session_id: str) -> dict[str, str]:
        return {
            **self._plan.environment,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "HOLDFAST_SESSION": session_id,
        }

    def _make_folders(self) -> None:
        """Make those of the hot tails; somebody may have removed them. The rest of what was in them is mended soon."""
        try:
            make_runtime_dirs(self._paths)
        except ConfigError as error:
            raise RefusedError("storage", str(error), close_code=CloseCode.INTERNAL) from None

    async def _discard(self, record: SessionRecord, log: SessionLog) -> None:
        await log.close(keep_tail=False)
        await self._store.records.delete(record.session_id)


def _stillborn(record: SessionRecord, log: SessionLog, error: SpawnError) -> Newborn:
    missing = error.errno == errno.ENOENT
    what = "command not found" if missing else os.strerror(error.errno or errno.EACCES)
    log.append(f"holdfast: {record.argv[0]}: {what}\r\n".encode(errors="replace"))
    master, slave = os.openpty()  # a terminal in which nothing runs: the session needs no second kind of life
    os.close(slave)
    return Newborn(record, log, master, ExitStatus(_EXIT_NOT_FOUND if missing else _EXIT_NOT_EXECUTABLE, None))

"""All sessions of this home: made, found, adopted after a restart, expired, ended.

The one place that turns an `AttachQuery` into a session, by `resume.decide`; the one place that spawns.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ...store.errors import StoreError
from ...store.session_log import SessionLog
from ...store.session_records import SessionRecord
from ...store.store import Store
from ...wire.errors import RefusedError
from ...wire.messages import CloseCode, Error
from ...wire.paths import Paths
from ...wire.query import AttachQuery, SpawnQuery
from ..keeper.link import ExitStatus, Inheritance
from .adoption import Adoption
from .attachment import Attachment
from .births import BirthPlan, Births
from .keeper_supervisor import Charge, KeeperSupervisor
from .liveness import probe, sessions_with_company
from .mirrors import Mirrors
from .resume import Ended, Fresh, Liveness, Process, Reason, decide, is_expired
from .session import Lifetimes, Session

__all__ = ["Registry"]

logger = logging.getLogger(__name__)

_DEFAULT_COLS, _DEFAULT_ROWS = 80, 24
_EXIT_NOT_FOUND, _EXIT_NOT_EXECUTABLE = 127, 126  # POSIX shells, "Exit Status for Commands"

_END_ALL_S = 15.0
"""Longer than both waits of `Session.end`; a store that fails must not keep the daemon from stopping."""

T = TypeVar("T")

_TEXTS: dict[str, str] = {
    "not_found": "there is no session {id}",
    "expired": "session {id} expired after being idle too long; its history can still be read",
    "process_dead": "the process of session {id} has ended; its history can still be read",
    "host_rebooted": "the machine was restarted since session {id} ran; its history can still be read",
    "ended": "session {id} was ended; its history can still be read",
}


class Registry:
    """The sessions of one home."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        *,
        plan: BirthPlan,
        inheritance: Inheritance,
        max_sessions: int,
        lifetimes: Lifetimes,
        boot_id: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.live: dict[str, Session] = {}
        self.keeper = KeeperSupervisor(paths, inheritance=inheritance, on_exit=self._on_exit, charges=self._charges)
        self.mirrors = Mirrors(store.checkpoints, kept_bytes=store.limits.session_bytes)
        self._store = store
        self._max_sessions = max_sessions
        self._lifetimes = lifetimes
        self._boot_id = boot_id
        self._clock = clock
        self._early_exits: dict[str, ExitStatus] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._births = Births(store, self.keeper, paths, plan, boot_id=boot_id, clock=clock)
        self._birth_lock = asyncio.Lock()
        self._adoption = Adoption(store, self.keeper, self._births, boot_id=boot_id, clock=clock)

    # After a start of the daemon

    async def adopt_all(self) -> None:
        """Take over every session the keeper holds, and close the books on those it does not.

        Raises:
            KeeperError: no keeper can be had.
            StoreError: the records cannot be read.
        """
        records = {record.session_id: record for record in await self._store.records.list()}
        expected = any(one.state == "running" and one.boot_id == self._boot_id for one in records.values())
        held = {item.session_id: item for item in await self.keeper.start(sessions_expected=expected)}
        found = [await self._adoption.recover(item, records.get(session_id)) for session_id, item in held.items()]
        for record in records.values():
            if record.state == "running" and record.session_id not in held:
                await self._adoption.bury(record)
        # Last: terminals that are read keep the loop busy; with twenty that print, the rest took a second longer.
        checkpoints = await self._store.checkpoints.last_offsets()
        for one in filter(None, found):
            reached = checkpoints.get(one.record.session_id, 0)
            session = self._enlist(one.record, one.log, one.held.master_fd, reached=reached)
            session.mirror.look_later()
            if one.held.exit is not None:
                session.ending.exited(one.held.exit)
        if held:
            logger.info("adopted %d sessions", len(held))

    def _charges(self) -> Iterable[Charge]:
        for session in list(self.live.values()):
            if session.record.pid is not None and not session.exiting:
                yield Charge(session.session_id, session.record.pid, session.terminal.duplicate())

    # Making and finding

    async def open(self, query: AttachQuery, attachment: Attachment, say: Callable[[Error], None]) -> Session:
        """Attach a client to the session it asks for, or to a fresh one in its place.

        Args:
            query: what the client asks for.
            attachment: the client.
            say: told the error that explains a fallback, before the attachment begins.

        Raises:
            RefusedError: nothing can be had on these terms; `close_code` says how to close.
        """
        if query.session_id is None:
            if not query.create:
                raise RefusedError("not_found", "no session_id given, and create=0", close_code=CloseCode.NO_SESSION)
            session = await self.create(query.spawn)
            await session.attach(attachment, query, fresh=True)
            return session
        session_id = query.session_id
        live = self.live.get(session_id)
        record = live.record if live is not None else await self._stored(self._store.records.get(session_id))
        decision = decide(record, self._liveness(live, record), self._clock())
        match decision:
            case Ended():
                raise RefusedError("ended", _TEXTS["ended"].format(id=session_id), close_code=CloseCode.ENDED)
            case Fresh(reason):
                return await self._fall_back(reason, record, query, attachment, say)
            case _:
                assert live is not None  # noqa: S101  # only a held session is alive
                await live.attach(attachment, query, fresh=False)
                return live

    def _liveness(self, live: Session | None, record: SessionRecord | None) -> Liveness:
        if record is None or record.state != "running":
            return Liveness(Process.DEAD)
        if live is None or live.exiting:
            rebooted = record.boot_id != self._boot_id
            return Liveness(Process.OTHER_BOOT if rebooted else Process.DEAD)
        process = probe(record.pid, record.pid_started, record.boot_id, current_boot=self._boot_id)
        candidate = is_expired(record, busy=len(live.clients) > 0, now=self._clock())
        return Liveness(process, busy=not candidate or record.pid in sessions_with_company())

    async def _fall_back(
        self,
        reason: Reason,
        record: SessionRecord | None,
        query: AttachQuery,
        attachment: Attachment,
        say: Callable[[Error], None],
    ) -> Session:
        assert query.session_id is not None  # noqa: S101  # there is nothing to fall back from otherwise
        text = _TEXTS[reason].format(id=query.session_id)
        if record is not None:
            await self._settle(record, reason)
        if not query.create:
            raise RefusedError(reason, text, close_code=CloseCode.NO_SESSION)
        spawn = query.spawn
        if record is not None:
            spawn = replace(
                spawn,
                cwd=spawn.cwd or _nearest_folder(record.cwd, self._births.home),
                name=spawn.name or (record.name if self._is_free(record.name) else ""),
            )
        session = await self.create(spawn, previous_session_id=query.session_id)
        say(Error(reason, text))
        await session.attach(attachment, query, fresh=True, fallback=reason, previous_session_id=query.session_id)
        return session

    async def _settle(self, record: SessionRecord, reason: Reason) -> None:
        """Make the record say what the decision found: expired, or dead."""
        live = self.live.get(record.session_id)
        if live is not None and reason == "expired":
            await live.ending.demand("expired", "idle")
        elif live is not None and not live.exiting:
            # Its pid is gone or another's, and the keeper has not reaped it: what it held is not this shell any more.
            live.ending.exited(ExitStatus(None, None))
        elif live is None and record.state == "running":
            await self._stored(self._adoption.bury(record))

    async def create(self, spawn: SpawnQuery, *, previous_session_id: str | None = None) -> Session:
        """Start a new session.

        A command that cannot be run gives a session that says so, as a shell would, and has ended with 127 or 126.

        Raises:
            RefusedError: `name_taken`, `bad_cwd`, `limit`, `spawn_failed`, or `storage`.
        """
        async with self._birth_lock:
            if spawn.name and not self._is_free(spawn.name):
                raise _name_taken(spawn.name)
            if len(self.live) >= self._max_sessions:
                raise RefusedError(
                    "limit",
                    f"{len(self.live)} sessions run already (daemon.max_sessions); end some",
                    close_code=CloseCode.LIMIT,
                )
            newborn = await self._stored(self._births.spawn(spawn, previous_session_id))
            session = self._enlist(newborn.record, newborn.log, newborn.master_fd)
            if newborn.exit is not None:
                session.ending.exited(newborn.exit)
            return session

    def _enlist(self, record: SessionRecord, log: SessionLog, master_fd: int, *, reached: int = 0) -> Session:
        session = Session(
            record,
            log,
            master_fd,
            store=self._store,
            keeper=self.keeper,
            mirror=self.mirrors.make(log, reached=reached),
            lifetimes=self._lifetimes,
            clock=self._clock,
        )
        self.live[record.session_id] = session
        if (status := self._early_exits.pop(record.session_id, None)) is not None:
            session.ending.exited(status)
        task = asyncio.get_running_loop().create_task(self._retire(session))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
        return session

    async def _retire(self, session: Session) -> None:
        await session.ending.finished.wait()
        self.live.pop(session.session_id, None)

    def _is_free(self, name: str) -> bool:
        return all(session.record.name != name or session.exiting for session in self.live.values())

    def _on_exit(self, session_id: str, status: ExitStatus) -> None:
        session = self.live.get(session_id)
        if session is not None:
            session.ending.exited(status)
        else:  # a command so short that it ended before its birth was stored
            self._early_exits[session_id] = status

    # Looking after them

    async def records(self, *, ended: bool) -> list[SessionRecord]:
        """Return the sessions, newest activity first. Raises RefusedError `storage`."""
        found = {session.session_id: session.record for session in self.live.values() if ended or not session.exiting}
        if ended:
            for record in await self._stored(self._store.records.list()):
                found.setdefault(record.session_id, record)
        return sorted(found.values(), key=lambda record: record.last_activity_at, reverse=True)

    async def record(self, session_id: str) -> SessionRecord:
        """Return one session, running or ended. Raises RefusedError `not_found`, `storage`."""
        live = self.live.get(session_id)
        record = live.record if live is not None else await self._stored(self._store.records.get(session_id))
        if record is None:
            raise RefusedError("not_found", _TEXTS["not_found"].format(id=session_id))
        return record

    async def end(self, session_id: str) -> SessionRecord:
        """End a session and return its last record; one that has ended is returned as it is. Raises RefusedError."""
        live = self.live.get(session_id)
        if live is None:
            return await self.record(session_id)
        await live.ending.demand("ended", "by request")
        return live.record

    async def rename(self, session_id: str, name: str) -> SessionRecord:
        """Name a running session. Raises RefusedError `not_found`, `name_taken`, `storage`."""
        live = self.live.get(session_id)
        if live is None:
            await self.record(session_id)
            raise RefusedError("process_dead", "only a running session can be renamed")
        if name and name != live.record.name and not self._is_free(name):
            raise _name_taken(name)
        live.row.change(name=name)
        await self._stored(live.row.save())
        return live.record

    def expire_idle(self) -> None:
        """Begin to end the sessions that have been idle too long. A quiet job in a session keeps it."""
        now = self._clock()
        idle = [
            session
            for session in self.live.values()
            if not session.exiting and is_expired(session.record, busy=len(session.clients) > 0, now=now)
        ]
        if not idle:
            return
        company = sessions_with_company()
        for session in idle:
            if session.record.pid not in company:
                logger.info("session %s expired", session.session_id)
                session.ending.begin("expired", "idle")

    async def save_all(self) -> None:
        """Write down where shells are and when they were last used, where that changed. Raises StoreError."""
        for session in list(self.live.values()):
            session.refresh_cwd()
            await session.row.save()

    def tell_all(self, code: str, message: str) -> None:
        """Tell every client of trouble."""
        for session in self.live.values():
            session.report(code, message)

    async def release_all(self) -> None:
        """The daemon stops: flush everything, let go, leave the shells to the keeper."""
        await self.keeper.close()  # first: an exit told from now on would end a session whose output is not read
        for task in self._retiring:
            task.cancel()
        sessions = list(self.live.values())
        for session in sessions:
            await session.let_go()
        # In one commit, with no terminal read any more: one a session took 12 s where twenty were printing.
        with suppress(StoreError):
            await self._store.flusher.flush_all()
        for session in sessions:
            try:
                await session.release()
            except StoreError as error:  # the hot tail outlives the daemon, and still has it
                logger.error("session %s: %s", session.session_id, error)  # noqa: TRY400  # its text says all
        await self.mirrors.close()

    async def end_all(self) -> None:
        """End every session; those that do not end in time, or cannot be stored, stay with the keeper."""
        ends = [session.ending.demand("ended", "daemon stop") for session in list(self.live.values())]
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_ALL_S):
                await asyncio.gather(*ends)

    async def _stored(self, work: Awaitable[T]) -> T:
        """The edge at which the store's errors become the daemon's."""
        try:
            return await work
        except StoreError as error:
            raise RefusedError(
                "storage", f"the session store cannot be used: {error}", close_code=CloseCode.INTERNAL
            ) from error


def _name_taken(name: str) -> RefusedError:
    return RefusedError(
        "name_taken", f"a running session is named {name!r} already; attach to it, or take another name"
    )


def _nearest_folder(path: str, home: str) -> str:
    """Return the folder, or its nearest parent that is still there, rather than fail for a folder that is gone."""
    return next(
        (str(folder) for folder in (Path(path), *Path(path).parents) if folder.is_dir() and folder != Path("/")), home
    )

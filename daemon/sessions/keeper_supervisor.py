"""A keeper, always: found or started, and replaced when it dies.

The daemon holds a copy of every PTY master, so the death of the keeper costs no session: a new keeper is started and
given copies. Calls made meanwhile wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from ...wire.errors import ConfigError
from ...wire.paths import Paths, make_runtime_dirs
from ..keeper.link import (
    ExitStatus,
    Held,
    Inheritance,
    KeeperAbsent,
    KeeperError,
    KeeperLink,
    recall_keeper,
    start_keeper,
)

__all__ = ["Charge", "KeeperSupervisor"]

logger = logging.getLogger(__name__)

_RETRY_S = 1.0


class Charge(NamedTuple):
    """A session that a new keeper must take over; `master_fd` is a copy, closed after the hand-over."""

    session_id: str
    pid: int
    master_fd: int


class KeeperSupervisor:
    """The link to the keeper of this home.

    Args:
        paths: where its socket and its log are.
        inheritance: what its shells get.
        on_exit: called with session id and status when a process was reaped.
        charges: asked for every running session when a new keeper must take them over.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        inheritance: Inheritance,
        on_exit: Callable[[str, ExitStatus], None],
        charges: Callable[[], Iterable[Charge]],
    ) -> None:
        self._paths = paths
        self._inheritance = inheritance
        self._on_exit = on_exit
        self._charges = charges
        self._link: KeeperLink | None = None
        self._linked = asyncio.Event()
        self._repair: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def pid(self) -> int | None:
        """Of the keeper; None while there is none."""
        return self._link.pid if self._link is not None else None

    async def start(self, *, sessions_expected: bool = False) -> list[Held]:
        """Link to the keeper that is there, or start one.

        Args:
            sessions_expected: a keeper should be there; where its socket was removed, look for it.

        Returns:
            The sessions it holds, with a descriptor each that is now the caller's.

        Raises:
            KeeperError: no keeper can be had.
        """
        try:
            link, held = await self._connect()
        except KeeperAbsent:
            if not (sessions_expected and await recall_keeper(self._paths.keeper_socket)):
                await self._start_keeper()
            link, held = await self._connect()
        self._link = link
        self._linked.set()
        return held

    async def _start_keeper(self) -> None:
        try:
            make_runtime_dirs(self._paths)
        except ConfigError as error:
            raise KeeperError(str(error)) from None
        await start_keeper(self._paths.keeper_socket, self._paths.keeper_log, self._inheritance)

    async def _connect(self) -> tuple[KeeperLink, list[Held]]:
        return await KeeperLink.connect(self._paths.keeper_socket, on_exit=self._on_exit, on_lost=self._on_lost)

    def _on_lost(self) -> None:
        self._link = None
        self._linked.clear()
        if not self._closing:
            logger.warning("the keeper is gone; starting a new one")
            self._repair = asyncio.get_running_loop().create_task(self._replace())

    async def _replace(self) -> None:
        while not self._closing:
            try:
                for orphan in await self.start():
                    logger.warning("the new keeper brought an unknown session %s", orphan.session_id)
                    os.close(orphan.master_fd)
                break
            except KeeperError as error:
                logger.error("no keeper yet: %s", error)  # noqa: TRY400  # its text says all; a traceback would not
                await asyncio.sleep(_RETRY_S)
        for charge in self._charges():
            await self._hand_over(charge)

    async def _hand_over(self, charge: Charge) -> None:
        try:
            if self._link is not None:
                await self._link.adopt(charge.session_id, charge.pid, charge.master_fd)
        except KeeperError as error:
            logger.warning("session %s: the new keeper did not take it: %s", charge.session_id, error)
        finally:
            os.close(charge.master_fd)

    async def _linked_keeper(self) -> KeeperLink:
        while self._link is None:
            await self._linked.wait()
        return self._link

    async def spawn(
        self, session_id: str, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], cols: int, rows: int
    ) -> Held:
        """Start a process in a new PTY. Raises SpawnError, KeeperError."""
        link = await self._linked_keeper()
        return await link.spawn(session_id, argv, cwd=cwd, env=env, cols=cols, rows=rows)

    async def signal(self, session_id: str, signum: int) -> None:
        """Signal a session's process and its foreground group; one that is gone already is no error."""
        try:
            await (await self._linked_keeper()).signal(session_id, signum)
        except KeeperError as error:
            logger.info("session %s: signal %d: %s", session_id, signum, error)

    async def forget(self, session_id: str) -> None:
        """The session's end is stored: the keeper may drop what it remembers of it."""
        try:
            await (await self._linked_keeper()).forget(session_id)
        except KeeperError as error:  # it died: there is nothing left that remembers
            logger.info("session %s: forget: %s", session_id, error)

    def mend_socket(self) -> None:
        """Have the keeper listen again, where its socket was removed."""
        if self.pid is not None and not self._paths.keeper_socket.exists():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGHUP)

    async def close(self) -> None:
        """Let go of the keeper; it and its processes live on."""
        self._closing = True
        if self._repair is not None:
            self._repair.cancel()
            await asyncio.gather(self._repair, return_exceptions=True)
        if self._link is not None:
            await self._link.close()

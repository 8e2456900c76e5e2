"""The runtime folder of a running daemon, which others may remove: logind at the last logout, cleaners of /tmp, `rm`.

Everything in it has a life of its own in the kernel: sockets listen and hot tails are mapped without a name, too. But a
socket without a name is found by nobody, and a hot tail without one is lost with the daemon. So they get their names
back.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from ..store.errors import StoreError
from ..store.store import Store
from ..wire.errors import HoldfastError
from ..wire.paths import Paths, make_runtime_dirs
from .front.server import Front
from .sessions.keeper_supervisor import KeeperSupervisor

__all__ = ["RuntimeFolder"]

logger = logging.getLogger(__name__)


class RuntimeFolder:
    """What is in the folder, and who owns it."""

    def __init__(self, paths: Paths, front: Front, store: Store, keeper: KeeperSupervisor) -> None:
        self._paths = paths
        self._front = front
        self._store = store
        self._keeper = keeper
        self._trouble = ""

    async def mend(self) -> None:
        """Make again what was removed. The socket comes last: who finds it finds everything.

        What cannot be made now is said in the log, and left for the next time.
        """
        await self._try(self._mend_inside, self._mend_socket)

    async def mend_for_successor(self) -> None:
        """The same for what the next daemon needs: hot tails, and the keeper's socket."""
        await self._try(self._mend_inside)

    async def _mend_inside(self) -> None:
        make_runtime_dirs(self._paths)
        self._keeper.mend_socket()
        if count := await self._store.mend_tails():
            logger.warning("the files of %d hot tails were removed; made again", count)

    async def _mend_socket(self) -> None:
        if await self._front.mend_unix():
            logger.warning("the socket was removed; listening again at %s", self._paths.socket)

    async def _try(self, *steps: Callable[[], Awaitable[None]]) -> None:
        """Take each step, whatever became of the one before; say what is wrong once, not each minute."""
        troubles = []
        for step in steps:
            try:
                await step()
            except (HoldfastError, StoreError, OSError) as error:
                troubles.append(str(error))
        trouble = "; ".join(troubles)
        if trouble and trouble != self._trouble:
            logger.error("the runtime folder cannot be mended: %s", trouble)
        self._trouble = trouble

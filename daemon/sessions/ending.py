"""How a session ends: by itself or on demand, and once.

demand -> SIGHUP -> grace -> SIGKILL -.
the process ends by itself -----------+-> exited (the keeper's word) -> last words read, end stored -> finished
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Literal, TypeAlias

from ..keeper.link import ExitStatus
from .keeper_supervisor import KeeperSupervisor

__all__ = ["EndState", "Ending"]

logger = logging.getLogger(__name__)

EndState: TypeAlias = Literal["dead", "ended", "expired"]

_SIGKILL_WAIT_S = 5.0
"""How long a killed process may take to be reaped; longer means it hangs in the kernel, and its session is let go."""


class Ending:
    """The end of one session.

    Args:
        session_id: whose.
        keeper: which signals and reaps its process.
        kill_grace_s: between SIGHUP and SIGKILL.
        finish: does what is left when the process has ended.

    Attributes:
        state: what the record will say; `dead` where nobody demanded the end.
        reason: the same, for `end_reason`.
        finished: set when the end is stored.
    """

    def __init__(
        self,
        session_id: str,
        keeper: KeeperSupervisor,
        *,
        kill_grace_s: float,
        finish: Callable[[ExitStatus], Coroutine[object, object, None]],
    ) -> None:
        self.state: EndState = "dead"
        self.reason = "exited"
        self.finished = asyncio.Event()
        self._session_id = session_id
        self._keeper = keeper
        self._kill_grace_s = kill_grace_s
        self._finish = finish
        self._exited = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def has_exited(self) -> bool:
        """Whether the process has ended."""
        return self._exited.is_set()

    def begin(self, state: EndState, reason: str) -> None:
        """Demand the end, without waiting for it."""
        self._start(self.demand(state, reason))

    async def demand(self, state: EndState, reason: str) -> None:
        """End what runs, and return when that is stored."""
        if not self.has_exited:
            self.state, self.reason = state, reason
            for signum, wait_s in ((signal.SIGHUP, self._kill_grace_s), (signal.SIGKILL, _SIGKILL_WAIT_S)):
                await self._keeper.signal(self._session_id, signum)
                if await self._has_exited_within(wait_s):
                    break
            else:
                logger.warning("session %s: its process does not die; letting go of it", self._session_id)
                self.exited(ExitStatus(None, None))
        await self.finished.wait()

    async def _has_exited_within(self, wait_s: float) -> bool:
        try:
            await asyncio.wait_for(self._exited.wait(), wait_s)
        except TimeoutError:
            return False
        return True

    def exited(self, status: ExitStatus) -> None:
        """The process has ended; said twice, the first word counts."""
        if not self.has_exited:
            self._exited.set()
            self._start(self._run_finish(status))

    async def _run_finish(self, status: ExitStatus) -> None:
        await self._finish(status)
        self.finished.set()

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def abandon(self) -> None:
        """The daemon stops: what is not finished is the next one's."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

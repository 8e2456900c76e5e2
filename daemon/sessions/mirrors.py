"""The mirrors of all sessions: one emulator process for them, and a bound on how many screens it holds."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ...store.checkpoint_table import CheckpointTable
from ...store.session_log import SessionLog
from ..screens.link import ScreenError, ScreensProcess
from .mirror import Mirror

__all__ = ["Mirrors"]

_MOST_SCREENS = 40
"""Screens in memory: up to 2 MB each at 80 columns, 4 MB at 200. The one used least recently is let go for another."""


_REST_S = 300.0
"""Nobody has needed it for so long: it is made again in some 50 ms."""


class Mirrors:
    """Makes mirrors."""

    def __init__(self, checkpoints: CheckpointTable, *, kept_bytes: int) -> None:
        """Use these checkpoints; `kept_bytes` of history are kept of a session."""
        self._checkpoints = checkpoints
        self._kept_bytes = kept_bytes
        self._process = ScreensProcess()
        self._used: dict[Mirror, float] = {}  # when, least recently first
        self._evictions: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None

    def make(self, log: SessionLog, *, reached: int) -> Mirror:
        """Make the mirror of a session; `reached`: the offset of its last checkpoint, 0 where there is none."""
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        return Mirror(
            log,
            self._checkpoints,
            self._process,
            kept_bytes=self._kept_bytes,
            reached=reached,
            on_used=self._note_use,
        )

    async def close(self) -> None:
        """End the process."""
        for task in (self._starting, *self._evictions):
            if task is not None:
                task.cancel()
        await self._process.close()

    async def _start(self) -> None:
        """Have the process ready when the first screen is wanted: it takes a quarter of a second."""
        with suppress(ScreenError):  # said when a screen is wanted
            await self._process.start()

    async def rest(self) -> None:
        """Let go of the screens that nobody has needed for a while."""
        now = asyncio.get_running_loop().time()
        for mirror in [mirror for mirror, used_at in self._used.items() if now - used_at > _REST_S]:
            await self._let_go(mirror)

    def _note_use(self, mirror: Mirror) -> None:
        self._used.pop(mirror, None)
        self._used[mirror] = asyncio.get_running_loop().time()
        if len(self._used) > _MOST_SCREENS:
            task = asyncio.get_running_loop().create_task(self._let_go(next(iter(self._used))))
            self._evictions.add(task)
            task.add_done_callback(self._evictions.discard)

    async def _let_go(self, mirror: Mirror) -> None:
        self._used.pop(mirror, None)
        await mirror.let_go()

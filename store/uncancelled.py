"""Work that goes on to its end although the task that waits for it was cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ["Uncancelled"]


class Uncancelled:
    """Runs such work in tasks of its own, and can wait for what is left of it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()  # the event loop itself holds tasks weakly

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` and raise what it raises. Cancelled, return at once while it goes on."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait until nothing is left, however it ends."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # counts as seen: where the caller was cancelled, nobody else will look

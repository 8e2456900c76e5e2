"""Turns at something that few can do at once: the others wait, up to a number, beyond which they are refused."""

from __future__ import annotations

import asyncio
from typing import Self

from ...wire.errors import RefusedError

__all__ = ["Turns"]


class Turns:
    """Turns, first come, first served.

    Args:
        at_once: have their turn at the same time.
        waiting: may wait for it.
    """

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._waiting = 0

    async def take(self) -> None:
        """Wait for a turn, which `give` ends. Raises RefusedError `limit` where too many wait."""
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise RefusedError("limit", "too many requests for rendered history at once; try again in a while")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    def give(self) -> None:
        """The turn is over."""
        self._free.release()

    async def __aenter__(self) -> Self:
        await self.take()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.give()

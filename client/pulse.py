"""Wake every task that waits for "something changed"."""

from __future__ import annotations

import asyncio

__all__ = ["Pulse"]


class Pulse:
    """A condition without a lock: for one event loop, where checking and waiting have no await in between."""

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Return at the next `notify`."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if not waiter.done() or waiter.cancelled():
                self._waiters.remove(waiter)

    def notify(self) -> None:
        """Wake all that wait now. Hot path: nearly always nobody does."""
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

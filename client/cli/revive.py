"""Bring this home's daemon back when it crashes under an attached terminal, whose reconnecting then finds it.

Only after a crash: a daemon that stops in good order takes its socket away, and stopping it was somebody's wish.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ...wire.errors import HoldfastError
from .process import Watched
from .target import Target

__all__ = ["reviving"]

_LOOK_AGAIN_S = 1.0
_RETRY_S = 5.0


@contextlib.asynccontextmanager
async def reviving(target: Target) -> AsyncIterator[None]:
    """Do so while the block runs; for a daemon elsewhere, do nothing."""
    if not target.is_home:
        yield
        return
    task = asyncio.create_task(_revive(target))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _revive(target: Target) -> None:
    while True:
        try:
            running = await asyncio.to_thread(target.running)
            if running is not None:
                await _gone(running["pid"])
            elif target.paths.socket.exists():
                await asyncio.to_thread(target.start)
            else:
                await asyncio.sleep(_LOOK_AGAIN_S)
        except HoldfastError:  # the attached terminal shows that there is no daemon; `holdfast daemon start` tells why
            await asyncio.sleep(_RETRY_S)


async def _gone(pid: int) -> None:
    """Return when the process has ended."""
    with Watched(pid) as process:
        if process.descriptor is None:
            while not process.wait(0):  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(_LOOK_AGAIN_S)
            return
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(process.descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(process.descriptor)

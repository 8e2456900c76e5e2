"""What is done every minute, and on SIGHUP at once.

The runtime folder is mended, idle sessions expire, old history goes, pages are given back, records are written down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress

from ..store.errors import StoreError
from ..store.store import Store
from .runtime_folder import RuntimeFolder
from .sessions.registry import Registry

__all__ = ["keep_house"]

logger = logging.getLogger(__name__)

INTERVAL_S = 60.0


async def keep_house(
    registry: Registry,
    store: Store,
    folder: RuntimeFolder,
    *,
    on_gone: Callable[[Collection[str]], None],
    wanted: asyncio.Event,
    clock: Callable[[], float],
) -> None:
    """Run until cancelled; `wanted` hurries it. A store that cannot be used now is left for the next minute.

    `on_gone` is told which sessions were deleted.
    """
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL_S):
                await wanted.wait()
        wanted.clear()
        await folder.mend()
        try:
            registry.expire_idle()
            await registry.mirrors.rest()
            await registry.save_all()
            on_gone(await store.housekeep(clock()))
        except StoreError as error:
            logger.warning("housekeeping put off: %s", error)

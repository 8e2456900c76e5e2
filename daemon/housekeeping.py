"""What is done every minute: idle sessions expire, old history goes, pages are given back, records are written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..store.errors import StoreError
from ..store.store import Store
from .sessions.registry import Registry

__all__ = ["keep_house"]

logger = logging.getLogger(__name__)

INTERVAL_S = 60.0


async def keep_house(registry: Registry, store: Store, *, clock: Callable[[], float]) -> None:
    """Run until cancelled. A store that cannot be used now is left for the next minute."""
    while True:
        await asyncio.sleep(INTERVAL_S)
        try:
            registry.expire_idle()
            await registry.save_all()
            await store.housekeep(clock())
        except StoreError as error:
            logger.warning("housekeeping put off: %s", error)

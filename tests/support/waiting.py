"""Waiting for what tells nobody when it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LOOK_S = 0.01


async def wait_until(holds: Callable[[], object], what: str, *, within_s: float = 20.0) -> None:
    """Look again and again until `holds()` is true; fails with `what` where that takes too long."""
    try:
        async with asyncio.timeout(within_s):
            while not holds():  # noqa: ASYNC110  # files and processes have no event to wait for
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {within_s} s") from None

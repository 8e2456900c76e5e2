"""When housekeeping is done: each minute, and at once where it is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine

import pytest

from holdfast.daemon import housekeeping
from holdfast.daemon.housekeeping import keep_house
from holdfast.store.errors import StorageUnavailableError


class House:
    """Stands for folder, registry, its mirrors and store, and counts."""

    def __init__(self) -> None:
        self.mended = asyncio.Semaphore(0)
        self.mirrors = self

    async def mend(self) -> None:
        self.mended.release()

    def expire_idle(self) -> None:
        pass

    async def rest(self) -> None:
        pass

    async def save_all(self) -> None:
        raise StorageUnavailableError("full")


def _keep(house: House, wanted: asyncio.Event) -> Coroutine[None, None, None]:
    return keep_house(house, house, house, on_gone=lambda _: None, wanted=wanted, clock=lambda: 0.0)  # type: ignore[arg-type]  # what it calls is there


@pytest.fixture
async def house() -> AsyncIterator[tuple[House, asyncio.Event]]:
    one, wanted = House(), asyncio.Event()
    task = asyncio.create_task(_keep(one, wanted))
    yield one, wanted
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_comes_by_itself_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "INTERVAL_S", 0.001)
    one = House()
    task = asyncio.create_task(_keep(one, asyncio.Event()))
    async with asyncio.timeout(10):
        for _ in range(3):
            await one.mended.acquire()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_comes_at_once_where_it_is_wanted_also_while_storage_fails(
    house: tuple[House, asyncio.Event],
) -> None:
    one, wanted = house
    for _ in range(3):
        wanted.set()
        async with asyncio.timeout(10):
            await one.mended.acquire()
    assert one.mended.locked()

"""Turns: who has one, who waits, who is refused."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.daemon.sessions.turns import Turns
from holdfast.wire.errors import RefusedError


async def test_turns_go_round_in_order() -> None:
    """Two have their turn at once, the others get theirs in the order in which they came."""
    turns = Turns(at_once=2, waiting=3)
    began: list[int] = []
    ends = [asyncio.Event() for _ in range(5)]

    async def work(number: int) -> None:
        async with turns:
            began.append(number)
            await ends[number].wait()

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(work(number))
        for number in (1, 0, 2, 3, 4):
            await asyncio.sleep(0)
            ends[number].set()
    assert began == [0, 1, 2, 3, 4]


async def test_more_than_may_wait_are_refused() -> None:
    """Who comes when as many wait as may is refused, until one of them has its turn or gives up."""
    turns = Turns(at_once=1, waiting=1)
    await turns.take()
    waiting = asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    with pytest.raises(RefusedError) as refused:
        await turns.take()
    assert refused.value.code == "limit"
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    waiting = asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    turns.give()
    await waiting
    waiting = asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    with pytest.raises(RefusedError):
        await turns.take()
    waiting.cancel()


async def test_a_free_turn_needs_no_waiting() -> None:
    """Where nobody may wait, a turn that is free can be taken."""
    turns = Turns(at_once=1, waiting=0)
    for _ in range(2):
        async with turns:
            with pytest.raises(RefusedError):
                await turns.take()

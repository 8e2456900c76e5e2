"""Checkpoints: found by offset and by line, passed over where damaged, gone with the output they belong to."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.store.checkpoint_table import Checkpoint, CheckpointTable
from holdfast.store.limits import StoreLimits
from holdfast.store.recovery import tail_path
from holdfast.store.session_log import SessionLog
from holdfast.store.store import Store

LIMITS = StoreLimits(ring_bytes=64 * 1024, chunk_bytes=4096, session_bytes=100_000, total_bytes=1_000_000)
MADE = [Checkpoint(offset, offset // 10, offset // 10 + 50, b"at %d" % offset) for offset in (1000, 2000, 3000)]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(
        tmp_path / "sessions.db", tmp_path / "tails", LIMITS, boot_id="boot", on_trouble=lambda _: None
    )
    yield store
    await store.close()


@pytest.fixture
async def table(store: Store) -> CheckpointTable:
    for one in MADE:
        await store.checkpoints.put("s", one, replaces_after=one.offset)
    await store.checkpoints.put("other", Checkpoint(2500, 0, 0, b"other"), replaces_after=0)
    return store.checkpoints


@pytest.mark.parametrize(
    ("first", "last", "offset"),
    [(0, 999, None), (0, 1000, 1000), (0, 1999, 1000), (0, 9999, 3000), (1001, 1999, None), (2000, 2000, 2000)],
)
async def test_the_latest_within_offsets(table: CheckpointTable, first: int, last: int, offset: int | None) -> None:
    """The last one in the range, of this session alone."""
    found = await table.latest("s", first, last)
    assert (found and found.offset) == offset


@pytest.mark.parametrize(("line", "offset"), [(149, None), (150, 1000), (249, 1000), (250, 2000), (10_000, 3000)])
async def test_the_latest_before_a_line_was_begun(table: CheckpointTable, line: int, offset: int | None) -> None:
    """The last one in which that line did not exist yet."""
    found = await table.before_line("s", 0, line)
    assert (found and found.offset) == offset


async def test_the_oldest_from_an_offset_on(table: CheckpointTable) -> None:
    """With everything that was stored in it."""
    assert await table.oldest("s", 1001) == MADE[1]
    assert await table.oldest("s", 3001) is None


@pytest.mark.parametrize(
    ("first", "last", "offsets"), [(0, 9999, [1000, 2000, 3000]), (1001, 3000, [2000, 3000]), (1, 999, [])]
)
async def test_where_there_are_any(table: CheckpointTable, first: int, last: int, offsets: list[int]) -> None:
    """In order, of this session alone."""
    assert await table.places("s", first, last) == [one[:3] for one in MADE if one.offset in offsets]


async def test_a_damaged_one_is_passed_over(table: CheckpointTable, tmp_path: Path) -> None:
    """The one before it does as well, with a longer way."""
    connection = sqlite3.connect(tmp_path / "sessions.db")
    connection.execute("UPDATE checkpoints SET blob = ? WHERE at_offset = 3000", (b"at 3001",))
    connection.commit()
    connection.close()
    assert await table.latest("s", 0, 9999) == MADE[1]


async def test_a_regular_one_takes_the_place_of_those_between(table: CheckpointTable) -> None:
    """One made at rest is kept only until the next."""
    await table.put("s", Checkpoint(3500, 0, 0, b""), replaces_after=2000)
    assert await table.latest("s", 0, 3499) == MADE[1]
    assert await table.last_offsets() == {"s": 3500, "other": 2500}
    assert (await table.last_offset("s"), await table.last_offset("none")) == (3500, None)


async def test_they_are_trimmed_and_deleted_with_the_output(store: Store) -> None:
    """None is left from before the head, and none of a session that is deleted."""
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    for _ in range(60):
        log.append(b"x" * 4000 + b"\n")
        await store.flusher.flush(log)
        await store.checkpoints.put("s", Checkpoint(log.tail, 0, 0, b""), replaces_after=log.tail)
    oldest = await store.checkpoints.oldest("s", 0)
    assert oldest is not None
    assert 0 < log.head <= oldest.offset < log.head + 5000
    await store.records.delete("s")
    assert await store.checkpoints.last_offset("s") is None


async def test_those_of_lost_output_are_forgotten(store: Store, tmp_path: Path) -> None:
    """Offsets behind the tail are used again, for other output: a checkpoint from there would be a lie."""
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(b"x" * 100)
    await store.checkpoints.put("s", Checkpoint(60, 0, 0, b""), replaces_after=0)
    await store.flusher.flush(log)
    log.append(b"y" * 100)
    await store.checkpoints.put("s", Checkpoint(150, 0, 0, b""), replaces_after=100)
    tail_path(tmp_path / "tails", "s").unlink()
    log._ring = None
    store.logs.clear()
    recovered = await SessionLog.recover(store, "s")
    assert recovered.tail == 100
    assert await store.checkpoints.last_offset("s") == 60

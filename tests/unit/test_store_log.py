"""A session's log over a real ring and a real database: one log of bytes, whatever part of it lies where."""

# ruff: noqa: ASYNC240  # a test may wait for its own small files

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from holdfast.store.chunk_table import Resize
from holdfast.store.database import Statement
from holdfast.store.errors import CorruptChunkError, GapError, StorageUnavailableError, StoreError
from holdfast.store.limits import StoreLimits
from holdfast.store.output_times import Mark
from holdfast.store.recovery import tail_path
from holdfast.store.session_log import SessionLog
from holdfast.store.store import Store

LIMITS = StoreLimits(ring_bytes=64 * 1024, chunk_bytes=4096, session_bytes=10_000_000, total_bytes=20_000_000)
DEADLINE_S = 10.0

Open = Callable[..., Awaitable[Store]]


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def troubles() -> list[str | None]:
    return []


@pytest.fixture
async def open_store(tmp_path: Path, clock: Clock, troubles: list[str | None]) -> AsyncIterator[Open]:
    """Open the store of this test, as often as it likes."""
    stores: list[Store] = []

    async def open_it(limits: StoreLimits = LIMITS, boot_id: str = "boot") -> Store:
        database, tails = tmp_path / "sessions.db", tmp_path / "tails"
        store = await Store.open(database, tails, limits, boot_id=boot_id, on_trouble=troubles.append, clock=clock)
        stores.append(store)
        return store

    yield open_it
    for store in stores:
        await store.close()


async def kill(store: Store) -> None:
    """Leave the files as SIGKILL would: nothing more is flushed."""
    store._flushing.cancel()
    with suppress(asyncio.CancelledError):
        await store._flushing
    for log in list(store.logs.values()):
        assert log._ring is not None
        log._ring.close()
        log._ring = None
    store.logs.clear()
    await store.flusher.settle()
    await store._database.close()


def lines(start: int, stop: int) -> bytes:
    return b"".join(b"line %06d of the output\n" % number for number in range(start, stop))


async def fill(log: SessionLog, data: bytes) -> None:
    """Append all of it, storing where the ring is full."""
    while data:
        data = data[log.append(data) :]
        if data:
            await log._home.flusher.flush(log)


async def read_all(log: SessionLog, offset: int | None = None, step: int = 3000) -> bytes:
    offset = log.head if offset is None else offset
    data = bytearray()
    while piece := await log.read(offset + len(data), step):
        data += piece
    return bytes(data)


async def test_one_read_covers_chunks_and_ring(open_store: Open) -> None:
    log = await SessionLog.create(await open_store(), "s", cols=80, rows=24)
    data = lines(0, 20_000)
    await fill(log, data)
    assert log.read_hot(0, 10) is None, "the beginning has left the ring"
    assert await read_all(log) == data
    assert await log.read(12_345, 100) == data[12_345:12_445]
    assert log.read_hot(len(data) - 5, 100) == data[-5:]
    assert log.read_hot(len(data), 100) == b""
    assert (log.head, log.tail) == (0, len(data))


async def test_stored_bytes_are_served_from_memory_while_the_ring_has_them(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data = lines(0, 1000)
    log.append(data)
    await store.flusher.flush(log)
    assert log.stored == len(data)
    assert log.read_hot(0, 100_000) == data


async def test_a_restart_goes_on_at_the_same_byte(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data = lines(0, 5000)
    await fill(log, data)
    await store.close()
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    await fill(log, b"more")
    assert await read_all(log) == data + b"more"


async def test_a_kill_loses_nothing_stored_or_not(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    await fill(log, lines(0, 5000))
    stored = log.stored
    log.append(b"not stored")
    await kill(store)
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    assert log.stored == stored
    assert await read_all(log) == lines(0, 5000) + b"not stored"
    await store.flusher.flush_all()
    assert log.stored == log.tail


async def test_the_partial_chunk_is_replaced_until_it_is_full(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    for number in range(100):
        log.append(lines(number, number + 1))
        await store.flusher.flush(log)
        assert log.stored == log.tail
    assert [span.first for span in await store.chunks.spans("s")] == [0]
    await fill(log, lines(100, 1000))
    await store.flusher.flush(log)
    spans = await store.chunks.spans("s")
    assert [span.end for span in spans[:-1]] == [span.first for span in spans[1:]]
    assert all(3000 < span.end - span.first <= 4096 for span in spans[:-1])
    for chunk in await store.chunks.read("s", 0, 1 << 20):
        assert chunk.raw().endswith(b"\n")
        assert chunk.lines == chunk.raw().count(b"\n")


async def test_the_partial_chunk_goes_on_after_a_restart(open_store: Open, clock: Clock) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(lines(0, 10))
    await kill(store)
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    await store.flusher.flush(log)
    clock.now += 5
    await kill(store)
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    log.append(lines(10, 20))
    await store.flusher.flush(log)
    (chunk,) = await store.chunks.read("s", 0, 1 << 20)
    assert chunk.raw() == lines(0, 20)
    assert (chunk.started_at, chunk.ended_at) == (1_000_000.0, 1_000_005.0)
    assert await log.times(0, log.tail) == [(0, 1_000_000.0), (len(lines(0, 10)), 1_000_005.0)]


async def test_what_was_stored_stays_stored_when_a_seal_cuts_before_it(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(lines(0, 100) + b"-" * (4000 - len(lines(0, 100))))
    await store.flusher.flush(log)
    assert log.stored == 4000
    log.append(b"-" * 500)
    await store.flusher._write([log], whole=False)
    assert log.stored >= 4000, "the seal ends at the last line feed, well before"
    spans = await store.chunks.spans("s")
    assert [spans[0].end, spans[1].end] == [len(lines(0, 100)), 4500]


async def test_a_reboot_goes_on_behind_what_is_stored(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data = lines(0, 3000)
    await fill(log, data)
    await store.flusher.flush(log)
    log.append(b"only in memory, maybe torn")
    await kill(store)
    store = await open_store(boot_id="next")
    log = await SessionLog.recover(store, "s")
    assert (log.tail, log.stored) == (len(data), len(data))
    log.append(b"after")
    assert await read_all(log) == data + b"after"


async def test_a_missing_or_foreign_ring_is_replaced(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    await fill(log, lines(0, 300))
    await store.close()
    path = tail_path(store.tails_dir, "s")
    path.write_bytes(b"rubbish")
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    assert await read_all(log) == lines(0, 300)
    await store.close()
    path.unlink()
    log = await SessionLog.recover(await open_store(), "s")
    assert await read_all(log) == lines(0, 300)


async def test_a_ring_older_than_the_database_is_replaced(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    old = tail_path(store.tails_dir, "s").read_bytes()
    await fill(log, lines(0, 300))
    await store.close()
    tail_path(store.tails_dir, "s").write_bytes(old)
    log = await SessionLog.recover(await open_store(), "s")
    assert log.tail == len(lines(0, 300))
    assert await read_all(log) == lines(0, 300)


async def test_readers_are_told_the_gap_when_the_database_fell_back(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    await fill(log, lines(0, 1000))
    await store.flusher.flush(log)
    fallen_to = log.stored
    await store._database._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    old = (tmp_path / "sessions.db").read_bytes()
    data = lines(0, 10_000)
    await fill(log, data[log.tail :])
    await kill(store)
    for file in tmp_path.glob("sessions.db*"):
        file.unlink()
    (tmp_path / "sessions.db").write_bytes(old)

    store = await open_store()
    log = await SessionLog.recover(store, "s")
    resumes = log._ring.oldest if log._ring else 0
    assert fallen_to < resumes < len(data)
    assert await log.read(0, 1000) == data[:1000]
    with pytest.raises(CorruptChunkError) as caught:
        await log.read(fallen_to, 1000)
    assert (caught.value.first_offset, caught.value.end_offset) == (fallen_to, resumes)
    assert await read_all(log, resumes) == data[resumes:]
    await store.flusher.flush_all()
    await fill(log, data)
    with pytest.raises(CorruptChunkError) as caught:
        await log.read(fallen_to + 5, 1000)
    assert (caught.value.first_offset, caught.value.end_offset) == (fallen_to + 5, resumes)
    assert await read_all(log, resumes) == data[resumes:] + data
    assert (await log.read_stored(0, 1 << 20))[-1].end_offset == fallen_to, "the list ends before the gap"
    (chunk, *_) = await log.read_stored(fallen_to + 5, 1000)
    assert chunk.first_offset == resumes


async def test_a_deleted_database_keeps_what_the_ring_has(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data = lines(0, 10_000)
    await fill(log, data)
    await kill(store)
    for file in tmp_path.glob("sessions.db*"):
        file.unlink()
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    assert log.head > 0
    assert await read_all(log) == data[log.head :]
    await store.flusher.flush_all()
    assert log.stored == len(data)


@pytest.mark.parametrize(
    "damage", ["blob = zeroblob(length(blob))", "crc32 = crc32 + 1", "raw_length = raw_length - 1"]
)
async def test_a_corrupt_chunk_is_a_named_gap_and_the_rest_is_read(
    open_store: Open, tmp_path: Path, damage: str
) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data = lines(0, 10_000)
    await fill(log, data)
    await store.flusher.flush(log)
    first, end = (await store.chunks.spans("s"))[3]
    connection = sqlite3.connect(tmp_path / "sessions.db")
    connection.execute(f"UPDATE chunks SET {damage} WHERE first_offset = ?", (first,))  # noqa: S608  # from above
    connection.commit()
    connection.close()
    assert await log.read(0, 1 << 20) == data[:first], "the list ends before it"
    with pytest.raises(CorruptChunkError) as caught:
        await log.read_stored(first + 10, 1 << 20)
    assert caught.value.session_id == "s"
    assert caught.value.first_offset == first + 10
    assert end - 1 <= caught.value.end_offset <= end
    assert await read_all(log, end) == data[end:]


async def test_one_read_is_one_query_and_bounded_by_stored_bytes(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    await fill(log, lines(0, 20_000))
    queries: list[str] = []
    fetch = store._database.fetch

    async def counting(sql: str, parameters: object = ()) -> list[object]:
        queries.append(sql)
        return await fetch(sql, parameters)  # type: ignore[arg-type]  # passed on

    store._database.fetch = counting  # type: ignore[method-assign]  # counts
    chunks = await log.read_stored(10_000, 20_000)
    assert len(queries) == 1
    assert 4 <= len(chunks) <= 5
    assert sum(len(chunk.blob) for chunk in chunks) <= 20_000
    assert chunks[0].first_offset <= 10_000 < chunks[0].end_offset
    assert len(await log.read_stored(10_000, 1)) == 1
    assert len(await log.read_stored(0, 1 << 30)) == 64


async def test_history_is_trimmed_by_whole_chunks(open_store: Open) -> None:
    limits = StoreLimits(ring_bytes=64 * 1024, chunk_bytes=4096, session_bytes=100_000, total_bytes=1_000_000)
    store = await open_store(limits)
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data = lines(0, 20_000)
    await fill(log, data)
    await store.flusher.flush(log)
    assert 90_000 < log.tail - log.head <= 100_000
    assert log.head == (await store.chunks.spans("s"))[0].first
    assert await read_all(log) == data[log.head :]
    with pytest.raises(GapError) as caught:
        await log.read(5, 100)
    assert not isinstance(caught.value, CorruptChunkError)
    assert (caught.value.first_offset, caught.value.end_offset) == (5, log.head)
    assert (await log.read_stored(5, 1))[0].first_offset == log.head
    head = log.head
    await kill(store)
    log = await SessionLog.recover(await open_store(limits), "s")
    assert log.head == head


async def test_a_reader_on_its_way_holds_history_back_up_to_twice_the_limit(open_store: Open) -> None:
    """What the mirror has not read is kept, but no reader makes a log grow without end."""
    limits = StoreLimits(ring_bytes=64 * 1024, chunk_bytes=4096, session_bytes=100_000, total_bytes=1_000_000)
    store = await open_store(limits)
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data = lines(0, 6_000)
    await fill(log, data[:150_000])
    log.hold_from(log.head + 5000)
    held = log.head
    await fill(log, data[:40_000])
    await store.flusher.flush(log)
    assert held <= log.head <= held + 5000
    await fill(log, data[:150_000])
    await store.flusher.flush(log)
    assert 190_000 < log.tail - log.head <= 200_000
    log.hold_from(None)
    await fill(log, data[:4096])
    await store.flusher.flush(log)
    assert log.tail - log.head <= 100_000


async def test_the_size_in_force_at_the_head_stays_known(open_store: Open) -> None:
    """Trimming keeps the resize that the oldest byte was printed under, and drops those before it."""
    limits = StoreLimits(ring_bytes=64 * 1024, chunk_bytes=4096, session_bytes=100_000, total_bytes=1_000_000)
    store = await open_store(limits)
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    await fill(log, lines(0, 100))
    log.note_resize(90, 30)
    await fill(log, lines(0, 20_000))
    await store.flusher.flush(log)
    assert log.head > 100_000
    assert [one[2:] for one in await log.resizes(0, log.tail + 1)] == [(90, 30)]


async def test_a_resize_survives_a_kill_before_it_is_stored(open_store: Open) -> None:
    """The last size lies in the hot tail until the database has it."""
    log = await SessionLog.create(store := await open_store(), "s", cols=80, rows=24)
    log.append(b"before")
    log.note_resize(100, 30)
    log.append(b"behind")
    await kill(store)
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    assert [(one.offset, one.cols, one.rows) for one in await log.resizes(0, 100)][-1] == (6, 100, 30)
    await store.flusher.flush(log)
    assert [(one.offset, one.cols, one.rows) for one in await store.chunks.resizes("s", 0, 100)][-1] == (6, 100, 30)


def rounded(marks: list[Mark]) -> list[Mark]:
    return [(offset, round(at, 1)) for offset, at in marks]


async def test_resizes_and_times_are_kept_with_their_offsets(open_store: Open, clock: Clock) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    expected = [Resize(0, clock.now, 80, 24)]
    marks = []
    for number in range(400):
        clock.now += 0.5
        marks.append((log.tail, clock.now))
        log.append(lines(number, number + 1))
        if number % 100 == 50:
            log.note_resize(100 + number, 30)
            log.note_resize(100 + number, 30)
            expected.append(Resize(log.tail, clock.now, 100 + number, 30))
        if number % 70 == 0:
            await store.flusher.flush(log)
    assert await log.resizes(0, log.tail + 1) == expected
    assert rounded(await log.times(0, log.tail)) == rounded(marks)
    part = [mark for mark in marks if 1000 - 26 <= mark[0] < 1100]
    assert rounded(await log.times(1000, 1100)) == rounded(part)
    await kill(store)
    store = await open_store()
    log = await SessionLog.recover(store, "s")
    assert await log.resizes(0, log.tail + 1) == expected[: len(await log.resizes(0, log.tail + 1))]
    log.note_resize(77, 11)
    await store.flusher.flush(log)
    chunks = await store.chunks.read("s", 0, 1 << 20)
    for chunk in chunks:
        in_force = [size for size in expected if size.offset <= chunk.first_offset][-1]
        assert (chunk.cols, chunk.rows) == in_force[2:]


async def test_a_closed_log_leaves_no_ring_and_can_be_read(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.inputs.applied("client", 5)
    log.append(lines(0, 300))
    await log.close(keep_tail=False)
    assert list(store.tails_dir.iterdir()) == []
    assert store.logs == {}
    assert await read_all(log) == lines(0, 300)
    assert (log.full, log.tail, log.inputs.next_seq("client")) == (True, len(lines(0, 300)), 5)
    with pytest.raises(StoreError, match="closed"):
        log.append(b"more")
    await log.close(keep_tail=False)


async def test_a_log_that_can_not_be_stored_is_not_closed_for_good(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(b"last words")
    with monkeypatch.context() as broken:
        broken.setattr(store._database, "write", refuse)
        with pytest.raises(StorageUnavailableError):
            await log.close(keep_tail=False)
        assert log.read_hot(0, 100) == b"last words"
        await log.close(keep_tail=True)
    log = await SessionLog.recover(store, "s")
    await log.close(keep_tail=False)
    assert await read_all(log) == b"last words"


async def refuse(*_: object, **__: object) -> None:
    raise StorageUnavailableError("disk full")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event, and shall not get one for a test
            await asyncio.sleep(0.005)


async def test_output_is_stored_within_a_second_by_itself(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(b"a few bytes")
    started = asyncio.get_running_loop().time()
    await until(lambda: log.stored == log.tail)
    assert 0.8 < asyncio.get_running_loop().time() - started < 2.5


async def test_full_chunks_are_stored_at_once(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(lines(0, 1000))
    started = asyncio.get_running_loop().time()
    await until(lambda: log.stored > len(lines(0, 1000)) - 4096)
    assert asyncio.get_running_loop().time() - started < 0.9


async def test_an_idle_flusher_has_no_deadline(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(lines(0, 1000))
    await store.flusher.flush_all()
    waits: list[float | None] = []
    wait = store.flusher._wait

    async def noting(wake_at: float | None) -> None:
        waits.append(wake_at)
        await wait(wake_at)

    store.flusher._wait = noting  # type: ignore[method-assign]  # notes
    store.flusher.urge()
    await until(lambda: bool(waits))
    assert waits == [None]


async def test_output_that_comes_during_a_commit_is_not_forgotten(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(b"first")
    flushing = asyncio.create_task(store.flusher.flush(log))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log.append(b"second")
    await flushing
    assert log.stored == 5
    await until(lambda: log.stored == log.tail)


async def test_a_cancelled_flush_still_counts_what_it_committed(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(lines(0, 10))
    committing, write = asyncio.Event(), store._database.write

    async def tell(statements: Sequence[Statement], *, durable: bool) -> None:
        committing.set()
        await write(statements, durable=durable)

    store._database.write = tell  # type: ignore[method-assign]  # tells when
    flushing = asyncio.create_task(store.flusher.flush(log))
    await committing.wait()
    flushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    await store.flusher.settle()
    assert log.stored == log.tail == (await store.chunks.spans("s"))[-1].end


async def test_a_soft_commit_is_made_firm_although_nothing_new_comes(open_store: Open) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    await store.flusher.flush_all()
    log.append(b"x" * 4095 + b"\n")
    await store.flusher._write([log], whole=False)
    assert log.stored == log.tail
    assert await store._database.fetch("SELECT count(*) FROM sync_point") == [(0,)]
    async with asyncio.timeout(DEADLINE_S):
        while not await store._database.fetch("SELECT at FROM sync_point"):  # noqa: ASYNC110  # by itself, in a second
            await asyncio.sleep(0.005)


async def test_storage_that_fails_is_reported_once_and_holds_everything(
    open_store: Open, monkeypatch: pytest.MonkeyPatch, troubles: list[str | None]
) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    data, roomy = lines(0, 10_000), asyncio.Event()
    log.on_room = roomy.set
    with monkeypatch.context() as broken:
        broken.setattr(store._database, "write", refuse)
        fitted = log.append(data)
        assert log.full
        for _ in range(3):
            with pytest.raises(StorageUnavailableError):
                await store.flusher.flush_all()
        assert (log.stored, log.full) == (0, True)
        assert not roomy.is_set()
        assert troubles == ["disk full"]
    async with asyncio.timeout(DEADLINE_S):
        await roomy.wait()  # tried again by itself
    assert troubles == ["disk full", None]
    await fill(log, data[fitted:])
    await store.flusher.flush_all()
    assert await read_all(log) == data
    assert log.stored == len(data)


async def test_nothing_counts_as_stored_that_a_full_disk_refused(
    open_store: Open, tmp_path: Path, troubles: list[str | None]
) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    await store.flusher.flush_all()
    (row,) = await store._database._writer.execute_fetchall("PRAGMA page_count")
    await store._database._writer.execute(f"PRAGMA max_page_count = {row[0] + 3}")
    log.append(lines(0, 1900))
    with pytest.raises(StorageUnavailableError, match="full"):
        await store.flusher.flush_all()
    assert log.stored == 0
    await store._database._writer.execute("PRAGMA max_page_count = 1000000")
    await store.flusher.flush_all()
    assert log.stored == len(lines(0, 1900))
    assert troubles[0] is not None
    assert troubles[1:] == [None]
    assert (tmp_path / "sessions.db").exists()


async def test_a_bug_in_one_flush_does_not_end_the_flusher(open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await open_store()
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    failed = asyncio.Event()

    def fail(**_: object) -> None:
        failed.set()
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(log, "take", fail)
        log.append(lines(0, 1000))
        async with asyncio.timeout(DEADLINE_S):
            await failed.wait()
    await until(lambda: log.stored == log.tail)

"""Records, retention and what a crash leaves lying about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.store.errors import StorageUnavailableError
from holdfast.store.limits import StoreLimits
from holdfast.store.recovery import tail_path
from holdfast.store.session_log import SessionLog
from holdfast.store.session_records import SessionRecord
from holdfast.store.store import Store

DAY = 86_400.0
NOW = 1_700_000_000.0
LIMITS = StoreLimits(ring_bytes=64 * 1024, chunk_bytes=4096, session_bytes=100_000, total_bytes=150_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    troubles: list[str | None] = []
    store = await Store.open(
        tmp_path / "sessions.db", tmp_path / "tails", LIMITS, boot_id="boot", on_trouble=troubles.append
    )
    yield store
    await store.close()
    assert troubles == []


def record(session_id: str, **changes: object) -> SessionRecord:
    made = SessionRecord(
        session_id,
        name="one",
        argv=("sh", "-c", "echo 'ä\n'"),
        cwd="/home/user",
        cols=80,
        rows=24,
        created_at=NOW,
        last_activity_at=NOW,
        pid=None,
        pid_started=None,
        boot_id="boot",
        state="running",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


async def fill(store: Store, session_id: str, count: int, *, keep_open: bool = False) -> SessionLog:
    log = await SessionLog.create(store, session_id, cols=80, rows=24)
    for _ in range(count):
        assert log.append(b"%s %s\n" % (session_id.encode(), b"x" * 990))
        await store.flusher.flush(log)
    if not keep_open:
        await log.close(keep_tail=False)
    return log


async def test_a_record_comes_back_as_it_was(store: Store) -> None:
    full = record(
        "a",
        name="work",
        pid=123,
        pid_started=55.25,
        state="ended",
        exit_code=3,
        exit_signal=9,
        ended_at=NOW + 1,
        end_reason="killed",
        linger_s=5.0,
        idle_expiry_s=60.0,
        previous_session_id="z",
    )
    await store.records.insert(record("b", created_at=NOW - 1))
    await store.records.insert(record("a"))
    await store.records.update(full)
    assert await store.records.get("a") == full
    assert await store.records.get("c") is None
    assert [one.session_id for one in await store.records.list()] == ["b", "a"]
    with pytest.raises(StorageUnavailableError):
        await store.records.insert(full)
    await store.records.delete("a", "b")
    assert await store.records.list() == []


async def test_ended_sessions_go_after_their_retention_with_all_they_had(store: Store) -> None:
    await fill(store, "old", 10)
    await fill(store, "new", 10)
    await store.records.insert(record("old", state="ended", ended_at=NOW - 8 * DAY))
    await store.records.insert(record("new", state="ended", ended_at=NOW - 6 * DAY))
    assert await store.housekeep(NOW) == ["old"]
    assert set(await store.chunks.all_spans()) == {"new"}
    assert await store._database.fetch("SELECT DISTINCT session_id FROM resizes") == [("new",)]
    assert await store.records.get("old") is None


async def test_over_the_total_cap_ended_sessions_go_first_and_then_old_chunks_of_running_ones(store: Store) -> None:
    await fill(store, "ended", 60)
    await store.records.insert(record("ended", state="ended", ended_at=NOW - 1))
    quiet = await fill(store, "quiet", 95, keep_open=True)
    busy = await fill(store, "busy", 95, keep_open=True)
    await store.records.insert(record("quiet", last_activity_at=NOW - 60))
    await store.records.insert(record("busy"))
    assert await store.housekeep(NOW) == ["ended"]
    assert quiet.tail - quiet.head + busy.tail - busy.head <= LIMITS.total_bytes
    assert quiet.head > 0
    assert busy.head == 0
    assert (await quiet.read(quiet.head, 5)) == b"quiet"
    assert (await quiet.read_stored(0, 1))[0].first_offset == quiet.head


async def test_freed_pages_go_back_to_the_file_system(store: Store, tmp_path: Path) -> None:
    await fill(store, "big", 100)
    await store.records.insert(record("big", state="ended", ended_at=NOW - 8 * DAY))
    await store.housekeep(NOW)
    assert await store._database.fetch("PRAGMA freelist_count") == [(0,)]
    assert (tmp_path / "sessions.db").exists()


async def test_a_ring_that_a_crash_left_of_an_ended_session_is_stored_first(store: Store) -> None:
    log = await SessionLog.create(store, "s", cols=80, rows=24)
    log.append(b"last words")
    assert log._ring is not None
    log._ring.close()
    log._ring = None
    store.logs.clear()
    await store.records.insert(record("s", state="dead", last_activity_at=NOW))
    stray = tail_path(store.tails_dir, "nobody")
    stray.write_bytes(b"rubbish")
    await store.housekeep(NOW)
    assert list(store.tails_dir.iterdir()) == []
    assert (await store.chunks.read("s", 0, 100))[0].raw() == b"last words"


async def test_rings_of_running_sessions_are_left_alone(store: Store) -> None:
    log = await SessionLog.create(store, "open", cols=80, rows=24)
    tail_path(store.tails_dir, "later").write_bytes(b"not taken up yet")
    await store.records.insert(record("later"))
    await store.housekeep(NOW)
    assert {path.stem for path in store.tails_dir.iterdir()} == {"open", "later"}
    assert log.append(b"x") == 1


async def test_a_tails_folder_that_can_not_be_made_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailableError, match="cannot make"):
        await Store.open(
            tmp_path / "sessions.db", tmp_path / "file" / "tails", LIMITS, boot_id="boot", on_trouble=print
        )

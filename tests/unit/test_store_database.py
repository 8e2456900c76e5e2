"""The database file: made, migrated, refused with what to do, and given up only while it cannot be used."""

# ruff: noqa: ASYNC240  # a test may wait for its own small files

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.store import migrations
from holdfast.store.database import Database
from holdfast.store.errors import DatabaseDamagedError, SchemaError, StorageUnavailableError

INSERT = "INSERT INTO sync_point VALUES (?, ?)"
NEWEST = max(migrations.available())
COUNT = "SELECT count(*) FROM sync_point"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sessions.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    yield database
    await database.close()


def plain(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What another program sees."""
    connection = sqlite3.connect(path)
    try:
        rows: list[tuple[object, ...]] = connection.execute(sql).fetchall()
        connection.commit()
        return rows
    finally:
        connection.close()


@pytest.mark.usefixtures("database")
async def test_a_new_file_is_private_and_set_up(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    for pragma, expected in [
        ("journal_mode", "wal"),
        ("auto_vacuum", 2),
        ("page_size", 16_384),
        ("user_version", NEWEST),
        ("application_id", 0x486F6C64),
    ]:
        assert plain(path, f"PRAGMA {pragma}") == [(expected,)], pragma


async def test_what_is_committed_is_there_after_opening_again(path: Path, database: Database) -> None:
    await database.write([(INSERT, [(1, 5.0)])], durable=False)
    again = await Database.open(path)
    assert await again.fetch("SELECT * FROM sync_point") == [(1, 5.0)]
    await again.close()


async def test_a_transaction_is_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(StorageUnavailableError):
        await database.write([(INSERT, [(1, 5.0)]), (INSERT, [(2, 5.0)])], durable=False)  # id must be 1
    assert await database.fetch(COUNT) == [(0,)]
    await database.write([(INSERT, [(1, 5.0)])], durable=True)
    assert await database.fetch(COUNT) == [(1,)]


async def test_a_cancelled_caller_does_not_cut_a_transaction_in_two(database: Database) -> None:
    writing = asyncio.create_task(database.write([(INSERT, [(1, 1.0)])], durable=True))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await database.write([("UPDATE sync_point SET at = ?", [(2.0,)])], durable=True)
    assert await database.fetch("SELECT at FROM sync_point") == [(2.0,)]


async def test_durable_commits_are_full_and_others_normal(database: Database) -> None:
    async def level() -> object:
        (row,) = await database._writer.execute_fetchall("PRAGMA synchronous")
        return row[0]

    await database.write([(INSERT, [(1, 1.0)])], durable=True)
    assert await level() == 2
    await database.write([("DELETE FROM sync_point", [()])], durable=False)
    assert await level() == 1
    await database.sync(7.0)
    await database.sync(8.0)
    assert await level() == 2
    assert await database.fetch("SELECT at FROM sync_point") == [(8.0,)]


async def test_readers_can_not_write_nor_checkpoint(database: Database) -> None:
    with pytest.raises(StorageUnavailableError, match="readonly"):
        await database.fetch("DELETE FROM sessions")
    assert await database.fetch("PRAGMA wal_autocheckpoint") == [(0,)]


async def test_a_long_read_does_not_hold_up_a_write(database: Database) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"
    reading = asyncio.create_task(database.fetch(slow))
    await asyncio.sleep(0)
    await database.write([(INSERT, [(1, 1.0)])], durable=False)
    assert not reading.done()
    assert await reading == [(3_000_000,)]


async def test_a_locked_file_is_trouble_that_passes(path: Path, database: Database) -> None:
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailableError, match="locked"):
        await database.write([(INSERT, [(1, 1.0)])], durable=False)
    other.rollback()
    other.close()
    await database.write([(INSERT, [(1, 1.0)])], durable=False)


async def test_a_full_disk_is_trouble_that_passes(database: Database) -> None:
    await database._writer.execute("PRAGMA max_page_count = 1")  # SQLite answers as it does for ENOSPC: SQLITE_FULL
    blob = [("x", 0, 1, 0, 1, 0, 0, 1, 1, 0.0, 0.0, b"", bytes(200_000))]
    sql = "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    with pytest.raises(StorageUnavailableError, match="full"):
        await database.write([(sql, blob)], durable=False)
    await database._writer.execute("PRAGMA max_page_count = 1000000")
    await database.write([(sql, blob)], durable=False)
    assert await database.fetch("SELECT count(*) FROM chunks") == [(1,)]


@pytest.mark.parametrize("pattern", ["*", "*.db"], ids=["with its WAL", "without"])
async def test_a_removed_file_is_made_again_with_all_that_was_in_it(
    path: Path, database: Database, pattern: str
) -> None:
    await database.write([(INSERT, [(1, 5.0)])], durable=False)
    for file in path.parent.glob(pattern):
        file.unlink()
    await database.write([("UPDATE sync_point SET at = at + ?", [(1.0,)])], durable=False)
    assert await database.fetch("SELECT at FROM sync_point") == [(6.0,)]
    assert plain(path, "SELECT at FROM sync_point") == [(6.0,)]
    assert plain(path, "PRAGMA auto_vacuum") == [(2,)]
    assert path.stat().st_mode & 0o777 == 0o600
    again = await Database.open(path)
    await again.close()


async def test_a_removed_folder_is_trouble_until_it_is_there_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    database = await Database.open(folder / "sessions.db")
    await database.write([(INSERT, [(1, 5.0)])], durable=False)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    with pytest.raises(StorageUnavailableError):
        await database.write([("UPDATE sync_point SET at = ?", [(6.0,)])], durable=False)
    folder.mkdir()
    await database.write([("UPDATE sync_point SET at = at + ?", [(2.0,)])], durable=False)
    assert await database.fetch("SELECT at FROM sync_point") == [(7.0,)]
    await database.close()


async def test_a_replaced_file_is_not_written(path: Path, database: Database) -> None:
    path.rename(path.with_suffix(".away"))
    path.write_bytes(b"")
    with pytest.raises(StorageUnavailableError, match="replaced"):
        await database.write([(INSERT, [(1, 1.0)])], durable=False)
    path.with_suffix(".away").replace(path)
    await database.write([(INSERT, [(1, 1.0)])], durable=False)


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough for a header" * 100, b"SQLite format 3\0"]
)
async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises((DatabaseDamagedError, SchemaError), match=r"move it away"):
        await Database.open(path)
    assert path.read_bytes() == content


async def open_and_read(path: Path) -> None:
    database = await Database.open(path)
    try:
        await database.fetch("SELECT * FROM sync_point")
    finally:
        await database.close()


async def test_damaged_pages_are_named(path: Path) -> None:
    database = await Database.open(path)
    await database.write([(INSERT, [(1, 1.0)])], durable=False)
    await database.close()
    raw = bytearray(path.read_bytes())
    raw[16_384:] = b"\xa5" * (len(raw) - 16_384)
    path.write_bytes(raw)
    with pytest.raises(DatabaseDamagedError, match="damaged"):
        await open_and_read(path)
    assert path.read_bytes()[16_384:20_000] == b"\xa5" * (20_000 - 16_384)


async def test_a_newer_schema_says_what_to_do(path: Path) -> None:
    await (await Database.open(path)).close()
    plain(path, "PRAGMA user_version = 99")
    with pytest.raises(SchemaError, match=r"newer version.*install"):
        await Database.open(path)


async def test_the_database_of_another_program_is_refused(path: Path) -> None:
    plain(path, "CREATE TABLE cookies (name TEXT)")
    with pytest.raises(SchemaError, match="another program"):
        await Database.open(path)
    assert plain(path, "SELECT name FROM sqlite_master") == [("cookies",)]


async def test_an_older_schema_is_migrated_with_its_data(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = await Database.open(path)
    await database.write([(INSERT, [(1, 5.0)])], durable=True)
    await database.close()
    ours = migrations.available()
    monkeypatch.setattr(
        migrations, "available", lambda: {**ours, NEWEST + 1: "ALTER TABLE sync_point ADD COLUMN why TEXT;"}
    )
    migrated = await Database.open(path)
    assert await migrated.fetch("SELECT id, at, why FROM sync_point") == [(1, 5.0, None)]
    await migrated.close()
    assert plain(path, "PRAGMA user_version") == [(NEWEST + 1,)]


async def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await Database.open(path)).close()
    broken = "ALTER TABLE sync_point ADD COLUMN why TEXT; ALTER TABLE missing ADD COLUMN x;"
    monkeypatch.setattr(migrations, "available", lambda: {NEWEST + 1: broken})
    with pytest.raises(StorageUnavailableError, match="missing"):
        await Database.open(path)
    assert plain(path, "PRAGMA user_version") == [(NEWEST,)]
    assert len(plain(path, "PRAGMA table_info(sync_point)")) == 2


async def test_a_folder_that_can_not_be_written_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError, match="No such file"):
        await Database.open(tmp_path / "gone" / "sessions.db")


async def test_freed_pages_are_given_back_in_steps(path: Path, database: Database) -> None:
    rows = [("x", number, 1, 0, 1, 0, 0, 1, 1, 0.0, 0.0, b"", bytes(100_000)) for number in range(30)]
    await database.write([("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)], durable=False)
    await database.write([("DELETE FROM chunks", [()])], durable=False)
    left = await database.reclaim(10)
    assert left > 100
    while left:
        left, before = await database.reclaim(50), left
        assert before - left == min(50, before)
    await database.close()
    assert path.stat().st_size < 300_000


def test_bound_data_is_not_logged() -> None:
    assert logging.getLogger("aiosqlite").getEffectiveLevel() >= logging.INFO

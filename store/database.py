"""The SQLite file: connections, transactions, and the one place where `sqlite3` errors are translated.

One connection writes and checkpoints (two that write can corrupt a WAL before SQLite 3.51.3); another only reads, so
that a long replay never blocks a write. `synchronous=NORMAL` is safe against a crash of the process, `FULL` also
against a power cut (https://sqlite.org/pragma.html#pragma_synchronous); each transaction says which it needs.

aiosqlite does not cancel SQL when its awaiter is cancelled, so a transaction always runs to its end, in a task of its
own; its caller may be cancelled meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from .errors import DatabaseDamagedError, StorageUnavailableError, StoreError
from .migrations import check_owner, migrate, pragma
from .uncancelled import Uncancelled

__all__ = ["Database", "Statement"]

Statement = tuple[str, Sequence[Sequence[Any]]]
"""SQL and the rows of parameters it is executed with."""

_PAGE_BYTES = 16_384  # chunks are blobs of tens of kB: 16 KiB pages store a flood faster than 4 KiB ones (measured)
_BUSY_TIMEOUT_S = 1.0
_WAL_KEPT_BYTES = 64 << 20

logger = logging.getLogger(__name__)

# Its DEBUG log prints bound data: what people typed and saw.
logging.getLogger("aiosqlite").setLevel(logging.INFO)


class Database:
    """The store's file. Safe to share between tasks of one event loop; `open` makes one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = asyncio.Lock()
        self._transactions = Uncancelled()
        self._writer: aiosqlite.Connection
        self._reader: aiosqlite.Connection
        self._file: tuple[int, int] | None = None
        self._synchronous = ""
        self._is_connected = False

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open the file, or make it, 0600; bring an older schema up to date.

        Raises:
            StorageUnavailableError: it cannot be opened or written now.
            DatabaseDamagedError: it is not a database, or damaged.
            SchemaError: it belongs to another program, or to a newer version.
        """
        database = cls(path)
        with _translated(path):
            await database._connect()
        return database

    async def write(self, statements: Sequence[Statement], *, durable: bool) -> None:
        """Execute the statements in one transaction; when this returns, it is committed.

        Args:
            statements: each with rows of parameters.
            durable: whether it must survive a power cut, with everything committed before.

        Raises:
            StorageUnavailableError: nothing of it was written.
            DatabaseDamagedError: nothing of it was written.
        """
        await self._transactions.run(self._transact(statements, durable=durable))

    async def sync(self, now: float) -> None:
        """Make all that was committed survive a power cut. Raises as `write` does."""
        sql = "INSERT INTO sync_point VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
        await self.write([(sql, [(now,)])], durable=True)

    async def fetch(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return all rows of one query, made on the reading connection. Raises as `write` does."""
        with _translated(self.path):
            return list(await self._reader.execute_fetchall(sql, parameters))

    async def reclaim(self, pages: int) -> int:
        """Give at most `pages` unused pages back to the file system; return how many are left unused."""
        async with self._write_lock:
            with _translated(self.path):
                # Not `execute`: this PRAGMA makes a row without columns for each page, and sqlite3 stops at the first.
                await self._writer.executescript(f"PRAGMA incremental_vacuum({pages:d})")
                return await pragma(self._writer, "freelist_count")

    async def close(self) -> None:
        """Finish what is running, checkpoint and close. The writer last: the last one out checkpoints."""
        await self._transactions.settle()
        with suppress(sqlite3.Error):
            await self._reader.close()
        with suppress(sqlite3.Error):
            await self._writer.close()

    async def _connect(self) -> None:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._writer = await aiosqlite.connect(self.path, timeout=_BUSY_TIMEOUT_S)
        try:
            await check_owner(self._writer, self.path)
            await self._writer.executescript(
                # The first two only count for an empty file, and before its first table.
                f"PRAGMA page_size = {_PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL;"
                f"PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = {_WAL_KEPT_BYTES};"
            )
            await migrate(self._writer)
            self._reader = await aiosqlite.connect(self.path, timeout=_BUSY_TIMEOUT_S)
        except BaseException:
            await self._writer.close()
            raise
        await self._reader.executescript("PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0;")
        self._file = _identity(self.path)
        self._synchronous = ""
        self._is_connected = True

    async def _transact(self, statements: Sequence[Statement], *, durable: bool) -> None:
        async with self._write_lock:
            with _translated(self.path):
                await self._ensure_in_place()
                await self._set_synchronous("FULL" if durable else "NORMAL")
                try:
                    for sql, rows in statements:
                        await self._writer.executemany(sql, rows)
                    await self._writer.commit()
                except BaseException:
                    with suppress(sqlite3.Error):
                        await self._writer.rollback()
                    raise

    async def _set_synchronous(self, level: str) -> None:
        if level != self._synchronous:  # a thread hop less for each commit of a flood
            await self._writer.execute(f"PRAGMA synchronous = {level}")
            self._synchronous = level

    async def _ensure_in_place(self) -> None:
        """Do not write into a file that nobody will find again; SQLite itself does not notice that it was removed.

        The connection still has everything, so the file is made again from it.
        """
        if not self._is_connected:
            await self._connect()
        found = _identity(self.path)
        if found == self._file:
            return
        if found is not None:
            raise StorageUnavailableError(f"{self.path} was replaced while in use; put it back, or restart the daemon")
        draft = self.path.with_name(f"{self.path.name}.rebuilt")
        draft.unlink(missing_ok=True)
        await self._writer.execute("VACUUM INTO ?", (str(draft),))
        draft.chmod(0o600)
        self._is_connected = False
        await self._reader.close()
        await self._writer.close()
        for suffix in ("-wal", "-shm"):  # those of the removed file: SQLite would apply them to the new one
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        draft.replace(self.path)
        await self._connect()
        logger.warning("%s was removed while in use; it was made again with all that was in it", self.path)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode, or None where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn what `sqlite3` raises into the errors of the store."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error
    except OSError as error:
        raise StorageUnavailableError(f"cannot use {path}: {error.strerror}") from error
    except ValueError as error:  # aiosqlite's word for a closed connection
        raise StorageUnavailableError(f"{path} is closed") from error


def _translate(error: sqlite3.Error, path: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary result code
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return DatabaseDamagedError(
            f"{path} is damaged or not a database ({error}); nothing of it was changed: "
            "move it away to start with an empty one, or restore a copy"
        )
    return StorageUnavailableError(f"cannot use {path}: {error}")

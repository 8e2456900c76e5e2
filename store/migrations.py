"""Schema versions: the numbered files of `schema/`, applied in order, each in one transaction with its number."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import aiosqlite

from .errors import SchemaError

__all__ = ["available", "check_owner", "migrate", "pragma"]

_APPLICATION_ID = 0x486F6C64  # "Hold"; file(1) shows it
_NAME = re.compile(r"(\d{4})_\w+\.sql")


async def check_owner(connection: aiosqlite.Connection, path: Path) -> None:
    """Refuse the database of another program, or of a newer version, before anything of it is changed.

    Raises:
        SchemaError: it is one.
    """
    version = await pragma(connection, "user_version")
    ((tables,),) = await connection.execute_fetchall("SELECT count(*) FROM sqlite_master")
    is_ours = await pragma(connection, "application_id") == _APPLICATION_ID
    if not is_ours and (tables or version):
        raise SchemaError(f"{path} is the database of another program; move it away, or use another data folder")
    if version > (newest := max(available())):
        raise SchemaError(
            f"{path} was written by a newer version (schema {version}, this one knows {newest}): "
            "install that version again, or use another data folder"
        )
    if tables and not version:  # the tables and the number of the first schema are written together
        raise SchemaError(f"{path} has tables but no schema version; move it away, or restore a copy")


async def migrate(connection: aiosqlite.Connection) -> None:
    """Apply what the database has not seen. One that fails leaves the version before it.

    Raises:
        sqlite3.Error: a migration failed.
    """
    migrations = available()
    for number in range(await pragma(connection, "user_version") + 1, max(migrations) + 1):
        try:
            await connection.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id = {_APPLICATION_ID};"
                f"{migrations[number]} PRAGMA user_version = {number}; COMMIT;"
            )
        except BaseException:
            await connection.rollback()
            raise


def available() -> dict[int, str]:
    """Return the SQL of each schema version by its number, from 1 without a gap."""
    folder = resources.files(__package__ or "").joinpath("schema")
    names = {entry.name: entry for entry in folder.iterdir()}
    matches = [match for match in map(_NAME.fullmatch, names) if match]
    return {int(match[1]): names[match[0]].read_text(encoding="utf-8") for match in matches}


async def pragma(connection: aiosqlite.Connection, name: str) -> int:
    """Return the number that a PRAGMA answers."""
    ((number,),) = await connection.execute_fetchall(f"PRAGMA {name}")
    return int(number)

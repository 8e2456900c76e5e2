"""The user's `config.toml`: one file with a table for each part, typed, with every mistake named by its key.

Each part describes its own tables as dataclasses (`holdfast.daemon.config`, `holdfast.client.settings`) and reads them
from here; this module knows only the names of the tables, so that a mistyped one is not silently ignored.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

from .errors import ConfigError
from .typed import build

__all__ = ["TABLES", "load_tables", "read_table"]

TABLES = ("daemon", "session", "store", "client")

T = TypeVar("T")


def load_tables(path: Path) -> dict[str, dict[str, object]]:
    """Read the file; a missing one is an empty one.

    Raises:
        ConfigError: it cannot be read, is not TOML (with the line), or has an unknown table.
    """
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    for name, table in tables.items():
        if name not in TABLES:
            raise ConfigError(f"{path}: unknown table or key {name!r}; tables are {', '.join(TABLES)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} must be a table, as in [{name}]")
    return tables


def read_table(cls: type[T], tables: dict[str, dict[str, object]], name: str, path: Path) -> T:
    """Make a `cls` of one table. Raises ConfigError, which names file and key."""
    try:
        return build(cls, tables.get(name, {}), strict=True, where=f"{name}.")
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None

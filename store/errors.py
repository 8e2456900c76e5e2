"""The errors of the store, drawn once.

    StoreError
    ├── StorageUnavailableError    disk full, locked, I/O error: nothing is lost, the same call may work later
    ├── DatabaseDamagedError       the file is not a database, or its pages are damaged; nothing of it is deleted
    ├── SchemaError                the database was made by a version that this one cannot work with
    ├── GapError                   the offsets [first_offset, end_offset) cannot be read; those around them can
    │   └── CorruptChunkError      because a stored chunk is damaged or missing
    └── HotTailError               a hot tail's file cannot be used and must be replaced

`sqlite3` errors do not leave `holdfast.store.database`, `zstandard` errors not `holdfast.store.chunks`.
"""

from __future__ import annotations

__all__ = [
    "CorruptChunkError",
    "DatabaseDamagedError",
    "GapError",
    "HotTailError",
    "SchemaError",
    "StorageUnavailableError",
    "StoreError",
]


class StoreError(Exception):
    """Root of the tree. Its text is meant for the user: what is wrong, and what to do."""


class StorageUnavailableError(StoreError):
    """The store cannot write or read now; the caller keeps its data and tries again."""


class DatabaseDamagedError(StoreError):
    """The database file is damaged or is something else; it is left as it is."""


class SchemaError(StoreError):
    """The database belongs to another version; the text says what to do."""


class GapError(StoreError):
    """A part of a session's log cannot be read; a reader goes on at `end_offset`.

    Attributes:
        session_id: whose log.
        first_offset: first byte that cannot be read.
        end_offset: where reading can go on.
    """

    reason = "was trimmed"

    def __init__(self, session_id: str, first_offset: int, end_offset: int) -> None:
        super().__init__(f"output of session {session_id} from byte {first_offset} to {end_offset} {self.reason}")
        self.session_id = session_id
        self.first_offset = first_offset
        self.end_offset = end_offset


class CorruptChunkError(GapError):
    """The gap is damage, not trimming."""

    reason = "is damaged or missing in the store"


class HotTailError(StoreError):
    """The ring file is foreign, torn or from another boot."""

"""Sessions in the database: one row each, read and written whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from .chunk_table import ChunkTable
from .database import Database

__all__ = ["SessionRecord", "SessionRecords", "SessionState"]

SessionState = Literal["running", "dead", "ended", "expired"]

_COLUMNS = (
    "session_id, name, argv, cwd, cols, rows, created_at, last_activity_at, pid, pid_started, boot_id, state, "
    "exit_code, exit_signal, ended_at, end_reason, linger_s, idle_expiry_s, previous_session_id"
)
_MARKS = ", ".join("?" * len(_COLUMNS.split(", ")))


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What is stored of a session beside its output.

    Attributes:
        session_id: UUID4.
        name: given by the user.
        argv: the command.
        cwd: working directory it was started in, or last known.
        cols: width of the terminal, in cells.
        rows: height.
        created_at: times are in seconds since the epoch.
        last_activity_at: last output, input or client.
        pid: of the child; None before it was started.
        pid_started: when it was, in seconds after boot, so that a reused pid does not pass.
        boot_id: of the machine's boot.
        state: `dead` is a process that was gone when somebody looked.
        exit_code: of a child that exited.
        exit_signal: of a child that was killed.
        ended_at: when it ended; None while it runs.
        end_reason: machine-readable.
        linger_s: seconds without a client after which it ends; None: never.
        idle_expiry_s: seconds without activity after which it expires; None: never.
        previous_session_id: the session whose place it took.
    """

    session_id: str
    name: str
    argv: tuple[str, ...]
    cwd: str
    cols: int
    rows: int
    created_at: float
    last_activity_at: float
    pid: int | None
    pid_started: float | None
    boot_id: str
    state: SessionState
    exit_code: int | None = None
    exit_signal: int | None = None
    ended_at: float | None = None
    end_reason: str | None = None
    linger_s: float | None = None
    idle_expiry_s: float | None = None
    previous_session_id: str | None = None


class SessionRecords:
    """The table of sessions. All methods raise what `Database` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, record: SessionRecord) -> None:
        """Add a session."""
        sql = f"INSERT INTO sessions ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608  # constants only
        await self._database.write([(sql, [_to_row(record)])], durable=True)

    async def update(self, record: SessionRecord) -> None:
        """Replace the whole row of a session; nothing happens where it has none."""
        sql = f"UPDATE sessions SET ({_COLUMNS}) = ({_MARKS}) WHERE session_id = ?"  # noqa: S608  # constants only
        await self._database.write([(sql, [(*_to_row(record), record.session_id)])], durable=True)

    async def get(self, session_id: str) -> SessionRecord | None:
        """Return one session."""
        rows = await self._database.fetch(f"SELECT {_COLUMNS} FROM sessions WHERE session_id = ?", (session_id,))  # noqa: S608  # constants only
        return _from_row(rows[0]) if rows else None

    async def list(self) -> list[SessionRecord]:
        """Return all sessions, the oldest first."""
        rows = await self._database.fetch(f"SELECT {_COLUMNS} FROM sessions ORDER BY created_at")  # noqa: S608  # constants only
        return [_from_row(row) for row in rows]

    async def delete(self, *session_ids: str) -> None:
        """Remove sessions with their chunks and resizes. Their logs must be closed: a flush would store more."""
        keys = [(session_id,) for session_id in session_ids]
        record = ("DELETE FROM sessions WHERE session_id = ?", keys)
        await self._database.write([record, *ChunkTable.delete(session_ids)], durable=True)


def _to_row(record: SessionRecord) -> tuple[Any, ...]:
    values = [getattr(record, column) for column in _COLUMNS.split(", ")]
    values[2] = json.dumps(record.argv)
    return tuple(values)


def _from_row(row: tuple[Any, ...]) -> SessionRecord:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return SessionRecord(**{**values, "argv": tuple(json.loads(values["argv"]))})

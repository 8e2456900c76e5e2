"""Checkpoints of screens in the database: bytes at an offset; what is in them is the emulator's business."""

from __future__ import annotations

from typing import NamedTuple

from .chunks import checksum
from .database import Database, Statement

__all__ = ["Checkpoint", "CheckpointPlace", "CheckpointTable"]

_TRIES = 4
"""Checkpoints looked at where the first ones are damaged."""


class Checkpoint(NamedTuple):
    """A screen's state behind `offset` bytes of output.

    Attributes:
        offset: bytes of output behind it.
        first_line: number of the oldest line in it.
        end_line: number behind the last line that was begun.
        blob: for the emulator.
    """

    offset: int
    first_line: int
    end_line: int
    blob: bytes


class CheckpointPlace(NamedTuple):
    """Where a checkpoint is: as in `Checkpoint`."""

    offset: int
    first_line: int
    end_line: int


class CheckpointTable:
    """Checkpoints of all sessions. All methods raise what `Database` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, session_id: str, checkpoint: Checkpoint, *, replaces_after: int) -> None:
        """Store one, unsynced, as it can be made again; those behind `replaces_after` and before it go."""
        statements: list[Statement] = [
            (
                "DELETE FROM checkpoints WHERE session_id = ? AND at_offset > ? AND at_offset < ?",
                [(session_id, replaces_after, checkpoint.offset)],
            ),
            (
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)",
                [(session_id, *checkpoint[:3], checksum(checkpoint.blob), checkpoint.blob)],
            ),
        ]
        await self._database.write(statements, durable=False)

    async def forget_after(self, session_id: str, tail: int) -> None:
        """Delete those of output that was lost: its offsets will be used again."""
        if (last := await self.last_offset(session_id)) is not None and last > tail:
            sql = "DELETE FROM checkpoints WHERE session_id = ? AND at_offset > ?"
            await self._database.write([(sql, [(session_id, tail)])], durable=False)

    async def latest(self, session_id: str, first: int, last: int) -> Checkpoint | None:
        """Return the last one with an offset in [first, last], or None."""
        return await self._find(session_id, "at_offset BETWEEN ? AND ?", (first, last))

    async def before_line(self, session_id: str, first: int, line: int) -> Checkpoint | None:
        """Return the last one from offset `first` on that was made before line `line` was begun, or None."""
        return await self._find(session_id, "at_offset >= ? AND end_line <= ?", (first, line))

    async def oldest(self, session_id: str, first: int) -> Checkpoint | None:
        """Return the first one from offset `first` on, or None."""
        return await self._find(session_id, "at_offset >= ?", (first,), order="ASC")

    async def places(self, session_id: str, first: int, last: int) -> list[CheckpointPlace]:
        """Return where there are any with an offset in [first, last], in order; they need not be sound."""
        sql = """SELECT at_offset, first_line, end_line FROM checkpoints
                 WHERE session_id = ? AND at_offset BETWEEN ? AND ? ORDER BY at_offset"""
        return [CheckpointPlace(*row) for row in await self._database.fetch(sql, (session_id, first, last))]

    async def last_offset(self, session_id: str) -> int | None:
        """Return where the last one is, or None where there is none."""
        sql = "SELECT max(at_offset) FROM checkpoints WHERE session_id = ?"
        ((last,),) = await self._database.fetch(sql, (session_id,))
        return None if last is None else int(last)

    async def last_offsets(self) -> dict[str, int]:
        """Return where the last one is, by session."""
        rows = await self._database.fetch("SELECT session_id, max(at_offset) FROM checkpoints GROUP BY session_id")
        return dict(rows)

    async def _find(
        self, session_id: str, condition: str, values: tuple[int, ...], *, order: str = "DESC"
    ) -> Checkpoint | None:
        """Return the first that is sound; a damaged one is passed over."""
        sql = f"""SELECT at_offset, first_line, end_line, blob, crc32 FROM checkpoints
                  WHERE session_id = ? AND {condition} ORDER BY at_offset {order} LIMIT {_TRIES}"""  # noqa: S608  # constants only
        for *columns, crc32 in await self._database.fetch(sql, (session_id, *values)):
            found = Checkpoint(*columns)
            if checksum(found.blob) == crc32:
                return found
        return None

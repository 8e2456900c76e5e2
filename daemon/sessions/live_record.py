"""A running session's row: changed in memory as things happen, written to the store when that is worth a write."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import suppress

from ...store.errors import StoreError
from ...store.session_records import SessionRecord, SessionRecords

__all__ = ["LiveRecord"]

_SAVE_DELAY_S = 1.0
"""A changed folder is written down this much later: one write for a script that changes it a thousand times."""

_ACTIVITY_STEP_S = 1.0


class LiveRecord:
    """One row.

    Attributes:
        now: as it is; replaced by each change, never changed in place.
    """

    def __init__(self, record: SessionRecord, records: SessionRecords) -> None:
        self.now = record
        self._records = records
        self._dirty = False
        self._timer: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None

    def change(self, **changes: object) -> None:
        """Set fields, by name; saved with the next save."""
        self.now = dataclasses.replace(self.now, **changes)  # type: ignore[arg-type]  # replace checks the names
        self._dirty = True

    def note_activity(self, at: float) -> None:
        """Something happened at `at`, seconds since the epoch. Hot path: one new row a second at most."""
        if at - self.now.last_activity_at >= _ACTIVITY_STEP_S:
            self.change(last_activity_at=at)

    def save_soon(self) -> None:
        """Save within a second or so, in the background."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SAVE_DELAY_S, self._save_in_background)

    def _save_in_background(self) -> None:
        self._timer = None
        self._saving = asyncio.get_running_loop().create_task(self._try_to_save())

    async def _try_to_save(self) -> None:
        with suppress(StoreError):  # it stays unsaved: housekeeping tries again
            await self.save()

    async def save(self) -> None:
        """Write it to the store where it has changed. Raises StoreError; then it is tried again with the next save."""
        if self._dirty:
            self._dirty = False
            try:
                await self._records.update(self.now)
            except StoreError:
                self._dirty = True
                raise

    async def settle(self) -> None:
        """Save no more in the background; what is on its way is waited for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._saving is not None:
            await self._saving

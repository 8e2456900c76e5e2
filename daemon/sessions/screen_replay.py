"""A screen that is brought along a session's output: from a checkpoint, over bytes and resizes, to any offset.

One way for all: the mirror of a running session, and the lines of any. On its way it stores a checkpoint every few MB,
so that the next one has a short way, however long the history.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from ...store.checkpoint_table import Checkpoint, CheckpointTable
from ...store.chunk_table import Resize
from ...store.chunks import Chunk
from ...store.errors import GapError
from ..screens.link import RemoteScreen, ScreenCrashedError, ScreensProcess

__all__ = ["CHECKPOINT_BYTES", "Recorded", "ScreenReplay"]

logger = logging.getLogger(__name__)

CHECKPOINT_BYTES = 4 << 20
"""Output between checkpoints: 60 to 100 ms of the emulator's time at most, and 20 kB for 300 kB of packed output."""

_SLICE_BYTES = 256 * 1024
"""Fed in one go: some 5 ms, after which another session's screen has its turn."""

_BATCH_BYTES = 128 * 1024
"""Stored bytes fetched by one query: 1 to 2 MB of listing."""


class Recorded(Protocol):
    """The log of a session, running or ended."""

    session_id: str

    @property
    def head(self) -> int: ...  # noqa: D102  # described in LogReader
    @property
    def tail(self) -> int: ...  # noqa: D102  # described in LogReader
    def read_hot(self, offset: int, limit: int, /) -> bytes | None: ...  # noqa: D102  # described in LogReader
    async def read_stored(self, offset: int, limit: int, /) -> Sequence[Chunk]: ...  # noqa: D102  # as above
    async def resizes(self, start: int, stop: int, /) -> Sequence[Resize]: ...  # noqa: D102  # as above


class ScreenReplay:
    """One screen on its way. Made by `load` and its like; all methods raise ScreenError and StoreError.

    Attributes:
        screen: as it is behind `offset` bytes of output.
        last_checkpoint: offset of the last one that is stored, or where it began.
    """

    def __init__(
        self, log: Recorded, checkpoints: CheckpointTable, screen: RemoteScreen, resizes: Sequence[Resize]
    ) -> None:
        self.screen = screen
        self._log = log
        self._checkpoints = checkpoints
        # One at the very offset may not be in the checkpoint; the same size again changes nothing.
        self._resizes = deque(one for one in resizes if one.offset >= screen.offset)
        self._grid = screen.offset  # where the last checkpoint is that stays
        self.last_checkpoint = screen.offset
        self._stored: deque[Chunk] = deque()  # fetched, not fed yet

    @classmethod
    async def load(
        cls, log: Recorded, checkpoints: CheckpointTable, process: ScreensProcess, *, offset: int
    ) -> ScreenReplay:
        """Begin at the last checkpoint up to `offset`, or where the log begins."""
        saved = await checkpoints.latest(log.session_id, log.head, offset)
        return await cls._begin(log, checkpoints, process, saved)

    @classmethod
    async def load_for_line(
        cls, log: Recorded, checkpoints: CheckpointTable, process: ScreensProcess, *, line: int
    ) -> ScreenReplay:
        """Begin where line `line` was not begun yet; where that is not kept, with the oldest checkpoint there is."""
        saved = await checkpoints.before_line(log.session_id, log.head, line)
        if saved is None and log.head:  # lines are counted from the session's start, of which nothing else knows
            saved = await checkpoints.oldest(log.session_id, log.head)
        return await cls._begin(log, checkpoints, process, saved)

    @classmethod
    async def _begin(
        cls, log: Recorded, checkpoints: CheckpointTable, process: ScreensProcess, saved: Checkpoint | None
    ) -> ScreenReplay:
        # Before there is a screen, which nobody would free where this fails, or is cancelled.
        resizes = await log.resizes(0, log.tail + 1)
        last = await checkpoints.last_offset(log.session_id) or 0
        screen = None if saved is None else await cls._loaded(log, checkpoints, process, saved)
        if screen is None:
            last = 0 if saved is not None else last
            screen = await cls._blank(log, process, resizes)
        replay = cls(log, checkpoints, screen, resizes)
        replay._grid = replay.last_checkpoint = max(screen.offset, last)
        return replay

    @staticmethod
    async def _loaded(
        log: Recorded, checkpoints: CheckpointTable, process: ScreensProcess, saved: Checkpoint
    ) -> RemoteScreen | None:
        """Return the screen of a checkpoint; None where it is of another emulator, and so are the others of its log."""
        try:
            return await process.load(saved.blob)
        except ScreenCrashedError as error:
            logger.warning("session %s: its screens are made again from its output: %s", log.session_id, error)
            await checkpoints.forget_after(log.session_id, -1)
            return None

    @staticmethod
    async def _blank(log: Recorded, process: ScreensProcess, resizes: Sequence[Resize]) -> RemoteScreen:
        head = log.head
        size = next((one for one in reversed(resizes) if one.offset <= head), Resize(head, 0.0, 80, 24))
        screen = await process.blank(size.cols, size.rows)
        try:
            await screen.skip(head)
        except BaseException:
            screen.drop()
            raise
        return screen

    @property
    def offset(self) -> int:
        """Bytes of output behind it."""
        return self.screen.offset

    def resized(self, resize: Resize) -> None:
        """The terminal has another size from an offset on that is not reached yet."""
        self._resizes.append(resize)

    def is_at(self, offset: int) -> bool:
        """Whether it has reached `offset`, with every resize up to there."""
        return self.offset >= offset and not (self._resizes and self._resizes[0].offset <= offset)

    async def step(self, target: int) -> None:
        """Go a slice further: to the next resize, checkpoint, or `target`, the offset where to stop."""
        if self._resizes and self._resizes[0].offset <= self.offset:
            resize = self._resizes.popleft()
            await self.screen.resize(resize.cols, resize.rows)
            return
        due = self._grid + CHECKPOINT_BYTES
        stop = min(target, self._resizes[0].offset) if self._resizes else target
        if self.offset < due:
            stop = min(stop, due)
        hot = None if self._stored else self._log.read_hot(self.offset, min(_SLICE_BYTES, stop - self.offset))
        if hot is not None:
            await self.screen.feed(hot)
        else:
            await self._feed_stored(stop)
        if self.offset == due:
            await self.save()
            self._grid = due

    async def reach(self, target: int) -> None:
        """Go to `target`."""
        while not self.is_at(target):
            await self.step(target)

    async def save(self) -> None:
        """Store a checkpoint of now, in place of any that was made since the last regular one."""
        made = await self.screen.checkpoint()
        checkpoint = Checkpoint(made.offset, made.first_line, made.end_line, made.data)
        await self._checkpoints.put(self._log.session_id, checkpoint, replaces_after=self._grid)
        self.last_checkpoint = made.offset

    async def _feed_stored(self, stop: int) -> None:
        """Feed from one stored chunk; the next ones are kept for the next steps."""
        while self._stored and self._stored[0].end_offset <= self.offset:
            self._stored.popleft()
        if not self._stored:
            try:
                self._stored.extend(await self._log.read_stored(self.offset, _BATCH_BYTES))
            except GapError as gap:
                await self.screen.skip(gap.end_offset)
                return
            if not self._stored:  # it has come back into memory
                return
        chunk = self._stored[0]
        if chunk.first_offset > self.offset:  # trimmed, or lost
            await self.screen.skip(min(chunk.first_offset, stop))
            return
        end = min(chunk.end_offset, stop)
        await self.screen.feed_chunk(chunk, self.offset - chunk.first_offset, end - chunk.first_offset)

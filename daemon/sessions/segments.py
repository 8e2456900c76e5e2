"""History in stretches that can be rendered each by itself: from one checkpoint to the next, and on to the tail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from ...store.checkpoint_table import CheckpointPlace, CheckpointTable
from ..screens.link import ScreensProcess, Text
from .screen_replay import Recorded, ScreenReplay
from .text_cache import Block, Blocks

__all__ = ["Rendering", "Segment", "segments"]

_ALL_LINES = 1 << 53
_STEP_BYTES = 256 * 1024
_OVERLAP_ROWS = 4096
"""Behind the last row: of a line that goes on, as much is looked at; a row has one character at least."""


class Segment(NamedTuple):
    """A stretch of history.

    Attributes:
        start: offset of a checkpoint, or where the log begins.
        stop: offset of the next one; None: the tail.
        first_line: number of the first row that is in it and not in the one before.
        end_line: number behind the last one; None: of the tail, not known.
    """

    start: int
    stop: int | None
    first_line: int
    end_line: int | None


def segments(places: Sequence[CheckpointPlace], head: int) -> list[Segment]:
    """Return all segments that can be had, oldest first; the last one is the tail's. Pure.

    A segment has the rows that are dropped from the emulator's memory on the way: those are final, whatever size the
    terminal gets.

    Args:
        places: of checkpoints from the head on, in order.
        head: where the log begins; if it is not 0, rows are known from the first checkpoint on.
    """
    start, first_line = head, 0
    if head and places:
        start, first_line, _ = places[0]
    found = []
    for offset, line, _ in places:
        if line > first_line:
            found.append(Segment(start, offset, first_line, line))
        if offset > start:
            start, first_line = offset, line
    return [*found, Segment(start, None, first_line, None)]


class Rendering:
    """A segment that becomes text, step by step."""

    def __init__(self, replay: ScreenReplay | None, segment: Segment, stop: int) -> None:
        """Use `begin`."""
        self._replay = replay
        self._segment = segment
        self._stop = stop
        self._end_line = _ALL_LINES if segment.end_line is None else segment.end_line
        self._blocks: list[Block] = []
        self._next_line = segment.first_line

    @classmethod
    async def begin(
        cls, log: Recorded, checkpoints: CheckpointTable, process: ScreensProcess, segment: Segment, stop: int
    ) -> Self:
        """Begin with a segment that ends at offset `stop`. Raises ScreenError, StoreError."""
        replay = await ScreenReplay.load(log, checkpoints, process, offset=segment.start)
        try:
            is_elsewhere = replay.offset > segment.start or 0 < replay.offset == log.head != segment.start
            if is_elsewhere:  # trimmed meanwhile, or damaged; its rows cannot be counted from there
                replay.screen.drop()
                return cls(None, segment, stop)
            end_line = _ALL_LINES if segment.end_line is None else segment.end_line + _OVERLAP_ROWS
            await replay.screen.collect(segment.first_line, end_line, styled=False, exact=False)
        except BaseException:
            replay.screen.drop()
            raise
        return cls(replay, segment, stop)

    async def step(self) -> Blocks | None:
        """Go on for some hundredths of a second; return the text when it is done. Raises ScreenError, StoreError."""
        replay = self._replay
        if replay is None:
            return tuple(self._blocks)
        # A resize right behind the last byte is the next segment's: the tail's own, where there is no next one.
        is_done = replay.is_at(self._stop) if self._segment.stop is None else replay.offset >= self._stop
        if is_done:
            self._add(await replay.screen.finish_text(self._end_line))
            self.drop()
            return tuple(self._blocks)
        await replay.step(min(self._stop, replay.offset + _STEP_BYTES))
        self._add(await replay.screen.take_text(self._end_line))
        return None

    def drop(self) -> None:
        """Free its screen. It cannot go on then."""
        if self._replay is not None:
            self._replay.screen.drop()
            self._replay = None

    def _add(self, text: Text) -> None:
        if text.row_count:
            self._blocks.append(Block(self._next_line, text.end_line, text.data))
            self._next_line = text.end_line

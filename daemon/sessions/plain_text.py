"""Everything that a session showed, as text: rows joined where they wrap, a line feed behind every line.

Made in one pass from the oldest byte kept, on a screen that is blank there. While its reader stalls the screen is put
aside, as bytes, so that nobody else waits for its turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from ...store.checkpoint_table import Checkpoint, CheckpointTable
from ..screens.link import Row, ScreenCrashedError, ScreenError, ScreenLostError, ScreensProcess
from .refusals import NoScreenError, refusals
from .screen_replay import Recorded, ScreenReplay
from .turns import Turns

__all__ = ["PlainText"]

logger = logging.getLogger(__name__)

_STEP_BYTES = 64 * 1024
"""Rendered in one go: some 20 ms, after which others have their turn; the text is about as long."""

_STALL_S = 5.0
_FAILURES = 2
"""The emulator failed so often without progress in between: once the cause may lie in other output."""

_ALL_LINES = 1 << 53


class _Pass(ScreenReplay):
    """A replay from the oldest byte kept. Where history was trimmed, it counts its lines from there."""

    @classmethod
    async def begin(
        cls, log: Recorded, checkpoints: CheckpointTable, process: ScreensProcess, aside: Checkpoint | None
    ) -> ScreenReplay:
        """Begin with a blank screen, or one that was put aside."""
        return await cls._begin(log, checkpoints, process, aside)

    async def save(self) -> None:
        """Store nothing: its lines have other numbers than those of checkpoints."""


class PlainText:
    """The text of one session, up to what is printed when this is made.

    Attributes:
        offset: of the first byte of output that is in it.
    """

    def __init__(self, log: Recorded, checkpoints: CheckpointTable, process: ScreensProcess, turns: Turns) -> None:
        self.offset = log.head
        self._log = log
        self._tail = log.tail
        self._checkpoints = checkpoints
        self._process = process
        self._turns = turns
        self._has_turn = False
        self._replay: ScreenReplay | None = None
        self._aside: Checkpoint | None = None
        self._next_line = 0
        self._in_line = False
        self._failures = 0
        self._is_done = False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Iterate over the text, in UTF-8. To be closed where it is not read to its end.

        Raises:
            NoScreenError: there is no emulator, or it failed.
            RefusedError: `limit`: too many readers wait already; `storage`.
        """
        stall: asyncio.Task[None] | None = None
        try:
            while not self._is_done:
                with refusals():
                    text = self._joined(await self._rows())
                if text:
                    stall = asyncio.get_running_loop().create_task(self._put_aside())
                    yield text
                    stall.cancel()
                    await asyncio.gather(stall, return_exceptions=True)
            if self._in_line:
                yield b"\n"
        except NoScreenError as error:
            if self._next_line:  # too late for the reader to be told
                logger.warning("session %s: its text ends too early: %s", self._log.session_id, error)
            raise
        finally:
            if stall is not None:
                stall.cancel()
            self._let_go()

    async def _put_aside(self) -> None:
        """Let the screen go, unless the reader comes back soon, and keep what makes it again."""
        await asyncio.sleep(_STALL_S)
        if self._replay is not None:
            with suppress(ScreenError):
                made = await self._replay.screen.checkpoint()
                self._aside = Checkpoint(made.offset, made.first_line, made.end_line, made.data)
        self._let_go()

    def _let_go(self) -> None:
        if self._replay is not None:
            self._replay.screen.drop()
            self._replay = None
        if self._has_turn:
            self._has_turn = False
            self._turns.give()

    async def _rows(self) -> Sequence[Row]:
        """Return the next rows, if there are any in the next piece of output."""
        try:
            rows = await self._step(self._replay or await self._begin())
        except (ScreenLostError, ScreenCrashedError):
            self._let_go()
            self._failures += 1
            if self._failures == _FAILURES:
                raise
            return ()
        if rows:
            self._failures = 0
            self._next_line = rows[-1].line + 1
        return rows

    async def _begin(self) -> ScreenReplay:
        if self._next_line and self._aside is None and self._log.head != self.offset:
            raise ScreenLostError("its beginning was trimmed meanwhile")  # and its lines cannot be counted any more
        await self._turns.take()
        self._has_turn = True
        self._replay = await _Pass.begin(self._log, self._checkpoints, self._process, self._aside)
        await self._replay.screen.collect(self._next_line, _ALL_LINES, styled=False, exact=False)
        return self._replay

    async def _step(self, replay: ScreenReplay) -> Sequence[Row]:
        if replay.is_at(self._tail):
            rows = await replay.screen.finish()
            self._is_done = True
            return rows
        await replay.step(min(self._tail, replay.offset + _STEP_BYTES))
        return await replay.screen.take()

    def _joined(self, rows: Sequence[Row]) -> bytes:
        if rows:
            self._in_line = rows[-1].wraps
        return b"".join(row.text if row.wraps else row.text + b"\n" for row in rows)

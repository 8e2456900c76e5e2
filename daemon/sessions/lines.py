"""Older lines of a session, rendered on demand: by their numbers, or all of them as text.

They are made off the hot path, in an emulator process of their own, so that no restore waits for them. It goes from a
checkpoint before the wanted lines over the output behind it, of sessions that run and of those that have ended.

A line is final once the emulator has dropped it. One that it still keeps may get another number when the width changes:
what is told are the numbers of now, which are those of a restore of now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from ...store.store import Store
from ...wire.errors import RefusedError
from ...wire.messages import MAX_SIDE_CELLS
from ..screens.link import Row, ScreenCrashedError, ScreenLostError, ScreensProcess
from .attachment import MirrorError, Restored
from .plain_text import PlainText
from .recorded import recorded
from .refusals import refusals
from .screen_replay import Recorded, ScreenReplay
from .session import Session
from .turns import Turns

__all__ = ["FoundLines", "LineReader"]

_IDLE_EXIT_S = 60.0
"""Who scrolls back asks again and again; a start costs a tenth of a second."""

_WAITING = 8
_TEXTS_AT_ONCE = 4

_MOST_TEXT_BYTES = 2 << 20
"""Of one answer: a client that is slow to read is closed when several MB wait for it."""

_MOST_END_LINES = 100
"""Kept, for who scrolls back in a session that is quiet: a tenth of a second of a request that takes two."""


class FoundLines(NamedTuple):
    """Lines.

    Attributes:
        first_line: number of the oldest line that can be had.
        end_line: number behind the last line of the screen.
        rows: consecutive ones.
    """

    first_line: int
    end_line: int
    rows: list[Row]


class _EndLine(NamedTuple):
    """Where the lines end, behind so many bytes of output and so many resizes."""

    tail: int
    resizes: int
    line: int


class LineReader:
    """Renders lines of all sessions of a store; `live` are those that run."""

    def __init__(self, store: Store, live: Mapping[str, Session]) -> None:
        self._store = store
        self._live = live
        self._process = ScreensProcess(idle_exit_s=_IDLE_EXIT_S)
        self._turns = Turns(at_once=1, waiting=_WAITING)
        self._text_turns = Turns(at_once=_TEXTS_AT_ONCE, waiting=_WAITING)
        self._end_lines: dict[str, _EndLine] = {}
        self._is_closed = False

    async def find(self, session_id: str, before: int | None, most: int, *, styled: bool) -> FoundLines:
        """Return the lines right before a line; fewer where their text is too long for one answer.

        Args:
            session_id: of a session that there is.
            before: number of the line behind the last one wanted; None: behind the last one of the screen.
            most: how many lines, at most.
            styled: with escape sequences for colours and links.

        Raises:
            NoScreenError: there is no emulator, or it failed.
            RefusedError: `limit`: too many wait already; `storage`; `stopping`.
        """
        async with self._turns:
            with refusals():
                if (live := self._live.get(session_id)) is not None:
                    with suppress(MirrorError):  # without its checkpoints the way is longer
                        await live.mirror.catch_up()
                log = await recorded(self._store, self._live, session_id)
                try:
                    return await self._find(log, before, most, styled=styled)
                except (ScreenLostError, ScreenCrashedError):  # the cause need not lie in this output
                    return await self._find(log, before, most, styled=styled)

    async def screen(self, session_id: str, lines: int = 0) -> Restored:
        """Return the screen of a session that runs, or as it was at its end.

        Args:
            session_id: whose.
            lines: of scrollback, at most.

        Raises:
            NoScreenError: there is no emulator, or it failed.
            RefusedError: `limit`: too many wait already; `storage`; `stopping`.
        """
        if (live := self._live.get(session_id)) is not None:
            with suppress(MirrorError):  # said below, with its reason
                return await live.restore(lines)
        async with self._turns:
            with refusals():
                self._check_open()
                log = await recorded(self._store, self._live, session_id)
                replay = await ScreenReplay.load(log, self._store.checkpoints, self._process, offset=log.tail)
                try:
                    await replay.reach(log.tail)
                    painted = await replay.screen.restore(lines)
                    return Restored(replay.offset, painted.data, painted.first_line)
                finally:
                    replay.screen.drop()

    async def text(self, session_id: str) -> PlainText:
        """Return everything that a session showed, as text, to be read bit by bit. Raises RefusedError `storage`."""
        self._check_open()
        with refusals():
            log = await recorded(self._store, self._live, session_id)
            return PlainText(log, self._store.checkpoints, self._process, self._text_turns)

    async def close(self) -> None:
        """The daemon stops: end the process, and with it what is under way."""
        self._is_closed = True
        await self._process.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise RefusedError("stopping", "the daemon stops; ask the next one")

    async def _find(self, log: Recorded, before: int | None, most: int, *, styled: bool) -> FoundLines:
        self._check_open()
        tail = log.tail
        first_line = await self._first_line(log)
        end_line = await self._end_line(log, tail)
        stop = end_line if before is None else min(before, end_line)
        start = max(first_line, stop - most)
        rows = await self._collect(log, tail, start, stop, styled=styled) if start < stop else []
        return FoundLines(first_line, end_line, rows)

    async def _first_line(self, log: Recorded) -> int:
        oldest = await self._store.checkpoints.oldest(log.session_id, log.head) if log.head else None
        return 0 if oldest is None else oldest.first_line

    async def _end_line(self, log: Recorded, tail: int) -> int:
        """Return the number behind the last line. From the last checkpoint it is a short way there."""
        resizes = len(await log.resizes(0, tail + 1))
        known = self._end_lines.get(log.session_id)
        if known is None or known[:2] != (tail, resizes):
            if len(self._end_lines) >= _MOST_END_LINES:
                self._end_lines.clear()
            known = _EndLine(tail, resizes, await self._found_end(log, tail))
            self._end_lines[log.session_id] = known
        return known.line

    async def _found_end(self, log: Recorded, tail: int) -> int:
        replay = await ScreenReplay.load(log, self._store.checkpoints, self._process, offset=tail)
        screen = replay.screen
        try:
            await replay.reach(tail)
            top = (await screen.restore(0)).first_line
            await screen.collect(top, top + MAX_SIDE_CELLS, styled=False)  # all rows of the screen
            rows = await screen.finish()
        finally:
            screen.drop()
        return rows[-1].line + 1 if rows else top

    async def _collect(self, log: Recorded, tail: int, start: int, stop: int, *, styled: bool) -> list[Row]:
        """Return the lines [start, stop), or the last of them, as soon as they are final."""
        replay = await ScreenReplay.load_for_line(log, self._store.checkpoints, self._process, line=start)
        screen = replay.screen
        found = _Rows()
        try:
            await screen.collect(start, stop, styled=styled)
            while not replay.is_at(tail):
                await replay.step(tail)
                found.add(await screen.take())
                if found.end_line >= stop:
                    return list(found.rows)
            found.add(await screen.finish())
            return list(found.rows)
        finally:
            screen.drop()


class _Rows:
    """Rows, of which the last ones are kept that fit into an answer."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque()
        self.end_line = 0
        self._text_bytes = 0

    def add(self, rows: list[Row]) -> None:
        """Add the next ones."""
        for row in rows:
            self.rows.append(row)
            self.end_line = row.line + 1
            self._text_bytes += len(row.text)
        while self._text_bytes > _MOST_TEXT_BYTES and len(self.rows) > 1:
            self._text_bytes -= len(self.rows.popleft().text)

"""Search over everything that a session ever printed, as rendered lines, newest first.

One call works for half a second at most and says where to go on. History is made into text once, segment by segment,
and that is kept, packed, for the next search or a refined one: 50 MB take seconds, then a fraction of one. Rendering
and searching are done in an emulator process of their own, in pieces of a few hundredths of a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple

from ...store.store import Store
from ...wire.errors import QueryError
from ..screens.link import (
    BadPatternError,
    Match,
    RemoteSearch,
    ScreenCrashedError,
    ScreenLostError,
    ScreensProcess,
    Wanted,
)
from .attachment import MirrorError
from .recorded import recorded
from .refusals import refusals
from .screen_replay import CHECKPOINT_BYTES, Recorded, ScreenReplay
from .segments import Rendering, Segment, segments
from .session import Session
from .text_cache import Blocks, Span, TextCache
from .turns import Turns

__all__ = ["FoundMatches", "Searcher", "Wanted"]

_WORK_S = 0.4
"""Of one call; a step that was begun is ended, which takes 0.05 s."""

_CACHE_BYTES = 64 << 20
"""Packed, for the whole daemon: some 600 MB of listings."""

_CACHE_S = 600.0
"""Nobody has searched for so long: what is kept goes."""

_ASIDE_S = 10.0
"""A stretch that was not done in one call waits so long for the next one."""

_MOST_ASIDE = 4
_IDLE_EXIT_S = 60.0
_WAITING = 8
_MOST_ENDS = 1000


class FoundMatches(NamedTuple):
    """What one call found.

    Attributes:
        matches: newest first.
        scanned_to: rows from this line on were looked at.
        next_before: go on before this line; None: all was looked at.
        first_line: number of the oldest line that can be had.
        end_line: number behind the last line; where that is not known yet, a higher one.
    """

    matches: list[Match]
    scanned_to: int
    next_before: int | None
    first_line: int
    end_line: int


class _Search:
    """One call, on its way."""

    def __init__(self, wanted: Wanted, before: int | None, most: int) -> None:
        self.wanted = wanted
        self.before = before
        self.most = most
        self.matches: list[Match] = []
        self.scanned_to: int | None = None
        self.end_line: int | None = None
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + _WORK_S

    @property
    def left_s(self) -> float:
        """Time left."""
        return max(0.0, self._until - self._loop.time())

    @property
    def is_over(self) -> bool:
        """Whether it has worked enough, or found enough."""
        return not self.left_s or len(self.matches) >= self.most

    def is_behind(self, first_line: int) -> bool:
        """Whether all rows from `first_line` on are out of the question."""
        return self.before is not None and first_line >= self.before


class Searcher:
    """Searches in all sessions of a store; `live` are those that run."""

    def __init__(self, store: Store, live: Mapping[str, Session]) -> None:
        self._store = store
        self._live = live
        self._process = ScreensProcess(idle_exit_s=_IDLE_EXIT_S)
        self._turns = Turns(at_once=1, waiting=_WAITING)
        self._cache = TextCache(_CACHE_BYTES)
        self._cache_timer: asyncio.TimerHandle | None = None
        self._aside: dict[Span, tuple[Rendering, asyncio.TimerHandle]] = {}
        self._end_lines: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()

    async def find(self, session_id: str, wanted: Wanted, before: int | None, most: int) -> FoundMatches:
        """Look for something, newest first, for half a second at most. Cancelled, it stops.

        Args:
            session_id: of a session that there is.
            wanted: what is looked for.
            before: number of the line behind the last one looked at; None: behind the last one of the screen.
            most: how many rows with matches, at most.

        Raises:
            QueryError: it is no regular expression that can be used.
            NoScreenError: there is no emulator, or it failed.
            RefusedError: `limit`: too many wait already; `storage`.
        """
        async with self._turns:
            try:
                with refusals():
                    await self._process.start()  # which may take as long as a call
                    if (live := self._live.get(session_id)) is not None:
                        with suppress(MirrorError):  # without its checkpoints it takes longer
                            await live.mirror.catch_up()
                    log = await recorded(self._store, self._live, session_id)
                    try:
                        return await self._find(log, _Search(wanted, before, most))
                    except (ScreenLostError, ScreenCrashedError):  # the cause need not lie in this output
                        return await self._find(log, _Search(wanted, before, most))
            except BadPatternError as error:
                raise QueryError(f"q is no regular expression that can be used: {error}") from None
            finally:
                self._keep_for_a_while()

    def forget(self, session_ids: Collection[str]) -> None:
        """These sessions are gone, with their history."""
        self._cache.forget(session_ids)
        for session_id in session_ids:
            self._end_lines.pop(session_id, None)

    async def close(self) -> None:
        """The daemon stops: end the process, and with it what is under way."""
        if self._cache_timer is not None:
            self._cache_timer.cancel()
        for span in list(self._aside):
            self._drop_aside(span)
        await self._process.close()

    def _keep_for_a_while(self) -> None:
        if self._cache_timer is not None:
            self._cache_timer.cancel()
        self._cache_timer = self._loop.call_later(_CACHE_S, self._cache.clear)

    # Where to look

    async def _find(self, log: Recorded, search: _Search) -> FoundMatches:
        tail = log.tail
        await self._make_checkpoints(log, tail, search)
        head = log.head
        places = await self._store.checkpoints.places(log.session_id, head, tail)
        found = segments(places, head)
        resizes = len(await log.resizes(0, tail + 1))
        spans = [
            Span(log.session_id, one.start, tail, resizes)
            if one.stop is None
            else Span(log.session_id, one.start, one.stop)
            for one in found
        ]
        self._cache.keep_only(log.session_id, frozenset(spans))
        # Until the tail is rendered nobody knows how many lines it has; a byte begins no more than one.
        most_lines = found[-1].first_line + tail - found[-1].start + (places[-1].end_line if places else 1)
        remote = await self._process.search()
        try:
            for segment, span in zip(reversed(found), reversed(spans), strict=True):
                if search.is_behind(segment.first_line):
                    continue
                blocks = self._cache.get(span)
                if blocks is None:
                    blocks = await self._render(log, segment, span, search)
                if blocks is None:
                    break
                if segment.stop is None:
                    self._note_end(log.session_id, blocks[-1].end_line if blocks else segment.first_line)
                await _search_blocks(blocks, search, remote)
                if search.is_over:
                    break
                search.scanned_to = segment.first_line
        finally:
            remote.close()
        end_line = self._end_lines.get(log.session_id, most_lines)
        scanned_to = search.scanned_to
        if scanned_to is None:
            scanned_to = most_lines if search.before is None else min(search.before, most_lines)
        first_line = found[0].first_line
        is_done = scanned_to <= first_line or search.is_behind(first_line)
        return FoundMatches(search.matches, scanned_to, None if is_done else scanned_to, first_line, end_line)

    async def _make_checkpoints(self, log: Recorded, tail: int, search: _Search) -> None:
        """See that there are some all along: a session may have ended before it had its last ones."""
        last = max(log.head, await self._store.checkpoints.last_offset(log.session_id) or 0)
        if tail - last < CHECKPOINT_BYTES:
            return
        replay = await ScreenReplay.load(log, self._store.checkpoints, self._process, offset=tail)
        begun = replay.last_checkpoint
        try:
            while tail - replay.last_checkpoint >= CHECKPOINT_BYTES and (
                search.left_s or replay.last_checkpoint == begun
            ):
                await replay.step(tail)
        finally:
            replay.screen.drop()

    # What is there

    async def _render(self, log: Recorded, segment: Segment, span: Span, search: _Search) -> Blocks | None:
        """Return the text of a segment; None where there is no time left, and the next call goes on."""
        rendering = self._take_aside(span)
        if rendering is None:
            rendering = await Rendering.begin(log, self._store.checkpoints, self._process, segment, span.stop)
        blocks = None
        try:
            while blocks is None:
                blocks = await rendering.step()
                if blocks is None and not search.left_s:
                    self._put_aside(span, rendering)
                    return None
        except BaseException:
            rendering.drop()
            raise
        self._cache.put(span, blocks)
        return blocks

    def _note_end(self, session_id: str, end_line: int) -> None:
        if len(self._end_lines) >= _MOST_ENDS:
            self._end_lines.clear()
        self._end_lines[session_id] = end_line

    def _put_aside(self, span: Span, rendering: Rendering) -> None:
        while len(self._aside) >= _MOST_ASIDE:
            self._drop_aside(next(iter(self._aside)))
        self._aside[span] = rendering, self._loop.call_later(_ASIDE_S, self._drop_aside, span)

    def _take_aside(self, span: Span) -> Rendering | None:
        if span not in self._aside:
            return None
        rendering, timer = self._aside.pop(span)
        timer.cancel()
        return rendering

    def _drop_aside(self, span: Span) -> None:
        rendering = self._take_aside(span)
        if rendering is not None:
            rendering.drop()


async def _search_blocks(blocks: Blocks, search: _Search, remote: RemoteSearch) -> None:
    """Search blocks, the last one first, as far as there is time."""
    for block in reversed(blocks):
        if search.is_behind(block.first_line):
            continue
        matches, search.scanned_to = await remote.search(
            block.data,
            search.wanted,
            before=block.end_line if search.before is None else min(search.before, block.end_line),
            most=search.most - len(search.matches),
            within_s=search.left_s,
        )
        search.matches += matches
        if search.is_over:
            return

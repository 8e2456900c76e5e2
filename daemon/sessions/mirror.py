"""The mirror of one session: what its terminal shows, kept by an emulator in another process that trails the log.

It is not fed as output comes: a third of a flood's speed would go into screens that nobody looks at. It catches up when
a screen or an answer is wanted, when a session that printed a lot has come to rest, so that the next client does not
wait, and now and then in a flood, so that its way is never long. Screens are let go when nobody has needed them for a
while, and made again from the last checkpoint. Where the emulator fails twice, the session goes on without a mirror.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from ...store.checkpoint_table import CheckpointTable
from ...store.chunk_table import Resize
from ...store.errors import StoreError
from ...store.session_log import SessionLog
from ..screens.link import Answer, ScreenError, ScreenLostError, ScreensMissingError, ScreensProcess
from .attachment import MirrorError, Restored
from .clients import Size
from .screen_replay import CHECKPOINT_BYTES, ScreenReplay

__all__ = ["Mirror"]

logger = logging.getLogger(__name__)

_REST_S = 1.0
_REST_LAG_BYTES = 256 * 1024
"""Behind by less, a client does not notice the 5 ms of catching up."""

_REST_CHECKPOINT_BYTES = 1 << 20
"""A session at rest gets a checkpoint where the last one is so far back: a restart of the daemon begins there."""

_MOST_LAG_BYTES = 16 << 20
"""Further behind, it follows a flood too: to catch up would take a good part of a second."""

_FLOOD_REST = 3.0
"""In a flood it rests so many times as long as it works: on two cores there is no third for it. It does not rest any
more where it is behind by all that is kept: what is trimmed before it has seen it would be missing from the screen."""

_FAILURES = 2
_LOSSES = 3
"""Another session's output can take the emulator away as well; more in a row is no accident."""

T = TypeVar("T")


class Mirror:
    """One mirror.

    Args:
        log: what is mirrored.
        checkpoints: where screens are stored.
        process: where the emulator runs.
        kept_bytes: of history, before trimming begins.
        reached: up to where there are checkpoints.
        on_used: called when its screen is needed; others' may be let go for it.
    """

    def __init__(
        self,
        log: SessionLog,
        checkpoints: CheckpointTable,
        process: ScreensProcess,
        *,
        kept_bytes: int,
        reached: int,
        on_used: Callable[[Mirror], None],
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._process = process
        self._on_used = on_used
        self._replay: ScreenReplay | None = None
        self._loading_resizes: list[Resize] | None = None
        self._failures = 0
        self._failure: str | None = None
        self._kept_bytes = kept_bytes
        self._most_lag_bytes = min(_MOST_LAG_BYTES, kept_bytes // 4)
        self._reached = reached
        self._grew_at = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._following: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        log.hold_from(reached)

    # What the session tells it

    def grew(self) -> None:
        """The log has grown. Hot path: a clock and a few comparisons."""
        self._grew_at = self._loop.time()
        lag = self._log.tail - self._reached
        if lag > self._most_lag_bytes and self._following is None:
            self._look()
        elif lag > _REST_LAG_BYTES and self._watch is None:
            self.look_later()

    def look_later(self) -> None:
        """Follow in a while where the log is far ahead."""
        is_idle = self._watch is None and self._following is None and self._failure is None and not self._closed
        if is_idle and self._log.tail - self._reached > _REST_LAG_BYTES:
            self._watch = self._loop.call_later(_REST_S, self._look)

    def resized(self, size: Size) -> None:
        """The terminal has another size behind what is in the log now."""
        resize = Resize(self._log.tail, 0.0, size.cols, size.rows)
        if self._replay is not None:
            self._replay.resized(resize)
        elif self._loading_resizes is not None:
            self._loading_resizes.append(resize)

    # What is wanted of it

    async def restore(self, lines: int) -> Restored:
        """Return what brings a terminal to the screen, with all output up to now in it, at the size in force.

        Args:
            lines: of scrollback, at most.

        Raises:
            MirrorError: there is no mirror; raw history has to do.
        """

        async def work(replay: ScreenReplay, target: int) -> Restored:
            await replay.reach(target)
            painted = await replay.screen.restore(lines)
            return Restored(replay.offset, painted.data, painted.first_line)

        return await self._with_screen(work)

    async def ask(self, start: int, stop: int) -> Answer:
        """Return what a terminal answers to the query that stands in [start, stop).

        Raises:
            MirrorError: there is no mirror.
        """

        async def work(replay: ScreenReplay, _target: int) -> Answer:
            query = await self._log.read(start, stop - start)
            if replay.offset <= start:
                await replay.reach(start)
                return await replay.screen.ask(query)
            # A client wanted the screen meanwhile: another one goes to where the query stands.
            replay = await ScreenReplay.load(self._log, self._checkpoints, self._process, offset=start)
            try:
                await replay.reach(start)
                return await replay.screen.ask(query)
            finally:
                replay.screen.drop()

        return await self._with_screen(work)

    async def catch_up(self) -> None:
        """Bring it, and its checkpoints, to the output of now. Raises MirrorError."""

        async def work(replay: ScreenReplay, target: int) -> None:
            await replay.reach(target)

        await self._with_screen(work)

    async def let_go(self) -> None:
        """Nobody needs it for now: free its memory. The next need makes it anew."""
        async with self._lock:
            self._drop()

    async def close(self) -> None:
        """The session is over, or the daemon stops."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.let_go()
        self._log.hold_from(None)

    # How it gets there

    async def _with_screen(self, work: Callable[[ScreenReplay, int], Awaitable[T]]) -> T:
        """Do something with the screen, made again where it was lost. `work` gets the tail of now too."""
        target = self._log.tail
        self._on_used(self)
        async with self._lock:
            reason = ""
            for _ in range(_LOSSES):
                try:
                    result = await work(await self._loaded(), target)
                except ScreenLostError as error:
                    self._drop()
                    reason = str(error)
                except ScreenError as error:
                    self._note_failure(error)
                    reason = str(error)
                except StoreError as error:
                    self._drop()
                    raise MirrorError(str(error)) from None
                else:
                    self._note_progress()
                    return result
                if self._failure is not None:
                    break
            raise MirrorError(reason)

    async def _loaded(self) -> ScreenReplay:
        if self._failure is not None or self._closed:
            raise MirrorError(self._failure or "the session is over")
        if self._replay is None:
            self._loading_resizes = []
            try:
                replay = await ScreenReplay.load(self._log, self._checkpoints, self._process, offset=self._log.tail)
            finally:
                missed, self._loading_resizes = self._loading_resizes, None
            for resize in missed:  # one of them may have been read with the others: the same size twice changes nothing
                replay.resized(resize)
            self._replay = replay
        return self._replay

    def _note_progress(self) -> None:
        if self._replay is not None:
            self._reached = self._replay.offset
            self._log.hold_from(self._reached)

    def _note_failure(self, error: ScreenError) -> None:
        """The emulator failed over this session's output, or there is none."""
        self._drop()
        self._failures += 1
        if self._failures >= _FAILURES or isinstance(error, ScreensMissingError):
            self._failure = str(error)
            self._log.hold_from(None)
            logger.warning("session %s goes on without a mirror: %s", self._log.session_id, error)

    def _drop(self) -> None:
        if self._replay is not None:
            self._replay.screen.drop()
            self._replay = None

    # Following

    def _look(self) -> None:
        """Some time after the log has grown: follow, or look again later."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._failure is not None or self._closed or self._following is not None:
            return
        lag, rested = self._log.tail - self._reached, self._loop.time() - self._grew_at
        if lag > self._most_lag_bytes or rested >= _REST_S:
            self._following = self._loop.create_task(self._follow())
            self._following.add_done_callback(self._after_following)
        else:
            self.look_later()

    def _after_following(self, _task: asyncio.Task[None]) -> None:
        self._following = None
        self.look_later()

    async def _follow(self) -> None:
        """Go to the tail; in a flood with rests, and only until the way is short again."""
        while (lag := self._log.tail - self._reached) > _REST_LAG_BYTES:
            is_flood = self._loop.time() - self._grew_at < _REST_S
            if is_flood and lag < self._most_lag_bytes // 2:
                return
            began = self._loop.time()
            try:
                await self._with_screen(self._step_some)
            except MirrorError:
                return
            if is_flood and lag < self._kept_bytes:
                await asyncio.sleep((self._loop.time() - began) * _FLOOD_REST)
        await self._checkpoint_at_rest()

    async def _step_some(self, replay: ScreenReplay, target: int) -> None:
        """Go a short way, after which others may have the screen."""
        await replay.reach(min(target, replay.offset + CHECKPOINT_BYTES // 4))

    async def _checkpoint_at_rest(self) -> None:
        async def work(replay: ScreenReplay, target: int) -> None:
            await replay.reach(target)
            if replay.offset - replay.last_checkpoint >= _REST_CHECKPOINT_BYTES:
                await replay.save()

        with suppress(MirrorError):
            await self._with_screen(work)

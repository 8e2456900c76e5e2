"""The daemon's end of the screens process, for asyncio: screens that live over there.

The process is started when it is first needed, and again after it died. What died with it is gone: a screen whose own
output took it down raises ScreenCrashedError, the others ScreenLostError; they can be loaded again from checkpoints.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, TypeVar

from ...store.chunks import Chunk
from .codec import BadMessageError, unpack_matches, unpack_rows
from .errors import (
    BadCheckpointError,
    BadPatternError,
    ScreenCrashedError,
    ScreenError,
    ScreenLostError,
    ScreensMissingError,
)
from .messages import (
    Answer,
    Ask,
    Blank,
    Checkpoint,
    Checkpointed,
    Collect,
    Done,
    Feed,
    FeedChunk,
    Finish,
    FinishText,
    Found,
    Load,
    Match,
    Painted,
    Reply,
    Request,
    Resize,
    Restore,
    Row,
    Rows,
    Search,
    Skip,
    Take,
    TakeText,
    Text,
)
from .running import RunningProcess
from .start import start_screens

__all__ = [
    "Answer",
    "BadCheckpointError",
    "BadPatternError",
    "Checkpointed",
    "Match",
    "Painted",
    "RemoteScreen",
    "RemoteSearch",
    "Row",
    "ScreenCrashedError",
    "ScreenError",
    "ScreenLostError",
    "ScreensMissingError",
    "ScreensProcess",
    "Text",
    "Wanted",
]

_PIECE_BYTES = 256 * 1024
"""Fed by one request: 4 ms, after which another screen has its turn."""

_R = TypeVar("_R", bound=Reply)


class RemoteScreen:
    """A screen in the process. One request at a time: the next method may be called when the last one has returned.

    A caller that is cancelled leaves it as it is: what was asked is done, and counted in `offset`.
    Every method but `drop` may raise ScreenCrashedError and ScreenLostError; the screen is gone then.

    Attributes:
        offset: bytes of output behind it, when all that was asked is done.
    """

    def __init__(self, process: RunningProcess, number: int, offset: int) -> None:
        """Use `ScreensProcess.blank` or `load`."""
        self._process = process
        self._number = number
        self.offset = offset

    async def feed(self, data: bytes) -> None:
        """Take output. Queries in it are not answered."""
        for start in range(0, len(data), _PIECE_BYTES):
            piece = data[start : start + _PIECE_BYTES]
            await self._advance(Feed(self._number, piece), len(piece), Done)

    async def feed_chunk(self, chunk: Chunk, start: int, stop: int) -> None:
        """Take bytes `start` to `stop` of the output in a chunk, counted from its first. It is unpacked over there.

        One that is damaged is passed over, as by `skip`.
        """
        if not 0 <= start <= stop <= chunk.raw_length:
            raise ValueError(f"bytes {start} to {stop} of {chunk.raw_length}")
        request = FeedChunk(self._number, chunk.codec, chunk.raw_length, start, stop, chunk.blob)
        await self._advance(request, stop - start, Done)

    async def skip(self, to_offset: int) -> None:
        """Go on at `to_offset`; the output before it is lost."""
        await self._advance(Skip(self._number, to_offset), to_offset - self.offset, Done)

    async def resize(self, cols: int, rows: int) -> None:
        """Change the size, in cells."""
        await self._ask(Resize(self._number, cols, rows), Done)

    async def restore(self, lines: int) -> Painted:
        """Return what makes any terminal show this, with the last `lines` lines of scrollback.

        A thousand are kept at least, once there were as many; a new width can make fewer of them.
        """
        return await self._ask(Restore(self._number, lines), Painted)

    async def checkpoint(self) -> Checkpointed:
        """Return the screen as bytes, for `ScreensProcess.load`."""
        return await self._ask(Checkpoint(self._number), Checkpointed)

    async def ask(self, data: bytes) -> Answer:
        """Take output that ends in a query, and return what a terminal answers, or would need to know for it."""
        return await self._advance(Ask(self._number, data), len(data), Answer)

    async def collect(self, first: int, stop: int, *, styled: bool, exact: bool = True) -> None:
        """Keep the text of the rows numbered `first` to `stop`, from now on as they are dropped.

        Rows that an earlier call wanted are forgotten. Their offsets are exact where row `first` has not begun yet.

        Args:
            first: number of the first row.
            stop: number behind the last one.
            styled: with escape sequences for colours and links; else plain text.
            exact: False: offsets are up to 16 KB too low, and it takes half the time.
        """
        await self._ask(Collect(self._number, first, stop, styled, exact), Done)

    async def take(self) -> list[Row]:
        """Return the rows that were kept since the last call, in order."""
        return self._unpack(await self._ask(Take(self._number), Rows))

    async def finish(self) -> list[Row]:
        """Return these, and the wanted ones of those still there; then keep no more.

        That is scrollback and screen, the primary one, but for blank rows at its end.
        """
        return self._unpack(await self._ask(Finish(self._number), Rows))

    async def take_text(self, end_line: int) -> Text:
        """Return, as a block, the rows before `end_line` kept since the last call, less a line that may go on."""
        return await self._ask(TakeText(self._number, end_line), Text)

    async def finish_text(self, end_line: int) -> Text:
        """Return these, and those still there; then keep no more."""
        return await self._ask(FinishText(self._number, end_line), Text)

    def drop(self) -> None:
        """Free it, without waiting. May be called twice, and after an error."""
        self._process.drop(self._number)

    async def _advance(self, request: Request, count: int, reply_type: type[_R]) -> _R:
        self.offset += count  # before the wait, which may be cancelled
        return await self._ask(request, reply_type)

    async def _ask(self, request: Request, reply_type: type[_R]) -> _R:
        return await self._process.ask(request, reply_type)

    def _unpack(self, rows: Rows) -> list[Row]:
        try:
            return unpack_rows(rows.data)
        except BadMessageError as error:
            raise ScreenCrashedError(f"the screens process sent {error}") from None


class Wanted(NamedTuple):
    """What is looked for.

    Attributes:
        text: literally, or a regular expression.
        ignore_case: small and capital letters are the same.
        is_pattern: it is a regular expression.
    """

    text: str
    ignore_case: bool
    is_pattern: bool


class RemoteSearch:
    """Searches in blocks of text, over there: they may take long, and a pattern for ever. To be closed."""

    def __init__(self, process: RunningProcess) -> None:
        """Use `ScreensProcess.search`."""
        self._process = process
        self._number = process.new_screen()

    async def search(
        self, block: bytes, wanted: Wanted, *, before: int, most: int, within_s: float
    ) -> tuple[list[Match], int]:
        """Look for something, the newest first.

        Args:
            block: as `take_text` gave it.
            wanted: what is looked for.
            before: only in rows before this line.
            most: rows with matches, at most.
            within_s: it takes so many seconds, and a few milliseconds more; at least one line is looked at.

        Returns:
            Matches, and the number of the line from which on all were looked at.

        Raises:
            BadPatternError: it cannot be looked for.
            ScreenCrashedError: the process ended over it.
            ScreenLostError: it ended otherwise.
        """
        request = Search(self._number, before, most, *wanted, max(0, round(within_s * 1000)), block)
        found = await self._process.ask(request, Found)
        if found.problem is not None:
            raise BadPatternError(found.problem)
        try:
            return unpack_matches(found.data), found.scanned_to
        except BadMessageError as error:
            raise ScreenCrashedError(f"the screens process sent {error}") from None

    def close(self) -> None:
        """It is not needed any more."""
        self._process.drop(self._number)


class ScreensProcess:
    """The process, over all its lives."""

    def __init__(self, *, idle_exit_s: float | None = None) -> None:
        """Start nothing yet.

        Args:
            idle_exit_s: the process ends when it had no screen for so many seconds; None: it stays.
        """
        self._idle_exit_s = idle_exit_s
        self._running: RunningProcess | None = None
        self._missing: str | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return None if self._running is None or self._running.has_ended else self._running.pid

    async def start(self) -> None:
        """Start it, where it does not run: in 0.2 s.

        Raises:
            ScreensMissingError: there is no emulator on this machine; there will be none.
            ScreenError: it does not come up.
        """
        await self._started()

    async def blank(self, cols: int, rows: int) -> RemoteScreen:
        """Make a blank screen, of `cols` by `rows` cells. Raises ScreenError."""
        running = await self._started()
        number = running.new_screen()
        return await self._make(running, number, Blank(number, cols, rows))

    async def load(self, checkpoint: bytes) -> RemoteScreen:
        """Make a screen of a checkpoint. Raises ScreenError: BadCheckpointError where it cannot be read."""
        running = await self._started()
        number = running.new_screen()
        try:
            return await self._make(running, number, Load(number, checkpoint))
        except ScreenCrashedError as error:
            if running.has_ended:
                raise
            raise BadCheckpointError(str(error)) from None

    async def search(self) -> RemoteSearch:
        """Make ready to search. Raises ScreenError."""
        return RemoteSearch(await self._started())

    async def close(self) -> None:
        """End it, and return when it is gone. Its screens are lost; none can be made any more."""
        self._closed = True
        async with self._starting:
            if self._running is not None:
                self._running.stop()
                await self._running.ended.wait()

    async def _make(self, running: RunningProcess, number: int, request: Request) -> RemoteScreen:
        try:
            made = await running.ask(request, Done)
        except BaseException:  # also where nobody waits for it any more
            running.drop(number)
            raise
        return RemoteScreen(running, number, made.offset)

    async def _started(self) -> RunningProcess:
        async with self._starting:
            if self._closed:
                raise ScreenError("screens are closed")
            if self._missing is not None:
                raise ScreensMissingError(self._missing)
            if self._running is None or self._running.has_ended:
                try:
                    self._running = await start_screens(idle_exit_s=self._idle_exit_s)
                except ScreensMissingError as error:
                    self._missing = str(error)
                    raise
            return self._running

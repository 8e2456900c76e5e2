"""One life of the screens process, as the daemon sees it: requests, replies, and how it ended."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import subprocess
from collections import deque
from typing import NamedTuple, TypeVar, cast

from .codec import BadMessageError, Frames, encode
from .errors import ScreenCrashedError, ScreenError, ScreenLostError
from .messages import Drop, Failed, Message, Ready, Reply, Request

__all__ = ["RunningProcess"]

logger = logging.getLogger(__name__)

_HANG_S = 10.0
"""Requests take some 5 ms, the longest a second; but a few bytes can make the emulator work for minutes."""

_EXIT_S = 1.0
"""It ends with its socket, when it has done what it is at. After a crash the signal is known a moment later."""

_R = TypeVar("_R", bound=Reply)


class _Pending(NamedTuple):
    number: int
    screen: int
    reply: asyncio.Future[Reply]


class RunningProcess(asyncio.Protocol):
    """The process, and its socket. It ends once: by `stop`, by itself, or because it does not answer.

    Attributes:
        pid: process id.
        ready: gets what it says first.
        ended: set when it is gone and reaped.
    """

    def __init__(self, process: subprocess.Popen[bytes], *, idle_exit_s: float | None) -> None:
        """Take the process over, which is ended when it had no screen for `idle_exit_s` seconds."""
        self.pid = process.pid
        self.ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[Ready] = self._loop.create_future()
        self._process = process
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._pending: deque[_Pending] = deque()
        self._numbers = itertools.count(1)
        self._screens: set[int] = set()
        self._idle_exit_s = idle_exit_s
        self._idle: asyncio.TimerHandle | None = None
        self._silent_since = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._end: str | None = None
        self._culprit: int | None = None
        self._reaping: asyncio.Task[None] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it takes no more requests."""
        return self._end is not None

    # Screens

    def new_screen(self) -> int:
        """Return a number for a screen that will be made."""
        number = next(self._numbers)
        self._screens.add(number)
        if self._idle is not None:
            self._idle.cancel()
        return number

    def drop(self, screen: int) -> None:
        """Free a screen, without waiting. May be called twice."""
        if screen in self._screens and not self.has_ended:
            self._send(Drop(screen))
        self._forget(screen)

    def _forget(self, screen: int) -> None:
        self._screens.discard(screen)
        self.rest()

    def rest(self) -> None:
        """Where there is no screen, end after a while."""
        if self._idle_exit_s is not None and not self._screens and not self.has_ended:
            if self._idle is not None:
                self._idle.cancel()
            self._idle = self._loop.call_later(self._idle_exit_s, self.stop)

    # Requests

    async def ask(self, request: Request, reply_type: type[_R]) -> _R:
        """Send a request and wait for its reply. Where the wait is cancelled, the request is carried out all the same.

        Raises:
            ScreenCrashedError: the process ended, or could not do it, while it worked on this screen.
            ScreenLostError: it ended otherwise.
        """
        if self.has_ended:
            raise self._error(request.screen)
        reply = await self._send(request)
        if isinstance(reply, Failed):
            self._forget(request.screen)
            raise ScreenCrashedError(reply.text)
        if not isinstance(reply, reply_type):
            self._finish(f"answered {type(request).__name__} with {type(reply).__name__}", culprit=request.screen)
            raise ScreenCrashedError("the screens process answered something else")
        return reply

    def _send(self, request: Request) -> asyncio.Future[Reply]:
        number = next(self._numbers)
        try:
            frame = encode(number, request)
        except BadMessageError as error:
            raise ScreenError(str(error)) from None
        if self._transport is not None:  # and so it is once anybody has got this object
            for part in frame:
                self._transport.write(part)
        if not self._pending:
            self._silent_since = self._loop.time()
            self._watch = self._watch or self._loop.call_later(_HANG_S, self._look)
        self._pending.append(_Pending(number, request.screen, self._loop.create_future()))
        return self._pending[-1].reply

    def _look(self) -> None:
        """See whether it still answers. A daemon that was stopped itself finds the replies of that time before."""
        self._watch = None
        if not self._pending or self.has_ended:
            return
        left = self._silent_since + _HANG_S - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
        else:
            self._finish(f"did not answer for {_HANG_S:.0f} s", culprit=self._working_on())

    # The socket (called by asyncio)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take replies."""
        if self.has_ended:
            return
        self._silent_since = self._loop.time()
        try:
            for number, message in self._frames.take(data):
                self._take(number, message)
        except BadMessageError as error:
            self._finish(f"sent {error}", culprit=self._working_on())

    def _take(self, number: int, message: Message) -> None:
        if isinstance(message, Ready) and not self.ready.done():
            self.ready.set_result(message)
            return
        if not self._pending or self._pending[0].number != number or not isinstance(message, Reply):
            raise BadMessageError("an answer to what nobody asked")
        reply = self._pending.popleft().reply
        if not reply.done():  # its caller may have been cancelled
            reply.set_result(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # there is nothing to be told of a socketpair
        """See it end."""
        self._finish("ended", culprit=self._working_on())

    # The end

    def stop(self) -> None:
        """End it. All its screens are lost."""
        self._finish(None, culprit=None)

    def _working_on(self) -> int | None:
        return self._pending[0].screen if self._pending else None

    def _finish(self, reason: str | None, *, culprit: int | None) -> None:
        """End it. Only the first call counts; `reason` is None where it was stopped."""
        if self.has_ended:
            return
        self._end = f"the screens process {reason or 'was stopped'}"
        self._culprit = culprit
        for timer in (self._idle, self._watch):
            if timer is not None:
                timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        if not self.ready.done():
            _fail(self.ready, ScreenError(self._end))
        self._reaping = self._loop.create_task(self._reap(is_wanted=reason is None))

    async def _reap(self, *, is_wanted: bool) -> None:
        """Let everybody who waits know, with the signal that it died of."""
        code = await asyncio.to_thread(self._wait)
        if not is_wanted:
            self._end = f"{self._end} ({_status(code)})"
            logger.warning("%s; process %d, %d screens lost", self._end, self.pid, len(self._screens))
        for pending in self._pending:
            if not pending.reply.done():
                _fail(pending.reply, self._error(pending.screen))
        self._pending.clear()
        self.ended.set()

    def _wait(self) -> int:
        """Return its exit code. In a thread."""
        try:
            return self._process.wait(_EXIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _error(self, screen: int) -> ScreenError:
        kind = ScreenCrashedError if screen == self._culprit else ScreenLostError
        return kind(self._end or "")


def _fail(future: asyncio.Future[_R], error: ScreenError) -> None:
    future.set_exception(error)
    future.exception()  # nobody may be left to wait for it, and asyncio would log that


def _status(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        return f"signal {-code}"

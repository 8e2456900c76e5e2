"""The one answerer at work: looks for queries in what a session prints, has the mirror answer, filters reports.

While a client answers, output is not looked at before somebody's report comes, or that client goes: each byte once, and
only what the last seconds brought. While none does, output is looked at a moment after it came.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from typing import Protocol

from ...store.session_log import SessionLog
from .answers import LATELY_S, MOST_ASKED, Answers, Asked
from .attachment import Attachment, MirrorError
from .clients import Size
from .queries import Found, find
from .replies import BlankScreen, Screen
from .terminal import Terminal

__all__ = ["Answering", "AskedMirror"]

logger = logging.getLogger(__name__)

_LOOK_AFTER_S = 0.002
"""Less than a program notices, and enough that a flood is looked at in pieces of 100 KB."""

_PIECE_BYTES = 256 * 1024
_MARK_EVERY_S = 0.25
_MOST_MARKS = math.ceil(LATELY_S / _MARK_EVERY_S) + 1


class AskedMirror(Protocol):
    """The part of a mirror that answers."""

    async def ask(self, start: int, stop: int) -> Screen:
        """Return what the screen says to the query at [start, stop) of the log. Raises MirrorError."""
        ...  # a protocol's method has no body


class Answering:
    """The answerer of one session.

    Args:
        log: what it prints.
        mirror: answers while no client does.
        terminal: where answers are typed.
        size: of the terminal.
        clock: seconds since any moment; the loop's by default.
    """

    def __init__(
        self,
        log: SessionLog,
        mirror: AskedMirror,
        terminal: Terminal,
        size: Callable[[], Size],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._log = log
        self._mirror = mirror
        self._terminal = terminal
        self._size = size
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._answers: Answers[Attachment] = Answers()
        self._scanned = self._tail = log.tail
        # (offset, time): bytes from the offset on were printed at that time or later.
        self._marks: deque[tuple[int, float]] = deque([(self._tail, self._clock())], _MOST_MARKS)
        self._next_mark_at = -math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[Asked[Attachment]] = deque()
        self._task: asyncio.Task[None] | None = None

    # What the session tells it

    def on_output(self) -> None:
        """The log has grown. Hot path: 0.3 us."""
        now = self._clock()
        if now >= self._next_mark_at:
            self._marks.append((self._tail, now))
            self._next_mark_at = now + _MARK_EVERY_S
        self._tail = self._log.tail
        if self._timer is None and self._answers.chosen is None:
            self._timer = self._loop.call_later(_LOOK_AFTER_S, self._on_time)

    def client_came(self, attachment: Attachment, *, answers: bool, live_from: int, history: bool) -> None:
        """A client is attached; to be called before it is sent anything.

        Args:
            attachment: its.
            answers: a terminal that answers is behind it, and it may type.
            live_from: offset from which on output is live to it: the log's tail, or 0 where the session is new.
            history: it is sent raw output from before that, until it has `client_caught_up`.
        """
        if live_from:
            self._look()  # what nobody has looked at yet is not for the new client to answer
        self._answers.came(attachment, answers=answers, live_from=live_from, history=history)

    def client_caught_up(self, attachment: Attachment) -> None:
        """All of the history was sent to the client."""
        self._answers.caught_up(attachment, self._clock())

    def client_skipped(self, attachment: Attachment, from_offset: int, to_offset: int) -> None:
        """The client will not be shown these bytes, but the screen behind them."""
        self._look()
        self._leave_to_mirror(self._answers.skipped(attachment, from_offset, to_offset, self._clock()))

    def client_gone(self, attachment: Attachment) -> None:
        """The client is not connected any more."""
        self._look()
        self._leave_to_mirror(self._answers.gone(attachment, self._log.tail, self._clock()))

    def admit(self, attachment: Attachment, data: bytes) -> bytes:
        """Return what of a client's input may be typed. Without ESC in it, that is all of it: 0.2 us."""
        answers = self._answers
        if b"\x1b" not in data:
            if attachment is not answers.chosen:
                answers.typed(attachment, self._log.tail)
            return data
        return answers.admit(attachment, data, self._log.tail, self._clock(), self._look)

    async def close(self) -> None:
        """Answer nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # Looking

    def _on_time(self) -> None:
        self._timer = None
        self._look()

    def _look(self) -> None:
        """Look at what was printed since the last time, lately at least."""
        tail = self._log.tail
        start = max(self._scanned, self._marks[0][0])
        while start < tail:
            data = self._log.read_hot(start, _PIECE_BYTES)
            if data is None:  # a flood has pushed it out of memory: nobody waits for an answer from so long ago
                start += (tail - start + 1) // 2
                continue
            found, rest = find(data, MOST_ASKED)
            self._leave_to_mirror(self._answers.ask((_at(start, one) for one in found), self._printed_at))
            is_last = start + len(data) >= tail
            start += rest
            if is_last:
                break
        self._scanned = start

    def _printed_at(self, offset: int) -> float:
        """Return a time at which the byte at `offset` was not yet printed, 0.25 s before it was or less."""
        return next((at for start, at in reversed(self._marks) if start <= offset), -math.inf)

    # Answering

    def _leave_to_mirror(self, asked: list[Asked[Attachment]]) -> None:
        free = MOST_ASKED - len(self._waiting)
        self._waiting += [one for one in asked if one.found.query.is_answered][:free]
        if self._waiting and self._task is None:
            self._task = self._loop.create_task(self._answer())

    async def _answer(self) -> None:
        while self._waiting:
            asked = self._waiting.popleft()
            try:
                reply = await self._reply(asked.found)
                await self._terminal.wait_for_room()
                # Too late, the program has given up: what it does not read would be typed into the next one.
                if self._clock() - asked.at <= LATELY_S:
                    self._terminal.write(reply)
            except Exception:
                logger.exception("session %s: a query is not answered", self._log.session_id)
        self._task = None

    async def _reply(self, found: Found) -> bytes:
        query = found.query
        if query.reply is not None:
            try:
                return query.reply(found.text, await self._mirror.ask(found.start, found.end))
            except MirrorError:
                pass  # its reason is in the log already
        size = self._size()
        return query.blind(found.text, BlankScreen(size.cols, size.rows)) if query.blind is not None else b""


def _at(base: int, found: Found) -> Found:
    return Found(base + found.start, base + found.end, found.query, found.text)

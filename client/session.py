"""An attached session: output in order, input exactly once.

There is no task in the background. Whoever awaits the session drives it: iterating receives, and so do `drain_input`
and a `send` that waits for room. So a frame goes from the socket to the consumer without a queue or a task in between,
events come in their place in the output, and a program that stops iterating stops the flow instead of filling memory.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import AsyncIterator

from ..wire.errors import HoldfastError, RefusedError
from ..wire.messages import Ack, End, Lines, Resize
from ..wire.messages import Session as SessionMessage
from .events import Ended
from .input_queue import InputFullError
from .output import Output
from .statistics import Statistics
from .stream import Stream

__all__ = ["Session"]

_READ_AHEAD_BYTES = 64 << 20
_DETACH_TIMEOUT_S = 2.0


class Session(AsyncIterator[Output]):
    """One client's view of a session; made by `connect`. For one event loop, any number of its tasks."""

    def __init__(self, stream: Stream, offset: int) -> None:
        self._stream = stream
        self._offset = offset
        self._acknowledged = offset
        self._output_bytes = 0
        self._read_ahead: deque[Output] = deque()
        self._read_ahead_bytes = 0

    @property
    def session_id(self) -> str:
        """Of the session attached now; it changes where a fresh one took its place."""
        return self._stream.details.session_id

    @property
    def details(self) -> SessionMessage:
        """What the daemon said about the session at the latest attach."""
        return self._stream.details

    @property
    def offset(self) -> int:
        """Offset behind the output handed on: `since` for whoever goes on from here."""
        return self._offset

    @property
    def first_line(self) -> int | None:
        """Number of the line at which the scrollback of the latest `Screen` begins; what is older comes by `lines`.

        None where no screen was restored.
        """
        return self._stream.first_line

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the session's terminal, in cells."""
        return self._stream.size

    @property
    def exit(self) -> Ended | None:
        """How the session's process ended, once that is known."""
        return self._stream.exit

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._stream.socket is not None

    @property
    def input_waiting(self) -> bytes:
        """Input that the daemon has not acknowledged."""
        return self._stream.input.waiting

    @property
    def statistics(self) -> Statistics:
        """Figures up to now."""
        stream = self._stream
        return Statistics(
            bytes_received=stream.bytes_received,
            output_bytes=self._output_bytes,
            reconnect_attempts=stream.attempts,
            reconnections=stream.reconnections,
            latency_s=(stream.socket.latency or None) if stream.socket is not None else None,
        )

    async def __anext__(self) -> Output:
        """Return the next output, or a `Screen`; reconnects where that is needed. Cancelling it loses nothing.

        Raises:
            StopAsyncIteration: the session ended, or was detached.
            RefusedError: the daemon closed the session to this client.
            UnreachableError: the reconnect policy says to give up.
            WireError: the daemon breaks the protocol.
        """
        if self._stream.query.window:
            await self._acknowledge()
        output = None
        while output is None:
            if self._read_ahead:
                output = self._read_ahead.popleft()
                self._read_ahead_bytes -= len(output.data)
            elif self._stream.finished:
                raise self._stream.failure or StopAsyncIteration
            else:
                output = await self._stream.receive()
        self._offset = output.end
        self._output_bytes += output.end - output.offset
        return output

    async def _acknowledge(self) -> None:
        """Tell what was processed: of history each part, as a stored chunk may wait until nothing is on its way."""
        stream = self._stream
        threshold = 1 if self._offset <= stream.details.replay_until else max(1, stream.query.window // 4)
        if not 0 <= self._offset - self._acknowledged < threshold:
            self._acknowledged = self._offset
            await stream.post(Ack(self._offset))

    async def send(self, data: bytes) -> None:
        """Type `data`. Returns when it is queued or sent; `drain_input` waits until it is in the terminal.

        While the connection is lost, input is queued, and typed after the return in order and exactly once. While
        there is one, a full queue makes this wait.

        Raises:
            InputFullError: the connection is lost and the queue is full.
            RefusedError: attached read-only, or the session has ended.
        """
        queue = self._stream.input
        if self._stream.query.mode == "ro":
            raise RefusedError("read_only", "attached read-only: cannot type")
        if not self.connected and len(data) > queue.room:
            raise InputFullError(0, queue.capacity)
        rest = memoryview(data)
        while True:
            self._check_open()
            rest = rest[queue.add(rest) :]
            await self._stream.send_input()
            if not rest:
                return
            if not queue.room:
                if not self.connected:
                    raise InputFullError(len(data) - len(rest), queue.capacity)
                await self._receive_ahead()

    async def drain_input(self) -> None:
        """Wait until everything typed is in the terminal.

        Raises:
            RefusedError: the session ended before.
            UnreachableError: as for iterating; WireError too.
            HoldfastError: nobody reads the output, and too much of it came meanwhile.
        """
        while self._stream.input.pending:
            self._check_open()
            await self._receive_ahead()

    async def lines(self, before: int | None = None, max: int = 1000, *, styled: bool = True) -> Lines:  # noqa: A002  # the protocol's word
        """Return older lines, as they were seen; also while others iterate, and over a lost connection.

        There may be fewer than asked for: ask again, before the number of the first one, until that is `first_line`.

        Args:
            before: number of the line behind the last one wanted; None: behind the last one of the screen.
            max: how many, at most; 1 to 10,000.
            styled: with escape sequences for colours and links; else plain text.

        Raises:
            ValueError: a number out of range.
            RefusedError: `no_screen`: the daemon has no terminal emulator, or it failed; `storage`: history cannot be
                read now; `limit`: too much was asked for at once; or the session is gone.
            UnreachableError: as for iterating; WireError too.
            HoldfastError: as for `drain_input`.
        """
        requests = self._stream.lines
        request = requests.ask(before, max, styled=styled)
        try:
            await self._stream.post(request)
            while (answer := requests.take(request)) is None:
                self._check_open()
                await self._receive_ahead()
            return answer
        finally:
            requests.forget(request)

    async def resize(self, cols: int, rows: int) -> None:
        """The client's terminal has this size now, in cells. Raises ValueError for a size that no terminal has."""
        message = Resize(cols, rows)
        stream = self._stream
        stream.query = dataclasses.replace(
            stream.query, spawn=dataclasses.replace(stream.query.spawn, cols=cols, rows=rows)
        )
        if stream.query.mode == "rw":
            await stream.post(message)

    async def end(self) -> None:
        """End the session and what runs in it; iterate on for its last output and its exit status."""
        while not self.connected:
            self._check_open()
            await self._receive_ahead()
        await self._stream.post(End())

    async def detach(self) -> None:
        """Leave without keeping a place; the session lives on. Input that was not sent is given up."""
        await self._stream.detach(_DETACH_TIMEOUT_S)

    def _check_open(self) -> None:
        if self._stream.finished:
            raise self._stream.failure or RefusedError("ended", "the session has ended")

    async def _receive_ahead(self) -> None:
        """Receive for someone who waits for something else than output; the iterator gets that output later."""
        output = await self._stream.receive()
        if output is not None:
            self._read_ahead.append(output)
            self._read_ahead_bytes += len(output.data)
            if self._read_ahead_bytes > _READ_AHEAD_BYTES:
                raise HoldfastError("too much output while waiting for input to be taken; read it at the same time")

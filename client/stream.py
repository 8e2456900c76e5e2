"""The stream of one session under its connections: one message at a time, and the way back when a connection breaks.

What a caller sees is in `session`; here is the state that outlives a connection (the position in the output, the input
not yet acknowledged) and the rules by which a new connection continues it.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..wire import messages
from ..wire.errors import HoldfastError, RefusedError, UnreachableError, WireError
from ..wire.frames import FrameKind, encode_frame
from ..wire.query import AttachQuery
from . import events
from .address import Address
from .backoff import Outage, ReconnectPolicy
from .input_queue import InputQueue
from .line_requests import LineRequests
from .output import Output, OutputCursor
from .pulse import Pulse
from .transport import ConnectionLostError, closed_error, open_attachment

__all__ = ["Stream"]

_INPUT_PIECE_BYTES = 4 << 10  # as much as a terminal takes at once; a line that breaks often gets some through


class Stream:
    """A session's output, input and fate, over as many connections as it takes.

    Attributes:
        details: what the daemon said about the session at the latest attach.
        size: width and height of the session's terminal, in cells.
        query: what the next connection asks for.
        socket: the connection; None while there is none.
        input: what was typed and is not acknowledged.
        lines: what was asked for of older lines.
        first_line: number of the line at which the scrollback of the latest screen begins; None without a screen.
        exit: how the session's process ended, once that is known.
        finished: there will be no further connection.
        failure: why, where it is an error.
        bytes_received: of messages, as they travelled.
        attempts: to reconnect.
        reconnections: attempts that succeeded.
    """

    details: messages.Session
    size: tuple[int, int]

    def __init__(
        self,
        address: Address,
        token: str | None,
        query: AttachQuery,
        *,
        policy: ReconnectPolicy,
        input_queue: InputQueue,
        on_event: Callable[[events.Event], None] | None,
    ) -> None:
        self.query = query
        self.socket: ClientConnection | None = None
        self.input = input_queue
        self.lines = LineRequests()
        self.first_line: int | None = None
        self.exit: events.Ended | None = None
        self.finished = False
        self.failure: HoldfastError | None = None
        self.bytes_received = self.attempts = self.reconnections = 0
        self._address = address
        self._token = token
        self._policy = policy
        self._on_event = on_event
        self._outage: Outage | None = None
        self._last_error: messages.Error | None = None
        self._cursor = OutputCursor(lambda first, end: self._emit(events.Skipped(first, end, "missing")))
        self._sending = False
        self._receiving = False
        self._changed = Pulse()

    # Receiving

    async def receive(self) -> Output | None:
        """Take one step: receive a message, reconnect, or wait while another task does so.

        Returns:
            Output, or None where the step brought none; then the caller looks at `finished` and calls again.
        """
        if self._receiving:
            await self._changed.wait()
            return None
        self._receiving = True
        try:
            if self.socket is None:
                await self._reconnect()
                return None
            message = await self.socket.recv()
            self.bytes_received += len(message)
            if isinstance(message, bytes):
                return self._cursor.decode(message)
            await self._handle(messages.parse_server_message(message))
        except ConnectionClosed as closed:
            self._connection_closed(closed)
        except RefusedError as error:
            self._refused(error)
        except (UnreachableError, WireError) as error:
            await self._fail(error)
        finally:
            self._receiving = False
            self._changed.notify()
        return None

    async def _handle(self, message: messages.ServerMessage) -> None:
        self._last_error = message if isinstance(message, messages.Error) else None
        match message:
            case messages.InputAck():
                self.input.acknowledge(message.seq)
                await self.send_input()
            case messages.Resized():
                self.size = (message.cols, message.rows)
            case messages.Skipped():
                self._cursor.expected = max(self._cursor.expected, message.to_offset)
                if message.first_line is not None:
                    self.first_line = message.first_line
            case messages.Lines():
                self.lines.answered(message)
            case messages.Error():
                self.lines.refused(message)
            case messages.Exit():
                self._end(events.Ended(message.code, message.signal))
            case messages.Session() | messages.Output():
                raise WireError(f"the daemon sent {message.type!r} where it does not belong")
            case _:
                pass
        if (event := events.event_of(message)) is not None:
            self._emit(event)

    def _emit(self, event: events.Event) -> None:
        if self._on_event is not None:
            self._on_event(event)

    # Sending

    async def send_input(self) -> None:
        """Send what the window admits. One at a time: whoever is at it takes what others add, in order."""
        socket = self.socket
        if socket is None or self._sending:
            return
        self._sending = True
        try:
            while (piece := self.input.next_piece(_INPUT_PIECE_BYTES)) is not None:
                await socket.send(encode_frame(FrameKind.INPUT, piece.seq, piece.data))
                # Only now: what a cancelled send did send may go out again, the daemon drops it. Never the reverse.
                self.input.sent(piece.seq + len(piece.data))
        except ConnectionClosed:
            pass  # receiving sees it too, and reconnects
        finally:
            self._sending = False

    async def post(self, message: messages.ClientMessage) -> None:
        """Send a message that a lost connection makes pointless."""
        if self.socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self.socket.send(messages.encode(message))

    async def detach(self, timeout_s: float) -> None:
        """Say goodbye and close; waits at most about twice `timeout_s` for the daemon."""
        socket, self.socket, self.finished = self.socket, None, True
        self._changed.notify()
        if socket is None:
            return
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(timeout_s):
                await socket.send(messages.encode(messages.Detach()))
                while not self._receiving:
                    await socket.recv()  # the daemon's farewell stands behind output that fills the connection
                await socket.wait_closed()
        await socket.close()

    # The end of a connection, and of the stream

    def _connection_closed(self, closed: ConnectionClosed) -> None:
        self.socket = None
        if closed.rcvd is not None and closed.rcvd.code == messages.CloseCode.DETACHED:
            self.finished = True
        if self.finished:
            return
        error = closed_error(closed, self._last_error)
        if isinstance(error, RefusedError):
            self._refused(error)
        else:
            self._outage = Outage(self._policy, asyncio.get_running_loop().time(), str(error))

    def _refused(self, error: RefusedError) -> None:
        self.finished = True
        if error.close_code != messages.CloseCode.ENDED:
            self.failure = error
        elif self.exit is None:
            self._end(events.Ended(None, None))

    def _end(self, ended: events.Ended) -> None:
        self.exit = ended
        self._emit(ended)

    async def _fail(self, error: HoldfastError) -> None:
        self.failure, self.finished = error, True
        socket, self.socket = self.socket, None
        if socket is not None:
            await socket.close(messages.CloseCode.PROTOCOL_ERROR)

    # Attaching

    async def open(self) -> int:
        """Attach for the first time, and return the offset at which output begins; raises like `open_attachment`."""
        message = await self._attach(self.query)
        self.input.restart(message.input_seq)
        self._begin(message, self.query.since)
        if message.fallback is not None:
            self._emit(events.FellBack(message.fallback, message.previous_session_id, message.session_id))
        self._report_input(message.input_unknown)
        return message.offset

    async def _reconnect(self) -> None:
        """Make one attempt after another until there is a connection. Cancelled, the next call goes on from there.

        Raises:
            UnreachableError: the policy says to give up.
            RefusedError: the daemon does not take this client back. WireError: it speaks another protocol now.
        """
        clock = asyncio.get_running_loop().time
        outage = self._outage
        assert outage is not None  # noqa: S101  # there was a connection before, or `open` would have raised
        while (delay_s := outage.next_delay(clock())) is not None:
            self._emit(events.Reconnecting(outage.attempt, delay_s, outage.reason))
            await asyncio.sleep(delay_s)
            self.attempts += 1
            try:
                message = await self._attach(self._return_query())
            except ConnectionLostError as error:
                outage.reason = str(error)
                continue
            if self.finished:  # detached meanwhile
                await self.detach(0.0)
                return
            self.reconnections += 1
            self._continue(message)
            self._emit(events.Reconnected(outage.attempt, clock() - outage.started))
            await self.send_input()
            for request in self.lines.unanswered:
                await self.post(request)
            return
        raise UnreachableError(f"gave up after {outage.attempt} attempts to reconnect: {outage.reason}")

    def _return_query(self) -> AttachQuery:
        return dataclasses.replace(
            self.query,
            session_id=self.details.session_id,
            since=self._cursor.expected,
            create=self.query.create and self._policy.fresh,
            steal=False,  # whoever took the place meanwhile has it: two clients must not steal from each other for ever
        )

    async def _attach(self, query: AttachQuery) -> messages.Session:
        self._last_error = None
        self.socket, message = await open_attachment(
            self._address, self._token, query, lambda said: self._emit(events.ErrorReported(said.code, said.message))
        )
        return message

    def _begin(self, message: messages.Session, since: int | None) -> None:
        """Output goes on where the daemon says; `since`: where it was asked to."""
        self.details = message
        self.size = (message.cols, message.rows)
        self._cursor.expected = message.offset
        if message.attach != "exact":
            self.first_line = message.first_line
        self._emit(events.Attached(message))
        if message.trimmed_bytes and since is not None:
            self._emit(events.Skipped(since, message.offset, "trimmed"))

    def _continue(self, message: messages.Session) -> None:
        """A new connection: the same session goes on where it was; a fresh one gets nothing meant for the old one."""
        previous_id = self.details.session_id
        expected = self._cursor.expected
        self._begin(message, expected)
        if message.session_id == previous_id:
            if message.attach == "exact":
                self._cursor.expected = max(expected, message.offset)
            self._report_input(message.input_unknown + self.input.resume(message.input_seq))
            return
        self._emit(events.FellBack(message.fallback or "not_found", previous_id, message.session_id))
        self.lines.give_up(RefusedError("not_found", "the session whose lines were asked for is gone"))
        dropped = self.input.restart(message.input_seq)
        if dropped:
            self._emit(events.InputDropped(dropped))

    def _report_input(self, unknown: int) -> None:
        if unknown:
            self._emit(events.InputUnknown(unknown))

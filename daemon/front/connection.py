"""One WebSocket client, from its query to its end: attaches it to a session and does what its messages say.

A message that breaks the protocol closes its sender with 4002, one that breaks a limit with 4008; nobody else notices.
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from websockets.exceptions import ConnectionClosed

from ...wire.errors import FrameError, RefusedError, WireError
from ...wire.frames import FrameKind, decode_frame
from ...wire.messages import (
    SUBPROTOCOL_BINARY,
    Ack,
    ClientMessage,
    CloseCode,
    Detach,
    End,
    Error,
    Input,
    LinesRequest,
    Ping,
    Pong,
    Resize,
    encode,
    parse_client_message,
)
from ...wire.query import AttachQuery
from ..sessions.clients import Size
from ..sessions.lines import LineReader
from ..sessions.registry import Registry
from ..sessions.session import Session, restore_lines
from .line_answers import LineAnswers
from .rate_limit import RateLimit
from .stream import OutputStream
from .websocket import Socket

__all__ = ["MAX_MESSAGE_BYTES", "serve_client"]

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 1 << 20
"""One message from a client. The largest useful one is a paste, which the client may split."""

_MESSAGES_PER_S, _MESSAGE_BURST = 2000.0, 10_000.0
"""Far above any typist or mouse; a script that types a line a message stays below, a runaway loop does not."""


async def serve_client(socket: Socket, registry: Registry, lines: LineReader) -> None:
    """Serve one client until it goes or is closed. Raises nothing that the client caused."""
    client: _Client | None = None
    try:
        query = AttachQuery.parse(socket.request.path.partition("?")[2] if socket.request else "")
        binary = socket.subprotocol == SUBPROTOCOL_BINARY
        stream = OutputStream(
            socket,
            query.client_id or secrets.token_hex(8),
            binary=binary,
            zstd=query.zstd,
            restore_lines=restore_lines(query.replay),
        )
        session = await registry.open(query, stream, lambda error: socket.post(encode(error)))
        client = _Client(socket, session, stream, lines, binary=binary)
        await client.run()
    except WireError as error:
        await _refuse(socket, error.code, str(error), CloseCode.PROTOCOL_ERROR)
    except RefusedError as error:
        await _refuse(socket, error.code, str(error), error.close_code or CloseCode.NO_SESSION)
    except ConnectionClosed:
        pass
    finally:
        if client is not None:
            await client.part()


async def _refuse(socket: Socket, code: str, message: str, close_code: int) -> None:
    try:
        socket.post(encode(Error(code, message)))
        await socket.dismiss(close_code, code)
    except ConnectionClosed:
        pass


class _Client:
    """An attached client."""

    def __init__(
        self, socket: Socket, session: Session, stream: OutputStream, lines: LineReader, *, binary: bool
    ) -> None:
        self._socket = socket
        self._session = session
        self._stream = stream
        self._binary = binary
        self._detached = False
        self._line_answers = LineAnswers(lines, session.session_id, socket, stream)

    async def run(self) -> None:
        """Do what its messages say. Raises WireError, RefusedError, ConnectionClosed."""
        clock = asyncio.get_running_loop().time
        limit = RateLimit(per_second=_MESSAGES_PER_S, burst=_MESSAGE_BURST, now=clock())
        while True:
            data = await self._socket.recv()
            if len(data) > MAX_MESSAGE_BYTES:
                raise RefusedError(
                    "limit", f"a message may have {MAX_MESSAGE_BYTES} bytes at most", close_code=CloseCode.LIMIT
                )
            if not limit.allow(clock()):
                raise RefusedError(
                    "limit", f"more than {_MESSAGES_PER_S:.0f} messages a second", close_code=CloseCode.LIMIT
                )
            try:
                if isinstance(data, bytes):
                    await self._type_frame(data)
                else:
                    await self._obey(parse_client_message(data))
            except RefusedError as refusal:  # the client stays: it can still watch
                self._stream.post(Error(refusal.code, str(refusal)))

    async def _type_frame(self, data: bytes) -> None:
        if not self._binary:
            raise FrameError("binary frames need the subprotocol holdfast.v1")
        frame = decode_frame(data)
        if frame.kind is not FrameKind.INPUT:
            raise FrameError(f"frames of kind 0x{frame.kind:02x} are the daemon's to send")
        await self._type(frame.number, bytes(frame.payload))

    async def _type(self, seq: int | None, data: bytes) -> None:
        self._session.type(self._stream, seq, data)
        await self._session.terminal.wait_for_room()

    async def _obey(self, message: ClientMessage) -> None:
        match message:
            case Input(text, seq):
                await self._type(seq, text.encode())
            case Resize(cols, rows):
                self._session.resize(self._stream, Size(cols, rows))
            case Ack(offset):
                self._stream.acknowledge(offset)
            case Ping():
                self._stream.post(Pong())
            case Detach():
                self._detached = True
                self._stream.close(CloseCode.DETACHED, "detached")
            case LinesRequest():
                self._line_answers.ask(message)
            case End():
                self._session.request_end(self._stream)

    async def part(self) -> None:
        """The connection is gone: keep the client's place, unless it said goodbye."""
        if self._detached or self._socket.close_code == CloseCode.DETACHED:
            self._session.leave(self._stream)
        else:
            self._session.vanish(self._stream)
        await self._line_answers.stop()
        await self._stream.stop()

"""One WebSocket client, from its query to its end: attaches it to a session and does what its messages say.

A message that breaks the protocol closes its sender with 4002, one that breaks a limit with 4008; nobody else notices.
"""

from __future__ import annotations

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
from .attached import AttachedClient
from .encoding import BinaryEncoding, Encoding, JsonEncoding
from .line_answers import LineAnswers
from .stream import OutputStream
from .websocket import Socket

__all__ = ["serve_client"]


async def serve_client(socket: Socket, registry: Registry, lines: LineReader) -> None:
    """Serve one client until it goes or is closed. Raises nothing that the client caused."""
    client: _Client | None = None
    try:
        query = AttachQuery.parse(socket.request.path.partition("?")[2] if socket.request else "")
        is_binary = socket.subprotocol == SUBPROTOCOL_BINARY
        encoding: Encoding = BinaryEncoding(zstd=query.zstd) if is_binary else JsonEncoding()
        client_id = query.client_id or secrets.token_hex(8)
        stream = OutputStream(socket, client_id, encoding, restore_lines=restore_lines(query.replay))
        session = await registry.open(query, stream, lambda error: socket.post(encode(error)))
        client = _Client(socket, session, stream, lines, is_binary=is_binary)
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


class _Client(AttachedClient):
    """A client of `holdfast.v1` or `holdfast.json`."""

    def __init__(
        self, socket: Socket, session: Session, stream: OutputStream, lines: LineReader, *, is_binary: bool
    ) -> None:
        super().__init__(socket, session, stream)
        self._is_binary = is_binary
        self._line_answers = LineAnswers(lines, session.session_id, socket, stream)

    async def _obey(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            await self._type_frame(data)
        else:
            await self._act_on(parse_client_message(data))

    async def _type_frame(self, data: bytes) -> None:
        if not self._is_binary:
            raise FrameError("binary frames need the subprotocol holdfast.v1")
        frame = decode_frame(data)
        if frame.kind is not FrameKind.INPUT:
            raise FrameError(f"frames of kind 0x{frame.kind:02x} are the daemon's to send")
        await self._type(frame.number, bytes(frame.payload))

    async def _act_on(self, message: ClientMessage) -> None:
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
                self._detach()
            case LinesRequest():
                self._line_answers.ask(message)
            case End():
                self._session.request_end(self._stream)

    async def part(self) -> None:
        """See `AttachedClient`."""
        await self._line_answers.stop()
        await super().part()

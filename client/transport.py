"""Open one WebSocket and attach; tell failures that may pass from refusals that will not.

Foreign exceptions are translated here and nowhere else: what leaves this module is a ConnectionLostError (try again), a
RefusedError or a WireError (do not).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ..wire import messages
from ..wire.errors import RefusedError, UnreachableError, WireError
from ..wire.messages import SUBPROTOCOL_BINARY, CloseCode
from ..wire.query import AttachQuery
from .address import Address

__all__ = ["ConnectionLostError", "closed_error", "open_attachment"]

_MAX_MESSAGE_BYTES = 16 << 20
_WRITE_BUFFER_BYTES = 1 << 20  # above all input that may be on its way, so that sending it never waits behind receiving
_OPEN_TIMEOUT_S = 10.0
_PING_INTERVAL_S = 30.0
_CLOSE_TIMEOUT_S = 2.0
_HTTP_BAD_REQUEST, _HTTP_TOO_MANY_REQUESTS, _HTTP_SERVER_ERROR = 400, 429, 500

_REFUSALS = {
    CloseCode.ENDED: ("ended", "the session has ended"),
    CloseCode.TAKEN_OVER: ("taken_over", "another client took this session over"),
    CloseCode.PROTOCOL_ERROR: ("protocol_error", "the daemon does not understand this client"),
    CloseCode.NOT_ALLOWED: ("forbidden", "the daemon does not allow this"),
    CloseCode.NO_SESSION: ("not_found", "there is no such session"),
    CloseCode.LIMIT: ("limit", "a limit of the daemon is exceeded"),
}


class ConnectionLostError(UnreachableError):
    """There is no connection at present; another attempt may succeed."""


async def open_attachment(
    address: Address, token: str | None, query: AttachQuery, on_error: Callable[[messages.Error], None]
) -> tuple[ClientConnection, messages.Session]:
    """Connect, and attach as `query` says.

    Args:
        address: of the daemon.
        token: for its TCP port; a Unix socket needs none.
        query: what to attach to, and how.
        on_error: gets what the daemon says before its `session` message: why it is not the session asked for.

    Raises:
        ConnectionLostError: nobody answers, or with a failure of the moment.
        RefusedError: the daemon says no.
        WireError: what answers speaks another protocol.
    """
    socket = await _open_socket(address, token, query)
    try:
        async with asyncio.timeout(_OPEN_TIMEOUT_S):
            return socket, await _read_session(socket, on_error)
    except BaseException as error:
        socket.transport.abort()  # a farewell could wait for a peer that does not answer
        if isinstance(error, TimeoutError):
            raise ConnectionLostError(f"the daemon at {address} does not say which session this is") from None
        raise


async def _open_socket(address: Address, token: str | None, query: AttachQuery) -> ClientConnection:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    route: dict[str, Any] = {"unix": True, "path": address.path} if address.scheme == "unix" else {}
    try:
        socket = await connect(
            address.ws_uri(query.format()),
            subprotocols=[Subprotocol(SUBPROTOCOL_BINARY)],
            additional_headers=headers,
            compression=None,  # stored chunks are compressed already, and keystrokes would only wait
            proxy=None if address.is_local else True,
            max_size=_MAX_MESSAGE_BYTES,
            write_limit=_WRITE_BUFFER_BYTES,
            open_timeout=_OPEN_TIMEOUT_S,
            ping_interval=_PING_INTERVAL_S,
            ping_timeout=_PING_INTERVAL_S,
            close_timeout=_CLOSE_TIMEOUT_S,
            **route,
        )
    except InvalidStatus as error:
        raise _status_error(address, error) from None
    except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
        raise ConnectionLostError(f"no daemon answers at {address}: {_reason(error)}") from None
    if socket.subprotocol != SUBPROTOCOL_BINARY:
        await socket.close()
        raise WireError(f"what answers at {address} does not speak {SUBPROTOCOL_BINARY}")
    return socket


async def _read_session(socket: ClientConnection, on_error: Callable[[messages.Error], None]) -> messages.Session:
    said: messages.Error | None = None
    try:
        while True:
            message = messages.parse_server_message(await socket.recv(decode=True))
            if isinstance(message, messages.Session):
                return message
            if not isinstance(message, messages.Error):
                raise WireError(f"the daemon sent {message.type!r} before it said which session this is")
            said = message
            on_error(message)
    except ConnectionClosed as closed:
        raise closed_error(closed, said) from None


def closed_error(closed: ConnectionClosed, said: messages.Error | None) -> ConnectionLostError | RefusedError:
    """Tell what the end of a connection means. A code that this version does not know is taken for an accident.

    Args:
        closed: how it ended.
        said: the `error` message that came right before, if one did; it knows better than a close code.
    """
    code = closed.rcvd.code if closed.rcvd is not None else None
    reason = closed.rcvd.reason if closed.rcvd is not None else ""
    if code in _REFUSALS:
        name, text = (said.code, said.message) if said is not None else _REFUSALS[code]
        return RefusedError(name, text, close_code=code)
    if code == CloseCode.STOPPING:
        return ConnectionLostError("the daemon is stopping")
    if code is None and closed.sent is not None:
        reason = closed.sent.reason  # this end gave up: no answer to its heartbeat
    return ConnectionLostError(reason or "the connection was lost")


def _status_error(address: Address, error: InvalidStatus) -> ConnectionLostError | RefusedError:
    """A refusal before the handshake: the gate's answer, or that of a proxy in between."""
    status = error.response.status_code
    if status >= _HTTP_SERVER_ERROR or status == _HTTP_TOO_MANY_REQUESTS or status < _HTTP_BAD_REQUEST:
        return ConnectionLostError(f"{address} answers with HTTP {status}")
    try:
        body = json.loads(error.response.body or b"")
        return RefusedError(str(body["code"]), str(body["message"]))
    except (ValueError, TypeError, KeyError):
        return RefusedError("forbidden", f"{address} refuses with HTTP {status}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__

"""One client of ttyd, from its first message to its end, attached to the session that its path names.

It gets the screen, then what is printed; for anything else that Holdfast tells its own clients, ttyd's have no place.
They count nothing either: one that comes back is a new client, which gets the screen anew.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import socket as sockets
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlencode

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from ...wire.errors import MessageError, QueryError, RefusedError, WireError
from ...wire.messages import CloseCode, Error
from ...wire.messages import Session as SessionMessage
from ...wire.query import AttachQuery, Replay, SpawnQuery, is_session_id
from ..sessions.clients import Size
from ..sessions.registry import Registry
from ..sessions.session import Session, restore_lines
from . import routes
from .answers import json_answer
from .attached import AttachedClient
from .stream import OutputStream
from .ttyd import Hello, Hold, Keys, NewSize, TtydEncoding, notice, parse
from .websocket import Socket

__all__ = ["BASIC_CHALLENGE", "TTYD_PATH", "answer_token", "serve_ttyd_client", "session_name"]

TTYD_PATH = "/tty/"
BASIC_CHALLENGE = 'Basic realm="holdfast: any user, the token as password", charset="UTF-8"'
"""ttyd asks so, and browsers know what to do: RFC 7617."""

_HELLO_TIMEOUT_S = 10.0
_REPLAY = Replay("restore")
_TRIES = 3


async def answer_token(*_: object) -> Response:
    """Answer `GET /tty/token`: what a client repeats in its first message. The gate has looked at better things."""
    return json_answer({"token": ""})


async def serve_ttyd_client(socket: Socket, registry: Registry) -> None:
    """Serve one client until it goes or is closed. Raises nothing that the client caused."""
    client: _Client | None = None
    try:
        name = session_name(socket.request.path if socket.request else "")
        hello = await _hello(socket)
        encoding = TtydEncoding(lambda message: _title(registry, message))
        stream = OutputStream(socket, secrets.token_hex(8), encoding, restore_lines=restore_lines(_REPLAY))
        session = await _open(registry, name, hello, stream, socket)
        client = _Client(socket, session, stream)
        await client.run()
    except WireError as error:
        await _refuse(socket, str(error))
    except RefusedError as error:
        await _refuse(socket, str(error))
    except ConnectionClosed:
        pass
    finally:
        if client is not None:
            await client.part()


def session_name(target: str) -> str:
    """Return the name or id in a request's path, else its first `arg`; empty where there is none. Raises QueryError."""
    path, _, query = target.partition("?")
    found = routes.match("GET", path)
    try:
        if found is not None and found.name is not None:
            return unquote(found.name, errors="strict")
        arguments = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=64)
        return next((value for key, value in arguments if key == "arg"), "")
    except ValueError as error:
        raise QueryError(f"the session's name: {error}") from None


async def _hello(socket: Socket) -> Hello:
    """Return the first message: before it ttyd does nothing either."""
    try:
        async with asyncio.timeout(_HELLO_TIMEOUT_S):
            while True:
                message = parse(await socket.recv())
                if isinstance(message, Hello):
                    return message
    except TimeoutError:
        raise MessageError("nothing came that says how large the terminal is") from None


async def _open(registry: Registry, name: str, hello: Hello, stream: OutputStream, socket: Socket) -> Session:
    """Attach to the session of this name or id, or make it. Raises WireError, RefusedError."""

    def say(error: Error) -> None:
        socket.post(notice(error.message))

    if is_session_id(name):
        query = AttachQuery(name, replay=_REPLAY, create=False, answers=True, spawn=_spawn("", hello))
        return await registry.open(query, stream, say)
    query = AttachQuery(replay=_REPLAY, answers=True, spawn=_spawn(name, hello))
    tries = 0
    while True:
        tries += 1
        session_id = next((one.session_id for one in registry.live.values() if _is_named(one, name)), None)
        try:
            return await registry.open(replace(query, session_id=session_id), stream, say)
        except RefusedError as error:
            if error.code != "name_taken" or tries == _TRIES:  # taken by one who asked at the same time
                raise


def _spawn(name: str, hello: Hello) -> SpawnQuery:
    named = SpawnQuery.parse(urlencode({"name": name}))  # which checks it
    return replace(named, cols=hello.cols, rows=hello.rows)


def _is_named(session: Session, name: str) -> bool:
    return bool(name) and session.record.name == name and not session.exiting


def _title(registry: Registry, message: SessionMessage) -> str:
    """Return what ttyd shows too: the command and the machine."""
    session = registry.live.get(message.session_id)
    command = "" if session is None else shlex.join(session.record.argv)
    return f"{message.name or command} ({sockets.gethostname()})"


async def _refuse(socket: Socket, text: str) -> None:
    try:
        socket.post(notice(text))
        await socket.dismiss(CloseCode.DETACHED, "refused")  # after another code its page would ask again at once
    except ConnectionClosed:
        pass


class _Client(AttachedClient):
    """A client of ttyd."""

    async def _obey(self, data: str | bytes) -> None:
        match parse(data):
            case Keys(keys):
                await self._type(None, keys)
            case NewSize(cols, rows):
                self._session.resize(self._stream, Size(cols, rows))
            case Hold(is_held):
                self._stream.hold(is_held=is_held)
            case _:  # a second first message, or one that ttyd ignores too
                pass

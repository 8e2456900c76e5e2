"""The front door: the Unix socket and the TCP ports, both served by `websockets`, with the gate before everything."""

from __future__ import annotations

import asyncio
import logging
import os
import socket as sockets
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from websockets.asyncio.server import Server, ServerConnection, serve, unix_serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ...wire.errors import HoldfastError
from ...wire.messages import SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, CloseCode
from ..peer import peer_uid
from ..sessions.lines import LineReader
from ..sessions.registry import Registry
from .answers import error_answer
from .api import Api
from .attached import MAX_MESSAGE_BYTES
from .connection import serve_client
from .gate import Denied, Facts, Policy, check
from .routes import match
from .ttyd import SUBPROTOCOL_TTYD
from .ttyd_connection import BASIC_CHALLENGE, TTYD_PATH, serve_ttyd_client
from .websocket import Socket

__all__ = ["Front", "ListenError"]

logger = logging.getLogger(__name__)

_PING_INTERVAL_S = 30.0
_PING_TIMEOUT_S = 30.0
"""A peer that misses a ping and the next one is gone: a half-open connection never says so itself."""

_CLOSE_TIMEOUT_S = 2.0
_WRITE_HIGH_WATER_BYTES = 256 * 1024
"""What a stalled client costs; smaller makes a replay stop and go, larger did not make it faster."""

_MAX_RECEIVED_BYTES = 4 * MAX_MESSAGE_BYTES
"""Above our own limit, so that a message somewhat too long is refused with a reason; `websockets` closes with 1009."""


class ListenError(HoldfastError):
    """An address cannot be listened on; the text says what to do."""


class _UnixSocket(NamedTuple):
    """The Unix socket that is listened on; `file` is its device and inode, which is not used again while it listens."""

    path: Path
    file: tuple[int, int]
    server: Server


class Front:
    """The listening sockets and all connections.

    Args:
        registry: of the sessions that clients attach to.
        lines: of those sessions.
        api: all routes but the socket's.
        policy: who is let in.
        login_remaining_s: how long a login lasts yet, by its id.
    """

    def __init__(
        self,
        registry: Registry,
        lines: LineReader,
        api: Api,
        policy: Policy,
        login_remaining_s: Callable[[str], float],
    ) -> None:
        self._registry = registry
        self._lines = lines
        self._api = api
        self._policy = policy
        self._login_remaining_s = login_remaining_s
        self._servers: list[Server] = []
        self._unix: _UnixSocket | None = None
        self._serving: set[Socket] = set()
        self._cutting: set[asyncio.Task[None]] = set()

    async def listen_unix(self, path: Path) -> None:
        """Listen on a Unix socket, 0600, in place of one that a former daemon left.

        Raises:
            ListenError: the socket cannot be made.
        """
        # The lock of this home is ours, so a socket that is there belongs to nobody.
        draft = path.with_name(f".{os.getpid()}")  # no longer than the socket's name, for a path has few bytes
        listener = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        try:
            draft.unlink(missing_ok=True)
            listener.bind(str(draft))
            draft.chmod(0o600)
            status = draft.lstat()
            draft.replace(path)
        except OSError as error:
            listener.close()
            raise ListenError(f"cannot listen on {path}: {error.strerror or error}") from None
        server = await unix_serve(self._handle, sock=listener, **self._options())
        self._servers.append(server)
        self._unix = _UnixSocket(path, (status.st_dev, status.st_ino), server)

    async def mend_unix(self) -> bool:
        """Listen on the Unix socket again where it was removed; connections stay. Returns whether that was so.

        Raises:
            ListenError: the socket cannot be made; its folder must be there.
        """
        former = self._unix
        if former is None or _is_file(former.path, former.file):
            return False
        await self.listen_unix(former.path)
        former.server.close(close_connections=False)
        return True

    async def listen_tcp(self, host: str, port: int) -> tuple[str, int]:
        """Listen on a TCP address; returns it with the port that it got.

        Raises:
            ListenError: the port is taken, or the address is not this machine's.
        """
        try:
            server = await serve(self._handle, host, port, **self._options())
        except OSError as error:
            raise ListenError(
                f"cannot listen on {host}:{port}: {os.strerror(error.errno) if error.errno else error}; "
                "stop what uses it, or choose another with --listen HOST:PORT (port 0 takes a free one)"
            ) from None
        self._servers.append(server)
        name = next(iter(server.sockets)).getsockname()
        return str(name[0]), int(name[1])

    def _options(self) -> dict[str, Any]:
        return {
            "create_connection": Socket,
            "process_request": self._process_request,
            "select_subprotocol": _select_subprotocol,
            "compression": None,  # output is compressed where it pays: as stored chunks
            "open_timeout": None,  # Socket has the deadline, because a streamed answer must be able to lift it
            "ping_interval": _PING_INTERVAL_S,
            "ping_timeout": _PING_TIMEOUT_S,
            "close_timeout": _CLOSE_TIMEOUT_S,
            "max_size": _MAX_RECEIVED_BYTES,
            "write_limit": _WRITE_HIGH_WATER_BYTES,
            "server_header": "holdfast",
        }

    async def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        assert isinstance(connection, Socket)  # noqa: S101  # by create_connection
        path, _, query = request.path.partition("?")  # urlsplit takes //x for a host, and raises where it is none
        found = match(request.method, path)
        connection.is_ttyd = path.startswith(TTYD_PATH)
        facts = Facts(_is_owner(connection), _plain(request.headers), request.method, takes_basic=connection.is_ttyd)
        verdict = check(facts, found.route.access if found else None, self._policy)
        if isinstance(verdict, Denied) or found is None:
            assert isinstance(verdict, Denied)  # noqa: S101  # an unknown route is denied
            logger.info("denied %s %r: %s", request.method, path[:200], verdict.code)
            challenge = {"challenge": BASIC_CHALLENGE} if connection.is_ttyd else {}
            return error_answer(verdict.status, verdict.code, verdict.message, **challenge)
        connection.allowed = verdict
        if found.route.name not in {"socket", "tty_socket"}:
            answer = await self._api.answer(connection, found, query, request)
            if answer is not None and request.method == "HEAD":
                answer.body = b""
            return answer
        if "websocket" not in request.headers.get("Upgrade", "").lower():
            return error_answer(HTTPStatus.UPGRADE_REQUIRED, "bad_query", "this is a WebSocket; connect with ws://")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        assert isinstance(connection, Socket)  # noqa: S101  # by create_connection
        self._serving.add(connection)
        allowed = connection.allowed
        expiry: asyncio.TimerHandle | None = None
        if allowed is not None and allowed.by == "login":
            expiry = asyncio.get_running_loop().call_later(
                self._login_remaining_s(allowed.login_id), self._cut, connection, "the login has expired"
            )
        try:
            if connection.is_ttyd:
                await serve_ttyd_client(connection, self._registry)
            else:
                await serve_client(connection, self._registry, self._lines)
        finally:
            self._serving.discard(connection)
            if expiry is not None:
                expiry.cancel()

    def cut_remote(self) -> None:
        """The token has changed, and with it every login has ended: close what came by the one or the other."""
        for connection in list(self._serving):
            if connection.allowed is not None and connection.allowed.by != "peer":
                self._cut(connection, "token revoked")

    def cut_login(self, login_id: str) -> None:
        """This login has ended: close what came by it."""
        for connection in list(self._serving):
            if connection.allowed is not None and connection.allowed.login_id == login_id:
                self._cut(connection, "logged out")

    def _cut(self, connection: Socket, reason: str) -> None:
        task = asyncio.get_running_loop().create_task(connection.dismiss(CloseCode.NOT_ALLOWED, reason))
        self._cutting.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._cutting.discard)

    async def stop_listening(self) -> None:
        """Accept nothing more; connections stay."""
        for server in self._servers:
            server.close(close_connections=False)

    async def close(self, *, timeout_s: float) -> None:
        """Close every connection with 1001 (come back), and wait for their handlers, `timeout_s` seconds at most."""
        closing: Sequence[asyncio.Task[None]] = [
            asyncio.create_task(connection.close(CloseCode.STOPPING, "the daemon stops; come back"))
            for connection in self._serving
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*closing, return_exceptions=True)
                await asyncio.gather(*(server.wait_closed() for server in self._servers))


def _is_file(path: Path, file: tuple[int, int]) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == file


def _is_owner(connection: Socket) -> bool:
    raw = connection.transport.get_extra_info("socket")
    if raw is None or raw.family != sockets.AF_UNIX:
        return False
    return peer_uid(raw) == os.getuid()


def _plain(headers: Headers) -> dict[str, str]:
    """Headers by lower-case name; repeated ones joined, so that no second Host or Origin hides behind the first."""
    plain: dict[str, str] = {}
    for name, value in headers.raw_items():
        key = name.lower()
        plain[key] = f"{plain[key]}, {value}" if key in plain else value
    return plain


def _select_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Take the better one that is offered; the one that carries a token is never echoed."""
    assert isinstance(connection, Socket)  # noqa: S101  # by create_connection
    known = (SUBPROTOCOL_TTYD,) if connection.is_ttyd else (SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON)
    return next((Subprotocol(name) for name in known if name in offered), None)

"""The daemon's end of its connection to the keeper, for asyncio: no thread, nothing that blocks.

Every terminal master that comes out of here belongs to the caller, and is close-on-exec. One that nobody is left to
take, because the awaiting task was cancelled, is closed.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from ..peer import peer_uid
from .errors import KeeperAbsent, KeeperError, SpawnError
from .messages import (
    VERSION,
    Adopt,
    BadMessageError,
    Busy,
    Done,
    Exited,
    ExitStatus,
    Failed,
    Forget,
    HandedOver,
    Hello,
    Kept,
    Message,
    Signal,
    Spawn,
    Spawned,
)
from .recall import recall_keeper
from .start import Inheritance, start_keeper
from .watched_channel import WatchedChannel

__all__ = [
    "ExitStatus",
    "Held",
    "Inheritance",
    "KeeperAbsent",
    "KeeperError",
    "KeeperLink",
    "SpawnError",
    "recall_keeper",
    "start_keeper",
]

_HANDOVER_TIMEOUT_S = 10.0
"""500 sessions take 0.03 s."""

_Request: TypeAlias = Spawn | Adopt | Signal | Forget
_Reply: TypeAlias = "asyncio.Future[tuple[Message, int | None]]"


@dataclass(frozen=True, slots=True)
class Held:
    """A session in the keeper.

    Attributes:
        pid: of its process, which leads a process group and a terminal session of the same number.
        master_fd: the caller's copy of its terminal's master.
        exit: how the process ended; None while it runs.
    """

    session_id: str
    pid: int
    master_fd: int
    exit: ExitStatus | None


class KeeperLink:
    """A connection to the keeper; `connect` makes one.

    Attributes:
        pid: process id of the keeper.
    """

    def __init__(
        self, sock: socket.socket, on_exit: Callable[[str, ExitStatus], None], on_lost: Callable[[], None]
    ) -> None:
        """Use `connect`."""
        self.pid = 0
        self._on_exit = on_exit
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._handover: asyncio.Future[None] = self._loop.create_future()
        self._held: list[Held] = []
        self._pending: dict[int, tuple[_Request, _Reply]] = {}
        self._numbers = itertools.count(1)
        self._end: KeeperError | None = None
        self._closed = False
        self._channel = WatchedChannel(sock, self._on_message, self._on_channel_end)

    @classmethod
    async def connect(
        cls, socket: Path, *, on_exit: Callable[[str, ExitStatus], None], on_lost: Callable[[], None]
    ) -> tuple[Self, list[Held]]:
        """Connect, and take over every session that the keeper holds.

        Args:
            socket: the keeper's socket.
            on_exit: called with session id and status when a process ends after this; not from within another call of
                this class, and not before a task that awaited `spawn` directly has got its result.
            on_lost: called once when the keeper is gone, unless `close` came first.

        Raises:
            KeeperAbsent: no keeper listens there.
            KeeperError: it belongs to another user, serves another daemon, speaks another version, or does not answer.
        """
        link = cls(_open(socket), on_exit, on_lost)
        try:
            async with asyncio.timeout(_HANDOVER_TIMEOUT_S):
                await link._handover
        except BaseException as error:
            await link.close()
            for session in link._held:
                os.close(session.master_fd)
            if isinstance(error, TimeoutError):
                raise KeeperError("the keeper does not answer") from None
            raise
        held, link._held = link._held, []
        return link, held

    async def spawn(
        self, session_id: str, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], cols: int, rows: int
    ) -> Held:
        """Start a command on a new terminal.

        Args:
            session_id: new to the keeper.
            argv: command and arguments; the command is looked up along the PATH of `env`.
            cwd: absolute path.
            env: the whole environment.
            cols: width of the terminal, in cells.
            rows: height of the terminal, in cells.

        Raises:
            SpawnError: the command does not run.
            KeeperError: the keeper is lost, or refuses what it was asked (a session id it holds already).
        """
        request = Spawn(next(self._numbers), session_id, list(argv), cwd, dict(env), cols, rows)
        try:
            reply, master_fd = await self._call(request)
        except BadMessageError:  # as execve(2) would say, with its own, similar limit
            raise SpawnError("command", errno.E2BIG, f"{argv[0]}: {os.strerror(errno.E2BIG)}") from None
        if not isinstance(reply, Spawned) or master_fd is None:
            raise KeeperError(f"the keeper answered with {type(reply).__name__}")
        return Held(session_id, reply.pid, master_fd, None)

    async def adopt(self, session_id: str, pid: int, master_fd: int) -> None:
        """Give the keeper a copy of a master, and a process to watch, that another keeper had. Raises KeeperError."""
        await self._call(Adopt(next(self._numbers), session_id, pid), master_fd)

    async def signal(self, session_id: str, signum: int) -> None:
        """Signal the process group of the session and the foreground one of its terminal. Raises KeeperError."""
        await self._call(Signal(next(self._numbers), session_id, signum))

    async def forget(self, session_id: str) -> None:
        """Let the keeper drop its copy of the master and the exit status, now that both are stored. Raises KeeperError.

        A session the keeper does not know is forgotten already.
        """
        await self._call(Forget(next(self._numbers), session_id))

    async def close(self) -> None:
        """Disconnect; the sessions stay with the keeper. Calls still waiting raise KeeperError."""
        self._closed = True
        self._finish(KeeperError("the link to the keeper is closed"))

    # Requests and replies

    async def _call(self, request: _Request, fd: int | None = None) -> tuple[Message, int | None]:
        reply: _Reply = self._loop.create_future()
        try:
            self._channel.send(request, fd)
        except OSError as error:
            raise KeeperError(f"the terminal cannot be given to the keeper: {error.strerror}") from None
        if self._end is not None:
            raise KeeperError(str(self._end))
        self._pending[request.request] = (request, reply)
        try:
            return await reply
        except asyncio.CancelledError:
            if not reply.cancelled() and reply.exception() is None:  # it came in the same round of the loop
                self._abandon(request, reply.result()[1])
            raise

    def _on_reply(self, message: Spawned | Done | Failed, fd: int | None) -> None:
        if message.request not in self._pending:
            _close(fd)
            raise BadMessageError("an answer to what nobody asked")
        request, reply = self._pending.pop(message.request)
        if reply.cancelled():
            self._abandon(request, fd)
        elif isinstance(message, Failed):
            reply.set_exception(_failure(message))
        else:
            reply.set_result((message, fd))

    def _abandon(self, request: _Request, fd: int | None) -> None:
        """Undo a spawn that nobody waits for any more: without a copy of its master the session is hung up."""
        _close(fd)
        if isinstance(request, Spawn) and fd is not None:
            forget = Forget(next(self._numbers), request.session_id)
            nobody: _Reply = self._loop.create_future()
            nobody.cancel()
            self._pending[forget.request] = (forget, nobody)
            self._channel.send(forget)

    def _on_message(self, message: Message, fd: int | None) -> None:
        match message:
            case Hello():
                self.pid = message.pid
                if message.version != VERSION:
                    self._finish(KeeperError(f"the keeper speaks version {message.version}, this daemon {VERSION}"))
            case Busy():
                self._finish(KeeperError("the keeper serves another daemon"))
            case Kept() if fd is not None:
                status = ExitStatus(message.code, message.signal) if message.exited else None
                self._held.append(Held(message.session_id, message.pid, fd, status))
            case HandedOver():
                if not self._handover.done():
                    self._handover.set_result(None)
            case Exited():
                # Later, so that whoever awaits the `Spawned` of the same round knows the session by then.
                status = ExitStatus(message.code, message.signal)
                self._loop.call_soon(self._tell_exit, message.session_id, status)
            case Spawned() | Done() | Failed():
                self._on_reply(message, fd)
            case _:
                _close(fd)
                raise BadMessageError(f"{type(message).__name__}, which is not for a daemon")

    def _tell_exit(self, session_id: str, status: ExitStatus) -> None:
        if not self._closed:
            self._on_exit(session_id, status)

    def _on_channel_end(self, reason: str) -> None:
        # Before its greeting: it ended, for want of anything to do, while this end connected.
        self._finish((KeeperError if self.pid else KeeperAbsent)(f"the keeper is gone: {reason}"))

    def _finish(self, error: KeeperError) -> None:
        """Close the socket, and let everybody who waits know why. Only the first call counts."""
        if self._end is not None:
            return
        self._end = error
        self._channel.close()
        if not self._handover.done():
            self._handover.set_exception(error)
        elif not self._closed:
            self._loop.call_soon(self._on_lost)
        for _, reply in self._pending.values():
            if not reply.done():
                reply.set_exception(KeeperError(str(error)))
        self._pending.clear()


def _open(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(str(path))  # on a Unix socket at once, or never
        uid = peer_uid(connection)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        raise KeeperAbsent(f"no keeper listens at {path}") from None
    except OSError as error:
        connection.close()
        raise KeeperError(f"cannot connect to the keeper at {path}: {error}") from None
    if uid != os.getuid():
        connection.close()
        raise KeeperError(f"the keeper at {path} belongs to another user")
    return connection


def _failure(message: Failed) -> KeeperError | SpawnError:
    if message.stage is None:
        return KeeperError(message.text)
    return SpawnError(message.stage, message.errno, message.text)


def _close(fd: int | None) -> None:
    if fd is not None:
        os.close(fd)

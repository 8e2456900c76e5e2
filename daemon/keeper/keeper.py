"""What the keeper does: wait, serve its one daemon, reap, and end when it is no longer needed.

Single-threaded, with one selector. Nothing here blocks but a fork (see `spawning`).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

from ..peer import peer_uid
from .adopted import AdoptedProcess
from .channel import Channel, ChannelClosedError
from .held_sessions import HeldSession, HeldSessions
from .messages import Adopt, BadMessageError, Busy, Done, Failed, Forget, Message, Signal, Spawn, Spawned
from .own_socket import OwnSocket, SocketTakenError
from .served_daemon import ServedDaemon
from .spawning import NotSpawnedError, Spawner, check_room_for

__all__ = ["FIRST_DAEMON_S", "IDLE_EXIT_S", "Keeper", "log"]

FIRST_DAEMON_S = 30.0
"""How long a new keeper waits for the daemon that started it."""
IDLE_EXIT_S = 5.0
"""How long a keeper without sessions waits for the next daemon: longer than a daemon's restart."""
_LOOK_S = 60.0
"""Between two looks at whether the socket is still there."""

_Callback: TypeAlias = Callable[[], None]


def log(text: str) -> None:
    """Write a line to stderr; a log that is gone or full must not end the keeper."""
    with contextlib.suppress(OSError):
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} keeper {os.getpid()}: {text}", file=sys.stderr, flush=True)  # noqa: T201  # this is the log


class Keeper:
    """The sessions, the daemon, and the loop that serves both."""

    def __init__(
        self,
        own_socket: OwnSocket,
        spawner: Spawner,
        *,
        first_daemon_s: float = FIRST_DAEMON_S,
        idle_exit_s: float = IDLE_EXIT_S,
    ) -> None:
        """`own_socket` listens already; the times are in seconds."""
        self._socket = own_socket
        self._look_at = time.monotonic() + _LOOK_S
        self._socket_trouble = ""
        self._spawner = spawner
        self._idle_exit_s = idle_exit_s
        self._exit_at: float | None = time.monotonic() + first_daemon_s
        self._stopping = False
        self._sessions = HeldSessions()
        self._daemon: ServedDaemon | None = None
        self._looked_at: dict[str, AdoptedProcess] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(own_socket.listener, selectors.EVENT_READ, self._accept)

    def run(self) -> None:
        """Serve until SIGTERM, or until there is nothing to keep and nobody to keep it for."""
        self._watch_signals()
        while not self._stopping and (self._exit_at is None or time.monotonic() < self._exit_at):
            for key, _ in self._selector.select(self._timeout()):
                callback: _Callback = key.data
                callback()
            self._look_at_adopted()
            self._tend_daemon()
            self._set_exit()
            self._look_after_socket()

    def _timeout(self) -> float:
        due = [process.look_again_s for process in self._looked_at.values()]
        if self._exit_at is not None:
            due.append(max(0.0, self._exit_at - time.monotonic()))
        due.append(max(0.0, self._look_at - time.monotonic()))
        return min(due)

    def _set_exit(self) -> None:
        if len(self._sessions) or self._daemon is not None:
            self._exit_at = None
        elif self._exit_at is None:
            self._exit_at = time.monotonic() + self._idle_exit_s

    # Signals

    def _watch_signals(self) -> None:
        wake_receiver, wake_sender = socket.socketpair()
        for end in (wake_receiver, wake_sender):
            end.setblocking(False)
        signal.set_wakeup_fd(wake_sender.detach(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        signal.signal(signal.SIGTERM, self._on_sigterm)
        signal.signal(signal.SIGHUP, self._on_sighup)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # whatever the starter had blocked; children inherit it
        self._selector.register(wake_receiver, selectors.EVENT_READ, lambda: self._on_wake(wake_receiver))

    def _on_sigterm(self, *_: object) -> None:
        self._stopping = True

    def _on_sighup(self, *_: object) -> None:
        self._look_at = 0.0

    def _on_wake(self, wake_receiver: socket.socket) -> None:
        wake_receiver.recv(4096)
        for session in self._sessions.reap():
            self._tell_exit(session)

    def _tell_exit(self, session: HeldSession) -> None:
        if self._daemon is not None:
            self._daemon.tell_exit(session)

    # The socket

    def _look_after_socket(self) -> None:
        """Listen again where the socket was removed: a daemon that cannot find this keeper starts another."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_S
        before, trouble = self._socket.listener, ""
        try:
            if self._socket.renew():
                log("the socket was removed; listening again")
        except (SocketTakenError, OSError) as error:
            trouble = f"the socket was removed, and cannot be made again: {error}"
        if trouble and trouble != self._socket_trouble:
            log(trouble)
        self._socket_trouble = trouble
        if self._socket.listener is not before:
            self._selector.unregister(before)
            self._selector.register(self._socket.listener, selectors.EVENT_READ, self._accept)

    # The daemon comes and goes

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.listener.accept()
        except OSError:  # it left again
            return
        if peer_uid(connection) != os.getuid():
            log("refused a connection of another user")
            connection.close()
            return
        self._serve_daemon()  # one that was killed must not stand in the way of its successor
        self._tend_daemon()
        channel = Channel(connection)
        if self._daemon is not None:
            self._refuse(channel)
            return
        self._daemon = ServedDaemon(channel, self._sessions, self._answer)
        self._daemon.hand_over()
        self._selector.register(channel, self._daemon.events, self._serve_daemon)

    def _refuse(self, channel: Channel) -> None:
        with contextlib.suppress(ChannelClosedError):
            channel.send(Busy())
        channel.close()

    def _serve_daemon(self) -> None:
        if self._daemon is not None:
            self._daemon.serve()

    def _tend_daemon(self) -> None:
        """Let go of a daemon that is lost; wait for what the present one needs."""
        daemon = self._daemon
        if daemon is None:
            return
        if daemon.lost is not None:
            log(f"daemon disconnected: {daemon.lost}")
            self._selector.unregister(daemon.channel)
            daemon.channel.close()
            self._daemon = None
        elif self._selector.get_key(daemon.channel).events != daemon.events:
            self._selector.modify(daemon.channel, daemon.events, self._serve_daemon)

    # Requests

    def _answer(self, message: Message, fd: int | None) -> None:
        match message:
            case Spawn():
                self._spawn(message)
            case Adopt() if fd is not None:
                self._adopt(message, fd)
            case Signal():
                self._signal(message)
            case Forget():
                self._forget(message)
            case _:
                if fd is not None:
                    os.close(fd)
                raise BadMessageError(f"{type(message).__name__} is not for a keeper")

    def _reply(self, message: Message, fd: int | None = None) -> None:
        if self._daemon is not None:
            self._daemon.send(message, fd)

    def _spawn(self, request: Spawn) -> None:
        if self._sessions.get(request.session_id) is not None:
            self._reply(Failed(request.request, None, None, _HELD_ALREADY))
            return
        try:
            pid, master_fd = self._spawner.spawn(
                request.argv, cwd=request.cwd, env=request.env, cols=request.cols, rows=request.rows
            )
        except NotSpawnedError as error:
            self._reply(Failed(request.request, error.stage, error.errno, str(error)))
            return
        self._sessions.add(HeldSession(request.session_id, pid, master_fd))
        self._reply(Spawned(request.request, pid), master_fd)

    def _adopt(self, request: Adopt, fd: int) -> None:
        problem = self._why_not_adopt(request, fd)
        if problem is not None:
            os.close(fd)
            self._reply(Failed(request.request, None, None, problem))
            return
        process = AdoptedProcess(request.pid)
        session = HeldSession(request.session_id, request.pid, fd, process)
        self._sessions.add(session)
        self._reply(Done(request.request))
        if process.pidfd is None:
            self._looked_at[session.session_id] = process
        else:
            self._selector.register(process.pidfd, selectors.EVENT_READ, lambda: self._on_pidfd(session, process))

    def _why_not_adopt(self, request: Adopt, fd: int) -> str | None:
        if self._sessions.get(request.session_id) is not None:
            return _HELD_ALREADY
        if not os.isatty(fd):
            return "the descriptor is not a terminal"
        try:
            check_room_for(fd)
        except NotSpawnedError as error:
            return str(error)
        return None

    def _signal(self, request: Signal) -> None:
        session = self._sessions.get(request.session_id)
        if session is None:
            self._reply(Failed(request.request, None, None, "the keeper holds no session of this id"))
            return
        session.signal(request.signum)
        self._reply(Done(request.request))

    def _forget(self, request: Forget) -> None:
        session = self._sessions.get(request.session_id)
        if session is not None and session.adopted is not None:
            self._stop_watching(session, session.adopted)
        self._sessions.forget(request.session_id)
        self._reply(Done(request.request))

    # Processes that are not children

    def _on_pidfd(self, session: HeldSession, process: AdoptedProcess) -> None:
        """It ended; from now on look whether it has been reaped, for only then its status is known."""
        if self._sessions.get(session.session_id) is session:  # not forgotten in the same round
            self._stop_watching(session, process)
            self._looked_at[session.session_id] = process

    def _stop_watching(self, session: HeldSession, process: AdoptedProcess) -> None:
        self._looked_at.pop(session.session_id, None)
        if process.pidfd is not None and process.pidfd in self._selector.get_map():
            self._selector.unregister(process.pidfd)

    def _look_at_adopted(self) -> None:
        for session_id, process in list(self._looked_at.items()):
            status = process.poll(time.monotonic())
            session = self._sessions.get(session_id)
            if status is not None and session is not None:
                del self._looked_at[session_id]
                session.ended(status)
                self._tell_exit(session)


_HELD_ALREADY = "the keeper holds a session of this id already"

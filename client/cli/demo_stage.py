"""What `holdfast demo` plays on: a home of its own with a real daemon, keeper and shell, and a connection to cut.

Everything is taken down in the end, also after an error or Ctrl-C.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ...wire.errors import HoldfastError
from ...wire.paths import Paths
from ..address import Address
from ..http import Http
from ..launcher import start_daemon
from .process import Watched

__all__ = ["Relay", "Stage"]

_END_TIMEOUT_S = 20.0
_PATIENCE_S = 1.0
_RELAY_BYTES = 256 * 1024


class Stage:
    """A throw-away home and the processes in it; `close` ends them all and removes it.

    Attributes:
        folder: the home.
        paths: what is where in it.
        address: of its daemon.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-demo-"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
        # A shell without anybody's start-up files: what it prints must be known to the byte.
        self._environ = {**kept, "HOLDFAST_HOME": str(self.folder), "SHELL": "/bin/sh", "ENV": "", "PS1": "$ "}
        self.paths = Paths.from_environment(self._environ)
        self.address = Address.local(self.paths)
        self._daemon: subprocess.Popen[bytes] | None = None
        self._others: dict[int, Watched] = {}

    def start(self) -> dict[str, Any]:
        """Start a daemon, which takes over what a keeper holds; returns its status. Raises HoldfastError."""
        self._daemon = start_daemon(self.paths, ("--no-tcp", "--wait-for-lock", "5"), environ=self._environ)
        status = self.http().get("/api/daemon")
        self._watch(status["keeper_pid"])
        return status

    def http(self) -> Http:
        """The daemon's routes."""
        return Http(self.address)

    def open_shell(self) -> dict[str, Any]:
        """Make a session with a shell; returns its status. Raises HoldfastError."""
        session = self.http().post("/api/sessions", {"name": "demo", "cwd": "/", "cols": 120, "rows": 40})
        self._watch(session["pid"])
        return session

    def _watch(self, pid: int) -> None:
        if pid not in self._others:
            self._others[pid] = Watched(pid)

    def kill(self) -> None:
        """SIGKILL the daemon: no handler runs, nothing is flushed."""
        assert self._daemon is not None  # noqa: S101  # `start` came before
        self._daemon.kill()
        self._daemon.wait()

    def stop(self) -> None:
        """End the sessions and stop the daemon in good order. Raises HoldfastError."""
        assert self._daemon is not None  # noqa: S101  # as above
        self.http().post("/api/daemon/stop", {"end_sessions": 1})
        self._daemon.wait(_END_TIMEOUT_S)

    def close(self) -> None:
        """End every process of this home and remove it, in whatever state it is."""
        if self._daemon is not None and self._daemon.poll() is None:
            with contextlib.suppress(HoldfastError, subprocess.TimeoutExpired):
                self.stop()
            self._daemon.kill()
            self._daemon.wait()
        for process in self._others.values():  # without its daemon, a keeper waits for the next one
            process.end(_PATIENCE_S)
            process.close()
        for folder in (self.folder, self.paths.runtime_dir):
            shutil.rmtree(folder, ignore_errors=True)


class Relay:
    """A socket before the daemon's: the network between client and daemon, which can be cut.

    Attributes:
        address: where clients connect.
    """

    def __init__(self, folder: Path, behind: Address) -> None:
        self.address = Address("unix", str(folder / "relay.sock"))
        self._behind = behind.path
        self._server: asyncio.Server | None = None
        self._streams: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._accept, self.address.path)

    async def close(self) -> None:
        """Stop listening and cut what is left."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection at once, whatever is under way in it."""
        for writer in self._streams:
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: one that asyncio makes here complains on stderr when it is cancelled (Python 3.11).
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(self._behind)
        except OSError:  # the daemon is down
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._streams |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, far_writer))
                group.create_task(_pass_on(far_reader, writer))
        finally:
            self._streams -= ends


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_RELAY_BYTES):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()

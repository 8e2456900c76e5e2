"""Start a screens process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

from .errors import ScreenError, ScreensMissingError
from .messages import VERSION
from .running import RunningProcess

__all__ = ["start_screens"]

_START_TIMEOUT_S = 15.0
"""It takes 0.2 s; a machine that swaps takes its time."""


async def start_screens(*, idle_exit_s: float | None = None) -> RunningProcess:
    """Start one, and return when it can be asked.

    Args:
        idle_exit_s: it ends when it had no screen for so many seconds; None: it stays.

    Raises:
        ScreensMissingError: there is no emulator, or of another version than this daemon.
        ScreenError: it does not come up.
    """
    ours, theirs = socket.socketpair()
    try:
        running = RunningProcess(_launch(theirs), idle_exit_s=idle_exit_s)
    except OSError as error:
        ours.close()
        raise ScreenError(f"the screens process does not start: {error}") from None
    finally:
        theirs.close()
    try:
        ours.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: running, sock=ours)
        async with asyncio.timeout(_START_TIMEOUT_S):
            ready = await running.ready
    except BaseException as error:
        running.stop()
        if isinstance(error, TimeoutError):
            raise ScreenError(f"the screens process does not come up within {_START_TIMEOUT_S:.0f} s") from None
        raise
    if ready.version != VERSION or ready.missing is not None:
        running.stop()
        raise ScreensMissingError(ready.missing or "the files of Holdfast were replaced; restart the daemon")
    running.rest()
    return running


def _launch(connection: socket.socket) -> subprocess.Popen[bytes]:
    """Run it with the socket as its only descriptor beside stderr, which is the daemon's."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", f"{__package__}.process", "--fd", str(connection.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(connection.fileno(),),
        cwd="/",  # it must not keep a file system busy
    )

"""The screens process: terminal emulators for the daemon, in a process that may die.

    python -P -m holdfast.daemon.screens.process --fd N

The emulator is native code, and some output makes it crash; painting a screen would hold up the daemon. So the daemon
starts this, hands it one end of a socket, sends it output and gets back screens. It answers one request after another
and ends with the socket: so also when the daemon is killed. Ctrl-C, a hang-up and SIGTERM, which come to all processes
of a daemon, are not for it: the daemon may need it to the last.

Bounds: 2 GB of memory (RLIMIT_DATA), no core dumps (they would hold what people saw). It runs at a lower priority
than the daemon, which moves the bytes that somebody waits for.

Exit codes: 0; 65 where the daemon sends what makes no sense.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import socket
import sys
from typing import BinaryIO

from .codec import BadMessageError, encode, read_message
from .messages import VERSION, Ready
from .numbered import NumberedScreen
from .screen import available
from .service import Service

__all__ = ["main"]

_MEMORY_BYTES = 2 << 30
_NICENESS = 5
_WARM_UP = b"\x1b[1mwarm\x1b[0m up\r\n"


def main(arguments: list[str]) -> int:
    """Serve until the socket ends; return the exit code."""
    parser = argparse.ArgumentParser(prog="holdfast-screens", description="terminal emulators of a Holdfast daemon")
    parser.add_argument("--fd", type=int, required=True, metavar="N", help="socket to the daemon")
    options = parser.parse_args(arguments)
    _confine()
    with socket.socket(fileno=options.fd) as connection:
        connection.set_inheritable(False)
        missing = available()
        if missing is None:
            _warm_up()
        try:
            _send(connection, encode(0, Ready(VERSION, missing)))
            with connection.makefile("rb") as requests:
                _serve(connection, requests)
        except (BrokenPipeError, ConnectionResetError):
            return 0  # the daemon is gone
        except BadMessageError as error:
            sys.stderr.write(f"screens: {error}\n")
            return os.EX_DATAERR
    return 0


def _confine() -> None:
    os.umask(0o077)
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    _limit(resource.RLIMIT_DATA, _MEMORY_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(_NICENESS)


def _limit(kind: int, most: int) -> None:
    """Lower a limit, where it is not lower already."""
    soft, hard = resource.getrlimit(kind)
    if soft == resource.RLIM_INFINITY or soft > most:
        resource.setrlimit(kind, (most, hard))


def _warm_up() -> None:
    """Go once through the native library: the first calls take 20 ms."""
    screen = NumberedScreen(80, 24)
    screen.feed(_WARM_UP)
    screen.restore(0)
    screen.checkpoint()
    screen.close()


def _serve(connection: socket.socket, requests: BinaryIO) -> None:
    service = Service()
    while (received := read_message(requests)) is not None:
        _send(connection, service.answer(*received))


def _send(connection: socket.socket, frame: tuple[bytes, bytes]) -> None:
    for part in frame:
        connection.sendall(part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

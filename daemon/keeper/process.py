"""The keeper's process: a small one that owns the shells, so that the daemon may come and go.

    python -m holdfast.daemon.keeper.process --socket PATH [--ready-fd N] [--descriptors N]

It forks children onto terminals, keeps a copy of every terminal's master, reaps the children and remembers how they
ended until the daemon has stored it. It hands all of that to one daemon at a time over a Unix socket, and moves no
terminal bytes. Standard library and ptyprocess only, because it hardly ever restarts.

It ignores SIGINT; SIGTERM ends it (sessions live on where a daemon has copies of their masters). It looks after its
socket each minute, and on SIGHUP at once: one that was removed is made again. It ends by itself when it holds no
session and no daemon is connected. With `--ready-fd` it detaches from its starter, and writes
`ok`, `taken`, or what is wrong to that descriptor; without, it stays in the foreground and tells systemd, where that
asks.

Exit codes: 0; 69: the socket cannot be made; 75: another keeper has this socket.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable

from .keeper import Keeper, log
from .messages import READY, TAKEN
from .own_socket import OwnSocket, SocketTakenError
from .spawning import Spawner, raise_descriptor_limit

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Run a keeper; return its exit code."""
    parser = argparse.ArgumentParser(prog="holdfast-keeper", description="keeps the shells of a Holdfast daemon")
    parser.add_argument("--socket", required=True, metavar="PATH", help="where to listen")
    parser.add_argument("--ready-fd", type=int, metavar="N", help="detach, and say there when it listens")
    parser.add_argument("--descriptors", type=int, metavar="N", help="soft limit of open files for the shells")
    options = parser.parse_args(arguments)
    report = _notify_systemd if options.ready_fd is None else _detach(options.ready_fd)
    for signum in (signal.SIGHUP, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)
    soft, hard = raise_descriptor_limit()
    spawner = Spawner(umask=os.umask(0o077), descriptor_limit=(options.descriptors or soft, hard))
    with contextlib.closing(OwnSocket(os.path.abspath(options.socket))) as own_socket:  # noqa: PTH100  # pathlib would add to the keeper's memory
        try:
            own_socket.take()
        except SocketTakenError as error:
            log(str(error))
            report(TAKEN)
            return os.EX_TEMPFAIL
        except OSError as error:
            log(str(error))
            report(f"{error}\n".encode())
            return os.EX_UNAVAILABLE
        report(READY)
        Keeper(own_socket, spawner).run()
    return 0


def _detach(ready_fd: int) -> Callable[[bytes], None]:
    """Go on in a child of init: so it never becomes a zombie of the daemon, nor ends with it."""
    os.set_inheritable(ready_fd, False)
    if os.fork():
        os._exit(0)

    def report(text: bytes) -> None:
        os.write(ready_fd, text)
        os.close(ready_fd)

    return report


def _notify_systemd(text: bytes) -> None:
    """Tell a service of Type=notify that it is ready, as sd_notify(3) describes."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address and text == READY:
        if address.startswith("@"):
            address = f"\0{address[1:]}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", address)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Wake a daemon whose Unix socket was removed, so that it listens again at once."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import time

from ..wire.holder import Holder, Stage, read_holder
from ..wire.paths import Paths

__all__ = ["wake_daemon"]

_ANSWER_S = 3.0
_LOOK_S = 0.01


def wake_daemon(paths: Paths) -> Holder | None:
    """Have the daemon of this home listen again where nobody answers at its socket; return it once it does.

    One that does not listen after some seconds is returned, too. None: none serves this home; one may be starting or
    stopping.
    """
    deadline, woken = time.monotonic() + _ANSWER_S, None
    while (holder := _serving(paths)) is not None:
        if _is_served(paths) or time.monotonic() >= deadline:
            return holder
        if woken != holder.pid:
            woken = holder.pid
            os.kill(holder.pid, signal.SIGHUP)
        time.sleep(_LOOK_S)  # its socket is all that it answers with
    return None


def _serving(paths: Paths) -> Holder | None:
    """Return the daemon that holds this home, if it should be listening."""
    holder = read_holder(paths.lock_file)
    if holder is None or holder.stage is not Stage.SERVING:
        return None
    try:
        os.kill(holder.pid, 0)
    except (ProcessLookupError, PermissionError):
        return None
    return holder if _is_locked(paths) else None


def _is_locked(paths: Paths) -> bool:
    """Whether the lock is held; asked only where its holder seems to live, for a daemon that starts might meet us."""
    try:
        descriptor = os.open(paths.lock_file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_served(paths: Paths) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        try:
            caller.connect(str(paths.socket))
        except OSError:
            return False
    return True

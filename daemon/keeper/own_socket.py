"""The keeper's socket: made, held against other keepers, and made again where somebody removed it.

The runtime folder is not safe from others: logind removes it after the last logout, cleaners of /tmp do much the same.
A keeper whose socket has no name any more would never be found again, and its shells would be lost with the daemon.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat

__all__ = ["OwnSocket", "SocketTakenError", "is_served"]

_BACKLOG = 8


class SocketTakenError(Exception):
    """Another keeper serves this socket."""


class OwnSocket:
    """The socket at a path (0600), of the only keeper there.

    A lock on the file beside it decides, and the kernel drops that with its owner: so a socket file without a lock is
    what a killed keeper left behind, and one with a lock is never taken away from a living one. Where the lock file was
    removed, the socket itself is asked.

    Attributes:
        listener: listens, once `take` has returned.
    """

    def __init__(self, path: str) -> None:
        """Use `take` to listen, and `close` in the end."""
        self._path = path
        self._lock = -1
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._own: tuple[int, int] | None = None

    def take(self) -> None:
        """Listen; or make again what is missing of lock and socket.

        Raises:
            SocketTakenError: another keeper has the lock, or listens.
            OSError: the folder is missing or not writable, or the path too long.
        """
        lock = self._lock if self._has_lock() else _locked(self._path)
        try:
            listener = self.listener if self._has_socket() else _bound(self._path)
        except BaseException:
            if lock != self._lock:
                os.close(lock)
            raise
        if listener is not self.listener:
            self.listener.close()
            self.listener, self._own = listener, _identity(self._path)
        if lock != self._lock:
            self._drop_lock()
            self._lock = lock

    def renew(self) -> bool:
        """Listen again, in a new folder if need be, where lock or socket is gone; return whether that was so.

        Raises:
            SocketTakenError, OSError: as `take`; all stays as it was.
        """
        if self._has_lock() and self._has_socket():
            return False
        _make_folder(os.path.dirname(self._path))  # noqa: PTH120  # pathlib would add to the keeper's memory
        self.take()
        return True

    def close(self) -> None:
        """Give the path back."""
        if self._has_socket():
            # Before the lock is given back: afterwards it may be the next keeper's socket.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)  # noqa: PTH108  # as above
        self.listener.close()
        self._drop_lock()

    # An inode that is open or bound is not used again, so its number tells whether the file is still the same.

    def _has_lock(self) -> bool:
        if self._lock < 0:
            return False
        status = os.fstat(self._lock)
        return _identity(f"{self._path}.lock") == (status.st_dev, status.st_ino)

    def _has_socket(self) -> bool:
        return self._own is not None and _identity(self._path) == self._own

    def _drop_lock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def is_served(path: str) -> bool:
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        try:
            caller.connect(path)
        except BlockingIOError:  # somebody who is busy
            return True
        except OSError:
            return False
    return True


def _locked(path: str) -> int:
    """Take the lock beside `path`; return its descriptor."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise SocketTakenError(f"another keeper serves {path}") from None
    except BaseException:
        os.close(lock)
        raise
    return lock


def _bound(path: str) -> socket.socket:
    """Listen at `path`, whose lock is ours; return the socket."""
    if is_served(path):
        raise SocketTakenError(f"another keeper, whose lock was removed, serves {path}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  # as above
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        os.chmod(path, 0o600)  # noqa: PTH101  # as above
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _make_folder(folder: str) -> None:
    """Make it 0700 with its parents; one that is there must be our own. As `wire.paths`, which is too big for here."""
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103  # as above
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(errno.EPERM, "not a folder of our own", folder)
    if status.st_mode & 0o077:
        os.chmod(folder, 0o700)  # noqa: PTH101  # as above

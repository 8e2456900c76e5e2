"""Fork a command onto a new terminal, by ptyprocess, and say exactly why when that fails.

For a single-threaded process only: a fork takes along the locks of threads it does not take along. It blocks until the
child has reached execve(2), some milliseconds.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import signal
import stat
import termios
from collections.abc import Mapping, Sequence

from ptyprocess import PtyProcess

__all__ = ["NotSpawnedError", "Spawner", "check_directory", "check_room_for", "find_command", "raise_descriptor_limit"]

_IUTF8 = 0x4000
"""termios(3), the same on Linux and macOS, missing in `termios`: erasing in a cooked line takes whole characters."""

_WANTED_DESCRIPTORS = 4096
"""A session costs one or two. Not more, because where close_range(2) is missing, each fork closes them one by one."""

_SPARE_DESCRIPTORS = 32
"""Kept free, so that the daemon can always connect, and a fork has its pipe and its terminal."""


class NotSpawnedError(Exception):
    """The command does not run; nothing is left of the attempt.

    Attributes:
        stage: `command` (it cannot be executed), `cwd` (it cannot start there) or `fork` (no process or terminal).
        errno: of the system call that failed, or None.
    """

    def __init__(self, stage: str, number: int | None, subject: str) -> None:
        super().__init__(f"{subject}: {os.strerror(number) if number else 'cannot be started'}")
        self.stage = stage
        self.errno = number


class _Forked(PtyProcess):  # type: ignore[misc]  # ptyprocess ships no types
    """Of ptyprocess only the fork is wanted: not its file objects (buffers for bytes that never come here)."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd

    def __del__(self) -> None:
        """PtyProcess closes the terminal and kills its child here; both outlive this object."""


def raise_descriptor_limit() -> tuple[int, int]:
    """Let this process hold hundreds of terminals (macOS starts it with 256); return the limit as it was."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = before
    wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_WANTED_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return before


class Spawner:
    """Forks children that start as a login would start them, whatever this process did to itself."""

    def __init__(self, *, umask: int, descriptor_limit: tuple[int, int]) -> None:
        """`umask` and `descriptor_limit` (soft, hard) are what the children get."""
        self._umask = umask
        self._descriptor_limit = descriptor_limit

    def spawn(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], cols: int, rows: int) -> tuple[int, int]:
        """Start `argv` on a new terminal of `cols` x `rows` cells.

        Its first word is looked up along the PATH of `env`; `cwd` is absolute; `env` is the whole environment.

        Returns:
            Process id, which is also that of its session and group, and the terminal's master (close-on-exec).

        Raises:
            NotSpawnedError: see there.
        """
        check_directory(cwd)
        command = find_command(argv[0], cwd=cwd, path=env.get("PATH", os.defpath))
        before = _open_descriptors()
        check_room_for(len(before))
        try:
            forked = self._fork([command, *argv[1:]], cwd=cwd, env=env, cols=cols, rows=rows)
        except NotSpawnedError:
            # pty.fork and ptyprocess leave their pipe and both ends of the terminal open when a fork or exec fails.
            for fd in _open_descriptors() - before:
                os.close(fd)
            raise
        os.set_inheritable(forked.fd, False)
        return forked.pid, forked.fd

    def _fork(self, argv: list[str], *, cwd: str, env: Mapping[str, str], cols: int, rows: int) -> _Forked:
        parent = os.getpid()
        try:
            forked: _Forked = _Forked.spawn(
                argv, env=env, preexec_fn=lambda: self._prepare_child(cwd), dimensions=(rows, cols)
            )
            return forked
        except BaseException as error:
            if os.getpid() != parent:
                # The child failed in a way that ptyprocess does not catch. It must not come back from here: it would
                # go on as a second keeper on the same socket.
                os._exit(os.EX_SOFTWARE)
            if not isinstance(error, Exception):
                raise
            raise _explain(error, argv[0], cwd) from error

    def _prepare_child(self, cwd: str) -> None:
        """Between fork and exec: undo what this process set for itself."""
        for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            with contextlib.suppress(OSError, ValueError):  # libc keeps some real-time signals to itself
                signal.signal(signum, signal.SIG_DFL)  # execve(2) keeps ignored signals ignored
        os.umask(self._umask)
        resource.setrlimit(resource.RLIMIT_NOFILE, self._descriptor_limit)
        _expect_utf8()
        try:
            os.chdir(cwd)
        except OSError as error:
            # ptyprocess carries the class and the text of an exception over, and not its errno.
            raise RuntimeError(error.errno) from None


def check_room_for(descriptor: int) -> None:
    """Raise NotSpawnedError where this one, counted from 0, would be one of the spare ones."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and descriptor >= soft - _SPARE_DESCRIPTORS:
        raise NotSpawnedError("fork", errno.EMFILE, "no terminal")


def check_directory(path: str) -> None:
    """Raise NotSpawnedError unless a process can start in this directory."""
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):  # noqa: PTH116  # pathlib would add to the keeper's memory
            raise NotSpawnedError("cwd", errno.ENOTDIR, path)
    except OSError as error:
        raise NotSpawnedError("cwd", error.errno, path) from None
    if not os.access(path, os.X_OK):
        raise NotSpawnedError("cwd", errno.EACCES, path)


def find_command(command: str, *, cwd: str, path: str) -> str:
    """Return the absolute path of what execvp(3) would run in `cwd` with this search path.

    Raises:
        NotSpawnedError: with ENOENT; with EACCES where there is such a file, but it cannot be executed; or other errnos
            of stat(2).
    """
    if "/" in command:
        candidates = [os.path.join(cwd, command)]  # noqa: PTH118  # as above
    else:
        candidates = [os.path.join(cwd, folder, command) for folder in path.split(os.pathsep)]  # noqa: PTH118  # as above
    failure = errno.ENOENT
    for candidate in candidates:
        number = _why_not_executable(candidate)
        if number is None:
            return candidate
        if number not in {errno.ENOENT, errno.ENOTDIR} or len(candidates) == 1:  # as execvp(3): remember, and go on
            failure = number
    raise NotSpawnedError("command", failure, command)


def _why_not_executable(path: str) -> int | None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # as above
    except OSError as error:
        return error.errno or errno.ENOENT
    return None if stat.S_ISREG(mode) and os.access(path, os.X_OK) else errno.EACCES


def _expect_utf8() -> None:
    with contextlib.suppress(termios.error):
        attributes = termios.tcgetattr(0)
        attributes[0] |= _IUTF8
        termios.tcsetattr(0, termios.TCSANOW, attributes)


def _explain(error: Exception, command: str, cwd: str) -> NotSpawnedError:
    if isinstance(error, RuntimeError) and str(error).isdigit():  # see _prepare_child
        return NotSpawnedError("cwd", int(str(error)), cwd)
    if type(error) is OSError and error.filename is None and error.strerror is None:
        # As ptyprocess rebuilds what execve(2) raised in the child: text, and errno set afterwards.
        return NotSpawnedError("command", error.errno, command)
    if isinstance(error, FileNotFoundError):  # gone since find_command
        return NotSpawnedError("command", errno.ENOENT, command)
    return NotSpawnedError("fork", getattr(error, "errno", None), "no process or terminal")


def _open_descriptors() -> set[int]:
    listed = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208  # as above
    return {fd for fd in listed if _is_open(fd)}  # without the one that listed them


def _is_open(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True

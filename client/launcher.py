"""Start the daemon in the background, for a command that found none.

The daemon runs in a session of its own, so that closing the terminal does not reach it, and reports over a pipe when it
listens; what it says afterwards goes to its log.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..wire.errors import ConfigError, UnreachableError
from ..wire.paths import Paths, make_private_dir

__all__ = ["DAEMON_COMMAND", "start_daemon", "starting"]

DAEMON_COMMAND = (sys.executable, "-P", "-m", "holdfast.daemon.main")
"""`-P`: a folder called `holdfast` where the user happens to stand must not be run in its place."""

_READY_TIMEOUT_S = 30.0
_READY_WORD = "ok"
_EXIT_CONFIG = 2
_LOG_LINES_SHOWN = 5
_MAX_LOG_BYTES = 1 << 20

# What belongs to the command that happens to start the daemon, and must not reach every shell it ever makes.
_NOT_INHERITED = ("HOLDFAST_SESSION", "HOLDFAST_HOST", "HOLDFAST_TOKEN", "HOLDFAST_TOKEN_FILE")


@contextlib.contextmanager
def starting(paths: Paths) -> Iterator[None]:
    """Hold the right to start this home's daemon; a second command waits here, and then finds one running.

    Raises:
        ConfigError: the home is not writable.
    """
    make_private_dir(paths.data_dir)
    lock = _open_private(paths.data_dir / "start.lock", os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def start_daemon(
    paths: Paths, arguments: Sequence[str] = (), *, environ: Mapping[str, str] = os.environ
) -> subprocess.Popen[bytes]:
    """Start a daemon for `paths` and wait until it listens.

    Args:
        paths: must be those that `environ` leads to.
        arguments: further ones for the daemon, as in `--listen 127.0.0.1:0`.
        environ: what the daemon inherits.

    Returns:
        The process, for callers who outlive it and must reap it.

    Raises:
        ConfigError: the daemon cannot use its configuration or its home.
        UnreachableError: it did not come up; the text says why.
    """
    make_private_dir(paths.data_dir)
    reader, writer = os.pipe()
    log = -1
    try:
        _put_away_long_log(paths.daemon_log)
        log = _open_private(paths.daemon_log, os.O_WRONLY | os.O_APPEND)
        log_start = os.fstat(log).st_size
        process = subprocess.Popen(
            (*DAEMON_COMMAND, "--ready-fd", str(writer), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            start_new_session=True,
            cwd="/",  # it must not keep a file system from being unmounted
            env={name: value for name, value in environ.items() if name not in _NOT_INHERITED},
        )
        os.close(writer)
        writer = -1
        word = _read_until_closed(reader, time.monotonic() + _READY_TIMEOUT_S)
    finally:
        for descriptor in (reader, writer, log):
            if descriptor >= 0:
                os.close(descriptor)
    if word == _READY_WORD:
        return process
    raise _failure(process, word, paths.daemon_log, log_start)


def _open_private(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None


def _put_away_long_log(path: Path) -> None:
    """Keep what earlier daemons said as one older file, so that it does not grow for ever."""
    with contextlib.suppress(OSError):  # there is none yet, or it cannot be moved, which is no reason to fail
        if path.stat().st_size > _MAX_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))


def _read_until_closed(reader: int, deadline: float) -> str | None:
    """Return what was written, stripped; None when the deadline came first."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(reader, 4096)
        if not part:
            return b"".join(parts).decode("utf-8", "replace").strip()
        parts.append(part)


def _failure(
    process: subprocess.Popen[bytes], word: str | None, log: Path, log_start: int
) -> ConfigError | UnreachableError:
    if word is None:
        process.kill()
        process.wait()
        return UnreachableError(f"the daemon did not come up within {_READY_TIMEOUT_S:.0f} seconds; see {log}")
    try:
        code = process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    said = word or _last_lines(log, log_start)
    text = f"the daemon did not start: {said}" if said else f"the daemon ended while starting (exit {code}); see {log}"
    return ConfigError(text) if code == _EXIT_CONFIG else UnreachableError(text)


def _last_lines(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start)
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-_LOG_LINES_SHOWN:])

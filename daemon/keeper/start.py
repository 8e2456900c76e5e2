"""Start a keeper that outlives its starter."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import KeeperError
from .messages import READY, TAKEN

__all__ = ["Inheritance", "start_keeper"]

_START_TIMEOUT_S = 15.0
"""Python starts in 0.1 s; a machine that swaps takes its time."""
_READY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What shells are to inherit although the daemon has set it otherwise for itself.

    Attributes:
        umask: umask(2) of whoever started the daemon.
        descriptors: its soft limit of open files (RLIMIT_NOFILE).
    """

    umask: int
    descriptors: int


async def start_keeper(socket: Path, log: Path, inheritance: Inheritance | None = None) -> None:
    """Start a keeper in a session of its own, with its output in `log`; return when it listens at `socket`.

    The folders of both must exist. Where another keeper was there first, that one stays, and this returns too.

    Args:
        socket: where it listens.
        log: gets its output.
        inheritance: what its shells get; None: what this process has.

    Raises:
        KeeperError: it does not come up; the text says why.
    """
    ready_receiver, ready_sender = os.pipe()
    with os.fdopen(ready_receiver, "rb", buffering=0) as ready:
        try:
            starter = _launch(socket, log, ready_sender, inheritance)
        finally:
            os.close(ready_sender)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                answer = await _read_to_end(ready.fileno())
        except TimeoutError:
            raise KeeperError(f"the keeper does not come up within {_START_TIMEOUT_S:.0f} s; see {log}") from None
        finally:
            # It forked the keeper and ended; waiting takes no time, and a kill means nothing to a process that ended.
            starter.kill()
            starter.wait()
    if answer not in {READY, TAKEN}:
        raise KeeperError(f"the keeper does not start: {answer.decode(errors='replace').strip() or f'see {log}'}")


def _launch(socket: Path, log: Path, ready_sender: int, inheritance: Inheritance | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", f"{__package__}.process"]
    command += ["--socket", str(socket.absolute()), "--ready-fd", str(ready_sender)]
    if inheritance is not None:
        command += ["--descriptors", str(inheritance.descriptors)]
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(ready_sender,),
                cwd="/",  # a keeper must not keep a file system busy
                start_new_session=True,  # nor end with the terminal of its starter
                umask=-1 if inheritance is None else inheritance.umask,
            )
    except OSError as error:
        raise KeeperError(f"the keeper does not start: {error}") from None


async def _read_to_end(descriptor: int) -> bytes:
    """Read until every writer has closed: an unfinished start ends this as well as a finished one."""
    loop = asyncio.get_running_loop()
    os.set_blocking(descriptor, False)
    received = b""
    while True:
        readable = asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(descriptor)
        data = os.read(descriptor, _READY_BYTES)
        if not data:
            return received
        received += data

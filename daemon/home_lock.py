"""The lock of a home: one daemon at a time, whatever becomes of its sockets."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from ..wire.errors import ConfigError, HoldfastError
from ..wire.holder import MAX_HOLDER_BYTES, Holder, Stage, parse_holder

__all__ = ["HomeLock", "LockError"]

_POLL_S = 0.02
_SERVING_PATIENCE_S = 1.0
"""A daemon that serves will not give the lock back; but one that was killed has it until the kernel is done with it."""


class LockError(HoldfastError):
    """Another daemon serves this home."""


class HomeLock:
    """Held until the process ends, however it ends, or `close`."""

    def __init__(self, path: Path, *, wait_s: float) -> None:
        """Take it. A daemon that starts or stops is waited for, `wait_s` seconds at most.

        Raises:
            LockError: a daemon has it.
            ConfigError: the file cannot be written.
        """
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(
                f"cannot write {path}: {error.strerror}; make it writable, or set HOLDFAST_HOME to a folder that is"
            ) from None
        try:
            self._wait(wait_s)
        except BaseException:
            self.close()
            raise
        self.say(Stage.STARTING)

    def say(self, stage: Stage) -> None:
        """Tell those who find the lock taken where its daemon stands."""
        with suppress(OSError):  # a full disk: it is only for them
            os.pwrite(self._descriptor, Holder(os.getpid(), stage).line(), 0)

    def close(self) -> None:
        """Give it back."""
        os.close(self._descriptor)

    def _wait(self, wait_s: float) -> None:
        began_at = time.monotonic()
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = parse_holder(os.pread(self._descriptor, MAX_HOLDER_BYTES, 0))
            else:
                return
            serving = holder is not None and holder.stage is Stage.SERVING
            if time.monotonic() - began_at >= (min(wait_s, _SERVING_PATIENCE_S) if serving else wait_s):
                pid = "unknown" if holder is None else holder.pid
                raise LockError(f"a daemon already serves this home (pid {pid}); 'holdfast daemon stop' ends it")
            time.sleep(_POLL_S)

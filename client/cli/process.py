"""A process that is not our child: wait for its end, and signal it without ever meeting another that got its pid."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import Self

__all__ = ["Watched"]

_POLL_S = 0.02


class Watched:
    """A process under watch, from now until `close`.

    By pidfd_open(2), which also tells of a process that has ended and that nobody reaps; where there is none (macOS,
    Linux before 5.3), by asking for its pid.

    Attributes:
        descriptor: becomes readable when the process ends; None where there is no pidfd.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.descriptor: int | None = None
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):  # gone already
                self.descriptor = os.pidfd_open(pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Watch no longer."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended within `timeout_s` seconds."""
        if self.descriptor is not None:
            return bool(select.select([self.descriptor], [], [], timeout_s)[0])
        deadline = time.monotonic() + timeout_s
        while _exists(self._pid):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def end(self, patience_s: float) -> None:
        """End it if it still runs: SIGTERM, SIGHUP (which interactive shells heed), SIGKILL, with patience between."""
        for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            if self.wait(0):
                return
            with contextlib.suppress(ProcessLookupError):
                if self.descriptor is not None:
                    signal.pidfd_send_signal(self.descriptor, signum)
                else:
                    os.kill(self._pid, signum)
            self.wait(patience_s)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

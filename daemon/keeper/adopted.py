"""Watch a process that another keeper spawned: not our child, so waitpid(2) tells nothing of it.

On Linux a pidfd tells that it ended, and since Linux 6.15 also how. Elsewhere its pid is looked at once a second.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct

from .messages import UNKNOWN_EXIT, ExitStatus

__all__ = ["AdoptedProcess", "exit_status"]

_LOOK_S = 1.0
"""Between two looks at a pid, where there is no pidfd."""
_REAP_LOOK_S = 0.02
_REAP_DEADLINE_S = 1.0
"""How long its new parent (init) may take to reap it. The kernel tells the exit status only after that."""

# <linux/pidfd.h>: struct pidfd_info, version 0: mask, cgroupid, eleven ids, exit_code (as waitpid(2) gives it)
_PIDFD_INFO = struct.Struct("=QQ11Ii")
_PIDFD_GET_INFO = 0xC000_FF0B | _PIDFD_INFO.size << 16
_PIDFD_INFO_EXIT = 1 << 3


def exit_status(wait_status: int) -> ExitStatus:
    """Translate what waitpid(2) gives for a process that ended."""
    code = os.waitstatus_to_exitcode(wait_status)
    return ExitStatus(code, None) if code >= 0 else ExitStatus(None, -code)


class AdoptedProcess:
    """One such process.

    Attributes:
        pidfd: becomes readable when the process ends; None where the system has none or the process is gone already.
    """

    def __init__(self, pid: int) -> None:
        """A `pid` that does not lead a terminal session is another process by now, and counts as gone."""
        self._pid = pid
        self._settle_by: float | None = None
        self.pidfd = _open_pidfd(pid)
        if not self._leads_session():
            self.close()

    def poll(self, now: float) -> ExitStatus | None:
        """Return how the process ended, perhaps `UNKNOWN_EXIT`; None: it runs, or look again after `look_again_s`.

        Args:
            now: seconds of a monotonic clock.
        """
        if self._settle_by is None:
            if self._runs():
                return None
            self._settle_by = now + _REAP_DEADLINE_S
        if self.pidfd is None or now >= self._settle_by:
            return UNKNOWN_EXIT
        return _status_of(self.pidfd)

    @property
    def look_again_s(self) -> float:
        """Seconds until the next `poll` makes sense."""
        return _LOOK_S if self._settle_by is None else _REAP_LOOK_S

    def close(self) -> None:
        """Give the pidfd back."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def _runs(self) -> bool:
        if self.pidfd is None:
            return self._leads_session()
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return not poll.poll(0)

    def _leads_session(self) -> bool:
        try:
            return os.getsid(self._pid) == self._pid
        except ProcessLookupError:
            return False


def _open_pidfd(pid: int) -> int | None:
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):  # gone; or a kernel before 5.3, or a sandbox, without the call
            return os.pidfd_open(pid)
    return None


def _status_of(pidfd: int) -> ExitStatus | None:
    """Ask the kernel how a process ended; None: it has not been reaped yet."""
    info = bytearray(_PIDFD_INFO.pack(_PIDFD_INFO_EXIT, *(0,) * 13))
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, info)
    except OSError:  # a kernel before 6.15
        return UNKNOWN_EXIT
    mask, *_, wait_status = _PIDFD_INFO.unpack(info)
    return exit_status(wait_status) if mask & _PIDFD_INFO_EXIT else None

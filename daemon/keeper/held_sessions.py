"""The sessions a keeper holds: which process, which terminal, how it ended.

No waiting and no messages here: `process.py` says when to reap, and tells the daemon.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from .adopted import AdoptedProcess, exit_status
from .messages import ExitStatus

__all__ = ["HeldSession", "HeldSessions"]


class HeldSession:
    """A terminal and the process on it.

    Attributes:
        pid: of the process, which leads a process group and a terminal session of the same number.
        master_fd: the keeper's copy.
        adopted: how to watch a process that is not the keeper's child; None for a child.
        exit: None while it runs.
    """

    __slots__ = ("adopted", "exit", "master_fd", "pid", "session_id")

    def __init__(self, session_id: str, pid: int, master_fd: int, adopted: AdoptedProcess | None = None) -> None:
        self.session_id = session_id
        self.pid = pid
        self.master_fd = master_fd
        self.adopted = adopted
        self.exit: ExitStatus | None = None

    def ended(self, status: ExitStatus) -> None:
        """Remember how the process ended."""
        self.exit = status
        if self.adopted is not None:
            self.adopted.close()

    def signal(self, signum: int) -> None:
        """Signal the session's own process group, and the one in the foreground of its terminal."""
        # The number of an ended group may belong to a stranger by now; that of the foreground is the kernel's word.
        groups = set() if self.exit is not None else {self.pid}
        with contextlib.suppress(OSError):
            groups.add(os.tcgetpgrp(self.master_fd))
        for group in groups:
            if group > 1:  # 0, where the terminal has no foreground, would mean the keeper's own group
                with contextlib.suppress(ProcessLookupError, PermissionError):  # gone; or all of it is setuid
                    os.killpg(group, signum)

    def close(self) -> None:
        """Give the descriptors back. Where these were the last copies, the kernel hangs the session up."""
        os.close(self.master_fd)
        if self.adopted is not None:
            self.adopted.close()


class HeldSessions:
    """All of them, by session id."""

    def __init__(self) -> None:
        self._by_id: dict[str, HeldSession] = {}
        self._children: dict[int, HeldSession] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[HeldSession]:
        return iter(self._by_id.values())

    def get(self, session_id: str) -> HeldSession | None:
        """Return the session, or None."""
        return self._by_id.get(session_id)

    def add(self, session: HeldSession) -> None:
        """Hold a session, whose id is new."""
        self._by_id[session.session_id] = session
        if session.adopted is None:
            self._children[session.pid] = session

    def forget(self, session_id: str) -> HeldSession | None:
        """Let go of a session and its descriptors; return what it was."""
        session = self._by_id.pop(session_id, None)
        if session is not None:
            session.close()
            if self._children.get(session.pid) is session:
                del self._children[session.pid]
        return session

    def reap(self) -> Iterator[HeldSession]:
        """Collect every child that ended, and yield the sessions among them."""
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            # Absent: forgotten while it ran, or the child of an exec that failed.
            session = self._children.pop(pid, None)
            if session is not None:
                session.ended(exit_status(wait_status))
                yield session

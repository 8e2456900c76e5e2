"""Who holds a home: the one line in its lock file, written by the daemon, read by whoever finds the lock taken.

The lock itself is flock(2) on that file. The line only says who has it, and how far that daemon is.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MAX_HOLDER_BYTES", "Holder", "Stage", "parse_holder", "read_holder"]

MAX_HOLDER_BYTES = 64


class Stage(enum.StrEnum):
    """Where a daemon stands in its life: its Unix socket is there while it serves."""

    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Holder:
    """The daemon that has the lock, or had it last."""

    pid: int
    stage: Stage

    def line(self) -> bytes:
        """Return what stands in the file; always of one length, so that it is replaced by a single write."""
        return f"{self.pid:<10} {self.stage:<8}\n".encode()


def parse_holder(line: bytes) -> Holder | None:
    """Read the line; None where it is none, as in the moment before it is first written."""
    words = line.decode("ascii", "replace").split()
    try:
        pid, stage = words
        return Holder(int(pid), Stage(stage))
    except ValueError:
        return None


def read_holder(lock_file: Path) -> Holder | None:
    """Return who has the lock or had it last; None where nobody ever had."""
    try:
        with lock_file.open("rb") as file:
            return parse_holder(file.read(MAX_HOLDER_BYTES))
    except OSError:
        return None

"""Is a session's process still the one it was? A pid alone does not say: pids are reused.

A process is known by pid, start time and boot id together. The start time is kept in seconds after boot: psutil gives
seconds since the epoch, which move when the clock is set; both of its terms move alike, so their difference stands.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import psutil

from .resume import Process

__all__ = ["boot_id", "cwd_of", "probe", "sessions_with_company", "started_after_boot"]

_START_SLACK_S = 0.05
"""proc(5) gives start times in ticks of 10 ms; floats add their own error. No pid comes round again in this time."""


def boot_id() -> str:
    """Return a name of this boot: random(4) on Linux, elsewhere the boot time in seconds."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"boot-{int(psutil.boot_time())}"


def started_after_boot(pid: int) -> float | None:
    """Return when the process started, in seconds after boot, or None where there is none."""
    try:
        return round(psutil.Process(pid).create_time() - psutil.boot_time(), 2)
    except psutil.Error:
        return None


def probe(pid: int | None, started: float | None, boot: str, *, current_boot: str) -> Process:
    """Say whether the process with this identity lives. A zombie does not."""
    if boot != current_boot:
        return Process.OTHER_BOOT
    if pid is None or started is None:
        return Process.DEAD
    try:
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return Process.DEAD
    except psutil.Error:
        return Process.DEAD
    found = started_after_boot(pid)
    return Process.ALIVE if found is not None and abs(found - started) <= _START_SLACK_S else Process.DEAD


def sessions_with_company() -> set[int]:
    """Return the session ids (setsid(2)) in which more than one process runs. One pass over all processes."""
    members: Counter[int] = Counter()
    for pid in psutil.pids():
        try:
            members[os.getsid(pid)] += 1
        except OSError:  # gone meanwhile, or not ours to ask
            continue
    return {sid for sid, count in members.items() if count > 1}


def cwd_of(pid: int) -> str | None:
    """Return the working directory of a process, or None where it cannot be known.

    Asked after every burst of output, so the link itself is read where there is one (proc_pid_cwd(5)): 3 us, psutil
    takes 40. A name that is not UTF-8 comes back with U+FFFD in it: it must go into JSON and the database.
    """
    try:
        path = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115  # a Path would take longer than the call
    except OSError:
        try:
            path = psutil.Process(pid).cwd()
        except (psutil.Error, OSError):
            return None
    return os.fsencode(path).decode("utf-8", "replace") or None

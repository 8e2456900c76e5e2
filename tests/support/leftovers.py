"""What runs in a home: nothing may be left behind."""

from __future__ import annotations

from pathlib import Path

import psutil


def processes_of(home: Path) -> dict[int, str]:
    """Return the pids and command lines of living processes that belong to a home, by their environment."""
    found = {}
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOLDFAST_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def shells_of(home: Path) -> dict[int, str]:
    """Return those that are neither daemon nor keeper."""
    return {pid: command for pid, command in processes_of(home).items() if " -m holdfast." not in command}

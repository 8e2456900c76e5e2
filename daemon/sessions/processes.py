"""What runs in a session: the program in the foreground, and everything that would end with it."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

__all__ = ["RunningProcess", "processes_of", "program_name"]

_COMM_CHARS = 15
"""proc_pid_comm(5): longer names are cut there."""

_MOST_PROCESSES = 100
"""Enough to know what one is about to end; each costs some 50 us."""


class RunningProcess(NamedTuple):
    """One process; `command` is its command line, quoted for a shell, or empty where it cannot be read."""

    pid: int
    name: str
    command: str


def program_name(group: int) -> str:
    """Return the name of the process that leads a process group, or "" where it has ended or cannot be known.

    Asked for every session of a list, so the file itself is read where there is one (proc_pid_comm(5)): 15 us; psutil
    takes 60.
    """
    try:
        name = Path(f"/proc/{group}/comm").read_bytes().decode("utf-8", "replace").rstrip("\n")
    except OSError:
        name = ""
    if name and len(name) < _COMM_CHARS:
        return name
    with suppress(psutil.Error):
        return psutil.Process(group).name() or name
    return name


def processes_of(leader: int) -> list[RunningProcess]:
    """Return what lives in the session (setsid(2)) that `leader` leads, the oldest first. One pass over all pids."""
    found = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == leader:
                found.append(pid)
        except OSError:  # gone meanwhile, or not ours to ask
            continue
        if len(found) == _MOST_PROCESSES:
            break
    return [one for pid in found if (one := _describe(pid)) is not None]


def _describe(pid: int) -> RunningProcess | None:
    """Return what is known of a process, or None for one that has ended."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            name = process.name()
            with suppress(psutil.AccessDenied):
                return RunningProcess(pid, _text(name), _text(shlex.join(process.cmdline())))
            return RunningProcess(pid, _text(name), "")
    except psutil.Error:
        return None


def _text(name: str) -> str:
    """Return it as text that goes into JSON: a name that is not UTF-8 comes with lone surrogates."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

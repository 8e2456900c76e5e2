"""A process is known by pid, start time and boot together."""

from __future__ import annotations

import os
import subprocess
import sys

from holdfast.daemon.sessions.liveness import boot_id, cwd_of, probe, sessions_with_company, started_after_boot
from holdfast.daemon.sessions.resume import Process


def test_this_process_is_alive() -> None:
    """Its own identity is recognised."""
    started = started_after_boot(os.getpid())
    assert probe(os.getpid(), started, boot_id(), current_boot=boot_id()) is Process.ALIVE


def test_a_reused_pid_does_not_pass() -> None:
    """The same pid with another start time is another process."""
    started = started_after_boot(os.getpid())
    assert started is not None
    assert probe(os.getpid(), started - 1.0, boot_id(), current_boot=boot_id()) is Process.DEAD
    assert probe(os.getpid(), None, boot_id(), current_boot=boot_id()) is Process.DEAD


def test_a_process_of_another_boot_does_not_pass() -> None:
    """After a reboot nothing is what it was, whatever its pid."""
    assert probe(os.getpid(), started_after_boot(os.getpid()), "other", current_boot=boot_id()) is Process.OTHER_BOOT


def test_a_zombie_is_dead() -> None:
    """A process that ended but was not reaped yet runs nothing."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    started = started_after_boot(child.pid)
    assert probe(child.pid, started, boot_id(), current_boot=boot_id()) is Process.ALIVE
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert probe(child.pid, started, boot_id(), current_boot=boot_id()) is Process.DEAD
    child.wait()
    assert started_after_boot(child.pid) is None
    assert cwd_of(child.pid) is None


def test_company_is_a_second_process_of_the_session() -> None:
    """A leader alone has no company; with a child it has."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    leader = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert leader.stdout is not None
    leader.stdout.readline()
    assert leader.pid in sessions_with_company()
    leader.communicate(b"\n")
    assert leader.pid not in sessions_with_company()

"""What runs in a session, told of real processes."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.daemon.sessions.processes import processes_of, program_name


@contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that leads a session and group of its own, and has started to run its program."""
    with subprocess.Popen(
        [program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def test_a_program_is_named_in_full(tmp_path: Path) -> None:
    """The name is the program's file's, also where the kernel keeps 15 characters of it."""
    long = tmp_path / "a-program-with-a-long-name"
    long.symlink_to("/bin/cat")
    with running("/bin/sh", "-c", "echo; read x") as process:
        assert program_name(process.pid) in ("sh", "dash", "bash")
    with running("/bin/sh", "-c", f"echo; exec {long}") as process:
        process.stdin.write(b"now it runs\n")  # type: ignore[union-attr]  # it is a pipe
        process.stdin.flush()  # type: ignore[union-attr]  # as above
        process.stdout.readline()  # type: ignore[union-attr]  # as above
        assert program_name(process.pid) == long.name


def test_what_has_ended_has_no_name() -> None:
    """Nothing is made up for a group whose leader is gone."""
    with running("/bin/sh", "-c", "echo; read x") as process:
        pass
    assert program_name(process.pid) == ""
    assert processes_of(process.pid) == []


def test_what_would_end_with_a_session() -> None:
    """All its processes are told with their command lines, the oldest first; no others, and no zombies."""
    job = [sys.executable, "-c", "import time; print(flush=True); time.sleep(1000)"]
    script = f"sh -c 'exit 0' & {shlex.join(job)} & read x"
    with running("/bin/sh", "-c", script) as process:
        leader, *others = processes_of(process.pid)
        try:
            assert leader.pid == process.pid
            assert [one.command for one in others] == [shlex.join(job)]
            assert os.getpid() not in {one.pid for one in others}
        finally:
            for one in others:
                os.kill(one.pid, signal.SIGKILL)


def test_a_command_line_is_quoted_and_any_bytes_are_text() -> None:
    """What is told can be shown and goes into JSON."""
    code = "print(flush=True); import sys; sys.stdin.read()"
    with running(sys.executable, "-c", code, "a b", os.fsdecode(b"\xff")) as process:
        (one,) = processes_of(process.pid)
        assert one.command.endswith("'a b' '\N{REPLACEMENT CHARACTER}'")
        one.command.encode()

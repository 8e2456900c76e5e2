"""`holdfast demo`, as it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.cli import DEADLINE_S, HOLDFAST, Cli


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Where the demo makes its home; it must be empty afterwards."""
    with tempfile.TemporaryDirectory(prefix="hf-") as folder:
        yield Path(folder)


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE}


def test_the_demo_loses_and_doubles_nothing_and_leaves_nothing(
    environ: dict[str, str], home: Path, scratch: Path
) -> None:
    """Without a terminal, beside a home that it does not touch."""
    output = Cli(environ)("demo", more={"TMPDIR": str(scratch)})
    assert re.search(r"bytes lost +0\n", output)
    assert re.search(r"bytes doubled +0\n", output)
    assert re.search(r"same shell +yes, pid \d+\n", output)
    assert re.search(r"replay is the same +yes", output)
    printed = re.search(r"bytes printed +([\d,]+)\n", output)
    assert printed
    assert int(printed[1].replace(",", "")) >= 10_000_000
    pids = {int(pid) for pid in re.findall(r"pid (\d+)", output)}
    assert len(pids) == 4  # two daemons, the keeper, the shell
    assert not alive(pids)
    assert not any(scratch.iterdir())
    assert list(home.iterdir()) == [home / "user"]


@pytest.mark.parametrize("moment", ["opened", "connection cut", "killed", "started again"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_cleans_up(environ: dict[str, str], scratch: Path, moment: str, signum: int) -> None:
    pids: set[int] = set()
    with subprocess.Popen(
        [HOLDFAST, "demo"],
        env={**environ, "TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        for line in demo.stdout:
            pids |= {int(pid) for pid in re.findall(r"pid (\d+)", line)}
            if moment in line:
                os.kill(demo.pid, signum)
                break
        demo.stdout.read()
        assert "Traceback" not in demo.stderr.read()
        assert demo.wait(DEADLINE_S) == 130
    assert not alive(pids)
    assert not any(scratch.iterdir())

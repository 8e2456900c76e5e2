"""Deaths at random moments, which a seed repeats."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import select
import signal
import subprocess
import sys

from .daemons import Daemon

_START_S = (0.05, 0.25)
"""A daemon has imported its modules after the first, and listens before the second."""


def seeded() -> random.Random:
    """Return randomness with a new seed, or with that of a failed run: HOLDFAST_TEST_SEED, which is printed."""
    seed = int(os.environ.get("HOLDFAST_TEST_SEED") or secrets.randbits(32))
    print(f"HOLDFAST_TEST_SEED={seed}")  # noqa: T201  # pytest shows it where the test fails
    return random.Random(seed)


async def kill_and_start(daemon: Daemon, chance: random.Random, *, within_s: float) -> None:
    """Kill a working daemon at a moment of the next `within_s` seconds, one in five also while it starts; start it."""
    await asyncio.sleep(chance.uniform(0, within_s))
    daemon.kill()
    if chance.random() < 0.2:
        half_started = launch(daemon)
        await asyncio.sleep(chance.uniform(*_START_S))
        half_started.kill()
        half_started.wait()
    await asyncio.to_thread(daemon.start)


def launch(daemon: Daemon) -> subprocess.Popen[bytes]:
    """Start the daemon and do not wait for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "holdfast.daemon.main", *daemon.arguments],
        env=daemon.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def ended(pid: int, *, within_s: float = 10.0) -> bool:
    """Whether a process has ended, or ends in time."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], within_s)[0])
    finally:
        os.close(pidfd)


def kill(pid: int) -> None:
    """SIGKILL a process and wait until it has ended."""
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)

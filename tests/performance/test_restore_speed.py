"""How fast a screen is restored, whatever came before it, and what the screens of many sessions cost in memory.

The clock runs from before the connection is made until the screen's frame has been read. Medians of several attaches;
what the screen shows is compared with the end of what was printed.
"""

# ruff: noqa: T201  # the figures are half of what it is for

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import psutil
import pytest
from support.daemons import Daemon
from support.wire_client import attach

ROUNDS = 15
CEILING_S = 1.0
"""Far above what it takes, so that a busy machine does not fail it: the figure is what counts."""

SESSIONS = 200
SCREENS_CEILING_BYTES = 300_000_000


def listing(size: int) -> str:
    """Coloured lines of about `size` bytes."""
    line = "\x1b[32m{:07d}\x1b[0m \x1b[1;34m{}\x1b[0m and some words that make it as long as a line is\n"
    return "".join(line.format(number, "x" * (number % 17)) for number in range(size // 85))


async def time_attach(daemon: Daemon, session_id: str) -> float:
    """Seconds until the screen is there."""
    began = time.perf_counter()
    async with attach(daemon, session_id=session_id, replay="restore", cols=80, rows=24) as late:
        await late.until(lambda one: one.screen is not None, "the screen")
        took = time.perf_counter() - began
        assert late.screen is not None
        assert b"READY" in late.screen
    return took


async def session_with(daemon: Daemon, tmp_path: Path, size: int) -> str:
    """A session that has printed a listing of `size` bytes."""
    file = tmp_path / f"listing-{size}"
    file.write_text(listing(size))
    async with attach(daemon, argv=["sh", "-c", f"cat {file}; printf READY; read wait"], cols=80, rows=24) as early:
        await early.until_output(b"READY")
        return str(early.session["session_id"])


async def test_attaching_takes_no_longer_after_a_long_history(daemon: Daemon, tmp_path: Path) -> None:
    """The first screen of 50 MB comes as soon as that of 100 KB: both have 1,000 lines of scrollback in them."""
    print()
    medians = {}
    for name, size in (("1 KB", 1_000), ("100 KB", 100_000), ("50 MB", 50_000_000)):
        session_id = await session_with(daemon, tmp_path, size)
        first = await time_attach(daemon, session_id)
        times = [await time_attach(daemon, session_id) for _ in range(ROUNDS)]
        medians[name] = statistics.median(times)
        print(
            f"attach to a screen with {name:>6} behind it: {medians[name] * 1000:5.1f} ms "
            f"({min(times) * 1000:.1f} to {max(times) * 1000:.1f}), the first one {first * 1000:.0f} ms"
        )
    daemon.kill()
    daemon.start()
    restarted = await time_attach(daemon, session_id)
    print(f"the first one after a crash of the daemon: {restarted * 1000:.0f} ms")
    print(f"50 MB against 100 KB: {medians['50 MB'] / medians['100 KB']:.2f}")
    assert max(medians.values()) < CEILING_S


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
async def test_the_screens_of_many_sessions_have_a_bound(daemon: Daemon, tmp_path: Path) -> None:
    """However many sessions were looked at, the screens process holds so many of their screens and no more."""
    file = tmp_path / "listing"
    file.write_text(listing(300_000))
    script = f"cat {file}; printf READY; read wait"
    watched = psutil.Process(daemon.status()["pid"])

    async def look(number: int) -> None:
        async with attach(daemon, argv=["sh", "-c", script], cols=80 + number % 121, rows=24) as early:
            await early.until_output(b"READY")
        async with attach(daemon, session_id=early.session["session_id"], replay="restore") as late:
            await late.until(lambda one: one.screen is not None, "the screen")

    for start in range(0, SESSIONS, 4):
        await asyncio.gather(*(look(number) for number in range(start, start + 4)))
    helpers = [child for child in watched.children() if "screens" in " ".join(child.cmdline())]
    resident = sum(helper.memory_info().rss for helper in helpers)
    print(
        f"\n{SESSIONS} sessions with 300 KB of output, each looked at once: "
        f"screens process {resident / 1e6:.0f} MB, daemon {watched.memory_info().rss / 1e6:.0f} MB, "
        f"{watched.num_fds()} descriptors"
    )
    assert 0 < resident < SCREENS_CEILING_BYTES

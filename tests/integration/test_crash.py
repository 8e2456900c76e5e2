"""Kills: of the daemon under full output, of the keeper, of both; and what is typed meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import time
from pathlib import Path

from support.daemons import Daemon
from support.resuming_client import ResumingClient
from support.streams import Checked, Rounds, set_limits, spawn, status_of

KILLS = 100


def seeded() -> random.Random:
    """Return randomness that a failed run can be repeated with: HOLDFAST_TEST_SEED."""
    seed = int(os.environ.get("HOLDFAST_TEST_SEED") or secrets.randbits(32))
    print(f"HOLDFAST_TEST_SEED={seed}")  # noqa: T201  # shown where the test fails
    return random.Random(seed)


async def kill_at_random(daemon: Daemon, chance: random.Random, *, longest_s: float) -> None:
    """Kill the daemon while it works or, one time in five, while it starts; start it again."""
    if chance.random() < 0.2:
        daemon.kill()
        half_started = daemon.launch()
        await asyncio.sleep(chance.uniform(0.05, 0.25))
        half_started.kill()
        half_started.wait()
    else:
        await asyncio.sleep(chance.uniform(0, longest_s))
        daemon.kill()
    await asyncio.to_thread(daemon.start)


async def test_a_hundred_kills_under_full_output(stopped_daemon: Daemon, tmp_path: Path) -> None:
    """After 100 kills at random moments the log, and clients that resumed through all of them, have every byte once."""
    chance, daemon, rounds = seeded(), stopped_daemon, Rounds(tmp_path)
    set_limits(daemon, session_bytes=4 << 30, total_bytes=16 << 30)
    await asyncio.to_thread(daemon.start)
    sessions = [spawn(daemon, rounds.argv) for _ in range(2)]
    checks = [Checked(rounds) for _ in range(3)]
    clients = [
        ResumingClient(daemon, sessions[0]["session_id"], "raw", checks[0].take),
        ResumingClient(daemon, sessions[1]["session_id"], "zstd", checks[1].take, zstd=1, window=1 << 20),
        ResumingClient(daemon, sessions[1]["session_id"], "json", checks[2].take, binary=False),
    ]
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for client, check in zip(clients, checks, strict=True):
            group.create_task(client.run_until(lambda check=check: check.done, within_s=120))
        for _ in range(KILLS):
            await kill_at_random(daemon, chance, longest_s=0.1)
        print("kills took", time.monotonic() - started)
        rounds.finish()
    print("all took", time.monotonic() - started, [c.offset for c in clients], [c.connections for c in clients], [c.longest_stall_s for c in clients])
    for client in clients:
        assert set(client.attaches) == {"exact"}
        assert client.errors == []
    for session in sessions:
        now = status_of(daemon, session["session_id"])
        assert (now["state"], now["pid"], now["head"]) == ("running", session["pid"], 0)
        log = Checked(rounds)
        log.take(0, await asyncio.to_thread(daemon.fetch, f"/api/sessions/{session['session_id']}/log"))
        assert log.done

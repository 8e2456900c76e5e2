"""An upgrade: the daemon stops, another one starts, and twenty programs that print meanwhile notice nothing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from support.daemons import Daemon
from support.resuming_client import ResumingClient
from support.streams import Checked, Rounds, fetch_log, set_limits, spawn, status_of
from support.waiting import wait_until

SESSIONS = 20
RESTARTS = 2


async def test_restarts_while_twenty_sessions_print(stopped_daemon: Daemon, tmp_path: Path) -> None:
    """Each session keeps its process and every byte of its output; clients that come back get each byte once."""
    daemon, rounds = stopped_daemon, Rounds(tmp_path, lines=2000)
    set_limits(daemon, session_bytes=4 << 30, total_bytes=64 << 30)
    await asyncio.to_thread(daemon.start)
    sessions = [spawn(daemon, rounds.argv) for _ in range(SESSIONS)]
    checks = [Checked(rounds) for _ in sessions]
    clients = [
        ResumingClient(daemon, session["session_id"], f"client-{number}", check.take, zstd=number % 2)
        for number, (session, check) in enumerate(zip(sessions, checks, strict=True))
    ]
    downtimes = []
    async with asyncio.TaskGroup() as group:
        for client, check in zip(clients, checks, strict=True):
            group.create_task(client.run_until(check.is_done, within_s=60))
        for _ in range(RESTARTS):
            await all_move_on(clients)
            before = time.monotonic()
            assert await asyncio.to_thread(daemon.stop) == 0
            stopped = time.monotonic()
            await asyncio.to_thread(daemon.start)
            downtimes.append((stopped - before, time.monotonic() - stopped))
        await all_move_on(clients)
        rounds.finish()
    assert all(stop < 5 for stop, _ in downtimes), downtimes
    print(  # noqa: T201  # the figure of docs/benchmarks.md
        f"{SESSIONS} sessions, {sum(check.offset for check in checks) / 1e6:.0f} MB: "
        + ", ".join(f"stopped in {stop:.2f} s, started in {start:.2f} s" for stop, start in downtimes)
        + f", longest stall of a client {max(client.longest_stall_s for client in clients):.2f} s"
    )
    for session, client in zip(sessions, clients, strict=True):
        assert client.connections == RESTARTS + 1
        assert set(client.attaches) == {"exact"}
        assert client.errors == []
        now = status_of(daemon, session["session_id"])
        assert (now["state"], now["pid"], now["head"]) == ("running", session["pid"], 0)
        log = Checked(rounds)
        log.take(0, await fetch_log(daemon, session["session_id"]))
        assert log.is_done()


async def all_move_on(clients: list[ResumingClient]) -> None:
    """Wait until each client has got output that it had not before."""
    before = [client.offset for client in clients]
    await wait_until(
        lambda: all(client.offset > offset for client, offset in zip(clients, before, strict=True)),
        "every client gets output",
    )

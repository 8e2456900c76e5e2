"""Clients that do not read, or read slowly: they cost nobody anything, and get all they missed, or are told of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from support.daemons import Daemon
from support.wire_client import WireClient, attach, attach_raw

LINES = "".join(f"line {number:07} {'x' * 80}\n" for number in range(11_000)).encode()  # 1 MB
MOST_GROWTH_BYTES = 24 << 20
"""What the daemon may grow by while 50 MB pass: its write buffers, batches of chunks, and SQLite's cache."""

LEAST_BYTES_PER_S = 5e6
"""A tenth of what one client gets on a slow machine; a client that waits for another gets nothing."""

MODES: list[dict[str, Any]] = [{}, {"zstd": 1}, {"binary": False}]


async def test_a_stalled_client_costs_the_fast_one_nothing(daemon: Daemon) -> None:
    """While three clients read nothing, one gets 55 MB at speed and the daemon does not grow; they are told at last."""
    async with flood(daemon, megabytes=55) as (fast, go):
        session_id = fast.session["session_id"]
        assert daemon.process is not None
        process = psutil.Process(daemon.process.pid)
        async with AsyncExitStack() as stack:
            stalled = [
                await stack.enter_async_context(
                    attach_raw(daemon, binary=binary, client_id=name, session_id=session_id)
                )
                for name, binary in (("s1", True), ("s2", True), ("s3", False))
            ]
            before, most = process.memory_info().rss, 0
            started = time.perf_counter()
            await go()
            end = len(b"READY\n\n") + 55 * len(LINES)
            while fast.offset < end:
                await fast.step()
                assert fast.close_code is None
                most = max(most, process.memory_info().rss)
            elapsed = time.perf_counter() - started
            assert bytes(fast.output) == b"READY\n\n" + 55 * LINES
            assert end / elapsed > LEAST_BYTES_PER_S
            assert most - before < MOST_GROWTH_BYTES
            for client in stalled:
                await catch_up(client, end)
                # More was printed than is kept: what is left out is named, the rest is what the fast one saw.
                # Where the mirror had not seen it yet, nothing was trimmed.
                skipped = [message for message in client.messages if message["type"] == "skipped"]
                assert [message["reason"] for message in skipped] in ([], ["trimmed"])
                first, stop = (skipped[0]["from_offset"], skipped[0]["to_offset"]) if skipped else (0, 0)
                assert client.output[:first] == fast.output[:first]
                assert client.output[stop:] == fast.output[stop:]
                assert end - stop > 45_000_000
            assert process.memory_info().rss - before < MOST_GROWTH_BYTES


async def test_a_stalled_client_gets_all_it_missed(daemon: Daemon) -> None:
    """A client that begins to read late gets every byte that is still kept, and the end of the session behind it."""
    for query in MODES:
        async with flood(daemon, megabytes=12) as (fast, go):
            end = len(b"READY\n\n") + 12 * len(LINES)
            async with attach_raw(daemon, session_id=fast.session["session_id"], **query) as stalled:
                await go()
                await catch_up(fast, end)
                await fast.type("\n")  # the script ends
                assert await fast.until_closed() == 4000
                assert await stalled.until_closed() == 4000
                assert stalled.messages[-1] == {"type": "exit", "code": 0, "signal": None}
                assert "skipped" not in [message["type"] for message in stalled.messages]
                assert stalled.output == fast.output


async def test_slow_reading_of_a_long_history_costs_little(daemon: Daemon) -> None:
    """Ten clients that ask for 20 MB of history and read none of it leave the daemon as small as it was."""
    async with flood(daemon, megabytes=20) as (fast, go):
        end = len(b"READY\n\n") + 20 * len(LINES)
        await go()
        await catch_up(fast, end)
        assert daemon.process is not None
        process = psutil.Process(daemon.process.pid)
        before = process.memory_info().rss
        async with AsyncExitStack() as stack:
            waiting = [
                await stack.enter_async_context(attach(daemon, session_id=fast.session["session_id"]))
                for _ in range(10)
            ]
            await settle(fast)
            assert process.memory_info().rss - before < MOST_GROWTH_BYTES
            await catch_up(waiting[0], end)
            assert waiting[0].output == fast.output[:end]
            for client in waiting:
                client.cut()  # a closing handshake with ten clients that do not read takes its time


async def test_the_daemon_stops_beside_a_client_that_does_not_read(daemon: Daemon) -> None:
    """SIGTERM ends the daemon within 5 s, whoever leaves its last words unread; the session is there afterwards."""
    async with flood(daemon, megabytes=2) as (fast, go):
        session_id = fast.session["session_id"]
        async with attach_raw(daemon, session_id=session_id) as stalled:
            await go()
            await fast.until(lambda client: client.offset >= len(b"READY\n\n") + 2 * len(LINES))
            started = time.perf_counter()
            assert daemon.stop() == 0
            assert time.perf_counter() - started < 5
            stalled.cut()
            assert await fast.until_closed() == 1001
        daemon.start()
        async with attach(daemon, session_id=session_id, since=fast.offset, create=0) as back:
            assert back.session["attach"] == "exact"


async def test_the_window_is_never_exceeded(daemon: Daemon) -> None:
    """With `window=W` the daemon stops when W bytes are unacknowledged, goes on at the `ack`, in history and live."""
    for query in MODES:
        window = 300_000  # more than a stored chunk, so that also one sent whole stays within
        async with flood(daemon, megabytes=3, rounds=2) as (first, go):
            await go()
            history = len(b"READY\n\n") + 3 * len(LINES)
            await catch_up(first, history)
            session_id = first.session["session_id"]
            async with attach(daemon, session_id=session_id, window=window, **query) as client:
                await acknowledge_by_and_by(client, window, history)
                await client.until_message("replay_done")
                await go()
                end = history + 1 + 3 * len(LINES)
                await acknowledge_by_and_by(client, window, end)
                await catch_up(first, end)
                assert client.output == first.output


async def test_a_client_that_reads_no_control_messages_is_closed(daemon: Daemon) -> None:
    """Also what is not output is not heaped up for ever: beyond 4 MiB the client is closed with 4008, others stay."""
    async with attach(daemon, client_id="first") as first:
        session_id = first.session["session_id"]
        await first.send(type="detach")
        await first.until_closed()
        async with attach_raw(daemon, session_id=session_id, client_id="stalled") as stalled:
            # 120 places make a `presence` of 15 kB, which everyone connected is sent at each coming and going.
            for number in range(120):
                await come_and_vanish(daemon, session_id, f"{number:064}")
            for number in range(200):
                await come_and_vanish(daemon, session_id, f"{number % 120:064}")
            assert await stalled.until_closed() == 4008
        async with attach(daemon, session_id=session_id, client_id="other") as other:
            await other.type("echo unharmed-$((1+1))\n")
            await other.until_output(b"unharmed-2\r\n")


@asynccontextmanager
async def flood(daemon: Daemon, *, megabytes: int, rounds: int = 1) -> AsyncIterator[tuple[WireClient, Any]]:
    """A session that prints so much each time `go` is called, and ends when it is called once more."""
    lines = write_lines(daemon)
    script = (
        "stty -onlcr; echo READY; "
        f"for round in $(seq {rounds}); do read go; for n in $(seq {megabytes}); do cat {lines}; done; done; read end"
    )
    async with attach(daemon, client_id="fast", argv=["sh", "-c", script]) as client:
        await client.until_output(b"READY\n")

        async def go() -> None:
            await client.type("\n")

        yield client, go


def write_lines(daemon: Daemon) -> Path:
    path = Path(daemon.environ["HOME"], "lines")
    path.write_bytes(LINES)
    return path


async def catch_up(client: WireClient, end: int) -> None:
    """Begin to read, until this offset."""
    await client.until(lambda one: one.offset >= end, f"offset {end}")


async def acknowledge_by_and_by(client: WireClient, window: int, end: int) -> None:
    """Take output up to `end`, acknowledging a third of the window only when the daemon has stopped."""
    acknowledged = client.offset
    await client.send(type="ack", offset=acknowledged)
    stops = 0
    while client.offset < end:
        before = client.offset
        await settle(client)
        assert client.offset - acknowledged <= window
        if client.offset == before:
            stops += 1
            acknowledged = min(client.offset, acknowledged + window // 3 + 1)
            await client.send(type="ack", offset=acknowledged)
    assert stops >= (end - window) // window, "it was never stopped"


async def settle(client: WireClient) -> None:
    """Take in everything the daemon had for this client before it saw this ping."""
    pongs = client.messages.count({"type": "pong"})
    await client.send(type="ping")
    await client.until(lambda one: one.messages.count({"type": "pong"}) > pongs, "pong")


async def come_and_vanish(daemon: Daemon, session_id: str, client_id: str) -> None:
    async with attach_raw(daemon, session_id=session_id, client_id=client_id, replay="none") as client:
        await client.until_message("presence")
        client.cut()

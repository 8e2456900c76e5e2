"""Kills: of the daemon under full output, of the keeper, of both; and what is typed meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from support.crashes import ended, kill, kill_and_start, seeded
from support.daemons import Daemon, end_process
from support.leftovers import shells_of
from support.resuming_client import ResumingClient
from support.streams import Checked, Rounds, fetch_log, numbered_lines, set_limits, spawn, status_of
from support.waiting import wait_until
from support.wire_client import attach

from holdfast.store.hot_tail import HotTail

KILLS = 100


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
    async with asyncio.TaskGroup() as group:
        for client, check in zip(clients, checks, strict=True):
            group.create_task(client.run_until(check.is_done, within_s=120))
        for _ in range(KILLS):
            await kill_and_start(daemon, chance, within_s=0.06)
        rounds.finish()
    for client in clients:
        assert client.connections > KILLS / 2
        assert set(client.attaches) == {"exact"}
        assert client.errors == []
    for session in sessions:
        now = status_of(daemon, session["session_id"])
        assert (now["state"], now["pid"], now["head"]) == ("running", session["pid"], 0)
        log = Checked(rounds)
        log.take(0, await fetch_log(daemon, session["session_id"]))
        assert log.is_done()


async def test_nothing_is_typed_twice_through_kills(daemon: Daemon, tmp_path: Path) -> None:
    """What a client types through 15 kills reaches the program once and in order, but for what is reported unknown."""
    chance, record, typed = seeded(), tmp_path / "record", bytearray()
    script = f"stty raw -echo; echo ready; exec cat > {record}"
    session = spawn(daemon, ["sh", "-c", script])
    async with attach(daemon, session_id=session["session_id"], client_id="waiter") as waiter:
        await waiter.until_output(b"ready")
    client = ResumingClient(daemon, session["session_id"], "typist", lambda _offset, _data: None)

    async def type_on() -> None:
        """Keep some 64 KB on their way: the daemon is killed while it types."""
        lines = numbered_lines(100_000)
        while True:
            piece = lines[len(typed) : len(typed) + 20_000] if len(typed) - client.acknowledged < 65_536 else b""
            typed.extend(piece)
            client.type(piece)
            await asyncio.sleep(0.001)

    running = asyncio.create_task(
        client.run_until(lambda: typing.cancelled() and client.acknowledged == len(typed), within_s=60)
    )
    typing = asyncio.create_task(type_on())
    for _ in range(15):
        await kill_and_start(daemon, chance, within_s=0.08)
    typing.cancel()
    await asyncio.gather(typing, return_exceptions=True)
    client.type(b"END")
    typed.extend(b"END")
    await running
    assert client.errors == []
    assert len(typed) > 100_000
    assert all(
        end - first <= 4096 for first, end in client.unknown
    )  # one write(2) to a terminal, not all that was typed
    await wait_until(lambda: record.read_bytes().endswith(b"END"), "what was typed last is recorded")
    check_typed(record.read_bytes(), bytes(typed), client.unknown)


def check_typed(record: bytes, typed: bytes, unknown: list[tuple[int, int]]) -> None:
    """Fail unless `record` is `typed`, of which only ends of the unknown ranges of seqs are missing."""
    at = done = 0
    firsts_behind = [*(first for first, _ in unknown[1:]), len(typed)][: len(unknown)]
    for (first, end), next_first in zip(unknown, firsts_behind, strict=True):
        assert record[at : at + first - done] == typed[done:first]
        at += first - done
        behind = typed[end:next_first]
        at = next(
            at + count
            for count in range(end - first, -1, -1)
            if record[at : at + count] == typed[first : first + count]
            and record[at + count : at + count + len(behind)] == behind
        )
        done = end
    assert record[at:] == typed[done:]


async def test_input_in_doubt_is_reported_and_never_typed_again(daemon: Daemon) -> None:
    """A daemon killed between claim and write leaves bytes in doubt: the client is told how many, until it types on."""
    async with attach(daemon, argv=["sh", "-c", "stty raw -echo; echo ready; exec cat"], client_id="me") as client:
        session_id = client.session["session_id"]
        await client.until_output(b"ready")
        await client.type(b"first-")
        await client.until_output(b"first-")
    daemon.kill()
    ring = HotTail.open(daemon.home / "run" / "tails" / f"{session_id}.ring", boot_id=boot_id())
    ring.inputs.claim("me", 10)  # what the daemon does before it writes the 4 bytes behind the first 6
    ring.close()
    daemon.start()
    for _ in range(2):
        async with attach(daemon, session_id=session_id, client_id="me") as client:
            assert (client.session["input_seq"], client.session["input_unknown"]) == (10, 4)
    async with attach(daemon, session_id=session_id, client_id="other") as other:
        assert (other.session["input_seq"], other.session["input_unknown"]) == (0, 0)
    async with attach(daemon, session_id=session_id, client_id="me") as client:
        client.seq = 6
        await client.type(b"lostsecond")  # the first four are those in doubt
        await client.until_output(b"second")
    async with attach(daemon, session_id=session_id, client_id="me") as client:
        assert (client.session["input_seq"], client.session["input_unknown"]) == (16, 0)
        await client.until_message("replay_done")
        assert bytes(client.output) == b"ready\nfirst-second"


def boot_id() -> str:
    """Return the id of the machine's boot, as the daemon reads it."""
    from holdfast.daemon.sessions.liveness import boot_id as read

    return read()


async def test_sessions_outlive_the_keeper(daemon: Daemon, tmp_path: Path) -> None:
    """When the keeper is killed, sessions go on under a new one, which sees exits and hands them to a new daemon."""
    rounds = Rounds(tmp_path, lines=500)
    checked = Checked(rounds)
    printing = spawn(daemon, rounds.argv)
    first_keeper = daemon.status()["keeper_pid"]
    reader = ResumingClient(daemon, printing["session_id"], "reader", checked.take)
    async with asyncio.TaskGroup() as group:
        group.create_task(reader.run_until(checked.is_done, within_s=30))
        async with attach(daemon, argv=["sh"]) as client:
            kill(first_keeper)
            await client.type("echo still-$((6*7))\n")
            await client.until_output(b"still-42\r\n")
            second_keeper = await new_keeper(daemon, first_keeper)
            await client.type("exit 7\n")
            assert await client.until_closed() == 4000
            # How a process that is not its child ended the keeper learns on Linux 6.15 or newer.
            assert client.messages[-1]["code"] in {7, None}
        assert status_of(daemon, client.session["session_id"])["state"] == "dead"
        daemon.kill()
        daemon.start()
        assert daemon.status()["keeper_pid"] == second_keeper
        rounds.finish()
    now = status_of(daemon, printing["session_id"])
    assert (now["pid"], now["state"]) == (printing["pid"], "running")
    async with attach(daemon, session_id=printing["session_id"]) as client:
        await client.type("\n")
        assert await client.until_closed() == 4000
    assert ended(printing["pid"])
    assert shells_of(daemon.home) == {}


async def new_keeper(daemon: Daemon, old: int) -> int:
    """Wait until the daemon has another keeper; return its pid."""
    await wait_until(lambda: daemon.status()["keeper_pid"] not in {None, old}, "there is a new keeper")
    return int(daemon.status()["keeper_pid"])


@pytest.mark.parametrize("first", ["keeper", "daemon"])
async def test_killing_both_ends_the_sessions_and_keeps_their_history(
    daemon: Daemon, tmp_path: Path, request: pytest.FixtureRequest, first: str
) -> None:
    """With keeper and daemon the sessions die, shells and jobs too; rows say so, and every byte printed is there."""
    rounds = Rounds(tmp_path, lines=500)
    printing = spawn(daemon, rounds.argv)
    checked = Checked(rounds)
    reader = ResumingClient(daemon, printing["session_id"], "reader", checked.take)
    await reader.run_until(lambda: checked.offset > 1_000_000, within_s=20)
    async with attach(daemon, argv=["sh"]) as client:
        await client.type("sh -c 'echo job-$((6*7)); read forever' \n")
        await client.until_output(b"job-42\r\n")
        idle = status_of(daemon, client.session["session_id"])
    async with attach(daemon, argv=["sh", "-c", "trap '' HUP; echo deaf-$((6*7)); while :; do read x; done"]) as client:
        await client.until_output(b"deaf-42\r\n")
        deaf = status_of(daemon, client.session["session_id"])
        request.addfinalizer(lambda: end_process(deaf["pid"], signal.SIGKILL))  # where the daemon does not
    victims = [daemon.status()["keeper_pid"], daemon.status()["pid"]]
    shells = shells_of(daemon.home)
    assert len(shells) >= 3
    for pid in victims if first == "keeper" else reversed(victims):
        os.kill(pid, signal.SIGKILL)
    daemon.kill()
    assert all(ended(pid) for pid in [*shells, *victims] if pid != deaf["pid"])
    daemon.start()
    assert ended(deaf["pid"])
    assert shells_of(daemon.home) == {}
    assert daemon.status()["sessions"] == 0
    for session in (printing, idle, deaf):
        now = status_of(daemon, session["session_id"])
        assert (now["state"], now["pid"], now["end_reason"]) == ("dead", None, "process_dead")
        async with attach(daemon, session_id=session["session_id"], create=0) as client:
            assert await client.until_closed() == 4004
            assert client.messages[0]["code"] == "process_dead"
    log = Checked(rounds)
    log.take(0, await fetch_log(daemon, printing["session_id"]))
    assert log.offset >= checked.offset
    assert b"job-42\r\n" in await fetch_log(daemon, idle["session_id"])
    assert list((daemon.home / "run" / "tails").iterdir()) == []


async def test_a_kill_while_the_keeper_is_replaced(daemon: Daemon, tmp_path: Path) -> None:
    """A daemon killed while a new keeper takes over leaves each session alive and the same, or dead and known."""
    chance, rounds = seeded(), Rounds(tmp_path, lines=500)
    for _ in range(4):
        sessions = [spawn(daemon, rounds.argv) for _ in range(4)]
        kill(daemon.status()["keeper_pid"])
        await kill_and_start(daemon, chance, within_s=0.4)
        for session in sessions:
            now = status_of(daemon, session["session_id"])
            assert (now["state"], now["pid"]) in {("running", session["pid"]), ("dead", None)}
            assert now["state"] == "running" or ended(session["pid"])
            log = Checked(rounds)
            log.take(0, await fetch_log(daemon, session["session_id"]))
        ends = [f"/api/sessions/{session['session_id']}/end" for session in sessions]
        await asyncio.gather(*(asyncio.to_thread(daemon.request, "POST", end) for end in ends))
        assert shells_of(daemon.home) == {}

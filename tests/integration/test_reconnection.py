"""Coming back: to the same shell with its history, or to a fresh one that says why."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import uuid
from pathlib import Path

import psutil
import pytest
from support.daemons import Daemon, end_process
from support.wire_client import attach


async def test_successful_reconnection_with_history(daemon: Daemon) -> None:
    """A client that lost its connection gets the same shell, everything it printed, and can go on typing."""
    async with attach(daemon, cols=80, rows=24) as first:
        assert first.session["attach"] == "fresh"
        await first.type("echo before-$((40+2)); echo pid-$$-\n")
        await first.until_output(b"before-42\r\npid-")
        await first.until_output(b"-\r\n# " if os.getuid() == 0 else b"-\r\n$ ")
        seen = bytes(first.output)
        first.cut()
    async with attach(daemon, session_id=first.session["session_id"], create=0) as second:
        assert (second.session["reconnected"], second.session["attach"], second.session["offset"]) == (
            True,
            "replay",
            0,
        )
        await second.until_message("replay_done")
        assert bytes(second.output) == seen
        assert second.live_from is None
        await second.type("echo after-$((40+3)); echo pid-$$-\n")
        await second.until_output(b"after-43\r\npid-")
        await second.until(lambda client: client.output.count(b"pid-") == 4)
        pids = {line.split(b"-")[1] for line in bytes(second.output).splitlines() if line.startswith(b"pid-")}
        assert len(pids) == 1, second.output


async def test_exact_resume_gets_only_what_was_missed(daemon: Daemon) -> None:
    """A client that comes back with the offset where it stopped gets exactly the bytes from there on."""
    script = "stty -echo; printf one; read go; printf two; read end"
    async with attach(daemon, client_id="me", argv=["sh", "-c", script]) as first:
        await first.until_output(b"one")
        session_id = first.session["session_id"]
    async with attach(daemon, session_id=session_id, client_id="other") as other:
        await other.type("\n")
        await other.until_output(b"two")
    async with attach(daemon, session_id=session_id, client_id="me", since=first.offset) as back:
        assert (back.session["attach"], back.session["offset"]) == ("exact", 3)
        await back.until_message("replay_done")
        assert bytes(back.output) == b"two"
        assert back.live_from is None


async def test_several_reconnections_in_a_row(daemon: Daemon) -> None:
    """Twenty times in a row the client comes back at its offset: the pieces join to the whole, nothing twice."""
    async with attach(daemon, client_id="me") as client:
        session_id, offset, pieces = client.session["session_id"], 0, bytearray()
    for number in range(20):
        async with attach(daemon, session_id=session_id, client_id="me", since=offset, create=0) as client:
            assert client.session["attach"] == "exact"
            await client.type(f"echo number-$(({number}+0))-\n")
            await client.until_output(f"number-{number}-\r\n".encode())
            pieces += client.output
            offset = client.offset
            client.cut()
    async with attach(daemon, session_id=session_id, client_id="new") as whole:
        await whole.until_message("replay_done")
        assert bytes(whole.output[: len(pieces)]) == bytes(pieces)


async def test_reconnection_after_the_shell_died(daemon: Daemon) -> None:
    """The client is told that the process is dead and gets a fresh session which names the old one, in its folder."""
    async with attach(daemon) as first:
        await first.type("mkdir -p $HOME/project/deep; cd $HOME/project/deep; echo here-$((6*7))-\n")
        await first.until_output(b"here-42-\r\n")
        old = first.session["session_id"]
    (status,) = daemon.request("GET", "/api/sessions")[1]["sessions"]
    end_process(status["pid"], signal.SIGKILL)
    async with attach(daemon, session_id=old) as second:
        assert second.messages[0]["type"] == "error"
        assert second.messages[0]["code"] == "process_dead"
        assert second.session["attach"] == "fresh"
        assert (second.session["fallback"], second.session["previous_session_id"]) == ("process_dead", old)
        assert second.session["session_id"] != old
        await second.type("pwd\n")
        await second.until_output(b"/project/deep\r\n")
    code, dead = daemon.request("GET", f"/api/sessions/{old}")
    assert (code, dead["state"]) == (200, "dead")


async def test_without_create_a_dead_session_closes_with_4004(daemon: Daemon) -> None:
    """A client that wants this session or none gets the reason and a close, and no shell."""
    async with attach(daemon, argv=["sh", "-c", "exit 5"]) as first:
        assert await first.until_closed() == 4000
    assert first.messages[-1] == {"type": "exit", "code": 5, "signal": None}
    async with attach(daemon, session_id=first.session["session_id"], create=0) as second:
        assert await second.until_closed() == 4004
        assert second.messages[0]["code"] == "process_dead"
    assert daemon.request("GET", "/api/sessions")[1]["sessions"] == []


async def test_unknown_session_falls_back(daemon: Daemon) -> None:
    """An id that nobody knows gives a fresh session that says so."""
    unknown = str(uuid.uuid4())
    async with attach(daemon, session_id=unknown) as client:
        assert client.messages[0]["code"] == "not_found"
        assert (client.session["fallback"], client.session["previous_session_id"]) == ("not_found", unknown)


async def test_expired_session_falls_back(daemon: Daemon) -> None:
    """A session that was idle for longer than it may is ended, and the returning client is told."""
    async with attach(daemon, client_id="me", expires="1s") as first:
        await first.until(lambda client: bool(client.output))
        await first.send(type="detach")
        assert await first.until_closed() == 1000
        old = first.session["session_id"]
    daemon.stop()
    with sqlite3.connect(daemon.home / "data" / "sessions.db") as database:
        database.execute("UPDATE sessions SET last_activity_at = last_activity_at - 100")
    database.close()
    daemon.start()
    async with attach(daemon, session_id=old, client_id="me") as second:
        assert second.messages[0]["code"] == "expired"
        assert second.session["fallback"] == "expired"
    code, status = daemon.request("GET", f"/api/sessions/{old}")
    assert (code, status["state"]) == (200, "expired")


async def test_a_quiet_job_does_not_expire(daemon: Daemon) -> None:
    """However long nothing was printed, a session in which something runs beside its shell is reattached."""
    async with attach(daemon, expires="1s") as first:
        await first.type("sh -c 'echo job-$((0+1)); read forever'\n")
        await first.until_output(b"job-1")
        await first.send(type="detach")
        await first.until_closed()
    daemon.stop()
    with sqlite3.connect(daemon.home / "data" / "sessions.db") as database:
        database.execute("UPDATE sessions SET last_activity_at = last_activity_at - 100")
    database.close()
    daemon.start()
    async with attach(daemon, session_id=first.session["session_id"], create=0) as second:
        assert second.session["reconnected"]


async def test_a_reused_pid_is_not_taken_for_the_shell(daemon: Daemon) -> None:
    """When the pid in the row belongs to a process that started at another time, the session is dead."""
    async with attach(daemon) as first:
        old = first.session["session_id"]
    pid = daemon.request("GET", f"/api/sessions/{old}")[1]["pid"]
    keeper = psutil.Process(daemon.status()["keeper_pid"])
    daemon.kill()
    keeper.kill()
    keeper.wait()
    with sqlite3.connect(daemon.home / "data" / "sessions.db") as database:
        database.execute("UPDATE sessions SET pid = ?", (os.getpid(),))
    database.close()
    daemon.start()
    async with attach(daemon, session_id=old) as second:
        assert second.session["fallback"] == "process_dead"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_after_a_reboot_history_is_left(daemon: Daemon) -> None:
    """With another boot id in its row a session fell with the machine; its history can still be read."""
    async with attach(daemon) as first:
        await first.type("echo remember-$((1+1))\n")
        await first.until_output(b"remember-2\r\n")
        old = first.session["session_id"]
    keeper = psutil.Process(daemon.status()["keeper_pid"])
    daemon.stop()
    keeper.kill()
    keeper.wait()
    with sqlite3.connect(daemon.home / "data" / "sessions.db") as database:
        database.execute("UPDATE sessions SET boot_id = 'another'")
    database.close()
    daemon.start()
    async with attach(daemon, session_id=old) as second:
        assert second.messages[0]["code"] == "host_rebooted"
        assert second.session["fallback"] == "host_rebooted"
    async with asyncio.timeout(10):
        assert b"remember-2\r\n" in await asyncio.to_thread(read_log, daemon, old)


async def test_replay_is_in_order_and_before_live_output(daemon: Daemon, tmp_path: Path) -> None:
    """History comes first, in order, labelled; live output follows at once, without gap or overlap."""
    lines = tmp_path / "lines"
    lines.write_text("".join(f"line {number} {'x' * 90}\n" for number in range(30_000)))
    script = f"stty -onlcr; cat {lines}; echo READY; read go; cat {lines}; echo DONE; read end"
    async with attach(daemon, argv=["sh", "-c", script]) as first:
        await first.until_output(b"READY\n")
        async with attach(daemon, session_id=first.session["session_id"], zstd=1) as second:
            await second.until_message("replay_done")
            done_at = second.offset
            assert second.live_from is None
            await first.type("\n")
            await second.until_output(b"DONE\n")
            assert second.live_from == done_at
        expected = lines.read_bytes() + b"READY\n" + b"\n" + lines.read_bytes() + b"DONE\n"
        assert bytes(second.output) == expected


@pytest.mark.parametrize("binary", [True, False])
async def test_since_outside_of_what_is_kept(daemon: Daemon, binary: bool) -> None:
    """A position beyond the tail is answered like none at all, and the client is told what it became."""
    async with attach(daemon, binary=binary) as first:
        await first.type("echo x\n")
        await first.until_output(b"x\r\n")
        session_id = first.session["session_id"]
    async with attach(daemon, binary=binary, session_id=session_id, since=10**9) as second:
        assert (second.session["attach"], second.session["offset"]) == ("replay", 0)
    async with attach(daemon, binary=binary, session_id=session_id, since=10**9, replay="none") as third:
        assert third.session["attach"] == "exact"
        await third.until_message("replay_done")
        assert bytes(third.output) == b""


def read_log(daemon: Daemon, session_id: str) -> bytes:
    """Read the whole log of a session over HTTP."""
    return daemon.fetch(f"/api/sessions/{session_id}/log")


async def test_shells_are_as_a_login_would_start_them(daemon: Daemon) -> None:
    """The umask and the limit of open files are the user's, not those that the daemon set for itself."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    mask = os.umask(0o077)
    os.umask(mask)
    async with attach(daemon, argv=["sh", "-c", "umask; ulimit -Sn; echo $HOLDFAST_SESSION; trap"]) as client:
        await client.until_closed()
    assert bytes(client.output).decode().split() == [f"{mask:04o}", str(soft), client.session["session_id"]]

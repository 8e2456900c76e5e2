"""The runtime folder vanishes under a running daemon, as logind or a cleaner of /tmp removes it, and comes back."""

# Nothing here waits for a loop that a blocking call holds up: daemon, keeper and commands are other processes.
# ruff: noqa: ASYNC220

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
from support.cli import Cli
from support.crashes import ended, kill
from support.daemons import Daemon, end_process
from support.leftovers import processes_of
from support.resuming_client import ResumingClient
from support.streams import Checked, Rounds, fetch_log, spawn, status_of
from support.waiting import wait_until
from support.wire_client import attach

QUICKLY_S = 10.0
"""Less than the 15 s for which a daemon that stops is waited for, and far less than the minute between two looks."""


def run_folder(daemon: Daemon) -> Path:
    return daemon.home / "run"


async def vanish(daemon: Daemon) -> None:
    """Remove the folder, whatever the daemon puts into it meanwhile."""
    await wait_until(lambda: _removed(run_folder(daemon)), "the folder is removed")


def _removed(folder: Path) -> bool:
    with suppress(OSError):  # a new hot tail came in
        shutil.rmtree(folder)
    return not folder.exists()


async def hurry(daemon: Daemon) -> None:
    """Have the daemon do now what it does each minute; its socket is the last that comes back."""
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    await wait_until(daemon.socket.exists, "the daemon listens again")
    await wait_until((run_folder(daemon) / "keeper.sock").exists, "the keeper listens again")


def is_beyond(checked: Checked, offset: int) -> bool:
    return checked.offset > offset


async def test_all_comes_back_while_a_session_prints(daemon: Daemon, tmp_path: Path) -> None:
    """Clients go on, new ones find the same shell, a killed daemon's successor finds it, too; no byte is missing."""
    rounds = Rounds(tmp_path, lines=500)
    session = spawn(daemon, rounds.argv)
    keeper = daemon.status()["keeper_pid"]
    before, after = Checked(rounds), Checked(rounds)
    staying = ResumingClient(daemon, session["session_id"], "staying", before.take)
    coming = ResumingClient(daemon, session["session_id"], "coming", after.take)
    async with asyncio.TaskGroup() as group:
        group.create_task(staying.run_until(before.is_done, within_s=60))
        await wait_until(lambda: before.offset > 1_000_000, "it prints")
        for _ in range(3):
            await vanish(daemon)
            goal = before.offset + 1_000_000
            await hurry(daemon)
            await wait_until(partial(is_beyond, before, goal), "it goes on")
        assert staying.connections == 1
        group.create_task(coming.run_until(after.is_done, within_s=60))
        await wait_until(lambda: after.offset > 0, "a new client is served")
        modes = {path.name: path.stat().st_mode & 0o777 for path in run_folder(daemon).iterdir()}
        assert modes == {"daemon.sock": 0o600, "keeper.sock": 0o600, "keeper.sock.lock": 0o600, "tails": 0o700}
        assert run_folder(daemon).stat().st_mode & 0o777 == 0o700
        daemon.kill()
        await asyncio.to_thread(daemon.start)
        rounds.finish()
    now = status_of(daemon, session["session_id"])
    assert (now["state"], now["pid"], now["head"]) == ("running", session["pid"], 0)
    assert daemon.status()["keeper_pid"] == keeper
    assert (staying.errors, coming.errors) == ([], [])
    log = Checked(rounds)
    log.take(0, await fetch_log(daemon, session["session_id"]))
    assert log.is_done()


ECHO = ["sh", "-c", "stty raw -echo; echo ready; exec cat"]


@pytest.mark.parametrize("death", ["killed", "stopped", "stopped unmended"])
async def test_what_was_typed_is_not_forgotten(daemon: Daemon, death: str) -> None:
    """The next daemon knows what each client has typed, also where the folder was still gone when this one stopped."""
    async with attach(daemon, argv=ECHO, client_id="former") as client:
        await client.until_output(b"ready\n")
        await client.type("first")
        await client.until_output(b"first")
        session = client.session
    async with attach(daemon, session_id=session["session_id"], client_id="me") as client:
        await vanish(daemon)
        if death != "stopped unmended":
            await hurry(daemon)
        await client.type("-second")
        await client.until_output(b"-second")
    if death == "killed":
        daemon.kill()
    else:
        assert daemon.stop() == 0
    daemon.start()
    async with attach(daemon, session_id=session["session_id"], client_id="me", create=0) as client:
        assert (client.session["input_seq"], client.session["input_unknown"]) == (7, 0)
        await client.until_output(b"ready\nfirst-second")
        await client.type("-third")
        await client.until_output(b"-third")
    async with attach(daemon, session_id=session["session_id"], client_id="former", create=0) as client:
        assert (client.session["input_seq"], client.session["input_unknown"]) == (5, 0)


async def test_a_successor_calls_the_keeper_back(daemon: Daemon) -> None:
    """A daemon that dies together with the folder leaves a keeper that nobody finds; the next one does all the same."""
    before = daemon.status()
    session = spawn(daemon, ["sh", "-c", "read line; echo got-$line; read end"])
    await vanish(daemon)
    daemon.kill()
    daemon.start()
    assert daemon.status() == {**daemon.status(), "keeper_pid": before["keeper_pid"], "sessions": 1}
    async with attach(daemon, session_id=session["session_id"], create=0) as client:
        await client.type("it\n")
        await client.until_output(b"got-it")
    assert status_of(daemon, session["session_id"])["pid"] == session["pid"]


async def test_a_session_can_begin_while_the_folder_is_gone(daemon: Daemon) -> None:
    """Over TCP the daemon can be reached all the time; what begins there is kept like everything else."""
    port, token = daemon.port, daemon.token
    await vanish(daemon)
    cli = Cli({**daemon.environ, "HOLDFAST_HOST": f"ws://127.0.0.1:{port}", "HOLDFAST_TOKEN": token})
    session_id = cli("new", "-d", "--", "sh", "-c", "echo begun; read end").strip()
    await hurry(daemon)
    daemon.kill()
    daemon.start()
    async with attach(daemon, session_id=session_id, create=0) as client:
        await client.until_output(b"begun")


async def test_a_keeper_that_dies_with_the_folder_is_replaced(daemon: Daemon) -> None:
    """Both at once cost no session: the new keeper gets a folder, and every terminal."""
    session = spawn(daemon, ["sh", "-c", "read line; exit 7"])
    first = daemon.status()["keeper_pid"]
    await vanish(daemon)
    kill(first)
    await wait_until((run_folder(daemon) / "keeper.sock").exists, "a new keeper listens")
    await hurry(daemon)
    daemon.restart()
    assert daemon.status()["keeper_pid"] != first
    async with attach(daemon, session_id=session["session_id"], create=0) as client:
        await client.type("\n")
        await client.until_message("exit")


# Commands


async def test_commands_find_the_daemon_at_once(daemon: Daemon) -> None:
    """The first command after the folder is gone has the daemon listen again; nothing else is started."""
    cli, before = Cli(daemon.environ), daemon.status()
    session = spawn(daemon, ["sleep", "1000"])
    for command in (["ls"], ["daemon", "status"], ["daemon", "start"], ["new", "-d"]):
        await vanish(daemon)
        began_at = time.monotonic()
        cli(*command)
        assert time.monotonic() - began_at < QUICKLY_S, command
        assert daemon.status()["pid"] == before["pid"]
    assert cli.session(session["session_id"])["pid"] == session["pid"]
    await vanish(daemon)
    assert "stopped; 2 sessions left alive" in cli.run("daemon", "stop").stderr.decode()
    assert daemon.process is not None
    assert daemon.process.wait(10) == 0
    daemon.start()
    assert daemon.status() == {**daemon.status(), "keeper_pid": before["keeper_pid"], "sessions": 2}


async def test_commands_say_what_to_do_where_the_folder_cannot_come_back(daemon: Daemon) -> None:
    """They name the daemon, soon; and what they advise keeps the shells."""
    cli, before = Cli(daemon.environ), daemon.status()
    session = spawn(daemon, ["sleep", "1000"])
    await vanish(daemon)
    run_folder(daemon).touch()  # stands for a folder of another user
    for command in (["ls"], ["daemon", "stop"], ["daemon", "status"], ["daemon", "restart"]):
        began_at = time.monotonic()
        done = cli.run(*command)
        assert time.monotonic() - began_at < QUICKLY_S, command
        assert done.returncode == 69
        for word in (f"pid {before['pid']}", str(daemon.socket), f"kill {before['pid']}", "holdfast daemon start"):
            assert word in done.stderr.decode()
    assert daemon.log.count("cannot be mended") == 1
    run_folder(daemon).unlink()
    assert daemon.stop() == 0
    daemon.start()
    assert status_of(daemon, session["session_id"])["pid"] == session["pid"]


async def test_a_daemon_that_hangs_is_named(daemon: Daemon) -> None:
    """A second daemon does not wait for one that serves, whether it answers or not."""
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        began_at = time.monotonic()
        word, second = await asyncio.to_thread(daemon.try_start, "--wait-for-lock", "15")
        assert second.wait(10) == 69
        assert time.monotonic() - began_at < QUICKLY_S
        assert f"a daemon already serves this home (pid {daemon.process.pid})" in word
    finally:
        daemon.process.send_signal(signal.SIGCONT)


async def test_a_daemon_that_stops_is_waited_for(stopped_daemon: Daemon) -> None:
    """Its socket is gone before its lock is free: it is left in peace, and its successor takes over."""
    daemon = stopped_daemon
    (daemon.home / "config.toml").write_text("[session]\nkill_grace = '5s'\n")
    daemon.start()
    first = daemon.process
    session = spawn(daemon, ["sh", "-c", "trap '' HUP; echo ready; while :; do read end; sleep 1; done"])
    async with attach(daemon, session_id=session["session_id"]) as client:
        await client.until_output(b"ready")
    daemon.request("POST", "/api/daemon/stop?end_sessions=1")  # longer than one that serves is given
    await wait_until(lambda: not daemon.socket.exists(), "it stops listening")
    assert Cli(daemon.environ)("ls") == ""
    assert first is not None
    assert first.wait(10) == 0
    daemon.process = None
    successor = daemon.status()
    assert successor["pid"] != first.pid
    daemon.request("POST", "/api/daemon/stop")
    assert ended(successor["pid"])
    end_process(successor["keeper_pid"])


# The keeper alone

EAGER = """
import sys
from holdfast.daemon.keeper import keeper, process
keeper._LOOK_S = 0.05
sys.exit(process.main(sys.argv[1:]))
"""


async def test_the_keeper_looks_by_itself(stopped_daemon: Daemon) -> None:
    """Nobody needs to tell it; one that was started meanwhile keeps the socket until it ends."""
    folder = run_folder(stopped_daemon)
    folder.mkdir(mode=0o700)
    path = folder / "keeper.sock"
    eager = subprocess.Popen([sys.executable, "-P", "-c", EAGER, "--socket", str(path)], env=stopped_daemon.environ)
    try:
        await wait_until(path.exists, "it listens")
        stopped_daemon.start()
        session = spawn(stopped_daemon, ["sleep", "1000"])
        assert stopped_daemon.status()["keeper_pid"] == eager.pid
        shutil.rmtree(folder)
        await wait_until(path.exists, "it listens again")
        stopped_daemon.kill()
        eager.send_signal(signal.SIGSTOP)
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        other = subprocess.Popen([sys.executable, "-P", "-m", "holdfast.daemon.keeper.process", "--socket", str(path)])
        try:
            await wait_until(path.exists, "the other one listens")
            there = path.stat().st_ino
            eager.send_signal(signal.SIGCONT)
            cpu = psutil.Process(eager.pid).num_ctx_switches().voluntary
            await wait_until(
                lambda: psutil.Process(eager.pid).num_ctx_switches().voluntary > cpu + 5, "it looked some times"
            )
            assert path.stat().st_ino == there
        finally:
            end_process(other.pid)
            other.wait(10)
        await wait_until(path.exists, "it has its socket again")
        stopped_daemon.start()
        assert stopped_daemon.status()["keeper_pid"] == eager.pid
        assert status_of(stopped_daemon, session["session_id"])["pid"] == session["pid"]
    finally:
        stopped_daemon.close()
        end_process(eager.pid)
        eager.wait(10)


async def test_a_hang_up_without_need_changes_nothing(daemon: Daemon) -> None:
    """SIGHUP, to the daemon or the keeper, leaves sockets and hot tails that are in place as they are."""
    spawn(daemon, ["sleep", "1000"])
    keeper = daemon.status()["keeper_pid"]
    files = {path: path.stat().st_ino for path in run_folder(daemon).rglob("*")}
    assert len(files) == 5
    assert daemon.process is not None
    for _ in range(3):
        os.kill(keeper, signal.SIGHUP)
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.status()["keeper_pid"] == keeper
    assert {path: path.stat().st_ino for path in run_folder(daemon).rglob("*")} == files
    assert set(processes_of(daemon.home)) >= {keeper, daemon.process.pid}

"""Storage that fails: damaged, full, locked, foreign. Shells run on, clients are told, what can be kept is not lost."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from support.crashes import ended
from support.daemons import Daemon
from support.disks import read_only_disk, small_disk
from support.leftovers import processes_of, shells_of
from support.streams import fetch_log, numbered_lines, status_of
from support.waiting import wait_until
from support.wire_client import WireClient, attach

LINES = numbered_lines(120_000)
"""6 MB: three times what a hot tail holds."""


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A file of known lines."""
    path = tmp_path / "lines"
    path.write_bytes(LINES)
    return path


def printer(lines: Path) -> list[str]:
    """A program that prints the file when it is given a line, and then says so."""
    return ["sh", "-c", f"stty -opost -echo; echo READY; read go; cat {lines}; echo DONE; read end; exit 3"]


PRINTED = b"READY\n" + LINES + b"DONE\n"


@contextmanager
def database_of(daemon: Daemon) -> Iterator[sqlite3.Connection]:
    """Open the database as another program would."""
    with closing(sqlite3.connect(daemon.home / "data" / "sessions.db", isolation_level=None)) as database:
        yield database


async def until_error(client: WireClient, code: str) -> str:
    """Wait until the client is told of it; return the text."""
    await client.until(lambda one: any(message.get("code") == code for message in one.messages), code)
    return str(next(message["message"] for message in client.messages if message.get("code") == code))


# Damage


async def test_a_damaged_chunk_is_named_and_the_rest_is_read(daemon: Daemon, lines: Path) -> None:
    """Of a chunk with flipped bytes the client is told from where to where; what is before and behind it is whole."""
    async with attach(daemon, argv=printer(lines)) as client:
        session_id = client.session["session_id"]
        await client.until_output(b"READY\n")
        await client.type("\n")
        await client.until_output(b"DONE\n")
    daemon.stop()
    first, end = damage(daemon, session_id, chunk=3)
    daemon.start()
    skipped = {
        "type": "skipped",
        "from_offset": first,
        "to_offset": end,
        "reason": "corrupt",
        "first_line": None,
    }
    holed = PRINTED[:first] + bytes(end - first) + PRINTED[end:]
    queries: list[dict[str, Any]] = [{}, {"zstd": 1}, {"binary": False}]
    for query in queries:
        async with attach(daemon, session_id=session_id, **query) as client:
            await client.until_message("replay_done")
            assert [message for message in client.messages if message["type"] == "skipped"] == [skipped]
            assert bytes(client.output) == holed
    async with attach(daemon, session_id=session_id, since=first + 10) as client:
        await client.until_message("replay_done")
        assert {**skipped, "from_offset": first + 10} in client.messages
        assert bytes(client.output[end - first - 10 :]) == PRINTED[end:]
        await client.type("\n")
        assert await client.until_closed() == 4000
    assert await fetch_log(daemon, session_id) == PRINTED[:first] + PRINTED[end:]
    daemon.restart()
    assert await fetch_log(daemon, session_id) == PRINTED[:first] + PRINTED[end:]


def damage(daemon: Daemon, session_id: str, *, chunk: int) -> tuple[int, int]:
    """Flip bytes of a stored chunk; return its offsets."""
    with database_of(daemon) as database:
        rowid, first, length, blob = database.execute(
            "SELECT rowid, first_offset, raw_length, blob FROM chunks WHERE session_id = ? ORDER BY first_offset"
            " LIMIT 1 OFFSET ?",
            (session_id, chunk),
        ).fetchone()
        flipped = blob[:1000] + bytes(byte ^ 0xFF for byte in blob[1000:1010]) + blob[1010:]
        database.execute("UPDATE chunks SET blob = ? WHERE rowid = ?", (flipped, rowid))
    return first, first + length


# No space


class Space(NamedTuple):
    """Room to write, which can be taken away and given back."""

    take: Callable[[], None]
    give: Callable[[], None]


@pytest.mark.parametrize("shortage", ["database", "hot tails", "everything", "file size"])
async def test_without_space_nothing_is_lost(stopped_daemon: Daemon, lines: Path, shortage: str) -> None:
    """While the disk is full shells run and clients are told; when there is space again all of it is stored."""
    with space_of(stopped_daemon, shortage) as space:
        try:
            await without_space(stopped_daemon, lines, space)
        finally:
            stopped_daemon.close()


@contextmanager
def space_of(daemon: Daemon, shortage: str) -> Iterator[Space]:
    """Prepare a disk that can be filled; `file size` is the resource limit, for which nobody needs to be root."""
    if shortage == "file size":

        def limit(size: int) -> None:
            assert daemon.process is not None
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        yield Space(lambda: limit(8192), lambda: limit(resource.RLIM_INFINITY))
        return
    folder = {"database": "data", "hot tails": "run", "everything": ""}[shortage]
    with small_disk(daemon.home / folder, size_bytes=48 << 20) as disk:
        (daemon.home / "user").mkdir(exist_ok=True)
        yield Space(disk.fill, disk.empty)


async def without_space(daemon: Daemon, lines: Path, space: Space) -> None:
    daemon.start()
    async with (
        attach(daemon, argv=printer(lines)) as client,
        attach(daemon, argv=["sh", "-c", "echo HERE; read go; echo LAST; exit 3"]) as ending,
    ):
        await client.until_output(b"READY\n")
        await ending.until_output(b"HERE\r\n")
        pid = status_of(daemon, client.session["session_id"])["pid"]
        space.take()
        await client.type("\n")
        text = await until_error(client, "storage")
        assert "nothing is lost" in text
        assert daemon.status()["storage"] != "ok"
        await ending.type("\n")
        await ending.until_message("exit")
        assert ending.messages[-1] == {"type": "exit", "code": 3, "signal": None}
        assert bytes(ending.output).endswith(b"LAST\r\n")
        assert daemon.request("GET", "/healthz")[0] == 200
        assert psutil.pid_exists(pid)
        space.give()
        await until_error(client, "storage_recovered")
        await client.until_output(b"DONE\n")
        assert bytes(client.output) == PRINTED
        assert daemon.status()["storage"] == "ok"
        assert status_of(daemon, client.session["session_id"])["pid"] == pid
    last = await until_state(daemon, ending.session["session_id"], "dead")
    assert last["exit_code"] == 3
    assert (await fetch_log(daemon, ending.session["session_id"])).endswith(b"LAST\r\n")
    assert await fetch_log(daemon, client.session["session_id"]) == PRINTED
    daemon.stop()
    with database_of(daemon) as database:
        ((stored,),) = database.execute(
            "SELECT sum(raw_length) FROM chunks WHERE session_id = ?", (client.session["session_id"],)
        )
    assert stored == len(PRINTED)
    daemon.start()


async def until_state(daemon: Daemon, session_id: str, state: str) -> dict[str, object]:
    """Wait until the session's stored row has this state."""
    await wait_until(lambda: status_of(daemon, session_id)["state"] == state, f"the session is {state}")
    return status_of(daemon, session_id)


async def test_a_kill_on_a_full_disk_loses_nothing(stopped_daemon: Daemon, lines: Path) -> None:
    """What a daemon has when it is killed on a full disk is in the hot tails for the next one."""
    daemon = stopped_daemon
    with small_disk(daemon.home / "data", size_bytes=48 << 20) as disk:
        daemon.start()
        try:
            async with attach(daemon, argv=printer(lines)) as client:
                await client.until_output(b"READY\n")
                disk.fill()
                await client.type("\n")
                await until_error(client, "storage")
                seen = bytes(client.output)
            daemon.kill()
            word, process = daemon.try_start()
            if word == "ok":  # not needed, but welcome: it may need no space at all
                process.kill()
            else:
                assert "sessions.db" in word
            process.wait()
            disk.empty()
            daemon.start()
            query = {"session_id": client.session["session_id"], "since": len(seen)}
            async with attach(daemon, **query) as client:
                assert client.session["attach"] == "exact"
                await client.until_output(b"DONE\n")
                assert seen + bytes(client.output) == PRINTED
            assert await fetch_log(daemon, client.session["session_id"]) == PRINTED
        finally:
            daemon.close()


async def test_last_words_on_a_full_disk_are_kept(stopped_daemon: Daemon, lines: Path) -> None:
    """A program that dies when neither the disk nor the hot tail has room: what it had written is stored later."""
    daemon = stopped_daemon
    with small_disk(daemon.home / "data", size_bytes=48 << 20) as disk:
        daemon.start()
        try:
            script = f"stty -opost -echo; echo READY; read go; exec dd if={lines} bs=64 status=none"
            async with attach(daemon, argv=["sh", "-c", script]) as client:
                await client.until_output(b"READY\n")
                pid = status_of(daemon, client.session["session_id"])["pid"]
                disk.fill()
                await client.type("\n")
                await until_error(client, "storage")
                written = await until_blocked(pid)
                assert written > len(client.output)
                os.kill(pid, signal.SIGKILL)
                await wait_until(lambda: not daemon.status()["sessions"], "the daemon has heard of it")
                disk.empty()
                assert await client.until_closed() == 4000
            await until_state(daemon, client.session["session_id"], "dead")
            log = await fetch_log(daemon, client.session["session_id"])
            assert log == bytes(client.output) == PRINTED[: len(log)]
            assert len(log) >= written
        finally:
            daemon.close()


async def until_blocked(pid: int) -> int:
    """Wait until a process that writes has been stopped by its terminal; return how many bytes it wrote."""
    written, blocked_looks = -1, 0
    async with asyncio.timeout(20):
        while blocked_looks < 20:
            now = psutil.Process(pid).io_counters().write_chars
            blocked_looks = blocked_looks + 1 if now == written else 0
            written = now
            await asyncio.sleep(0.02)
    return written


# Other programs


async def test_a_locked_database_is_waited_for(daemon: Daemon, lines: Path) -> None:
    """While another program holds the database, output is kept and clients are told; afterwards all is stored."""
    async with attach(daemon, argv=printer(lines)) as client:
        await client.until_output(b"READY\n")
        with database_of(daemon) as other:
            other.execute("BEGIN EXCLUSIVE")
            await client.type("\n")
            await until_error(client, "storage")
            code, answer = await asyncio.to_thread(daemon.request, "POST", "/api/sessions")
            assert (code, answer["code"]) == (503, "storage")
            other.execute("ROLLBACK")
        await until_error(client, "storage_recovered")
        await client.until_output(b"DONE\n")
        assert bytes(client.output) == PRINTED
    assert await fetch_log(daemon, client.session["session_id"]) == PRINTED
    assert len(daemon.request("GET", "/api/sessions?all=1")[1]["sessions"]) == 1
    async with attach(daemon, argv=["sh", "-c", "echo fine; read end"]) as client:
        await client.until_output(b"fine")


async def test_a_second_daemon_is_refused(daemon: Daemon) -> None:
    """A second daemon on the same home says who is there and exits with 69; the first one's clients notice nothing."""
    async with attach(daemon) as client:
        before = daemon.status()
        word, second = daemon.try_start()
        assert second.wait(10) == 69
        assert f"a daemon already serves this home (pid {before['pid']})" in word
        assert "daemon stop" in word
        await client.type("echo still-$((6*7))\n")
        await client.until_output(b"still-42\r\n")
        assert daemon.status() == {**before, "sessions": 1}


# Homes and databases that cannot be used


async def test_a_home_that_cannot_be_written(stopped_daemon: Daemon) -> None:
    """The daemon says which folder it is, and what to do; it leaves nothing running."""
    with read_only_disk(stopped_daemon.home / "data"):
        refused(stopped_daemon, str(stopped_daemon.home / "data"), "Read-only", "HOLDFAST_HOME", code=2)


async def test_a_home_that_is_a_file(stopped_daemon: Daemon, tmp_path: Path) -> None:
    """The daemon says so; it leaves nothing running."""
    home = tmp_path / "home"
    home.touch()
    stopped_daemon.environ["HOLDFAST_HOME"] = str(home)
    refused(stopped_daemon, str(home), "HOLDFAST_HOME", code=2)


def newer(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA user_version = 99")


def older(database: sqlite3.Connection) -> None:
    """No version before the first one was ever written: only a database that was tampered with looks like this."""
    database.execute("PRAGMA user_version = 0")


def foreign(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA application_id = 1234")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (newer, ["newer version", "99", "install"]),
        (older, ["no schema version", "move it away"]),
        (foreign, ["another program", "move it away"]),
        (None, ["not a database", "move it away"]),
    ],
    ids=["newer", "older", "another program's", "no database"],
)
async def test_a_database_that_cannot_be_used(
    daemon: Daemon, change: Callable[[sqlite3.Connection], None] | None, words: list[str]
) -> None:
    """The daemon says what is wrong and what to do, changes nothing, and the shells wait for one that can."""
    async with attach(daemon) as client:
        await client.type("echo before-$((6*7))\n")
        await client.until_output(b"before-42\r\n")
        session_id = client.session["session_id"]
    pid = status_of(daemon, session_id)["pid"]
    daemon.stop()
    path = daemon.home / "data" / "sessions.db"
    good = path.read_bytes()
    if change is None:
        path.write_bytes(random.Random(1).randbytes(100_000))
    else:
        with database_of(daemon) as database:
            change(database)
    digest = hashlib.sha256(path.read_bytes()).digest()
    refused(daemon, "sessions.db", *words, code=69)
    assert hashlib.sha256(path.read_bytes()).digest() == digest
    assert shells_of(daemon.home) == {pid: "/bin/sh"}
    path.write_bytes(good)
    daemon.start()
    async with attach(daemon, session_id=session_id, create=0) as client:
        await client.until_output(b"before-42\r\n")
    assert status_of(daemon, session_id)["pid"] == pid


def refused(daemon: Daemon, *words: str, code: int) -> None:
    """Fail unless the daemon does not start, says all of these words in one line, and no second process is left."""
    before = processes_of(Path(daemon.environ["HOLDFAST_HOME"]))
    started = start_anywhere(daemon)
    assert started[0] == code, started
    for word in words:
        assert word in started[1], (word, started)
    assert "Traceback" not in started[1]
    assert processes_of(Path(daemon.environ["HOLDFAST_HOME"])) == before


def start_anywhere(daemon: Daemon) -> tuple[int, str]:
    """Start a daemon whose home may not even have a place for its log; return exit code and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "holdfast.daemon.main", *daemon.arguments],
        env=daemon.environ,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stderr


# Stopping


async def test_stop_is_quick_whatever_hangs(daemon: Daemon) -> None:
    """SIGTERM with a client that reads nothing and a shell that ignores SIGHUP ends within 5 s; the shell lives on."""
    flood = ["sh", "-c", "trap '' HUP; while :; do echo 'never read by the client that is attached'; done"]
    async with attach(daemon, argv=flood) as stalled:
        session_id = stalled.session["session_id"]
        stalled.connection.transport.pause_reading()
        # More than a client that reads nothing can have been sent.
        await wait_until(lambda: status_of(daemon, session_id)["tail"] > 5_000_000, "5 MB are printed")
        pid = status_of(daemon, session_id)["pid"]
        started = time.monotonic()
        assert await asyncio.to_thread(daemon.stop) == 0
        assert time.monotonic() - started < 5
        stalled.connection.transport.abort()
    assert psutil.pid_exists(pid)
    daemon.start()
    assert status_of(daemon, session_id)["pid"] == pid
    started = time.monotonic()
    assert daemon.request("POST", "/api/daemon/stop?end_sessions=1")[0] == 202
    assert daemon.process is not None
    assert await asyncio.to_thread(daemon.process.wait, 20) == 0
    assert time.monotonic() - started < 8
    assert ended(pid)

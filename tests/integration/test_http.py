"""The HTTP routes: what they answer, how they refuse, and the log of running and ended sessions."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
import zstandard
from support.daemons import Daemon, UnixHttp
from support.wire_client import attach

STATUS_FIELDS = {
    *("session_id", "name", "pid", "state", "command", "argv", "cwd", "cols", "rows", "clients", "waiting"),
    *("created_at", "last_activity_at", "ended_at", "head", "tail", "exit_code", "exit_signal", "end_reason"),
    *("linger", "expires", "exclusive", "previous_session_id", "program", "present", "ends_at"),
}


def test_the_daemon_says_how_it_is(daemon: Daemon) -> None:
    """Health and status name version, processes, addresses, sessions and storage; the addresses answer."""
    code, health = daemon.request("GET", "/healthz")
    assert (code, health["status"]) == (200, "ok")
    status = daemon.status()
    assert daemon.process is not None
    assert status["pid"] == daemon.process.pid
    assert psutil.pid_exists(status["keeper_pid"])
    assert (status["version"], status["storage"], status["sessions"]) == (health["version"], "ok", 0)
    assert status["socket"] == str(daemon.socket)
    assert abs(status["started_at"] - time.time()) < 20
    with closing(HTTPConnection("127.0.0.1", daemon.port, timeout=20)) as connection:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert json.loads(answer.read()) == health
        assert (answer.getheader("Cache-Control"), answer.getheader("X-Content-Type-Options")) == (
            "no-store",
            "nosniff",
        )


def test_a_session_from_its_making_to_its_end(daemon: Daemon) -> None:
    """A session is made as asked for, listed, renamed and ended; its status says so all along, also afterwards."""
    folder = Path(daemon.environ["HOME"], "a folder")
    folder.mkdir()
    query = {"name": "build", "argv": ["sh", "-c", "read 'x y'"], "cwd": str(folder), "cols": 100, "rows": 30}
    status = create(daemon, **query, linger="90s", expires="never")
    session_id = status["session_id"]
    assert set(status) == STATUS_FIELDS
    assert status["command"] == """sh -c 'read '"'"'x y'"'"''"""
    assert (status["state"], status["linger"], status["expires"]) == ("running", 90, None)
    assert {name: status[name] for name in query} == query
    assert psutil.pid_exists(status["pid"])
    assert listed(daemon) == [session_id]

    code, renamed = post(daemon, f"/api/sessions/{session_id}/rename?name=d%C3%A9ploy%202")
    assert (code, renamed["name"]) == (200, "déploy 2")
    other = create(daemon, name="build")["session_id"]  # free again
    code, refusal = post(daemon, f"/api/sessions/{other}/rename?" + urlencode({"name": "déploy 2"}))
    assert (code, refusal["code"]) == (409, "name_taken")
    code, refusal = post(daemon, "/api/sessions?name=build")
    assert (code, refusal["code"]) == (409, "name_taken")
    assert post(daemon, f"/api/sessions/{other}/rename?name=build")[0] == 200  # its own name is not taken from it
    assert post(daemon, f"/api/sessions/{other}/rename?name=")[1]["name"] == ""
    assert sorted(listed(daemon)) == sorted([session_id, other])

    code, ended = post(daemon, f"/api/sessions/{session_id}/end")
    assert (code, ended["state"], ended["end_reason"], ended["exit_signal"]) == (200, "ended", "by request", 1)
    assert ended["pid"] is None
    assert ended["ended_at"] >= ended["created_at"]
    assert not psutil.pid_exists(status["pid"])
    assert daemon.request("GET", f"/api/sessions/{session_id}") == (200, {**ended, "processes": []})
    assert post(daemon, f"/api/sessions/{session_id}/end") == (200, ended)  # it has ended already
    assert listed(daemon) == [other]
    assert set(listed(daemon, "all=1")) == {session_id, other}
    code, refusal = post(daemon, f"/api/sessions/{session_id}/rename?name=x")
    assert (code, refusal["code"]) == (409, "process_dead")
    assert create(daemon, name="déploy 2")["name"] == "déploy 2"  # an ended session holds no name


async def test_sessions_are_listed_by_their_last_activity(daemon: Daemon) -> None:
    """The session that was typed into last comes first; clients and waiting ones are counted."""
    ids = [create(daemon, name=name)["session_id"] for name in ("one", "two", "three")]
    async with attach(daemon, session_id=ids[0], client_id="a") as client, attach(daemon, session_id=ids[0]) as other:
        await client.type("echo typed-$((1+1))\n")
        await client.until_output(b"typed-2\r\n")
        _, answer = daemon.request("GET", "/api/sessions")
        (first, *rest) = answer["sessions"]
        assert (first["session_id"], first["clients"], first["waiting"]) == (ids[0], 2, 0)
        assert [one["clients"] for one in rest] == [0, 0]
        other.cut()
        await client.until(lambda one: "waiting" in json.dumps(one.messages[-1]))
        _, status = daemon.request("GET", f"/api/sessions/{ids[0]}")
        assert (status["clients"], status["waiting"]) == (1, 1)


async def test_the_status_knows_where_the_shell_is(daemon: Daemon) -> None:
    """`cwd` is live: a session's folder, as its shell changes it, and the last one after its end."""
    session_id = create(daemon)["session_id"]
    folder = f"{daemon.environ['HOME']}/deep"
    async with attach(daemon, session_id=session_id) as client:
        await client.type("mkdir deep; cd deep; echo there-$((1+1))\n")
        await client.until_output(b"there-2\r\n")
        assert daemon.request("GET", f"/api/sessions/{session_id}")[1]["cwd"] == folder
    assert post(daemon, f"/api/sessions/{session_id}/end")[1]["cwd"] == folder


def test_what_is_wrong_with_a_request_is_said(daemon: Daemon) -> None:
    """Every bad request gets its status, an error code and a text that names what is wrong; nothing is made."""
    unknown, home = str(uuid.uuid4()), daemon.environ["HOME"]
    there = create(daemon, argv=["sh", "-c", "read end"])["session_id"]
    cases = [
        ("GET", f"/api/sessions/{unknown}", 404, "not_found", unknown),
        ("POST", f"/api/sessions/{unknown}/end", 404, "not_found", unknown),
        ("POST", f"/api/sessions/{unknown}/rename?name=x", 404, "not_found", unknown),
        ("GET", f"/api/sessions/{unknown}/log", 404, "not_found", unknown),
        ("GET", f"/api/sessions/{there}/log?from=-1", 400, "bad_query", "from"),
        ("GET", f"/api/sessions/{there}/log?to=1e3", 400, "bad_query", "to"),
        ("GET", f"/api/sessions/{there}/log?from=99999999999999999", 400, "bad_query", "from"),
        ("GET", f"/api/sessions/{'-' * 36}", 404, "not_found", "-" * 36),
        ("GET", "/api/sessions/short", 404, "no_route", "route"),
        ("GET", f"/api/sessions/{unknown.upper()}", 404, "no_route", "route"),
        ("GET", "/api/sessions/..%2f..%2fetc", 404, "no_route", "route"),
        ("GET", "/assets/no-such-file.js", 404, "no_route", "file"),
        ("GET", "/index.html", 404, "no_route", "route"),
        ("GET", f"/api/sessions/{unknown}/screen", 404, "not_found", unknown),
        ("GET", f"/api/sessions/{there}/log?download=yes", 400, "bad_query", "download"),
        ("GET", "//[", 404, "no_route", "route"),
        ("DELETE", f"/api/sessions/{unknown}", 404, "no_route", "route"),
        ("GET", "/api/token/rotate", 404, "no_route", "route"),
        ("GET", "/api/sessions?all=2", 400, "bad_query", "all"),
        ("GET", "/api/sessions?all=%ff", 400, "bad_query", "query string"),
        ("GET", "/api/sessions?" + "a=1&" * 65, 400, "bad_query", "query string"),
        ("POST", "/api/daemon/stop?end_sessions=yes", 400, "bad_query", "end_sessions"),
        ("POST", "/api/sessions?cols=0", 400, "bad_query", "cols"),
        ("POST", "/api/sessions?rows=100000", 400, "bad_query", "rows"),
        ("POST", "/api/sessions?cols=80&cols=81", 400, "bad_query", "cols"),
        ("POST", "/api/sessions?argv=sh", 400, "bad_query", "argv"),
        ("POST", "/api/sessions?argv=[]", 400, "bad_query", "argv"),
        ("POST", "/api/sessions?cwd=relative", 400, "bad_query", "cwd"),
        ("POST", "/api/sessions?linger=soon", 400, "bad_query", "linger"),
        ("POST", "/api/sessions?name=%0A", 400, "bad_query", "name"),
        ("POST", f"/api/sessions?name={unknown}", 400, "bad_query", "name"),
        ("POST", f"/api/sessions?cwd={home}/gone", 400, "bad_cwd", f"{home}/gone"),
        ("POST", "/api/sessions?cwd=/etc/passwd", 400, "bad_cwd", "/etc/passwd"),
        ("GET", "/ws", 426, "bad_query", "WebSocket"),
    ]
    for method, path, status, code, word in cases:
        got, answer = daemon.request(method, path)
        assert (method, path, got, answer["code"]) == (method, path, status, code)
        assert word in answer["message"], answer
    assert listed(daemon, "all=1") == [there]
    assert "Traceback" not in daemon.log


async def test_a_command_that_cannot_be_run(daemon: Daemon) -> None:
    """As in a shell: the session prints why, and exits with 127 or 126; attached, and made over HTTP."""
    write_file(daemon, "plain", b"")
    for command, code, why in (
        ("no-such-command", 127, "command not found"),
        ("/no/such/command", 127, "command not found"),
        ("./plain", 126, "Permission denied"),
        ("/", 126, "Permission denied"),
    ):
        text = f"holdfast: {command}: {why}\r\n".encode()
        async with attach(daemon, argv=[command], client_id="a") as client:
            assert await client.until_closed() == 4000
            assert bytes(client.output) == text
            assert client.messages[-1] == {"type": "exit", "code": code, "signal": None}
            assert [message["type"] for message in client.messages[:2]] == ["session", "replay_done"]
        session_id = create(daemon, argv=[command])["session_id"]
        status = post(daemon, f"/api/sessions/{session_id}/end")[1]  # waits until its end is stored
        assert (status["state"], status["exit_code"], status["pid"]) == ("dead", code, None)
        assert daemon.fetch(f"/api/sessions/{session_id}/log") == text
    assert listed(daemon) == []


async def test_the_log_of_a_running_and_of_an_ended_session(daemon: Daemon) -> None:
    """Any part of a log, in zstd or plain, is what was printed: in the hot tail, in chunks, and after the end."""
    lines = "".join(f"line {number} {'x' * 60}\n" for number in range(40_000)).encode()  # 2.8 MB: more than the tail
    write_file(daemon, "lines", lines)
    async with attach(daemon, argv=["sh", "-c", "stty -onlcr -echo; cat lines; echo READY; read end"]) as client:
        session_id = client.session["session_id"]
        whole = lines + b"READY\n"
        await client.until(lambda one: one.offset == len(whole))
        for _ in ("running", "ended"):
            size = len(whole)
            for first, stop in [
                *((0, size), (1, size - 1), (0, 1), (1000, 1000), (2000, 1000), (300_000, 900_001)),
                *((size - 10, size), (size - 10, size + 10), (size, size), (size + 5, size + 10)),
            ]:
                for zstd in (False, True):
                    offset, body = log(daemon, session_id, {"from": first, "to": stop}, zstd=zstd)
                    assert (first, stop, zstd, offset) == (first, stop, zstd, min(first, size))
                    assert body == whole[first:stop]
            assert log(daemon, session_id, {}, zstd=False) == (0, whole)
            assert log(daemon, session_id, {}, zstd=True) == (0, whole)
            post(daemon, f"/api/sessions/{session_id}/end")


def test_the_log_of_a_session_that_printed_nothing(daemon: Daemon) -> None:
    """An empty log is an empty body, in zstd too."""
    session_id = create(daemon, argv=["sh", "-c", "read end"])["session_id"]
    for zstd in (False, True):
        assert log(daemon, session_id, {}, zstd=zstd) == (0, b"")


@pytest.mark.parametrize("zstd", [False, True], ids=["plain", "zstd"])
async def test_a_large_log_is_streamed(daemon: Daemon, zstd: bool) -> None:
    """A log of 40 MB is sent whole, and costs little memory, while its reader stalls and its session ends."""
    lines = "".join(f"line {number:07} {os.urandom(40).hex()}\n" for number in range(107_000)).encode()  # 10 MB
    write_file(daemon, "lines", lines)
    script = "stty -onlcr -echo; cat lines lines lines lines; read end"
    async with attach(daemon, argv=["sh", "-c", script]) as client:
        session_id = client.session["session_id"]
        await client.until(lambda one: one.offset == 4 * len(lines))
        assert daemon.process is not None
        process = psutil.Process(daemon.process.pid)
        before = process.memory_info().rss
        with closing(UnixHttp(daemon.socket)) as connection:
            connection.request("GET", f"/api/sessions/{session_id}/log", headers=accept(zstd=zstd))
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("Content-Encoding")) == (200, "zstd" if zstd else None)
            await client.send(type="end")
            assert await client.until_closed() == 4000
            # As much work again for the daemon: had it not waited for its first reader, 40 MB would be in memory.
            whole = await asyncio.to_thread(log, daemon, session_id, {}, zstd=zstd)
            assert whole == (0, 4 * lines)
            assert process.memory_info().rss - before < 16 << 20
            body = await asyncio.to_thread(answer.read)
        assert (decoded(body) if zstd else body) == 4 * lines
        assert process.memory_info().rss - before < 16 << 20


async def test_a_reader_of_a_log_that_hangs_up_harms_nobody(daemon: Daemon) -> None:
    """A download that is broken off is forgotten: its descriptor is closed, and nothing is logged as a fault."""
    script = "stty -onlcr -echo; yes 0123456 | head -c 8000000; read end"
    async with attach(daemon, argv=["sh", "-c", script]) as client:
        session_id = client.session["session_id"]
        await client.until(lambda one: one.offset == 8_000_000)
        assert daemon.process is not None
        process = psutil.Process(daemon.process.pid)
        before = process.num_fds()
        for _ in range(20):
            with closing(UnixHttp(daemon.socket)) as connection:
                connection.request("GET", f"/api/sessions/{session_id}/log")
                assert connection.getresponse().read(1000)
        async with asyncio.timeout(10):
            while process.num_fds() > before:
                await client.send(type="ping")
                await client.step()
    assert "Traceback" not in daemon.log


def test_stop_leaves_or_ends_the_sessions(daemon: Daemon) -> None:
    """`stop` lets the shells live on for the next daemon; with `end_sessions=1` they are ended and stored first."""
    session_id = create(daemon)["session_id"]
    assert daemon.process is not None
    assert post(daemon, "/api/daemon/stop") == (202, {"status": "stopping"})
    assert daemon.process.wait(20) == 0
    assert not daemon.socket.exists()
    daemon.start()
    assert listed(daemon) == [session_id]
    pid = daemon.request("GET", f"/api/sessions/{session_id}")[1]["pid"]
    assert post(daemon, "/api/daemon/stop?end_sessions=1")[0] == 202
    assert daemon.process.wait(20) == 0
    assert not psutil.pid_exists(pid)
    daemon.start()
    assert listed(daemon) == []
    assert daemon.request("GET", f"/api/sessions/{session_id}")[1]["end_reason"] == "daemon stop"


def write_file(daemon: Daemon, name: str, data: bytes) -> None:
    """Put a file where shells start."""
    path = Path(daemon.environ["HOME"], name)
    path.write_bytes(data)
    path.chmod(0o644)


def post(daemon: Daemon, path: str) -> tuple[int, Any]:
    return daemon.request("POST", path)


def create(daemon: Daemon, **query: Any) -> dict[str, Any]:
    """Make a session; its status."""
    if "argv" in query:
        query["argv"] = json.dumps(query["argv"])
    code, status = post(daemon, "/api/sessions?" + urlencode(query))
    assert code == 201, status
    return dict(status)


def listed(daemon: Daemon, query: str = "") -> list[str]:
    """The ids of the sessions."""
    code, answer = daemon.request("GET", f"/api/sessions?{query}")
    assert code == 200, answer
    return [session["session_id"] for session in answer["sessions"]]


def log(daemon: Daemon, session_id: str, query: dict[str, int], *, zstd: bool) -> tuple[int, bytes]:
    """The offset of the first byte of a log's part, and its bytes."""
    with closing(UnixHttp(daemon.socket)) as connection:
        connection.request("GET", f"/api/sessions/{session_id}/log?{urlencode(query)}", headers=accept(zstd=zstd))
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Content-Encoding") == ("zstd" if zstd else None)
        body = answer.read()
        return int(answer.getheader("X-Holdfast-Offset", "-1")), decoded(body) if zstd else body


def accept(*, zstd: bool) -> dict[str, str]:
    return {"Accept-Encoding": "gzip, zstd"} if zstd else {"Accept-Encoding": "identity"}


def decoded(body: bytes) -> bytes:
    """Decompress a sequence of zstd frames."""
    return b"".join(frames(body))


def frames(body: bytes) -> Iterator[bytes]:
    while body:
        one = zstandard.ZstdDecompressor().decompressobj()
        yield one.decompress(body)
        body = one.unused_data

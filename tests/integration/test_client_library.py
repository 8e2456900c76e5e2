"""The client library on a real daemon and real shells."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.daemons import Daemon

from holdfast.client import events
from holdfast.client.address import Address
from holdfast.client.connection import ReconnectPolicy, Screen, Session, connect
from holdfast.client.http import Http
from holdfast.wire.errors import RefusedError, UnreachableError, WireError
from holdfast.wire.query import SpawnQuery

DEADLINE_S = 60
QUICK = ReconnectPolicy(base_s=0.005, cap_s=0.05)


def address(daemon: Daemon) -> str:
    return f"unix:{daemon.socket}"


async def until(session: Session, mark: bytes) -> bytes:
    got = bytearray()
    async for output in session:
        got += output.data
        if mark in got:
            return bytes(got)
    raise AssertionError(bytes(got))


class CuttingProxy:
    """Passes bytes between clients and the daemon, and cuts each connection after a random number of them."""

    def __init__(self, path: Path, target: Path, seed: int) -> None:
        self.address = f"unix:{path}"
        self.cuts = 0
        self.active = True
        self._path = path
        self._target = target
        self._chance = random.Random(seed)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(str(self._target))
        except OSError:
            writer.transport.abort()
            return
        budgets = (
            [self._chance.randint(500, 12_000), self._chance.randint(700, 150_000)] if self.active else [2**60] * 2
        )
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, budgets[0])),
            asyncio.create_task(self._pump(far_reader, writer, budgets[1])),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.wait(pumps)
        for end in (writer, far_writer):
            end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int) -> None:
        try:
            while data := await reader.read(4096):
                writer.write(data[:budget])
                budget -= len(data)
                if budget <= 0:
                    self.cuts += 1
                    return
                await writer.drain()
        except OSError:
            return

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[CuttingProxy]:
        async with await asyncio.start_unix_server(self.handle, str(self._path)):
            yield self


async def test_fifteen_lines_of_script(daemon: Daemon) -> None:
    """A session is made, typed into, ended; its output and exit code are there."""
    async with connect(address=address(daemon)) as session:
        await session.send(b"echo $((40+2))\nexit 3\n")
        output = b"".join([data async for _, data, _ in session])
    assert b"42\r\n" in output
    assert session.exit == events.Ended(3, None)
    assert session.statistics.output_bytes == len(output) == session.offset


async def test_history_is_replayed_and_told_from_what_is_live(daemon: Daemon) -> None:
    seen: list[events.Event] = []
    async with connect(address=address(daemon), argv=["cat"], name="cat") as session:
        await session.send(b"history\n")
        await until(session, b"history\r\nhistory\r\n")
    async with connect(session.session_id, address=address(daemon), create=False, on_event=seen.append) as back:
        assert await anext(back) == (0, b"history\r\nhistory\r\n", True)
        await back.send(b"live\n")
        async for _, _, is_replay in back:
            assert not is_replay
            break
        assert back.details.name == "cat"
    kinds = [type(event) for event in seen]
    assert kinds.index(events.Attached) < kinds.index(events.Restored)


async def test_a_screen_and_the_lines_above_it_are_all_that_was_seen(daemon: Daemon) -> None:
    """Screen, older lines joined to it without a seam, and live output behind it, through a daemon that is killed."""
    async with connect(address=address(daemon), argv=["sh", "-c", "seq 1 3000; read go; echo go; read wait"]) as first:
        await until(first, b"3000\r\n")
    daemon.kill()
    daemon.start()
    async with connect(
        first.session_id, address=address(daemon), create=False, replay="restore:50", reconnect=QUICK
    ) as session:
        screen = await anext(session)
        assert isinstance(screen, Screen)
        assert (screen.end, session.offset) == (first.offset, first.offset)
        assert session.first_line is not None
        shown = [int(number) for number in re.findall(rb"(?<!\d)(\d{4})\r\n", screen.data)]
        assert shown == list(range(session.first_line + 1, 3001))
        older = await session.lines(before=session.first_line, max=10_000, styled=False)
        assert [line.text for line in older.lines] == [str(number) for number in range(1, session.first_line + 1)]
        last = await session.lines(max=3, styled=False)
        assert [line.text for line in last.lines[-2:]] == ["2999", "3000"]
        daemon.kill()
        await asyncio.to_thread(daemon.start)
        assert len((await session.lines(before=10, max=4)).lines) == 4
        await session.send(b"\n")
        assert (await until(session, b"go\r\n")).endswith(b"\r\ngo\r\n")


async def test_a_client_that_types_and_reads_through_cuts_at_random_bytes(daemon: Daemon, home: Path) -> None:
    """500 KB are typed into `cat` and echoed while the connection is cut all the time: both directions byte-exact."""
    data = "".join(f"line {number} {'x' * (number % 60)}\n" for number in range(12_000)).encode()
    proxy = CuttingProxy(home / "cut.sock", daemon.socket, seed=11)
    seen: list[events.Event] = []
    async with (
        asyncio.timeout(DEADLINE_S),
        proxy.serving(),
        connect(
            address=proxy.address,
            # It waits: a client that is cut off when its session ends would come back to another one.
            argv=[
                "sh",
                "-c",
                f"stty raw -echo; echo READY; head -c {len(data)} | tee copy; sha256sum < copy; read end",
            ],
            reconnect=QUICK,
            on_event=seen.append,
        ) as session,
    ):
        await until(session, b"READY\n")
        start = session.offset
        typing = asyncio.create_task(session.send(data))
        got = bytearray()
        async for output in session:
            assert output.offset == start + len(got)
            got += output.data
            if len(got) >= len(data) + 64:
                break
        await typing
        proxy.active = False
    assert bytes(got[: len(data)]) == data
    assert bytes(got[len(data) :]).startswith(hashlib.sha256(data).hexdigest().encode())
    assert proxy.cuts >= 50, proxy.cuts
    assert session.statistics.reconnections >= 50
    assert not [
        event for event in seen if isinstance(event, events.Skipped | events.InputUnknown | events.InputDropped)
    ]


async def test_a_daemon_that_is_killed_under_full_output_costs_the_client_nothing(daemon: Daemon) -> None:
    """The same shell goes on, output is gapless, and what was typed while nobody was there arrives once."""
    async with (
        asyncio.timeout(DEADLINE_S),
        connect(
            address=address(daemon),
            argv=["sh", "-c", 'read go; seq 1 300000; read line; echo "got-$line-"; read more; echo "more-$more-"'],
            reconnect=QUICK,
        ) as session,
    ):
        await session.send(b"\n")
        got = bytearray()
        typed = False
        async for output in session:
            got += output.data
            if not typed and len(got) > 200_000:
                typed = True
                daemon.kill()
                await session.send(b"typed-offline\nand-more\n")
                await asyncio.to_thread(daemon.start)
        assert session.exit == events.Ended(0, None)
    text = bytes(got).replace(b"\r\n", b"\n")
    numbers = b"".join(b"%d\n" % number for number in range(1, 300_001))
    assert numbers in _without(text, b"typed-offline\n", b"and-more\n")
    assert text.count(b"got-typed-offline-") == 1
    assert text.count(b"more-and-more-") == 1


def _without(text: bytes, *echoes: bytes) -> bytes:
    """What was typed is echoed between the numbers."""
    for echo in echoes:
        text = text.replace(echo, b"", 1)
    return text


async def test_a_session_that_is_gone_is_not_silently_another(daemon: Daemon) -> None:
    """With `create`, a fresh session takes its place and says why; without, that is an error."""
    async with connect(address=address(daemon), argv=["sh", "-c", "exit 0"]) as gone:
        async for _ in gone:
            pass
    with pytest.raises(RefusedError) as refused:
        async with connect(gone.session_id, address=address(daemon), create=False):
            pass
    assert refused.value.code in ("process_dead", "ended")
    seen: list[events.Event] = []
    async with connect(gone.session_id, address=address(daemon), on_event=seen.append) as fresh:
        assert fresh.session_id != gone.session_id
    (fell_back,) = [event for event in seen if isinstance(event, events.FellBack)]
    assert (fell_back.previous_session_id, fell_back.session_id) == (gone.session_id, fresh.session_id)


async def test_ending_a_session(daemon: Daemon) -> None:
    async with connect(address=address(daemon), argv=["sleep", "1000"]) as session:
        await session.end()
        async for _ in session:
            pass
        assert session.exit == events.Ended(None, 1)


async def test_a_wrong_token_is_refused_and_the_right_one_is_not(daemon: Daemon) -> None:
    tcp = f"ws://127.0.0.1:{daemon.port}"
    with pytest.raises(RefusedError) as refused:
        async with connect(address=tcp, token="wrong"):
            pass
    assert refused.value.code == "unauthorized"
    async with connect(address=tcp, token=daemon.token, argv=["cat"]) as session:
        await session.send(b"over TCP\n")
        await until(session, b"over TCP\r\nover TCP\r\n")


def test_the_json_api(daemon: Daemon) -> None:
    """Sessions are made, listed, named and ended; what they printed can be read, compressed on the way or not."""
    api = Http(Address.parse(address(daemon)))
    session = api.post("/api/sessions", SpawnQuery(argv=("sh", "-c", "seq 1 100000; exec sleep 1000")).format())
    session_id = session["session_id"]
    assert [one["session_id"] for one in api.get("/api/sessions", {"all": 0})["sessions"]] == [session_id]
    assert api.post(f"/api/sessions/{session_id}/rename", {"name": "ein Name & mehr"})["name"] == "ein Name & mehr"
    expected = b"".join(b"%d\r\n" % number for number in range(1, 100_001))
    while api.get(f"/api/sessions/{session_id}")["tail"] < len(expected):
        pass
    with api.log(session_id) as log:
        assert log.offset == 0
        assert b"".join(log) == expected
    with api.log(session_id, start=1000, end=2000) as log:
        assert (log.offset, b"".join(log)) == (1000, expected[1000:2000])
    assert api.post(f"/api/sessions/{session_id}/end")["state"] == "ended"
    with pytest.raises(RefusedError) as refused:
        api.get("/api/sessions/11111111-1111-4111-8111-111111111111")
    assert refused.value.code == "not_found"


def test_the_json_api_over_tcp_needs_its_token(daemon: Daemon) -> None:
    tcp = Address.parse(f"ws://127.0.0.1:{daemon.port}/ws")
    with pytest.raises(RefusedError) as refused:
        Http(tcp, "wrong").get("/api/sessions")
    assert refused.value.code == "unauthorized"
    assert Http(tcp, daemon.token).get("/api/sessions") == {"sessions": []}


def test_the_json_api_of_nobody(home: Path) -> None:
    with pytest.raises(UnreachableError, match=r"no daemon answers at unix:.*No such file"):
        Http(Address("unix", str(home / "none.sock"))).get("/healthz")


NO_DAEMON = """
import socket, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
print(flush=True)
connection = listening.accept()[0]
connection.recv(65536)
connection.sendall(sys.argv[2].encode())
connection.close()
"""


def test_what_is_no_daemon_is_told_from_one(home: Path) -> None:
    """A server that answers with a page, or with half an answer, is named as what it is."""
    for answer, kind in ((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html", WireError), (b"ho", UnreachableError)):
        path = home / f"{len(answer)}.sock"
        server = subprocess.Popen(
            [
                sys.executable,
                "-c",
                NO_DAEMON,
                str(path),
                answer.decode(),
            ],
            stdout=subprocess.PIPE,
        )
        assert server.stdout is not None
        with server.stdout as ready:
            ready.readline()
        with pytest.raises(kind):
            Http(Address("unix", str(path))).get("/api/sessions")
        assert server.wait(10) == 0


def test_the_http_client_starts_fast() -> None:
    """`holdfast ls` must not wait for imports that it does not need."""
    script = "import sys, holdfast.client.http; print({'websockets', 'asyncio', 'zstandard'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"
    )

"""What is wrong gets a clear error and costs only its sender: queries, messages, requests, settings, addresses."""

from __future__ import annotations

import asyncio
import select
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
from support.daemons import Daemon
from support.wire_client import WireClient, attach, attach_raw
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import unix_connect as unix_connect_sync
from websockets.typing import Subprotocol

from holdfast.daemon.config import DEFAULT_PORT

MIB = 1 << 20
HANDSHAKE_S = 10.0


@pytest.mark.parametrize("binary", [True, False])
async def test_bad_queries_are_refused(daemon: Daemon, binary: bool) -> None:
    """A parameter that is malformed, out of range or given twice is named in the error; close 4002, nothing is made."""
    cases = {
        "session_id": ["1", "../../etc/passwd", str(uuid.uuid1()), str(uuid.uuid4()).upper(), f"{uuid.uuid4()}\n", ""],
        "since": ["-1", "1.5", "0x10", "99999999999999999", "٣", ""],
        "create": ["2", "yes", ""],
        "replay": ["some", "restore:-1", "all:3", "restore:1000001"],
        "mode": ["r", "RW"],
        "client_id": ["", "a" * 65, "a b", "ü", "a\n"],
        "window": ["-1", "1k"],
        "zstd": ["true"],
        "exclusive": ["2"],
        "steal": ["2"],
        "cols": ["0", "1001", "100000", "-80", "80.0"],
        "rows": ["0", "1001", "100000"],
        "name": ["n" * 101, "a\nb", "\x1b[31m", str(uuid.uuid4())],
        "argv": ["sh", '"sh"', "[]", "[1]", '[""]', '["a\\u0000"]', "[" * 2500],
        "cwd": ["relative", "", "/a\0b"],
        "linger": ["soon", "-1", "1y", "99999w"],
        "expires": ["", "1e9", "nan"],
    }
    for parameter, values in cases.items():
        for value in values:
            await assert_bad_query(daemon, binary=binary, parameter=parameter, query=urlencode({parameter: value}))
    await assert_bad_query(daemon, binary=binary, parameter="cols", query="cols=80&cols=80")
    await assert_bad_query(daemon, binary=binary, parameter="query string", query="name=%ff")
    await assert_bad_query(daemon, binary=binary, parameter="query string", query="&".join(["x=1"] * 65))
    assert daemon.request("GET", "/api/sessions?all=1")[1]["sessions"] == []
    assert "Traceback" not in daemon.log


async def test_what_cannot_be_had_is_said(daemon: Daemon) -> None:
    """A taken name, a folder that is gone, no session where none may be made: the error says so, close 4004."""
    unknown = str(uuid.uuid4())
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"name": "taken"}, "name_taken", "'taken'"),
        ({"cwd": "/no/such/folder"}, "bad_cwd", "/no/such/folder"),
        ({"cwd": "/etc/passwd"}, "bad_cwd", "/etc/passwd"),
        ({"create": 0}, "not_found", "create=0"),
        ({"create": 0, "session_id": unknown}, "not_found", unknown),
    ]
    async with attach(daemon, name="taken") as client:
        for query, code, word in cases:
            async with attach_raw(daemon, **query) as refused:
                assert await refused.until_closed() == 4004
                (error,) = refused.messages
                assert (error["type"], error["code"]) == ("error", code)
                assert word in error["message"]
        assert [message["type"] for message in client.messages if message["type"] == "error"] == []
    assert daemon.status()["sessions"] == 1


FRAMES = [
    b"",  # empty
    b"\0" * 8,  # short
    b"\0\0\x20\0\0\0\0\0\0ls",  # number beyond 2**53
    b"\0" + b"\xff" * 8 + b"ls",  # negative number
    b"\x01" + b"\0" * 8 + b"echo typed\n",  # output
    b"\x02" + b"\0" * 8 + b"echo typed\n",  # replay
    b"\x03" + b"\0" * 8 + b"echo typed\n",  # replay, zstd
    b"\x04" + b"\0" * 8 + b"echo typed\n",  # restore
    b"\x05" + b"\0" * 8 + b"echo typed\n",  # unknown kind
    b"\xff" * 20,  # kind 255
    b'{"type":"input","text":"echo typed\\n"}',  # JSON
]
TEXTS = [
    "",  # empty
    "echo typed\n",  # garbage
    "\0\0\0\0\0\0\0\0\0echo typed\n",  # binary as text
    "[]",  # no object
    '"input"',  # a string
    "{}",  # no type
    '{"type":1}',  # a type that is no text
    '{"type":"evil"}',  # unknown type
    '{"type":"output","text":"x","is_replay":false,"is_prompt":false,"offset":0,"end":1}',  # the daemon's type
    '{"type":"input"}',  # no text
    '{"type":"input","text":["echo typed"]}',  # text that is none
    '{"type":"input","text":"echo typed\\ud800\\n"}',  # half a surrogate pair
    '{"type":"input","text":"echo typed\\n","seq":-1}',  # seq below 0
    '{"type":"input","text":"echo typed\\n","seq":0.0}',  # seq with a fraction
    '{"type":"input","text":"echo typed\\n","seq":false}',  # seq that is a boolean
    '{"type":"input","text":"echo typed\\n","seq":9007199254740992}',  # seq beyond 2**53
    '{"type":"input","text":"echo typed\\n","seq":%s}' % ("9" * 5000),  # seq of 5000 digits
    '{"type":"ack","offset":NaN}',  # not a number
    '{"type":"ack","offset":-1}',  # ack below 0
    '{"type":"resize","cols":0,"rows":24}',  # width 0
    '{"type":"resize","cols":80,"rows":0}',  # height 0
    '{"type":"resize","cols":100000,"rows":24}',  # width 100000
    '{"type":"resize","cols":80}',  # no height
    '{"type":"resize","cols":null,"rows":24}',  # width null
    '{"type":"input","text":"echo typed',  # cut off
    '{"type":"ping"}{"type":"ping"}',  # two in one
    '{"type":"ping","x":' + "[" * 100_000 + "]" * 100_000 + "}",  # deeply nested
]


async def test_malformed_messages_close_their_sender_alone(daemon: Daemon) -> None:
    """Each malformed message is answered by an error that says what it was, and 4002; nothing of it is typed."""
    async with witness(daemon) as other:
        session_id = other.session["session_id"]
        for binary in (True, False):
            for text in TEXTS:
                await assert_malformed(daemon, session_id, text, binary=binary, code="bad_message")
            for frame in FRAMES:
                await assert_malformed(daemon, session_id, frame, binary=binary, code="bad_frame")
        well_formed = b"\0" * 9 + b"echo typed\n"  # but not in JSON mode
        await assert_malformed(daemon, session_id, well_formed, binary=False, code="bad_frame")
        status = daemon.request("GET", f"/api/sessions/{session_id}")[1]
        assert (status["cols"], status["rows"]) == (80, 24)


async def test_unknown_fields_are_ignored(daemon: Daemon) -> None:
    """What a later version may add to a message or a query does not disturb this one."""
    async with attach(daemon, colour="red", binary=False) as client:
        await client.send(type="input", text="echo typed-$((1+1))\n", seq=0, colour="red", nested={"a": [1, None]})
        await client.until_output(b"typed-2\r\n")


async def test_text_that_is_not_utf8_is_refused(daemon: Daemon) -> None:
    """RFC 6455 has its own close code for it: 1007."""
    async with witness(daemon) as other, attach(daemon, session_id=other.session["session_id"]) as client:
        async with client.connection.send_context():
            client.connection.protocol.send_text(b'{"type":"input","text":"\xff"}')
        assert await client.until_closed() == 1007


@pytest.mark.parametrize("binary", [True, False])
async def test_huge_messages(daemon: Daemon, binary: bool) -> None:
    """A message may have 1 MiB; a larger one gets `limit` and 4008, one that is not even received 1009."""
    head, end = (b"\0" * 9, b"") if binary else (b'{"type":"input","text":"', b'"}')
    query = urlencode({"argv": '["sh", "-c", "stty raw -echo; exec cat > /dev/null"]'})
    cases = [(MIB, None), (MIB + 1, 4008), (4 * MIB, 4008), (4 * MIB + 1, 1009), (40 * MIB, 1009)]
    async with witness(daemon):
        for size, code in cases:
            text = b"x" * (size - len(head) - len(end))
            data = head + text + end
            typed = f'{{"type":"input_ack","seq":{len(text)}}}'
            messages, closed = await asyncio.to_thread(
                converse, daemon, query, data if binary else data.decode(), until=typed
            )
            assert (size, closed) == (size, code)
            assert [message for message in messages if '"error"' in message] == (
                ['{"type":"error","code":"limit","message":"a message may have 1048576 bytes at most"}']
                if code == 4008
                else []
            )


def converse(daemon: Daemon, query: str, data: str | bytes, *, until: str) -> tuple[list[str], int | None]:
    """Send one message, which may never arrive; the text messages that came until this one, or until the close."""
    messages: list[str] = []
    protocol = Subprotocol("holdfast.v1" if isinstance(data, bytes) else "holdfast.json")
    with unix_connect_sync(str(daemon.socket), f"ws://localhost/ws?{query}", subprotocols=[protocol]) as connection:
        try:
            connection.send(data)
            while until not in messages:
                message = connection.recv(20)
                if isinstance(message, str):
                    messages.append(message)
        except ConnectionClosed:
            try:
                messages += [text for text in connection if isinstance(text, str)]
            except ConnectionClosed as closed:
                return messages, closed.rcvd.code if closed.rcvd else 1006
        return messages, None


async def test_input_with_a_gap_is_not_typed(daemon: Daemon) -> None:
    """Input whose predecessor is missing is refused with `input_gap`, what was typed before is dropped; it stays."""
    async with (
        witness(daemon) as other,
        attach(daemon, client_id="g", session_id=other.session["session_id"]) as client,
    ):
        await client.type("echo a$((1+1))\n")
        right = client.seq
        client.seq += 1
        await client.type("echo gap$((1+1))\n")
        await client.until(lambda one: errors(one) == ["input_gap"])
        assert str(right) in client.messages[-1]["message"]
        client.seq = right - 7
        await client.type("$((1+1))\necho b$((2+1))\n")
        assert client.seq > right
        await client.until_output(b"b3\r\n")
        assert client.output.count(b"a2\r\n") == 1
        assert b"gap" not in client.output
        assert errors(client) == ["input_gap"]


async def test_a_flood_of_messages_is_cut(daemon: Daemon) -> None:
    """Beyond 10,000 messages at once the sender gets `limit` and 4008; meanwhile and later others type as ever."""
    async with witness(daemon) as other, attach(daemon, session_id=other.session["session_id"]) as client:

        async def flood() -> None:
            for _ in range(30_000):
                await client.send(type="ping")

        flooding = asyncio.create_task(flood())
        closed = asyncio.create_task(client.until_closed())
        await other.type("echo meanwhile-$((1+1))\n")
        await other.until_output(b"meanwhile-2\r\n")
        assert await closed == 4008
        assert errors(client) == ["limit"]
        assert 10_000 <= sum(message["type"] == "pong" for message in client.messages) < 30_000
        with pytest.raises(ConnectionClosed):
            await flooding


def test_requests_that_are_not_http_are_refused(daemon: Daemon) -> None:
    """Noise and bodies where none belong are closed at once, oversized lines get an HTTP error; nothing is left."""
    assert daemon.process is not None
    before = psutil.Process(daemon.process.pid).num_fds()
    token = f"Authorization: Bearer {daemon.token}\r\n".encode()
    get = b"GET /api/sessions HTTP/1.1\r\nHost: localhost\r\n" + token
    assert raw_answer(daemon, get + b"\r\n").startswith(b"HTTP/1.1 200 ")
    for noise in (
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",  # a TLS hello
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\n\r\n",
        get + b"no colon\r\n\r\n",
        get.replace(b"GET", b"POST") + b"Content-Length: 10\r\n\r\n0123456789",
        get + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ):
        assert (noise[:60], raw_answer(daemon, noise)) == (noise[:60], b"")
    for noise, status in [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 421),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (get + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (get + b"X: a\r\n" * 200 + b"\r\n", 431),
        (get + b"Host: localhost\r\n\r\n", 421),
    ]:
        answer = raw_answer(daemon, noise)
        assert (noise[:60], answer[:12]) == (noise[:60], f"HTTP/1.1 {status}".encode())
    assert daemon.request("GET", "/api/sessions") == (200, {"sessions": []})
    deadline = time.monotonic() + 10
    while psutil.Process(daemon.process.pid).num_fds() > before:
        assert time.monotonic() < deadline, "descriptors are left open"
    assert "Traceback" not in daemon.log


async def test_what_is_slow_to_ask_is_cut_and_what_is_slow_to_read_is_not(daemon: Daemon) -> None:
    """A request that is not whole after 10 s is cut off, however it drips; clients and downloads take their time."""
    script = "stty -onlcr -echo; yes 0123456 | head -c 8000000; read end"
    async with witness(daemon) as other, attach(daemon, argv=["sh", "-c", script]) as client:
        await client.until(lambda one: one.offset == 8_000_000)
        with ExitStack() as stack:
            download = stack.enter_context(connected(daemon.socket))
            path = f"/api/sessions/{client.session['session_id']}/log"
            download.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            started = time.monotonic()
            slow = [stack.enter_context(connected(address)) for address in (daemon.socket, daemon.port) for _ in "123"]
            for number, one in enumerate(slow):
                one.sendall(
                    (b"", b"GET /healthz HTTP/1.1\r\n", b"GET /ws HTTP/1.1\r\nHost: localhost\r\nX")[number % 3]
                )
            await asyncio.to_thread(leave_no_keeper_behind, daemon)
            while time.monotonic() < started + HANDSHAKE_S - 1:
                assert await asyncio.to_thread(readable, slow, 0.5) == [], "cut too early"
                slow[2].sendall(b"x")  # one byte at a time is no excuse
                slow[5].sendall(b"x")
                await other.send(type="ping")
                await other.until_message("pong")
            for one in slow:
                one.settimeout(max(0.1, started + HANDSHAKE_S + 3 - time.monotonic()))
                assert ended(one)
            assert time.monotonic() - started > HANDSHAKE_S - 0.1
            answer = HTTPResponse(download)
            answer.begin()
            assert await asyncio.to_thread(answer.read) == bytes(client.output)


def leave_no_keeper_behind(daemon: Daemon) -> None:
    """A daemon that cannot listen says so, exits with 69, and its keeper goes after it (in 5 s: nobody came)."""
    home = daemon.home / "other"
    second = Daemon(home, {**daemon.environ, "HOLDFAST_HOME": str(home)})
    second.arguments = ["--listen", f"127.0.0.1:{daemon.port}"]
    word, process = second.try_start()
    assert process.wait(20) == 69
    assert word == (
        f"cannot listen on 127.0.0.1:{daemon.port}: Address already in use; "
        "stop what uses it, or choose another with --listen HOST:PORT (port 0 takes a free one)"
    )
    assert word in second.log
    assert not second.socket.exists()
    keepers = [
        one
        for one in psutil.process_iter(["cmdline"])
        if str(home / "run" / "keeper.sock") in (one.info["cmdline"] or [])
    ]
    assert psutil.wait_procs(keepers, 10)[1] == []
    second.arguments = ["--listen", "127.0.0.1:0"]
    second.start()  # the home is as good as new
    second.close()


def test_the_default_port_may_be_taken(stopped_daemon: Daemon) -> None:
    """Where nobody asked for a port and the usual one is taken, the daemon listens on a free one and says which."""
    with socket.socket() as occupant:
        occupant.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            occupant.bind(("127.0.0.1", DEFAULT_PORT))
            occupant.listen()
            is_ours = True
        except OSError:  # taken already, as this test wants it, but perhaps not for long
            is_ours = False
        stopped_daemon.arguments = []
        stopped_daemon.start()
        port = stopped_daemon.port
        if port == DEFAULT_PORT and not is_ours:
            pytest.skip("who had the port let go of it meanwhile")
        assert port not in (0, DEFAULT_PORT)
        assert f"port {DEFAULT_PORT} is taken; listening on {port} instead" in stopped_daemon.log
        with connected(port) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert read_all(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[daemon\n", ["line 1"]),
        ("[demon]\n", ["'demon'", "daemon"]),
        ("[daemon]\nlissen = []\n", ["daemon.lissen"]),
        ('[daemon]\nlisten = "127.0.0.1:80"\n', ["daemon.listen"]),
        ('[daemon]\nlisten = ["0.0.0.0:7617"]\n', ["daemon.listen", "0.0.0.0:7617", "TLS"]),
        ('[daemon]\nmax_sessions = "many"\n', ["daemon.max_sessions"]),
        ('[session]\nreconnect_window = "soon"\n', ["session.reconnect_window", "soon"]),
        ("[store]\nsession_bytes = 1\n", ["store.session_bytes"]),
    ],
)
def test_bad_settings_are_named(stopped_daemon: Daemon, text: str, words: list[str]) -> None:
    """A setting that cannot be used ends the start with 2 and a text that names file and key; no keeper is started."""
    file = stopped_daemon.home / "config.toml"
    file.write_text(text)
    word, process = stopped_daemon.try_start()
    assert process.wait(20) == 2
    assert str(file) in word
    for expected in words:
        assert expected in word
    assert "Traceback" not in stopped_daemon.log
    assert not (stopped_daemon.home / "run" / "keeper.sock").exists()


@asynccontextmanager
async def witness(daemon: Daemon) -> AsyncIterator[WireClient]:
    """Another client, whose work must go on as if nothing had happened."""
    async with attach(daemon, client_id="witness", cols=80, rows=24) as client:
        yield client
        await client.type("echo undisturbed-$((1+1))\n")
        await client.until_output(b"undisturbed-2\r\n")
        assert b"typed" not in client.output
        assert {message["type"] for message in client.messages} <= {
            *("session", "replay_done", "presence", "input_ack", "pong")
        }
    assert "Traceback" not in daemon.log


def errors(client: WireClient) -> list[str]:
    return [message["code"] for message in client.messages if message["type"] == "error"]


async def assert_bad_query(daemon: Daemon, *, binary: bool, parameter: str, query: str) -> None:
    """This query is refused by an error that names the parameter."""
    async with unix_connect(
        str(daemon.socket),
        f"ws://localhost/ws?{query}",
        subprotocols=[Subprotocol("holdfast.v1" if binary else "holdfast.json")],
    ) as connection:
        client = WireClient(connection, binary=binary)
        assert (query, await client.until_closed()) == (query, 4002)
        (error,) = client.messages
        assert (error["type"], error["code"]) == ("error", "bad_query")
        assert error["message"].startswith(parameter), (query, error)


async def assert_malformed(daemon: Daemon, session_id: str, data: str | bytes, *, binary: bool, code: str) -> None:
    """This message is answered by this error, and its sender closed."""
    async with attach(daemon, binary=binary, session_id=session_id, replay="none", client_id="bad") as client:
        await client.connection.send(data)
        assert (data[:80], await client.until_closed()) == (data[:80], 4002)
        assert (data[:80], errors(client)) == (data[:80], [code])
        assert len(client.messages[-1]["message"]) > 10


def connected(address: Path | int) -> socket.socket:
    """A connection without any manners, to the Unix socket or a port."""
    if isinstance(address, Path):
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(20)
        one.connect(str(address))
        return one
    return socket.create_connection(("127.0.0.1", address), timeout=20)


def raw_answer(daemon: Daemon, request: bytes) -> bytes:
    """Everything that comes back for these bytes over TCP."""
    with connected(daemon.port) as one:
        one.sendall(request)
        return read_all(one)


def read_all(one: socket.socket) -> bytes:
    parts: list[bytes] = []
    while not parts or parts[-1]:
        parts.append(one.recv(MIB))
    return b"".join(parts)


def readable(connections: list[socket.socket], timeout_s: float) -> list[socket.socket]:
    return select.select(connections, [], [], timeout_s)[0]


def ended(one: socket.socket) -> bool:
    """Whether the other end closed without a word, within the socket's timeout."""
    try:
        return one.recv(100) == b""
    except ConnectionResetError:
        return True

"""The gate on real sockets: who gets in by TCP and by the Unix socket, and who does not."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from http.client import HTTPConnection
from typing import Any

import pytest
from support.daemons import Daemon
from support.wire_client import WireClient, attach
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

STRANGER_UID = 65534  # nobody; any other than the tester's
STRANGER = """
import http.client, json, os, socket, sys
path, uid, token = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.setgroups([]); os.setgid(uid); os.setuid(uid)
connection = http.client.HTTPConnection("localhost")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(path)
connection.request("GET", "/api/sessions", headers={"Authorization": "Bearer " + token} if token else {})
answer = connection.getresponse()
print(json.dumps([answer.status, json.load(answer)]))
"""


def test_tcp_needs_the_token(daemon: Daemon) -> None:
    """What is not open answers 401 without the token, with a wrong one or half of one; and 200 with it."""
    token = daemon.token
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert request(daemon, "/healthz")[0] == 200
    for path in ("/api/sessions", "/api/daemon", "/ws", "/assets", "/no/such/route"):
        code, answer = request(daemon, path)
        assert (path, code, answer["code"]) == (path, 401, "unauthorized")
        assert "no token given" in answer["message"]
        assert "holdfast token" in answer["message"]
    for wrong in (f"Bearer {token[:-1]}", f"Bearer {token}x", "Bearer " + "A" * 43, f"Bearer {token.swapcase()}"):
        code, answer = request(daemon, "/api/sessions", Authorization=wrong)
        assert (code, answer["code"]) == (401, "unauthorized")
        assert token not in answer["message"]
        assert "wrong token" in answer["message"]
    basic = base64.b64encode(f"holdfast:{token}".encode()).decode()
    for malformed in (token, f"Basic {basic}", "Bearer", f"Bearer {token} {token}", f"Bearer\t{token}"):
        assert request(daemon, "/api/sessions", Authorization=malformed)[0] == 401
    assert request(daemon, f"/api/sessions?token={token}")[0] == 401  # would stand in logs and histories
    assert request(daemon, "/api/sessions", Authorization=f"Bearer {token}") == (200, {"sessions": []})
    assert request(daemon, "/no/such/route", Authorization=f"Bearer {token}")[0] == 404


async def test_a_websocket_over_tcp_needs_the_token(daemon: Daemon) -> None:
    """A WebSocket is refused before the upgrade without the right token, in the header or as a subprotocol."""
    for refused in (
        dial(daemon),
        dial(daemon, token="wrong"),
        dial(daemon, subprotocols=["holdfast.v1", "holdfast.bearer.wrong"]),
        dial(daemon, subprotocols=["holdfast.v1", "holdfast.bearer."]),
    ):
        with pytest.raises(InvalidStatus) as caught:
            async with refused:
                pass
        assert caught.value.response.status_code == 401
        assert json.loads(caught.value.response.body)["code"] == "unauthorized"
    assert daemon.status()["sessions"] == 0
    async with dial(daemon, token=daemon.token) as client:
        await client.type("echo by-header-$((1+1))\n")
        await client.until_output(b"by-header-2\r\n")


@pytest.mark.parametrize("real", ["holdfast.v1", "holdfast.json"])
async def test_the_token_as_a_subprotocol(daemon: Daemon, real: str) -> None:
    """A browser brings the token as a subprotocol beside the real one; it is let in, and the token not sent back."""
    for offered in ([real, f"holdfast.bearer.{daemon.token}"], [f"holdfast.bearer.{daemon.token}", real]):
        async with dial(daemon, subprotocols=offered) as client:
            assert client.connection.subprotocol == real
            assert client.connection.response is not None
            assert daemon.token not in str(client.connection.response.headers)
            await client.type("echo by-subprotocol-$((1+1))\n")
            await client.until_output(b"by-subprotocol-2\r\n")


async def test_foreign_hosts_and_origins_stay_outside(stopped_daemon: Daemon) -> None:
    """A name rebound to this address and a page of another site are refused, even with the token; listed ones pass."""
    (stopped_daemon.home / "config.toml").write_text(
        '[daemon]\nallowed_hosts = ["term.example.org"]\nallowed_origins = ["https://pages.example.org"]\n'
    )
    stopped_daemon.start()
    daemon, port = stopped_daemon, stopped_daemon.port
    token = {"Authorization": f"Bearer {daemon.token}"}
    for host in (f"evil.example.org:{port}", "evil.example.org", "127.0.0.1.evil.example.org", "", "localhost, evil"):
        for path in ("/api/sessions", "/healthz", "/ws", "/no/such/route"):
            code, answer = request(daemon, path, Host=host, **token)
            assert (host, path, code, answer["code"]) == (host, path, 421, "forbidden")
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", "[::1]:80", "term.example.org"):
        assert request(daemon, "/api/sessions", Host=host, **token)[0] == 200
    for origin in (
        "https://evil.example.org",
        "null",
        f"http://localhost:{port + 1}",
        "https://pages.example.org.evil",
    ):
        code, answer = request(daemon, "/api/sessions", Origin=origin, **token)
        assert (origin, code, answer["code"]) == (origin, 403, "forbidden")
        with pytest.raises(InvalidStatus) as caught:
            async with dial(daemon, token=daemon.token, origin=origin):
                pass
        assert caught.value.response.status_code == 403
    for origin in (f"http://127.0.0.1:{port}", "https://pages.example.org"):
        async with dial(daemon, token=daemon.token, origin=origin) as client:
            assert client.session["attach"] == "fresh"
        assert request(daemon, "/api/sessions", Origin=origin)[0] == 401  # an origin alone opens nothing


def test_the_unix_socket_lends_its_trust_to_nobody(daemon: Daemon) -> None:
    """On the Unix socket a page's request or a proxy's needs what it would need over TCP."""
    assert daemon.request("GET", "/api/sessions")[0] == 200
    assert daemon.request("GET", "/api/sessions", {"Host": "any.example.org"})[0] == 200
    for name in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"):
        assert daemon.request("GET", "/api/sessions", {name: "192.0.2.1"})[0] == 401
    assert daemon.request("GET", "/api/sessions", {"Origin": "http://localhost"})[0] == 401
    assert daemon.request("GET", "/api/sessions", {"Origin": "https://evil.example.org"})[0] == 403
    assert daemon.request("GET", "/api/sessions", {"Via": "x", "Host": "evil.example.org"})[0] == 421
    assert daemon.request("GET", "/api/sessions", {"Via": "x", "Authorization": f"Bearer {daemon.token}"})[0] == 200


def test_sockets_and_token_are_their_owners_alone(daemon: Daemon) -> None:
    """Sockets, token, store and tails are 0600 in folders 0700; nothing in the home can be opened by others."""
    daemon.request("POST", "/api/sessions")
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE((daemon.home / "run" / "keeper.sock").stat().st_mode) == 0o600
    for folder in ("run", "data"):
        root = daemon.home / folder
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        for path in root.rglob("*"):
            if path.name != "daemon.log":  # this one was made by the test
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((daemon.home / "data" / "token").stat().st_mode) == 0o600


async def test_a_new_token_cuts_those_who_came_by_the_old_one(daemon: Daemon) -> None:
    """After a rotation live TCP clients are closed with 4003, the old token is refused; the Unix socket goes on."""
    old = daemon.token
    async with attach(daemon) as local:
        session_id = local.session["session_id"]
        async with (
            dial(daemon, token=old, query=f"session_id={session_id}&client_id=far") as header,
            dial(daemon, subprotocols=["holdfast.v1", f"holdfast.bearer.{old}"]) as browser,
        ):
            code, answer = daemon.request("POST", "/api/token/rotate")
            assert (code, answer) == (200, {"token": daemon.token})
            assert daemon.token != old
            for client in (header, browser):
                assert await client.until_closed() == 4003
        assert request(daemon, "/api/sessions", Authorization=f"Bearer {old}")[0] == 401
        await local.type("echo still-$((1+1))\n")
        await local.until_output(b"still-2\r\n")
        async with dial(daemon, token=daemon.token, query=f"session_id={session_id}&client_id=far") as again:
            assert again.session["reconnected"]
    kept = daemon.token
    daemon.restart()
    assert daemon.token == kept


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
def test_another_user_is_refused_on_the_unix_socket(daemon: Daemon) -> None:
    """Even where the modes let another uid reach the socket, its uid is what refuses it; the token lets it in."""
    run = daemon.socket.parent
    for folder in (daemon.home, run):
        folder.chmod(0o711)
    daemon.socket.chmod(0o666)
    assert as_uid(daemon, os.getuid(), "") == [200, {"sessions": []}]
    code, answer = as_uid(daemon, STRANGER_UID, "")
    assert (code, answer["code"]) == (401, "unauthorized")
    assert as_uid(daemon, STRANGER_UID, daemon.token) == [200, {"sessions": []}]
    daemon.socket.chmod(0o600)
    run.chmod(0o700)
    with pytest.raises(PermissionError):
        as_uid(daemon, STRANGER_UID, "")


def request(daemon: Daemon, path: str, **headers: str) -> tuple[int, Any]:
    """One GET over TCP; status and parsed JSON."""
    with closing(HTTPConnection("127.0.0.1", daemon.port, timeout=20)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@asynccontextmanager
async def dial(
    daemon: Daemon,
    *,
    token: str | None = None,
    subprotocols: list[str] | None = None,
    origin: str | None = None,
    query: str = "",
) -> AsyncIterator[WireClient]:
    """Attach over TCP. Raises InvalidStatus."""
    offered = subprotocols or ["holdfast.v1"]
    async with connect(
        f"ws://127.0.0.1:{daemon.port}/ws?{query}",
        subprotocols=[Subprotocol(name) for name in offered],
        additional_headers={"Authorization": f"Bearer {token}"} if token else {},
        origin=Origin(origin) if origin else None,
        proxy=None,
    ) as connection:
        client = WireClient(connection, binary="holdfast.v1" in offered)
        await client.until_message("session")
        yield client


def as_uid(daemon: Daemon, uid: int, token: str) -> list[Any]:
    """One GET over the Unix socket by a process of this user. Raises PermissionError where it cannot be reached."""
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, str(daemon.socket), str(uid), token],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    if "PermissionError" in done.stderr:
        raise PermissionError(done.stderr)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))

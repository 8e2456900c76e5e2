"""Clients of ttyd, unchanged: a script that says what ttyd's page says, over a real socket, with real shells."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from support.daemons import Daemon
from support.streams import Rounds
from support.waiting import wait_until
from support.wire_client import attach
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

TIMEOUT_S = 20


class TtydClient:
    """What ttyd's page is to its server; it keeps what it is sent."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.output = bytearray()
        self.titles: list[str] = []
        self.preferences: list[dict[str, Any]] = []
        self.code: int | None = None

    async def hello(self, cols: int = 80, rows: int = 24) -> None:
        """Its first message, in binary as all of them."""
        with suppress(ConnectionClosed):  # it may have been refused already
            await self.connection.send(json.dumps({"AuthToken": "", "columns": cols, "rows": rows}).encode())

    async def type(self, text: str) -> None:
        await self.connection.send(b"0" + text.encode())

    async def resize(self, cols: int, rows: int) -> None:
        await self.connection.send(b"1" + json.dumps({"columns": cols, "rows": rows}).encode())

    async def pause(self) -> None:
        await self.connection.send(b"2")

    async def resume(self) -> None:
        await self.connection.send(b"3")

    async def step(self) -> None:
        """Take one message in, or the end."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                data = await self.connection.recv()
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else 1006
            return
        assert isinstance(data, bytes), "ttyd sends binary messages"
        match data[:1]:
            case b"0":
                self.output += data[1:]
            case b"1":
                self.titles.append(data[1:].decode())
            case b"2":
                self.preferences.append(json.loads(data[1:]))
            case other:
                raise AssertionError(f"ttyd's page warns of {other!r}")

    async def until(self, text: bytes) -> None:
        while text not in self.output:
            assert self.code is None, f"closed with {self.code} behind {bytes(self.output[-200:])!r}"
            await self.step()

    async def until_closed(self) -> int:
        while self.code is None:
            await self.step()
        return self.code


def basic(token: str, user: str = "me") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


@asynccontextmanager
async def ttyd_client(daemon: Daemon, path: str = "/tty/ws", **headers: str) -> AsyncIterator[TtydClient]:
    """A client with the token as password, as browsers send it."""
    sent = basic(token_of(daemon)) | headers
    address = f"ws://127.0.0.1:{daemon.port}{path}"
    async with connect(
        address, subprotocols=[Subprotocol("tty")], additional_headers=sent, compression=None, max_size=None
    ) as socket:
        assert socket.subprotocol == "tty"
        yield TtydClient(socket)


def token_of(daemon: Daemon) -> str:
    return (daemon.home / "data" / "token").read_text().strip()


def sessions(daemon: Daemon) -> list[dict[str, Any]]:
    return list(daemon.request("GET", "/api/sessions")[1]["sessions"])


async def test_a_client_types_into_a_session_of_its_own(daemon: Daemon) -> None:
    """Title and preferences come first, then output; the size is the one it told; exit closes as ttyd does."""
    async with ttyd_client(daemon) as client:
        await client.hello(101, 31)
        await client.type("stty size; echo a$((6*7))z\r")
        await client.until(b"a42z")
        assert b"31 101" in client.output
        assert len(client.titles) == len(client.preferences) == 1
        assert client.titles[0].startswith("/bin/sh (")
        await client.resize(90, 20)
        await client.type("stty size\r")
        await client.until(b"20 90")
        await client.type("exit 3\r")
        assert await client.until_closed() == 1000


async def test_a_name_is_a_session_that_is_made_once(daemon: Daemon) -> None:
    """By path or argument, and by id; it lives on without a client, and who comes back gets the screen of it."""
    async with ttyd_client(daemon, "/tty/my%20build/ws") as client:
        await client.hello()
        await client.type("echo first$((1+1))\r")
        await client.until(b"first2")
        (session,) = sessions(daemon)
        assert session["name"] == "my build"
    for path in ("/tty/my%20build/ws", "/tty/ws?arg=my+build", f"/tty/{session['session_id']}/ws"):
        async with ttyd_client(daemon, path) as again:
            await again.hello()
            await again.until(b"first2")
            await again.type("echo again$((2+2))\r")
            await again.until(b"again4")
            assert again.titles[0].startswith("my build (")
    assert [one["session_id"] for one in sessions(daemon)] == [session["session_id"]]
    first, second = await asyncio.gather(_attached(daemon, "/tty/both/ws"), _attached(daemon, "/tty/both/ws"))
    assert first == second == {"my build", "both"}


async def _attached(daemon: Daemon, path: str) -> set[str]:
    async with ttyd_client(daemon, path) as client:
        await client.hello()
        await client.type("echo it$((3+3))\r")
        await client.until(b"it6")
        return {one["name"] for one in sessions(daemon)}


async def test_what_cannot_be_had_is_said_in_the_terminal(daemon: Daemon) -> None:
    """And not asked for again and again: the page comes back by itself after any code but 1000."""
    for path, text in (
        ("/tty/7e0d1c3a-58f2-4c1e-9b1a-2f6d0a9c4e11/ws", b"there is no session"),
        (f"/tty/{'x' * 101}/ws", b"name"),
        ("/tty/%ff/ws", b"name"),
    ):
        async with ttyd_client(daemon, path) as client:
            await client.hello()
            assert await client.until_closed() == 1000
            assert text in client.output
    async with ttyd_client(daemon) as client:
        await client.connection.send(b"{nonsense")
        assert await client.until_closed() == 1000
        assert b"JSON" in client.output
    assert sessions(daemon) == []


async def test_history_comes_as_the_screen(daemon: Daemon) -> None:
    """Bells, questions and clipboard writes of before are not in it, and what is asked live is answered once."""
    noisy = r"printf 'shown\a\033[c\033]52;c;aGk=\007 end\n'; read -r go; printf '\033[6n'; read -r answer; echo got"
    async with attach(daemon, argv=["sh", "-c", noisy], cols=80, rows=24) as early:
        await early.until_output(b"end")
        session_id = early.session["session_id"]
        async with ttyd_client(daemon, f"/tty/{session_id}/ws") as client:
            await client.hello()
            await client.until(b"end")
            assert not any(effect in client.output for effect in (b"\x1b[c", b"]52;", b"shown\x07"))
            await client.type("go\r")
            await client.until(b"\x1b[6n")
            await client.type("\x1b[2;1R\r")
            await client.until(b"got")


async def test_pause_holds_output_back_and_resume_brings_the_rest(daemon: Daemon) -> None:
    """Every byte of it, while it is not too far behind."""
    async with ttyd_client(daemon) as client:
        await client.hello()
        await client.type("stty -echo; echo ready$((0+1))\r")
        await client.until(b"ready1")
        await client.pause()
        await client.type("seq 1 50000; echo end$((0+2))\r")
        await wait_until(lambda: sessions(daemon)[0]["tail"] > 280_000, "all is printed")
        held_back = len(client.output)
        with suppress(TimeoutError):  # what was on its way
            async with asyncio.timeout(0.3):
                while True:
                    await client.step()
        assert b"49999" not in client.output
        await client.resume()
        await client.until(b"end2")
        numbers = bytes(client.output[held_back:]).split()
        assert [int(word) for word in numbers if word.isdigit()] == list(range(1, 50_001))


async def test_who_is_far_behind_is_moved_ahead(daemon: Daemon) -> None:
    """With a terminal that is reset first; what comes then is live."""
    rounds = Rounds(daemon.home)
    async with ttyd_client(daemon, "/tty/flood/ws") as client:
        await client.hello()
        await client.type("stty -echo; echo ready$((0+1))\r")
        await client.until(b"ready1")
        await client.pause()
        await client.type(f"cd {daemon.home}; cat {'lines ' * 12}; echo at the end$((1+1))\r")
        await wait_until(lambda: sessions(daemon)[0]["tail"] > 12 * len(rounds_body(rounds)), "all is printed")
        await client.resume()
        await client.until(b"at the end2")
        assert client.output.count(b"\x1bc") == 1
        assert len(client.output) < 2_000_000


def rounds_body(rounds: Rounds) -> bytes:
    return (rounds.folder / "lines").read_bytes()


@pytest.mark.parametrize("path", ["/tty/ws", "/tty/name/ws", "/tty/token", "/tty/name/token", "/tty/", "/tty/no/such"])
async def test_strangers_are_asked_for_a_password(daemon: Daemon, path: str) -> None:
    """By every path alike, with nothing, a wrong password, or a token in the URL; another site's page is refused."""
    url = f"http://127.0.0.1:{daemon.port}{path}"
    token = token_of(daemon)
    for address, headers in (
        (url, {}),
        (url, basic("wrong")),
        (url, {"Authorization": "Basic ?"}),
        (f"{url}?token={token}", {}),
        (url, {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}),
    ):
        with pytest.raises(HTTPError) as refused:
            await asyncio.to_thread(urlopen, Request(address, headers=headers))  # noqa: S310  # the address is ours
        assert refused.value.code == 401
        assert refused.value.headers["WWW-Authenticate"].startswith('Basic realm="')
        refused.value.close()
    with pytest.raises(HTTPError) as refused:
        await asyncio.to_thread(urlopen, Request(url, headers=basic(token) | {"Origin": "https://evil.example"}))
    assert refused.value.code == 403
    refused.value.close()


async def test_a_password_opens_nothing_else(daemon: Daemon) -> None:
    """Browsers send it to other paths too: there the token is a bearer's."""
    for path in ("/api/sessions", "/api/daemon", "/ws"):
        request = Request(f"http://127.0.0.1:{daemon.port}{path}", headers=basic(token_of(daemon)))
        with pytest.raises(HTTPError) as refused:
            await asyncio.to_thread(urlopen, request)
        assert refused.value.code == 401
        assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")
        refused.value.close()


async def test_the_token_route_answers_as_ttyd_does(daemon: Daemon) -> None:
    """And tells no token of ours: a page could read it."""
    for path in ("/tty/token", "/tty/name/token"):
        for headers in (basic(token_of(daemon)), {"Authorization": f"Bearer {token_of(daemon)}"}):
            request = Request(f"http://127.0.0.1:{daemon.port}{path}", headers=headers)
            with await asyncio.to_thread(urlopen, request) as answer:
                assert json.load(answer) == {"token": ""}


async def test_a_changed_token_ends_its_connections(daemon: Daemon) -> None:
    """And a socket that was opened with the old password cannot be opened again."""
    async with ttyd_client(daemon) as client:
        await client.hello()
        await client.type("echo ready$((0+1))\r")
        await client.until(b"ready1")
        old = basic(token_of(daemon))
        assert daemon.request("POST", "/api/token/rotate")[0] == 200
        assert await client.until_closed() == 4003
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{daemon.port}/tty/ws", additional_headers=old)
        assert refused.value.response.status_code == 401


async def test_ttyds_language_is_not_spoken_elsewhere(daemon: Daemon) -> None:
    """`/ws` does not select it, and `/tty/ws` none of ours."""
    headers = {"Authorization": f"Bearer {token_of(daemon)}"}
    for path, offered in (("/ws", "tty"), ("/tty/ws", "holdfast.v1")):
        async with connect(
            f"ws://127.0.0.1:{daemon.port}{path}",
            subprotocols=[Subprotocol(offered)],
            additional_headers=headers,
        ) as socket:
            assert socket.subprotocol is None

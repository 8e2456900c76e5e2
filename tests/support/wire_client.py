"""A client that takes the wire protocol literally: it checks every offset, and hides nothing from the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import zstandard
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.client import connect as tcp_connect
from websockets.exceptions import ConnectionClosed

from holdfast.wire.frames import FrameKind, decode_frame, encode_frame

from .daemons import Daemon

WAIT_S = 15.0

Address = Path | tuple[str, int]
"""A Unix socket, or TCP host and port."""


class WireClient:
    """One connection with subprotocol `holdfast.v1`, or JSON.

    Attributes:
        session: the `session` message.
        messages: all messages but output, in order.
        output: every byte received, from `first` on, with no gap and no overlap (checked).
        live_from: offset of the first byte that was labelled live, or None.
        screen: the latest restored screen, as escape sequences; None where there was none.
        close_code: once closed.
    """

    def __init__(self, connection: ClientConnection, *, binary: bool) -> None:
        self.connection = connection
        self.messages: list[dict[str, Any]] = []
        self.output = bytearray()
        self.first = 0
        self.live_from: int | None = None
        self.screen: bytes | None = None
        self.close_code: int | None = None
        self.seq = 0
        self.session: dict[str, Any] = {}
        self._binary = binary
        self._decompressor = zstandard.ZstdDecompressor()

    @property
    def offset(self) -> int:
        """Where output goes on: what to come back with."""
        return self.first + len(self.output)

    async def step(self) -> dict[str, Any] | None:
        """Take one message in. Returns it where it was not output; None after output or at the end."""
        async with asyncio.timeout(WAIT_S):
            try:
                data = await self.connection.recv()
            except ConnectionClosed:
                self.close_code = self.connection.close_code
                return None
        if isinstance(data, bytes):
            self._take_frame(data)
            return None
        message: dict[str, Any] = json.loads(data)
        if message["type"] == "output" and message["is_replay"] and message["offset"] == message["end"]:
            self._take_screen(message["offset"], message["text"].encode())
            return None
        if message["type"] == "output":
            self._take(message["offset"], message["text"].encode(), live=not message["is_replay"])
            assert message["end"] == self.offset, message
            return None
        self.messages.append(message)
        if message["type"] == "session":
            self.session = message
            self.first = message["offset"]
            self.seq = message["input_seq"]
        elif message["type"] == "skipped":
            assert message["from_offset"] == self.offset, (message, self.offset)
            self.output += b"\0" * (message["to_offset"] - message["from_offset"])
        return message

    def _take_frame(self, data: bytes) -> None:
        frame = decode_frame(data)
        payload = bytes(frame.payload)
        if frame.kind is FrameKind.RESTORE:
            self._take_screen(frame.number, payload)
            return
        if frame.kind is FrameKind.REPLAY_ZSTD:
            payload = self._decompressor.decompress(payload)
        self._take(frame.number, payload, live=frame.kind is FrameKind.OUTPUT)

    def _take(self, offset: int, data: bytes, *, live: bool) -> None:
        assert offset == self.offset, f"output at {offset}, but {self.offset} is next"
        if live and self.live_from is None:
            self.live_from = offset
        assert live or self.live_from is None, "history after live output"
        self.output += data

    def _take_screen(self, offset: int, data: bytes) -> None:
        """A screen stands where output goes on: where the client was attached, or was moved ahead to.

        In JSON, less the beginning of a character: that comes again, whole.
        """
        begun = self.offset - offset
        assert 0 <= begun <= (0 if self._binary else 3), f"a screen of {offset}, but {self.offset} is next"
        if self.output:
            del self.output[len(self.output) - begun :]
        else:
            self.first = offset
        assert self.screen is None or self.messages[-1]["type"] == "skipped", "a screen that nobody needs"
        self.screen = data

    async def until(self, done: Callable[[WireClient], bool], what: str = "") -> None:
        """Take messages in until `done(self)`; fails with what was seen when time runs out or the socket closes."""
        try:
            while not done(self):
                assert self.close_code is None, f"closed with {self.close_code}"
                await self.step()
        except (TimeoutError, AssertionError) as error:
            raise AssertionError(
                f"waiting for {what or done}: {error!r}; messages {self.messages[-5:]}; "
                f"output ends {bytes(self.output[-300:])!r}"
            ) from error

    async def until_output(self, text: bytes) -> None:
        """Wait until `text` was printed."""
        await self.until(lambda client: text in client.output, repr(text))

    async def settle(self) -> None:
        """Take in everything that the daemon has sent up to now."""
        before = self._pongs
        await self.send(type="ping")
        await self.until(lambda client: client._pongs > before, "pong")

    @property
    def _pongs(self) -> int:
        return sum(message["type"] == "pong" for message in self.messages)

    async def lines(self, **request: Any) -> dict[str, Any]:
        """Ask for lines and return the answer."""
        number = f"lines-{len(self.messages)}"
        await self.send(type="lines", id=number, **request)
        await self.until(lambda client: client.messages[-1].get("id") == number, "lines")
        return self.messages[-1]

    async def until_message(self, kind: str) -> dict[str, Any]:
        """Wait for a message of this type, or return one that came before."""
        await self.until(lambda client: any(message["type"] == kind for message in client.messages), kind)
        return next(message for message in reversed(self.messages) if message["type"] == kind)

    async def until_closed(self) -> int:
        """Wait for the end of the connection; returns its close code."""
        while self.close_code is None:
            await self.step()
        return self.close_code

    async def type(self, text: str | bytes) -> None:
        """Send input, with its seq."""
        data = text.encode() if isinstance(text, str) else text
        if self._binary:
            await self.connection.send(encode_frame(FrameKind.INPUT, self.seq, data))
        else:
            await self.send(type="input", text=data.decode(), seq=self.seq)
        self.seq += len(data)

    async def send(self, **message: Any) -> None:
        """Send a JSON message."""
        await self.connection.send(json.dumps(message))

    def cut(self) -> None:
        """Cut the connection as a broken network does: no closing handshake, unread data thrown away."""
        self.connection.transport.abort()


@asynccontextmanager
async def attach(daemon: Daemon, *, binary: bool = True, **query: Any) -> AsyncIterator[WireClient]:
    """Attach over the Unix socket and wait for the `session` message (or the close that came instead)."""
    async with attach_raw(daemon, binary=binary, **query) as client:
        await client.until(lambda one: bool(one.session) or one.close_code is not None, "session")
        yield client


@asynccontextmanager
async def attach_raw(daemon: Daemon, *, binary: bool = True, **query: Any) -> AsyncIterator[WireClient]:
    """Connect over the Unix socket, and wait for nothing."""
    async with connect(daemon.socket, binary=binary, **query) as client:
        yield client


@asynccontextmanager
async def connect(
    address: Address, *, binary: bool = True, token: str | None = None, **query: Any
) -> AsyncIterator[WireClient]:
    """Connect to the daemon's address, or to one that leads there, and wait for nothing."""
    if isinstance(query.get("argv"), list):
        query["argv"] = json.dumps(query["argv"])
    host = "localhost" if isinstance(address, Path) else f"{address[0]}:{address[1]}"
    url = f"ws://{host}/ws?{urlencode(query, quote_via=quote)}"
    options: dict[str, Any] = {
        "subprotocols": ["holdfast.v1" if binary else "holdfast.json"],
        "additional_headers": {"Authorization": f"Bearer {token}"} if token else {},
        "compression": None,
        "max_size": None,
        "close_timeout": 2,
    }
    opening = unix_connect(str(address), url, **options) if isinstance(address, Path) else tcp_connect(url, **options)
    connection = await opening
    try:
        yield WireClient(connection, binary=binary)
    finally:
        await connection.close()

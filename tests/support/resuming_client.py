"""A client that comes back for ever, as docs/protocol.md says: at the byte where it was, typing nothing twice."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .daemons import Daemon
from .wire_client import Address, WireClient, connect

_RETRY_S = 0.005
_NO_COMING_BACK = 4000
"""Close codes from here on are final."""

Take = Callable[[int, bytes], None]


class ResumingClient:
    """One client of one session, over as many connections as it takes.

    Attributes:
        offset: behind the last byte of output.
        connections: made so far.
        longest_stall_s: the longest time between two pieces of output.
        unknown: ranges of seqs that the daemon reported as unknown.
        errors: `error` messages, in order.
        attaches: how each connection attached, from the second one on.
        acknowledged: seq before which all input was acknowledged.
    """

    def __init__(
        self, daemon: Daemon, session_id: str, client_id: str, take: Take, *, via: Address | None = None, **query: Any
    ) -> None:
        """`take` gets each piece of output and its offset; `via` is where to connect instead of the daemon's socket.

        With `resends` among the query, all that was not acknowledged is sent again, whatever the daemon has of it.
        """
        self.offset = 0
        self.connections = 0
        self.longest_stall_s = 0.0
        self.unknown: list[tuple[int, int]] = []
        self.errors: list[dict[str, Any]] = []
        self.attaches: list[str] = []
        self.acknowledged = 0
        self._address = via or daemon.socket
        self._token = daemon.token
        self._binary = query.pop("binary", True)
        self._resends = query.pop("resends", False)
        self._query = {"session_id": session_id, "client_id": client_id, "create": 0, **query}
        self._take = take
        self._output_at: float | None = None
        self._kept = bytearray()  # typed, from `acknowledged` on
        self._sent = 0
        self._again = (0, b"")
        self._typed = asyncio.Event()
        self._random = random.Random(client_id)

    def type(self, data: bytes) -> None:
        """Type, now or when there is a connection."""
        self._kept += data
        self._typed.set()

    async def run_until(self, done: Callable[[], bool], *, within_s: float) -> None:
        """Be a client until `done()`, which is asked after each message."""
        try:
            async with asyncio.timeout(within_s):
                while not done():
                    with suppress(OSError, EOFError, InvalidHandshake, ConnectionClosed):
                        await self._connection(done)
                    await asyncio.sleep(_RETRY_S)
        except TimeoutError:
            raise AssertionError(
                f"not done after {within_s} s: offset {self.offset}, {self.connections} connections, "
                f"{len(self._kept)} bytes not acknowledged, errors {self.errors[-3:]}"
            ) from None

    async def _connection(self, done: Callable[[], bool]) -> None:
        since = {} if not self.connections else {"since": self.offset}
        async with connect(self._address, token=self._token, binary=self._binary, **self._query, **since) as client:
            await client.until(lambda one: bool(one.session) or one.close_code is not None, "session")
            if client.close_code is not None:
                assert client.close_code < _NO_COMING_BACK, (client.close_code, client.messages)
                return
            self._resume(client)
            typing = asyncio.create_task(self._send_typed(client))
            try:
                await self._receive(client, done)
            finally:
                typing.cancel()
                await asyncio.gather(typing, return_exceptions=True)

    def _resume(self, client: WireClient) -> None:
        session = client.session
        if self.connections:
            self.attaches.append(session["attach"])
            assert session["offset"] == self.offset, (session, self.offset)
        self.connections += 1
        seq, unknown = session["input_seq"], session["input_unknown"]
        assert self.acknowledged <= seq <= self.acknowledged + len(self._kept), (session, self.acknowledged)
        if unknown and (not self.unknown or self.unknown[-1] != (seq - unknown, seq)):
            self.unknown.append((seq - unknown, seq))
        self._again = (self.acknowledged, bytes(self._kept[: seq - self.acknowledged]) if self._resends else b"")
        self._forget_before(seq)
        self._sent = seq

    async def _receive(self, client: WireClient, done: Callable[[], bool]) -> None:
        while not done() and client.close_code is None:
            message = await client.step()
            if client.output:
                data, client.first = bytes(client.output), client.offset
                client.output.clear()
                self._note_output(data)
                if "window" in self._query:
                    await client.send(type="ack", offset=self.offset)
            elif message is not None and message["type"] == "input_ack":
                self._forget_before(message["seq"])
            elif message is not None and message["type"] == "error":
                self.errors.append(message)

    def _note_output(self, data: bytes) -> None:
        now = time.monotonic()
        if self._output_at is not None:
            self.longest_stall_s = max(self.longest_stall_s, now - self._output_at)
        self._output_at = now
        self._take(self.offset, data)
        self.offset += len(data)

    def _forget_before(self, seq: int) -> None:
        del self._kept[: max(0, seq - self.acknowledged)]
        self.acknowledged = max(self.acknowledged, seq)

    async def _send_typed(self, client: WireClient) -> None:
        """Send all that was not sent in this connection, in pieces of any size."""
        client.seq, again = self._again
        if again:
            with suppress(ConnectionClosed):
                await client.type(again)
        while True:
            start = self._sent - self.acknowledged
            piece = bytes(self._kept[start : start + self._random.randint(1, 700)])
            if not piece:
                self._typed.clear()
                await self._typed.wait()
                continue
            client.seq = self._sent
            self._sent += len(piece)
            with suppress(ConnectionClosed):
                await client.type(piece)

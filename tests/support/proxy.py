"""A relay between clients and a daemon that fails as networks do: late, in the middle of anything, or in silence."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .wire_client import Address

__all__ = ["Cut", "Proxy", "proxy"]

_PIECE_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Cut(NamedTuple):
    """When a connection is cut: behind so many bytes in either direction; None: never."""

    to_daemon: int | None = None
    to_client: int | None = None


@dataclass
class Proxy:
    """The relay. What it does to connections may be changed at any time.

    Attributes:
        address: where clients connect.
        daemon: where they are led.
        next_cut: asked for each new connection.
        delay_s: each piece of either direction is held up that long.
        flowing: cleared, nothing passes and nothing is acknowledged, but connections stay: a stalled network.
        refusing: new connections are reset at once: a network that is down.
        connections: made so far.
        cuts: how many of them were cut.
    """

    address: Address
    daemon: Address
    next_cut: Callable[[], Cut]
    delay_s: float
    flowing: asyncio.Event
    refusing: bool = False
    connections: int = 0
    cuts: int = 0
    _pumps: set[asyncio.Task[bool]] = field(default_factory=set)

    @property
    def is_used(self) -> bool:
        """Whether there is a connection."""
        return bool(self._pumps)

    def break_all(self) -> None:
        """Reset every connection there is."""
        for pump in self._pumps:
            pump.cancel()

    def freeze_all(self) -> None:
        """Have the connections there are stay, half-open, with nothing ever passing again; new ones work."""
        self.flowing.clear()
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either end closes it or its cut is due."""
        self.connections += 1
        if self.refusing:
            _reset(writer)
            return
        cut = self.next_cut()
        try:
            far_reader, far_writer = await _connect(self.daemon)
        except OSError:  # nobody listens there at present
            _reset(writer)
            return
        flowing = self.flowing
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, cut.to_daemon, flowing)),
            asyncio.create_task(self._pump(far_reader, writer, cut.to_client, flowing)),
        ]
        self._pumps.update(pumps)
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            self.cuts += any(pump.done() and not pump.cancelled() and pump.result() for pump in pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, far_writer):
                _reset(end)
            self._pumps.difference_update(pumps)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, cut_after: int | None, flowing: asyncio.Event
    ) -> bool:
        """Pass bytes on; returns whether it stopped because the cut was due."""
        left = cut_after
        with suppress(ConnectionError):
            while left is None or left > 0:
                await flowing.wait()
                data = await source.read(_PIECE_BYTES if left is None else min(left, _PIECE_BYTES))
                if not data:
                    return False
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await flowing.wait()
                sink.write(data)
                await sink.drain()
                left = None if left is None else left - len(data)
            return True
        return False


@asynccontextmanager
async def proxy(
    address: Address,
    daemon: Address,
    *,
    next_cut: Callable[[], Cut] = Cut,
    delay_s: float = 0.0,
) -> AsyncIterator[Proxy]:
    """Relay connections made to `address`; with TCP, port 0 takes a free one."""
    one = Proxy(address, daemon, next_cut, delay_s, asyncio.Event())
    one.flowing.set()
    if isinstance(address, Path):
        server = await asyncio.start_unix_server(one.serve, address)
    else:
        server = await asyncio.start_server(one.serve, *address)
        one.address = server.sockets[0].getsockname()[:2]
    try:
        yield one
    finally:
        server.close()


async def _connect(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(address, Path):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address)


def _reset(end: asyncio.StreamWriter) -> None:
    """Close as a broken network does: what is unsent is dropped, and a TCP peer gets a reset."""
    raw = end.get_extra_info("socket")
    if raw is not None and raw.family != socket.AF_UNIX:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    end.transport.abort()

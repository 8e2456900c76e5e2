"""An attached client, whatever its language: its messages one after the other, within limits, until it goes."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from ...wire.errors import RefusedError
from ...wire.messages import CloseCode, Error
from ..sessions.session import Session
from .rate_limit import RateLimit
from .stream import OutputStream
from .websocket import Socket

__all__ = ["MAX_MESSAGE_BYTES", "AttachedClient"]

MAX_MESSAGE_BYTES = 1 << 20
"""One message from a client. The largest useful one is a paste, which the client may split."""

_MESSAGES_PER_S, _MESSAGE_BURST = 2000.0, 10_000.0
"""Far above any typist or mouse; a script that types a line a message stays below, a runaway loop does not."""


class AttachedClient(ABC):
    """An attached client; who derives from it knows its language.

    Args:
        socket: its connection.
        session: what it is attached to.
        stream: what it is sent.
    """

    def __init__(self, socket: Socket, session: Session, stream: OutputStream) -> None:
        self._socket = socket
        self._session = session
        self._stream = stream
        self._detached = False

    async def run(self) -> None:
        """Do what its messages say. Raises WireError, RefusedError, ConnectionClosed."""
        clock = asyncio.get_running_loop().time
        limit = RateLimit(per_second=_MESSAGES_PER_S, burst=_MESSAGE_BURST, now=clock())
        while True:
            data = await self._socket.recv()
            if len(data) > MAX_MESSAGE_BYTES:
                raise RefusedError(
                    "limit", f"a message may have {MAX_MESSAGE_BYTES} bytes at most", close_code=CloseCode.LIMIT
                )
            if not limit.allow(clock()):
                raise RefusedError(
                    "limit", f"more than {_MESSAGES_PER_S:.0f} messages a second", close_code=CloseCode.LIMIT
                )
            try:
                await self._obey(data)
            except RefusedError as refusal:  # the client stays: it can still watch
                self._stream.post(Error(refusal.code, str(refusal)))

    @abstractmethod
    async def _obey(self, data: str | bytes) -> None:
        """Do what a message says. Raises WireError, RefusedError."""

    async def _type(self, seq: int | None, data: bytes) -> None:
        """Type something, and wait until there is room for more."""
        self._session.type(self._stream, seq, data)
        await self._session.terminal.wait_for_room()

    def _detach(self) -> None:
        """It says goodbye: it keeps no place."""
        self._detached = True
        self._stream.close(CloseCode.DETACHED, "detached")

    async def part(self) -> None:
        """The connection is gone: keep the client's place, unless it said goodbye."""
        if self._detached or self._socket.close_code == CloseCode.DETACHED:
            self._session.leave(self._stream)
        else:
            self._session.vanish(self._stream)
        await self._stream.stop()

"""One accepted connection, before and after it becomes a WebSocket: the `websockets` class with the hooks we need.

Added to it: a call when the socket can take more (so that a cursor goes on without a task of its own), a deadline for
the request that a streamed HTTP answer can lift, and a synchronous `post`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast

from .gate import Allowed

__all__ = ["Socket"]

HANDSHAKE_TIMEOUT_S = 10.0
"""Time to send a whole request, with its token; a connection that did not would hold a descriptor for ever."""

_DISMISS_TIMEOUT_S = 3.0


class Socket(ServerConnection):
    """A connection of the front.

    Attributes:
        peer_is_owner: it came over the Unix socket from a process of our own user.
        allowed: what the gate said; None before.
        is_ttyd: it came for the language of ttyd.
        on_writable: called when the write buffer has drained after it was full.
    """

    peer_is_owner: bool = False
    allowed: Allowed | None = None
    is_ttyd: bool = False
    on_writable: Callable[[], None] | None = None
    _deadline: asyncio.Timeout | None = None

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        """Answer the request, within the deadline."""
        async with asyncio.timeout(HANDSHAKE_TIMEOUT_S) as self._deadline:
            await super().handshake(*args, **kwargs)

    def lift_deadline(self) -> None:
        """The request has come and was let in: answering it may take its time."""
        if self._deadline is not None:
            self._deadline.reschedule(None)

    def resume_writing(self) -> None:
        """The buffer has drained below its low-water mark (called by the transport)."""
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable()

    def post(self, data: str | bytes) -> None:
        """Send one message now, without waiting; whoever sends much looks at `paused` first. Hot path."""
        broadcast((self,), data)

    async def dismiss(self, code: int, reason: str) -> None:
        """Close, and cut the connection where the peer takes nothing: a farewell waits behind a full buffer."""
        try:
            async with asyncio.timeout(_DISMISS_TIMEOUT_S):
                await self.close(code, reason)
        except TimeoutError:
            self.transport.abort()

    @property
    def unsent_bytes(self) -> int:
        """Bytes that the peer's socket has not taken yet."""
        return self.transport.get_write_buffer_size()

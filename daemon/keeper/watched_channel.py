"""A `Channel` watched by an asyncio loop: messages come in by callback; what the socket does not take at once waits."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from .channel import Channel, ChannelClosedError
from .messages import BadMessageError, Message

__all__ = ["WatchedChannel"]


class WatchedChannel:
    """Ends once: by `close`, by the peer, or by a message that makes no sense."""

    def __init__(
        self,
        sock: socket.socket,
        on_message: Callable[[Message, int | None], None],
        on_end: Callable[[str], None],
    ) -> None:
        """Take the socket over and watch it on the running loop.

        Args:
            sock: connected.
            on_message: owns the descriptor; raises BadMessageError for a message it does not expect.
            on_end: called with the reason, once, unless `close` came first.
        """
        self._loop = asyncio.get_running_loop()
        self._channel = Channel(sock)
        self._on_message = on_message
        self._on_end = on_end
        self._open = True
        self._loop.add_reader(self._channel.fileno(), self._on_readable)

    def send(self, message: Message, fd: int | None = None) -> None:
        """Send a message with a copy of `fd`; after the end it goes nowhere.

        Raises:
            BadMessageError: it is too long.
            OSError: `fd` cannot be copied.
        """
        if not self._open:
            return
        try:
            self._channel.send(message, fd)
        except ChannelClosedError as error:
            self._end(str(error))
        else:
            self._watch_backlog()

    def close(self) -> None:
        """Close the socket and the descriptors on their way. May be called twice."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._channel.fileno())
            self._loop.remove_writer(self._channel.fileno())
            self._channel.close()

    def _end(self, reason: str) -> None:
        if self._open:
            self.close()
            self._on_end(reason)

    def _watch_backlog(self) -> None:
        if self._channel.backlog:
            self._loop.add_writer(self._channel.fileno(), self._on_writable)
        else:
            self._loop.remove_writer(self._channel.fileno())

    def _on_writable(self) -> None:
        try:
            self._channel.flush()
        except ChannelClosedError as error:
            self._end(str(error))
        else:
            self._watch_backlog()

    def _on_readable(self) -> None:
        try:
            for message, fd in self._channel.receive():
                self._on_message(message, fd)
        except (ChannelClosedError, BadMessageError) as error:
            self._end(str(error))

"""A Unix stream socket that carries messages with descriptors, and never blocks. Both ends use it.

What it leaves to its owner: waiting (with selectors or asyncio), and what the messages mean. Every descriptor inside is
owned by the channel: received ones until they are yielded, those to be sent (copies) until the kernel has them.
"""

from __future__ import annotations

import array
import os
import socket
from collections import deque
from collections.abc import Iterator

from .messages import (
    CARRIES_FD,
    LENGTH_BYTES,
    BadMessageError,
    Message,
    body_length,
    decode_body,
    encode,
)

__all__ = ["Channel", "ChannelClosedError"]

_RECEIVE_BYTES = 64 * 1024
_FD_BYTES = array.array("i").itemsize
_CMSG_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
"""Not on macOS; there the flag is set right after."""


class ChannelClosedError(Exception):
    """The peer is gone; no more can be sent or received."""


class Channel:
    """One end of the socket between keeper and daemon.

    Attributes:
        backlog: bytes that wait for the peer to read; more than 0: call `flush` when the socket is writable.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Take the socket over."""
        sock.setblocking(False)
        self._socket = sock
        self._received = bytearray()
        self._received_fds: deque[int] = deque()
        self._outbox: deque[tuple[memoryview, int | None]] = deque()
        self.backlog = 0

    def fileno(self) -> int:
        """The socket's descriptor; -1 when closed."""
        return self._socket.fileno()

    def send(self, message: Message, fd: int | None = None) -> None:
        """Queue a message, with a copy of `fd`, and send what the socket takes at once.

        Raises:
            BadMessageError: too long; nothing was queued.
            ChannelClosedError: the peer is gone.
            OSError: `fd` cannot be copied (EMFILE, EBADF); nothing was queued.
        """
        frame = encode(message)
        # A copy, because the session may be forgotten, and its number used again, while this waits for a slow peer.
        self._outbox.append((memoryview(frame), None if fd is None else os.dup(fd)))
        self.backlog += len(frame)
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes. Raises ChannelClosedError."""
        while self._outbox:
            data, fd = self._outbox[0]
            try:
                sent = self._socket.send(data) if fd is None else socket.send_fds(self._socket, [data], [fd])
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosedError(f"sending failed: {error.strerror}") from None
            self._outbox.popleft()
            self.backlog -= sent
            if fd is not None:  # went with the first byte, also where the rest did not fit
                os.close(fd)
            if sent < len(data):
                self._outbox.appendleft((data[sent:], None))

    def receive(self) -> Iterator[tuple[Message, int | None]]:
        """Read from the socket once, and yield every message that is whole now, with its descriptor.

        The caller owns each descriptor from then on. After an exception the channel must be closed, which also closes
        the descriptors that belong to no message.

        Raises:
            ChannelClosedError: the peer closed, also in the middle of a message.
            BadMessageError: malformed, too long, or its descriptor is missing or superfluous.
        """
        data = self._read_once()
        if data is None:
            return
        self._received += data
        while (message := self._next_message()) is not None:
            fd = self._received_fds.popleft() if isinstance(message, CARRIES_FD) else None
            yield message, fd
        # Each descriptor travels with bytes of its own message, so at most one can belong to what is still incomplete.
        if len(self._received_fds) > (1 if self._received else 0):
            raise BadMessageError("a descriptor that belongs to no message")

    def close(self) -> None:
        """Close the socket and every descriptor inside. May be called twice."""
        self._socket.close()
        queued = [fd for _, fd in self._outbox if fd is not None]
        for fd in (*self._received_fds, *queued):
            os.close(fd)
        self._outbox.clear()
        self._received_fds.clear()
        self._received.clear()
        self.backlog = 0

    def _read_once(self) -> bytes | None:
        try:
            data, ancillary, flags, _ = self._socket.recvmsg(
                _RECEIVE_BYTES, socket.CMSG_SPACE(_FD_BYTES), _CMSG_CLOEXEC
            )
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelClosedError(f"receiving failed: {error.strerror}") from None
        self._take_fds(ancillary)
        if flags & socket.MSG_CTRUNC:
            # recv(2): the kernel closed a descriptor, mostly for want of room in our table. Going on would give the
            # next message's terminal to this one's session.
            raise BadMessageError("a descriptor was lost; is the limit of open files (RLIMIT_NOFILE) too low?")
        if not data:
            raise ChannelClosedError("the peer closed the connection")
        return data

    def _take_fds(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds = array.array("i", payload[: len(payload) - len(payload) % _FD_BYTES])
                self._received_fds.extend(fds)
                for fd in fds:
                    os.set_inheritable(fd, False)

    def _next_message(self) -> Message | None:
        if len(self._received) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + body_length(self._received)
        if len(self._received) < end:
            return None
        message = decode_body(self._received[LENGTH_BYTES:end])
        if isinstance(message, CARRIES_FD) and not self._received_fds:
            raise BadMessageError(f"{type(message).__name__} came without its descriptor")
        del self._received[:end]
        return message

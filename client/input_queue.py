"""Input on its way: what was typed and is not yet acknowledged, numbered so that it is applied exactly once. Pure.

Every byte typed has a seq, the count of bytes typed before it in this session. The queue keeps bytes from `acked` (all
before it are in the terminal) to `end`; those before `sent` have left on the present connection. On each connection
the daemon says which seq it expects next, and the queue begins there again: nothing is lost, nothing typed twice.
"""

from __future__ import annotations

from typing import NamedTuple

from ..wire.errors import HoldfastError

__all__ = ["InputFullError", "InputQueue", "Piece"]


class InputFullError(HoldfastError):
    """The connection is lost and the queue has no room.

    Attributes:
        accepted: bytes of the refused call that are queued nevertheless, and will be typed.
    """

    def __init__(self, accepted: int, capacity: int) -> None:
        super().__init__(f"the connection is lost and {capacity} bytes of input are waiting already")
        self.accepted = accepted


class Piece(NamedTuple):
    """Input to send now: `data`, whose first byte has number `seq`."""

    seq: int
    data: bytes


class InputQueue:
    """Unacknowledged input of one client in one session.

    Attributes:
        capacity: bytes it may hold.
        window: bytes that may be on their way; what is beyond waits here and not in the daemon's memory.
    """

    def __init__(self, capacity: int, window: int) -> None:
        self.capacity = capacity
        self.window = window
        self._data = bytearray()
        self._acked = 0
        self._sent = 0

    @property
    def end(self) -> int:
        """Seq of the next byte typed."""
        return self._acked + len(self._data)

    @property
    def pending(self) -> int:
        """Bytes not acknowledged."""
        return len(self._data)

    @property
    def waiting(self) -> bytes:
        """What is not acknowledged."""
        return bytes(self._data)

    @property
    def room(self) -> int:
        """Bytes that can be added."""
        return self.capacity - len(self._data)

    def add(self, data: bytes | memoryview) -> int:
        """Queue what fits, and return how many bytes did."""
        accepted = min(len(data), self.room)
        self._data += data[:accepted]
        return accepted

    def next_piece(self, limit: int) -> Piece | None:
        """Return what is to be sent next, `limit` bytes at most; None where there is nothing, or the window is full."""
        length = min(limit, self.end - self._sent, self._acked + self.window - self._sent)
        if length <= 0:
            return None
        start = self._sent - self._acked
        return Piece(self._sent, bytes(self._data[start : start + length]))

    def sent(self, seq_end: int) -> None:
        """Bytes before `seq_end` have left. An acknowledgement may have come first; then nothing changes."""
        self._sent = max(self._sent, min(seq_end, self.end))

    def acknowledge(self, seq: int) -> None:
        """The daemon has written everything before `seq`. Old or invented acknowledgements change nothing."""
        if self._acked < seq <= self.end:
            del self._data[: seq - self._acked]
            self._acked = seq
            self._sent = max(self._sent, seq)

    def resume(self, input_seq: int) -> int:
        """A new connection to the same session expects `input_seq`: drop what lies below it, send the rest again.

        A daemon that expects less than it had acknowledged has forgotten this client (it remembers a limited number).
        Then what was sent and not acknowledged may or may not be in the terminal: it is dropped, because typed twice is
        worse than not typed; what was never sent is numbered anew.

        Returns:
            Bytes dropped without knowing their fate.
        """
        unknown = self._sent - self._acked if input_seq < self._acked else 0
        del self._data[: unknown or max(0, input_seq - self._acked)]
        self._acked = self._sent = input_seq
        return unknown

    def restart(self, input_seq: int) -> int:
        """A different session: drop everything, and return how many bytes that were."""
        dropped = len(self._data)
        self._data.clear()
        self._acked = self._sent = input_seq
        return dropped

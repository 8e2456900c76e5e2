"""A cursor: where one attached client stands in a session's log, and how much it may be sent now. Pure.

Replay, resume, live output and a slow client are the same operation, sending from `offset` on; only the label of what
is sent changes, at `replay_until`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cursor"]


@dataclass(slots=True)
class Cursor:
    """Position of one client. All fields are offsets or bytes.

    Attributes:
        offset: of the next byte to send.
        replay_until: what lies before it is history.
        window: bytes that may be on their way before the client acknowledges; 0: no limit.
        acknowledged: the client has processed everything before it.
    """

    offset: int
    replay_until: int
    window: int = 0
    acknowledged: int = 0

    def __post_init__(self) -> None:
        self.acknowledged = self.offset

    @property
    def is_replay(self) -> bool:
        """Whether the next byte is history."""
        return self.offset < self.replay_until

    def room(self, limit: int) -> int:
        """Return how many bytes may be sent now, `limit` at most, none across the end of history."""
        if self.offset < self.replay_until:
            limit = min(limit, self.replay_until - self.offset)
        if self.window:
            limit = min(limit, self.window - (self.offset - self.acknowledged))
        return max(limit, 0)

    def admits_whole(self, length: int) -> bool:
        """Whether a stored chunk of `length` raw bytes may be sent in one piece: all of it history, and in the window.

        A chunk larger than the window passes when nothing else is on its way; otherwise it could never be sent.
        """
        if self.offset + length > self.replay_until:
            return False
        in_flight = self.offset - self.acknowledged
        return not self.window or in_flight == 0 or in_flight + length <= self.window

    def acknowledge(self, offset: int) -> None:
        """The client has processed everything before `offset`. Old or invented acknowledgements change nothing."""
        self.acknowledged = max(self.acknowledged, min(offset, self.offset))

    def skip_to(self, offset: int) -> None:
        """Go on behind bytes that cannot be had; they do not wait for an acknowledgement."""
        self.acknowledged += offset - self.offset
        self.offset = offset
        self.replay_until = max(self.replay_until, offset)

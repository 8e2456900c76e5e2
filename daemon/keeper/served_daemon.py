"""The keeper's end of its connection to the daemon: hand-over first, then requests and news of exits.

It never blocks and never raises for what the daemon does: a connection that cannot go on says so in `lost`.
"""

from __future__ import annotations

import os
import selectors
import traceback
from collections.abc import Callable
from typing import TypeAlias

from .channel import Channel, ChannelClosedError
from .held_sessions import HeldSession, HeldSessions
from .messages import VERSION, BadMessageError, Exited, HandedOver, Hello, Kept, Message

__all__ = ["Answer", "ServedDaemon"]

Answer: TypeAlias = Callable[[Message, int | None], None]
"""Carries a request out and sends the answer; owns the descriptor; raises BadMessageError for what is no request."""

_MAX_BACKLOG_BYTES = 64 * 1024
"""A daemon that does not read its answers gets no further requests read, so they cannot fill the keeper's memory."""


class ServedDaemon:
    """One connected daemon.

    Attributes:
        channel: to be watched for `events`.
        lost: why the connection cannot go on; None as long as it can.
    """

    def __init__(self, channel: Channel, sessions: HeldSessions, answer: Answer) -> None:
        """Greet the daemon, and begin to hand over what is held now."""
        self.channel = channel
        self.lost: str | None = None
        self._sessions = sessions
        self._answer = answer
        self._to_hand_over: dict[str, None] | None = dict.fromkeys(session.session_id for session in sessions)
        self.send(Hello(VERSION, os.getpid()))

    @property
    def events(self) -> int:
        """What to wait for, as a mask of `selectors`."""
        events = selectors.EVENT_WRITE if self.channel.backlog else 0
        if self.channel.backlog <= _MAX_BACKLOG_BYTES:
            events |= selectors.EVENT_READ
        return events

    def send(self, message: Message, fd: int | None = None) -> None:
        """Send a message with a copy of `fd`."""
        if self.lost is None:
            try:
                self.channel.send(message, fd)
            except (ChannelClosedError, BadMessageError, OSError) as error:
                self.lost = str(error)

    def tell_exit(self, session: HeldSession) -> None:
        """Send news of an exit, unless the hand-over is still to tell it."""
        told_later = self._to_hand_over is not None and session.session_id in self._to_hand_over
        if session.exit is not None and not told_later:
            self.send(Exited(session.session_id, *session.exit))

    def serve(self) -> None:
        """Send what waits, read and answer what has come, and go on with the hand-over."""
        try:
            self.channel.flush()
            if self.channel.backlog <= _MAX_BACKLOG_BYTES:
                for message, fd in self.channel.receive():
                    self._answer(message, fd)
        except (ChannelClosedError, BadMessageError) as error:
            self.lost = str(error)
        except Exception:  # noqa: BLE001  # a mistake in answering one request must not take every shell down
            self.lost = traceback.format_exc()
        self.hand_over()

    def hand_over(self) -> None:
        """Hand over as fast as the daemon reads: a master is copied for it only when the one before has left."""
        while self._to_hand_over is not None and not self.channel.backlog and self.lost is None:
            if self._to_hand_over:
                self._hand_over_one(next(iter(self._to_hand_over)))
            else:
                self._to_hand_over = None
                self.send(HandedOver())

    def _hand_over_one(self, session_id: str) -> None:
        if self._to_hand_over is not None:
            del self._to_hand_over[session_id]
        session = self._sessions.get(session_id)
        if session is None:  # forgotten meanwhile
            return
        code, signum = session.exit or (None, None)
        self.send(Kept(session_id, session.pid, session.exit is not None, code, signum), session.master_fd)

"""What happens when clients go: a vanished one is waited for, and a session that lingers ends some time after the last.

connection broke -> reconnect window -> place given up -.
detached ------------------------------------------------+-> nobody left? -> linger -> deserted
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from .attachment import Attachment
from .clients import Clients, Place

__all__ = ["Departures", "ending_time"]


def ending_time(
    linger_s: float | None, waiting_since: Iterable[float], reconnect_window_s: float, deserted_at: float | None
) -> float | None:
    """Return when a session ends that lingers, if nobody comes; None where it does not end so. Pure.

    Args:
        linger_s: how long after its last client it ends; None: it does not.
        waiting_since: when the clients vanished that are waited for; nobody is connected.
        reconnect_window_s: how long each of them is waited for.
        deserted_at: when it ends because nobody is waited for either; None: somebody is.
    """
    if linger_s is None:
        return None
    last_vanished = max(waiting_since, default=None)
    return deserted_at if last_vanished is None else last_vanished + reconnect_window_s + linger_s


class Departures:
    """The timers of one session's clients.

    Args:
        clients: whose places are given up.
        reconnect_window_s: how long a vanished client is waited for.
        linger_s: how long after its last client the session ends; None: it does not.
        on_given_up: called with the client_id of a client that did not come back.
        on_deserted: called when the session has lingered long enough.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        clients: Clients[Attachment],
        *,
        reconnect_window_s: float,
        linger_s: float | None,
        on_given_up: Callable[[str], None],
        on_deserted: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._clients = clients
        self._reconnect_window_s = reconnect_window_s
        self._linger_s = linger_s
        self._on_given_up = on_given_up
        self._on_deserted = on_deserted
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._windows: set[asyncio.TimerHandle] = set()
        self._linger: asyncio.TimerHandle | None = None
        self._deserted_at: float | None = None

    @property
    def ends_at(self) -> float | None:
        """When the session ends if nobody comes, seconds since the epoch; None where it does not end so."""
        if self._clients.connected:
            return None
        waiting_since = [client.since for client in self._clients.presence()]
        return ending_time(self._linger_s, waiting_since, self._reconnect_window_s, self._deserted_at)

    def expected(self) -> None:
        """Nobody is there yet, but its maker will come, or after a restart of the daemon its clients: wait for them."""
        if self._linger_s is not None:
            self._linger_for(self._reconnect_window_s + self._linger_s)

    def arrived(self) -> None:
        """Somebody came: the session is not deserted."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = self._deserted_at = None

    def vanished(self, place: Place[Attachment]) -> None:
        """A connection broke; its place is kept for the reconnect window."""

        def give_up() -> None:
            self._windows.discard(timer)
            if self._clients.give_up(place):
                self._on_given_up(place.client_id)
                self.left()

        timer = self._loop.call_later(self._reconnect_window_s, give_up)
        self._windows.add(timer)

    def left(self) -> None:
        """A place is gone. With the last one, a lingering session's time begins to run."""
        self.arrived()
        if self._linger_s is not None and not len(self._clients):
            self._linger_for(self._linger_s)

    def _linger_for(self, seconds: float) -> None:
        self._deserted_at = self._clock() + seconds
        self._linger = self._loop.call_later(seconds, self._on_deserted)

    def cancel(self) -> None:
        """Nothing more will happen."""
        self.arrived()
        for timer in self._windows:
            timer.cancel()
        self._windows.clear()

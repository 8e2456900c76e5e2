"""The clients of one session: who is there, who is expected back, who may write, whose size counts. Pure.

A *place* belongs to a client_id. It is `connected` while a connection holds it, `waiting` from the moment its
connection broke until the reconnect window has passed, and gone after a detach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from ...wire.errors import RefusedError
from ...wire.messages import CloseCode, PresentClient

__all__ = ["Clients", "Place", "Size"]

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a terminal, in cells."""

    cols: int
    rows: int


@dataclass(slots=True)
class Place(Generic[C]):
    """One client's place.

    Attributes:
        client_id: whose it is.
        mode: `rw`, or `ro` for one that only watches.
        since: when it came or vanished, seconds since the epoch.
        connection: what holds it; None while it is waited for.
        size: of the client's own terminal, where it told.
        exclusive: it is the only writer.
    """

    client_id: str
    mode: Literal["rw", "ro"]
    since: float
    connection: C | None
    size: Size | None = None
    exclusive: bool = False


class Clients(Generic[C]):
    """The places of one session, and the rules between them."""

    def __init__(self) -> None:
        self._places: dict[str, Place[C]] = {}

    @property
    def connected(self) -> list[C]:
        """Connections that hold a place."""
        return [place.connection for place in self._places.values() if place.connection is not None]

    @property
    def waiting_count(self) -> int:
        """Vanished clients whose place is kept."""
        return sum(place.connection is None for place in self._places.values())

    @property
    def exclusive_id(self) -> str | None:
        """The single writer, connected or expected back."""
        return next((place.client_id for place in self._places.values() if place.exclusive), None)

    def __len__(self) -> int:
        """Places held or kept."""
        return len(self._places)

    def join(
        self, connection: C, client_id: str, mode: Literal["rw", "ro"], *, exclusive: bool, steal: bool, now: float
    ) -> list[C]:
        """Give a connection its place.

        A client that comes back takes its own place again, whatever it held there; rules between clients apply to
        new ones only.

        Args:
            connection: what will hold the place.
            client_id: whose place it is.
            mode: what the client may do.
            exclusive: be the only writer.
            steal: take that from whoever has it.
            now: seconds since the epoch.

        Returns:
            Connections that lose their place by this and must be closed as taken over.

        Raises:
            RefusedError: `exclusive_held`: another client is the only writer, or others write and this one would be.
        """
        own = self._places.get(client_id)
        evicted = [own.connection] if own is not None and own.connection is not None else []
        if mode == "rw":
            evicted += self._make_way(client_id, exclusive=exclusive, steal=steal)
        self._places[client_id] = Place(
            client_id,
            mode,
            now,
            connection,
            size=own.size if own else None,
            exclusive=mode == "rw" and (exclusive or (own is not None and own.exclusive)),
        )
        return evicted

    def _make_way(self, client_id: str, *, exclusive: bool, steal: bool) -> list[C]:
        others = [place for place in self._places.values() if place.client_id != client_id and place.mode == "rw"]
        in_the_way = others if exclusive or steal else [place for place in others if place.exclusive]
        if not in_the_way:
            return []
        if not steal:
            holder = "another client is its only writer" if self.exclusive_id else "other clients write to it"
            raise RefusedError(
                "exclusive_held",
                f"{holder}; attach read-only, or take it over with --steal",
                close_code=CloseCode.NOT_ALLOWED,
            )
        for place in in_the_way:
            del self._places[place.client_id]
        return [place.connection for place in in_the_way if place.connection is not None]

    def vanish(self, connection: C, now: float) -> Place[C] | None:
        """The connection broke: keep its place, waiting. Returns the place, or None where it had lost it already."""
        place = self.find(connection)
        if place is not None:
            place.connection, place.since = None, now
        return place

    def leave(self, connection: C) -> bool:
        """The client said goodbye: nothing is kept. Returns whether it had a place."""
        place = self.find(connection)
        if place is not None:
            del self._places[place.client_id]
        return place is not None

    def give_up(self, place: Place[C]) -> bool:
        """The reconnect window has passed. Returns whether the place was still waiting, and is gone now."""
        if self._places.get(place.client_id) is not place or place.connection is not None:
            return False
        del self._places[place.client_id]
        return True

    def note_size(self, connection: C, size: Size) -> None:
        """Remember the size of the client's own terminal."""
        place = self.find(connection)
        if place is not None:
            place.size = size

    def size_of(self, connection: C) -> Size | None:
        """Return the size the session should have when this client types: its own, where it writes and told one."""
        place = self.find(connection)
        return place.size if place is not None and place.mode == "rw" else None

    def presence(self) -> list[PresentClient]:
        """Return who is there, as the wire says it."""
        return [
            PresentClient(
                place.client_id, place.mode, "waiting" if place.connection is None else "connected", place.since
            )
            for place in self._places.values()
        ]

    def find(self, connection: C) -> Place[C] | None:
        """Return the place that this connection holds, or None."""
        return next((place for place in self._places.values() if place.connection is connection), None)

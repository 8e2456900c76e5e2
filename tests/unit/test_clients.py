"""Who holds a place in a session, who may write, and what happens when somebody comes, vanishes or takes over."""

from __future__ import annotations

import pytest

from holdfast.daemon.sessions.clients import Clients, Size
from holdfast.wire.errors import RefusedError


def join(
    clients: Clients[str], who: str, mode: str = "rw", *, exclusive: bool = False, steal: bool = False
) -> list[str]:
    """Join as `who`, whose connection is called like it, less what follows a dot."""
    return clients.join(who, who[0], "ro" if mode == "ro" else "rw", exclusive=exclusive, steal=steal, now=1.0)


def test_several_clients_share_a_session() -> None:
    """Writers and watchers attach side by side."""
    clients: Clients[str] = Clients()
    assert [join(clients, who, mode) for who, mode in (("a", "rw"), ("b", "rw"), ("c", "ro"))] == [[], [], []]
    assert clients.connected == ["a", "b", "c"]


def test_a_returning_client_replaces_its_own_connection() -> None:
    """A half-open connection of the same client gives way at once."""
    clients: Clients[str] = Clients()
    join(clients, "a.old")
    assert join(clients, "a.new") == ["a.old"]
    assert clients.connected == ["a.new"]


@pytest.mark.parametrize("exclusive", [True, False])
def test_nobody_writes_beside_an_exclusive_client(exclusive: bool) -> None:
    """A second writer is refused, exclusive or not; a watcher is not."""
    clients: Clients[str] = Clients()
    join(clients, "a", exclusive=True)
    with pytest.raises(RefusedError, match="only writer") as refusal:
        join(clients, "b", exclusive=exclusive)
    assert (refusal.value.code, refusal.value.close_code) == ("exclusive_held", 4003)
    assert join(clients, "c", "ro") == []
    assert clients.exclusive_id == "a"


def test_exclusive_is_refused_beside_writers() -> None:
    """Whoever wants to be the only writer must say --steal where there are others."""
    clients: Clients[str] = Clients()
    join(clients, "a")
    with pytest.raises(RefusedError, match="other clients write"):
        join(clients, "b", exclusive=True)
    assert join(clients, "b", exclusive=True, steal=True) == ["a"]
    assert clients.connected == ["b"]


def test_exclusive_place_survives_a_lost_connection() -> None:
    """The rule applies to new clients: one that comes back takes its exclusive place again, without asking for it."""
    clients: Clients[str] = Clients()
    join(clients, "a.1", exclusive=True)
    clients.vanish("a.1", 2.0)
    with pytest.raises(RefusedError):
        join(clients, "b")
    assert join(clients, "a.2") == []
    assert clients.exclusive_id == "a"


def test_steal_takes_the_place_of_a_vanished_client() -> None:
    """A writer that is only expected back can be displaced, and has no place to come back to."""
    clients: Clients[str] = Clients()
    join(clients, "a", exclusive=True)
    place = clients.vanish("a", 2.0)
    assert place is not None
    assert join(clients, "b", steal=True) == []
    assert not clients.give_up(place)
    assert len(clients) == 1


def test_vanished_client_waits_and_is_given_up() -> None:
    """A vanished client is shown as waiting until its window has passed; one that came back meanwhile stays."""
    clients: Clients[str] = Clients()
    join(clients, "a.1")
    join(clients, "b")
    place = clients.vanish("a.1", 7.0)
    assert place is not None
    assert [(one.client_id, one.state, one.since) for one in clients.presence()] == [
        ("a", "waiting", 7.0),
        ("b", "connected", 1.0),
    ]
    join(clients, "a.2")
    assert not clients.give_up(place)
    gone = clients.vanish("a.2", 8.0)
    assert gone is not None
    assert clients.give_up(gone)
    assert [one.client_id for one in clients.presence()] == ["b"]


def test_detached_client_keeps_nothing() -> None:
    """Saying goodbye frees the place."""
    clients: Clients[str] = Clients()
    join(clients, "a", exclusive=True)
    clients.leave("a")
    assert (len(clients), clients.exclusive_id) == (0, None)


def test_evicted_connection_holds_nothing() -> None:
    """What the evicted connection still does has no effect on the place that was taken from it."""
    clients: Clients[str] = Clients()
    join(clients, "a.old")
    join(clients, "a.new")
    assert clients.find("a.old") is None
    assert clients.vanish("a.old", 3.0) is None
    clients.leave("a.old")
    assert clients.connected == ["a.new"]


def test_only_writers_sizes_count() -> None:
    """A watcher's window does not change what the others see; a writer's size is kept over a reconnection."""
    clients: Clients[str] = Clients()
    join(clients, "a.1")
    join(clients, "w", "ro")
    for who in ("a.1", "w"):
        clients.note_size(who, Size(100, 30))
    assert (clients.size_of("a.1"), clients.size_of("w")) == (Size(100, 30), None)
    clients.vanish("a.1", 2.0)
    join(clients, "a.2")
    assert clients.size_of("a.2") == Size(100, 30)

"""Connections that break anywhere: in the middle of a frame, while bytes travel in both directions."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from support.crashes import seeded
from support.daemons import Daemon
from support.proxy import Cut, proxy
from support.resuming_client import ResumingClient
from support.streams import fetch_log, numbered_lines, spawn
from support.wire_client import attach, connect

LINES = 100_000


def cuts(chance: random.Random) -> Cut:
    """Choose where the next connection breaks: in the handshake, at once behind it, or anywhere later."""
    if chance.random() < 0.3:
        return Cut(to_client=chance.randint(1, 2000))
    return Cut(to_daemon=chance.randint(1, 60_000), to_client=chance.randint(2000, 400_000))


@pytest.mark.parametrize(
    ("query", "over"),
    [({}, "unix"), ({"zstd": 1, "window": 65_536}, "tcp"), ({"zstd": 1, "resends": 1}, "unix")],
    ids=["plain", "zstd with a window, TCP", "zstd, sending all again"],
)
async def test_typing_and_reading_through_cuts(
    daemon: Daemon, tmp_path: Path, query: dict[str, int], over: str
) -> None:
    """However often the connection is cut, and wherever, both directions arrive whole, in order and once."""
    chance, record, lines = seeded(), tmp_path / "record", tmp_path / "lines"
    printed, typed = numbered_lines(LINES), numbered_lines(LINES)[-1_000_000:]
    lines.write_bytes(printed)
    script = f"stty raw -echo; cat {lines} & head -c {len(typed)} > {record}; wait; printf END; read end"
    session = spawn(daemon, ["sh", "-c", script])
    received, whole = hashlib.sha256(), len(printed) + len("END")

    def take(offset: int, data: bytes) -> None:
        """Type on as output comes, so that both last equally long."""
        received.update(data)
        at, until = (len(typed) * reached // len(printed) for reached in (offset, offset + len(data)))
        client.type(typed[at:until])

    upstream = daemon.socket if over == "unix" else ("127.0.0.1", daemon.port)
    address = tmp_path / "proxy" if over == "unix" else ("127.0.0.1", 0)
    async with proxy(address, upstream, next_cut=lambda: cuts(chance)) as relay:
        client = ResumingClient(daemon, session["session_id"], "client", take, via=relay.address, **query)
        await client.run_until(lambda: client.offset >= whole and client.acknowledged == len(typed), within_s=60)
        assert relay.cuts > 10
    assert client.errors == []
    assert client.unknown == []
    assert set(client.attaches) <= {"exact"}
    log = await fetch_log(daemon, session["session_id"])
    assert received.hexdigest() == hashlib.sha256(log).hexdigest()
    assert log == printed + b"END"
    assert hashlib.sha256(record.read_bytes()).hexdigest() == hashlib.sha256(typed).hexdigest()


async def test_a_stalled_connection_holds_up_nobody(daemon: Daemon, tmp_path: Path) -> None:
    """While a client's network stalls under a flood, another one types and reads; then the first gets all it missed."""
    lines = tmp_path / "lines"
    lines.write_bytes(numbered_lines(LINES))
    script = f"stty -opost -echo; echo READY; read go; cat {lines}; echo DONE; read go; echo HERE; read end"
    async with (
        attach(daemon, argv=["sh", "-c", script]) as fast,
        proxy(tmp_path / "proxy", daemon.socket) as relay,
        connect(tmp_path / "proxy", session_id=fast.session["session_id"]) as stalled,
    ):
        await fast.until_output(b"READY\n")
        await stalled.until_output(b"READY\n")
        relay.flowing.clear()
        await fast.type("\n")
        await fast.until_output(b"DONE\n")
        await fast.type("\n")
        await fast.until_output(b"HERE\n")
        assert bytes(stalled.output) == b"READY\n"
        relay.flowing.set()
        await stalled.until_output(b"HERE\n")
        assert bytes(stalled.output) == bytes(fast.output) == b"READY\n" + lines.read_bytes() + b"DONE\nHERE\n"


async def test_a_slow_network_changes_nothing_but_time(daemon: Daemon, tmp_path: Path) -> None:
    """With 50 ms more in each direction, what is typed ahead comes back in order."""
    async with (
        proxy(tmp_path / "proxy", daemon.socket, delay_s=0.05),
        connect(tmp_path / "proxy", argv=["sh", "-c", "stty raw -echo; echo ready; exec cat"]) as client,
    ):
        await client.until_output(b"ready")
        typed = numbered_lines(40)
        for line in typed.splitlines(keepends=True):
            await client.type(line)
        await client.until_output(typed)


async def test_a_half_open_place_is_taken_back(daemon: Daemon, tmp_path: Path) -> None:
    """When its old connection hangs without having ended, a client takes its own place; input goes on where it was."""
    argv = ["sh", "-c", "stty raw -echo; echo ready; exec cat"]
    async with (
        proxy(tmp_path / "proxy", daemon.socket) as relay,
        connect(tmp_path / "proxy", argv=argv, client_id="me", exclusive=1) as old,
    ):
        await old.until_output(b"ready")
        await old.type(b"one ")
        await old.until_output(b"one ")
        relay.flowing.clear()
        query = {"session_id": old.session["session_id"], "client_id": "me", "since": old.offset}
        async with attach(daemon, **query) as new:
            assert (new.session["attach"], new.session["input_seq"]) == ("exact", 4)
            await new.type(b"two ")
            await new.until_output(b"two ")
            relay.flowing.set()
            assert await old.until_closed() == 4001
            await new.type(b"three")
            await new.until_output(b"three")
        assert bytes(new.output) == b"two three"
        assert bytes(old.output) in {b"ready\none ", b"ready\none two "}

"""The client library and restored screens: what counts, what is told, and older lines, over scripted daemons."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.scripted_daemon import OTHER_ID, Peer, ScriptedDaemon, attached, ended, of_type

from holdfast.client import events
from holdfast.client.connection import Output, Screen
from holdfast.wire import messages
from holdfast.wire.errors import RefusedError
from holdfast.wire.frames import FrameKind
from holdfast.wire.messages import Line, Lines

PAINTED = b"\x1b[H\x1b[2Jwhat it shows\x1b["


@pytest.fixture
async def scripted(home: Path) -> AsyncIterator[ScriptedDaemon]:
    async with ScriptedDaemon.serving(home / "d.sock") as one:
        yield one


async def restored(peer: Peer, offset: int, **more: int) -> None:
    values: dict[str, Any] = {"attach": "restore", "reconnected": True, "replay_until": offset, **more}
    await peer.attach(offset=offset, **values)
    await peer.output(offset, PAINTED, FrameKind.RESTORE)
    await peer.say(messages.ReplayDone(offset))


async def asked_lines(peer: Peer) -> dict[str, object]:
    """The next request for lines."""
    while True:
        text = await peer.socket.recv()
        if isinstance(text, str) and (message := json.loads(text))["type"] == "lines":
            return dict(message)
        await peer.part_politely(text)


def lines_of(request: dict[str, object], first: int = 0) -> Lines:
    rows = [Line(first + number, 10 * number, f"row {first + number}", False) for number in range(2)]
    return Lines(0, 100, rows, str(request["id"]))


async def test_a_screen_comes_first_and_output_goes_on_at_its_offset(scripted: ScriptedDaemon) -> None:
    """Its bytes are no output: they count neither in offset nor figures, and the client resumes from its offset."""

    async def first(peer: Peer) -> None:
        await restored(peer, 700, first_line=42)
        await peer.socket.recv()
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(offset=700)
        await peer.output(700, b"1mlive")
        await ended(peer)

    async with attached(scripted, first, second, replay="restore:10", answers=True) as (session, seen):
        screen = await anext(session)
        assert isinstance(screen, Screen)
        assert screen == (700, PAINTED, True)
        assert (session.offset, session.first_line) == (700, 42)
        await session.send(b"x")
        assert await anext(session) == Output(700, b"1mlive", False)
        assert (session.offset, session.first_line) == (706, 42)
        assert session.statistics.output_bytes == 6
    one, two = (peer.query for peer in scripted.peers)
    assert (one["replay"], one["answers"]) == ("restore:10", "1")
    assert (two["since"], two["answers"]) == ("700", "1")
    assert of_type(seen, events.Skipped) == []


async def test_a_client_that_is_moved_ahead_is_told_and_shown_the_screen(scripted: ScriptedDaemon) -> None:
    async def script(peer: Peer) -> None:
        await restored(peer, 5, first_line=0)
        await peer.output(5, b"a")
        await peer.say(messages.Skipped(6, 9_000_000, "behind", first_line=120_400))
        await peer.output(9_000_000, PAINTED, FrameKind.RESTORE)
        await peer.output(9_000_000, b"b")
        await ended(peer)

    async with attached(scripted, script, replay="restore") as (session, seen):
        got = [output async for output in session]
        assert [(type(output), output.offset) for output in got] == [
            (Screen, 5),
            (Output, 5),
            (Screen, 9_000_000),
            (Output, 9_000_000),
        ]
        assert (session.offset, session.first_line, session.statistics.output_bytes) == (9_000_001, 120_400, 2)
    assert of_type(seen, events.Skipped) == [events.Skipped(6, 9_000_000, "behind")]


async def test_what_was_trimmed_before_a_screen_is_skipped_up_to_it(scripted: ScriptedDaemon) -> None:
    """A client that comes back from before the head is told of all that it will not get, and gets a screen."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        await peer.output(0, b"hello")
        await peer.socket.recv()
        peer.cut()

    async def second(peer: Peer) -> None:
        await restored(peer, 900, trimmed_bytes=100)
        await ended(peer)

    async with attached(scripted, first, second, replay="restore") as (session, seen):
        assert await anext(session) == Output(0, b"hello", False)
        await session.send(b"x")
        assert type(await anext(session)) is Screen
        assert session.offset == 900
    assert of_type(seen, events.Skipped) == [events.Skipped(5, 900, "trimmed")]


async def test_lines_are_had_while_output_is_read(scripted: ScriptedDaemon) -> None:
    """Two tasks ask and a third reads; each gets its own, in whatever order they are answered."""

    async def script(peer: Peer) -> None:
        await restored(peer, 0)
        requests = [await asked_lines(peer) for _ in range(2)]
        await peer.output(0, b"between")
        for request in reversed(requests):
            await peer.say(lines_of(request, 50 if request["before"] == 52 else 0))

    async with attached(scripted, script, replay="restore") as (session, _):

        async def read() -> list[Output]:
            return [output async for output in session]

        reading = asyncio.create_task(read())
        older, last = await asyncio.gather(session.lines(before=52, max=2), session.lines(styled=False))
        assert [line.line for line in older.lines] == [50, 51]
        assert [line.text for line in last.lines] == ["row 0", "row 1"]
        await session.detach()
        assert [output.data for output in await reading] == [PAINTED, b"between"]


async def test_lines_asked_for_on_a_connection_that_breaks_are_asked_for_again(scripted: ScriptedDaemon) -> None:
    """Nobody iterates: asking alone drives the reconnection, and the output waits for whoever reads it."""
    seen: list[dict[str, object]] = []

    async def first(peer: Peer) -> None:
        await peer.attach()
        seen.append(await asked_lines(peer))
        await peer.output(0, b"hello")
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(offset=int(peer.query["since"]))
        seen.append(await asked_lines(peer))
        await peer.say(lines_of(seen[-1]))

    async with attached(scripted, first, second) as (session, _):
        answer = await session.lines(before=7, max=3, styled=False)
        assert len(answer.lines) == 2
    assert seen[0] == seen[1]
    assert {name: seen[0][name] for name in ("before", "max", "styled")} == {"before": 7, "max": 3, "styled": False}


async def test_lines_that_nobody_waits_for_are_not_asked_for_again(scripted: ScriptedDaemon) -> None:
    asked = asyncio.Event()

    async def first(peer: Peer) -> None:
        await peer.attach()
        await asked_lines(peer)
        asked.set()
        await peer.socket.recv()
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach()
        assert (await asked_lines(peer))["before"] == 2
        await ended(peer)

    async with attached(scripted, first, second) as (session, _):
        one = asyncio.create_task(session.lines(before=1))
        await asked.wait()
        one.cancel()
        await asyncio.wait([one])
        await session.send(b"x")
        with pytest.raises(RefusedError, match="has ended"):
            await session.lines(before=2)


async def test_a_daemon_without_an_emulator_says_so(scripted: ScriptedDaemon) -> None:
    async def script(peer: Peer) -> None:
        await peer.attach()
        await asked_lines(peer)
        await peer.say(messages.Error("no_screen", "no terminal emulator here"))
        request = await asked_lines(peer)
        await peer.say(lines_of(request))

    async with attached(scripted, script) as (session, seen):
        with pytest.raises(RefusedError, match="no terminal emulator here") as refused:
            await session.lines()
        assert refused.value.code == "no_screen"
        assert (await session.lines()).lines
    assert of_type(seen, events.ErrorReported) == [events.ErrorReported("no_screen", "no terminal emulator here")]


async def test_lines_of_a_session_that_ends_or_is_replaced_are_refused(scripted: ScriptedDaemon) -> None:
    async def first(peer: Peer) -> None:
        await peer.attach()
        await asked_lines(peer)
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(OTHER_ID, attach="fresh", reconnected=False, fallback="process_dead")
        await asked_lines(peer)
        await ended(peer)

    async with attached(scripted, first, second) as (session, _):
        with pytest.raises(RefusedError, match="is gone"):
            await session.lines()
        with pytest.raises(RefusedError, match="has ended"):
            await session.lines()


async def test_a_screen_needs_no_acknowledgement(scripted: ScriptedDaemon) -> None:
    """With flow control only output counts, from the offset of the screen on."""
    acks: list[object] = []

    async def script(peer: Peer) -> None:
        await restored(peer, 700)
        await peer.output(700, b"x" * 64)
        acks.append(json.loads(await peer.socket.recv()))
        await ended(peer)

    async with attached(scripted, script, replay="restore", window=64) as (session, _):
        async for _ in session:
            pass
    assert acks == [{"type": "ack", "offset": 764}]

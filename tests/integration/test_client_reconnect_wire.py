"""The client library against scripted daemons on a real socket: what a real one does only by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
from support.scripted_daemon import (
    OTHER_ID,
    SESSION_ID,
    Peer,
    ScriptedDaemon,
    attached,
    ended,
    of_type,
    rest,
)

from holdfast.client import events
from holdfast.client.connection import InputFullError, ReconnectPolicy, connect
from holdfast.wire import messages
from holdfast.wire.errors import RefusedError, UnreachableError, WireError
from holdfast.wire.frames import FrameKind


@pytest.fixture
async def scripted(home: Path) -> AsyncIterator[ScriptedDaemon]:
    async with ScriptedDaemon.serving(home / "d.sock") as one:
        yield one


async def test_output_goes_on_at_the_exact_byte(scripted: ScriptedDaemon) -> None:
    """After a cut the client asks, under its old id, for what follows the last byte it has; overlap is dropped."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        await peer.output(0, b"hello ")
        await peer.socket.recv()
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(offset=6)
        await peer.output(2, b"llo wor", FrameKind.REPLAY)
        await peer.say(messages.ReplayDone(9))
        await peer.output(9, b"ld")
        await ended(peer)

    async with attached(scripted, first, second, steal=True, exclusive=True) as (session, seen):
        assert (await anext(session)).data == b"hello "
        await session.send(b"x")
        assert await rest(session) == b"world"
        assert session.offset == 11
        assert session.exit == events.Ended(0, None)
        assert (session.statistics.output_bytes, session.statistics.reconnections) == (11, 1)
    one, two = (peer.query for peer in scripted.peers)
    assert "since" not in one
    assert (two["since"], two["session_id"], two["client_id"]) == ("6", SESSION_ID, one["client_id"])
    assert (one.get("steal"), two.get("steal"), two.get("exclusive")) == ("1", None, "1")
    kinds = [type(event) for event in seen]
    assert kinds == [
        events.Attached,
        events.Reconnecting,
        events.Attached,
        events.Reconnected,
        events.Restored,
        events.Ended,
    ]
    assert of_type(seen, events.Reconnecting) == [events.Reconnecting(1, 0.0, "the connection was lost")]


async def test_input_is_sent_again_from_where_the_daemon_has_it(scripted: ScriptedDaemon) -> None:
    """Three bytes were typed, two arrived: the third, and what was typed while offline, follow once and in order."""
    got = b""

    async def first(peer: Peer) -> None:
        await peer.attach(input_seq=100)
        assert await peer.read_input() == (100, b"abc")
        peer.cut()

    async def second(peer: Peer) -> None:
        nonlocal got
        await peer.attach(input_seq=102)
        while len(got) < 3:
            seq, data = await peer.read_input()
            assert seq == 102 + len(got)
            got += data
        await peer.say(messages.InputAck(105))
        await peer.output(0, b"done")

    async with attached(scripted, first, second) as (session, seen):
        await session.send(b"abc")
        await scripted.peers[0].socket.wait_closed()
        await session.send(b"de")
        await session.drain_input()
        assert got == b"cde"
        assert session.input_waiting == b""
        assert (await anext(session)).data == b"done"
        assert not of_type(seen, events.InputUnknown, events.InputDropped)


async def test_input_of_unknown_fate_is_reported_and_not_repeated(scripted: ScriptedDaemon) -> None:
    """The daemon claims three bytes of which it knows only one to be applied: two are reported, none sent again."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        await peer.read_input()
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(input_seq=3, input_unknown=2)
        assert await peer.read_input() == (3, b"d")
        await ended(peer)

    async with attached(scripted, first, second) as (session, seen):
        await session.send(b"abc")
        await scripted.peers[0].socket.wait_closed()
        await session.send(b"d")
        await rest(session)
        assert of_type(seen, events.InputUnknown) == [events.InputUnknown(2)]


async def test_a_fresh_session_gets_nothing_typed_for_the_old_one(scripted: ScriptedDaemon) -> None:
    """The daemon hands out another session: queued input is dropped and said so; new input is numbered from its seq."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        await peer.output(0, b"old")
        await peer.read_input()
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.say(messages.Error("process_dead", "the shell has ended"))
        await peer.attach(OTHER_ID, attach="fresh", fallback="process_dead", previous_session_id=SESSION_ID)
        await peer.output(0, b"new")
        assert await peer.read_input() == (0, b"ls\n")
        await ended(peer)

    async with attached(scripted, first, second) as (session, seen):
        await anext(session)
        await session.send(b"rm -rf build\n")
        await scripted.peers[0].socket.wait_closed()
        await session.send(b"y\n")
        assert await anext(session) == (0, b"new", False)
        assert session.session_id == OTHER_ID
        await session.send(b"ls\n")
        await rest(session)
        assert of_type(seen, events.FellBack, events.InputDropped, events.ErrorReported) == [
            events.ErrorReported("process_dead", "the shell has ended"),
            events.FellBack("process_dead", SESSION_ID, OTHER_ID),
            events.InputDropped(15),
        ]


@pytest.mark.parametrize(
    ("code", "error_code"), [(4001, "taken_over"), (4002, "protocol_error"), (4003, "forbidden"), (4008, "limit")]
)
async def test_a_refusal_stops_the_client(scripted: ScriptedDaemon, code: int, error_code: str) -> None:
    async def refusing(peer: Peer) -> None:
        await peer.attach()
        await peer.socket.close(code)

    async with attached(scripted, refusing) as (session, seen):
        for _ in range(2):
            with pytest.raises(RefusedError) as refused:
                await anext(session)
            assert (refused.value.code, refused.value.close_code) == (error_code, code)
        with pytest.raises(RefusedError):
            await session.send(b"x")
        assert not of_type(seen, events.Reconnecting)
    assert len(scripted.peers) == 1


@pytest.mark.parametrize("code", [1001, 1011, 1012, 4999])
async def test_other_ends_of_a_connection_are_come_back_from(scripted: ScriptedDaemon, code: int) -> None:
    async def going(peer: Peer) -> None:
        await peer.attach()
        await peer.socket.close(code)

    async def back(peer: Peer) -> None:
        await peer.attach()
        await ended(peer)

    async with attached(scripted, going, going, back) as (session, seen):
        assert await rest(session) == b""
        assert len(of_type(seen, events.Reconnecting)) == 2


async def test_a_session_that_ended_meanwhile_ends_the_iteration(scripted: ScriptedDaemon) -> None:
    async def first(peer: Peer) -> None:
        await peer.attach()
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.say(messages.Error("ended", "its owner ended it"))
        await peer.socket.close(messages.CloseCode.ENDED)

    async with attached(scripted, first, second) as (session, seen):
        assert await rest(session) == b""
        assert session.exit == events.Ended(None, None)
        assert of_type(seen, events.ErrorReported, events.Ended) == [
            events.ErrorReported("ended", "its owner ended it"),
            events.Ended(None, None),
        ]


async def test_the_first_attach_is_refused_in_the_words_of_the_daemon(scripted: ScriptedDaemon) -> None:
    async def refusing(peer: Peer) -> None:
        await peer.say(messages.Error("expired", "it was idle for a day"))
        await peer.socket.close(messages.CloseCode.NO_SESSION)

    with pytest.raises(RefusedError, match="idle for a day") as refused:
        async with attached(scripted, refusing):
            pass
    assert (refused.value.code, refused.value.close_code) == ("expired", 4004)


async def test_a_wrong_token_is_not_tried_again(scripted: ScriptedDaemon) -> None:
    scripted.refusals = [(HTTPStatus.UNAUTHORIZED, '{"code":"unauthorized","message":"the token is wrong"}')]
    with pytest.raises(RefusedError, match="the token is wrong") as refused:
        async with attached(scripted):
            pass
    assert refused.value.code == "unauthorized"


async def test_a_busy_daemon_is_tried_again(scripted: ScriptedDaemon) -> None:
    """A proxy's 502 while the daemon restarts is an outage, and no refusal."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        scripted.refusals = [(HTTPStatus.BAD_GATEWAY, "<html>")] * 3
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach()
        await ended(peer)

    async with attached(scripted, first, second) as (session, seen):
        await rest(session)
        assert len(of_type(seen, events.Reconnecting)) == 4
        assert session.statistics.reconnect_attempts == 4


async def test_a_limit_of_attempts_ends_in_an_error(scripted: ScriptedDaemon) -> None:
    async def first(peer: Peer) -> None:
        await peer.attach()
        scripted.refusals = [(HTTPStatus.SERVICE_UNAVAILABLE, "")] * 9
        peer.cut()

    async with attached(scripted, first, policy=ReconnectPolicy(limit=3, base_s=0.001)) as (session, _):
        with pytest.raises(UnreachableError, match="gave up after 3 attempts"):
            await anext(session)
    scripted.refusals.clear()


async def test_nobody_there_at_first_is_an_error_at_once(home: Path) -> None:
    with pytest.raises(UnreachableError, match="No such file"):
        async with connect(address=f"unix:{home}/none.sock"):
            pass


async def test_offline_input_is_bounded(scripted: ScriptedDaemon) -> None:
    """With the connection gone, what does not fit is refused whole; what was queued before is kept."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach()
        assert await peer.read_input() == (0, b"12345678")
        await ended(peer)

    async with attached(scripted, first, second, input_limit=10) as (session, seen):
        await scripted.peers[0].socket.wait_closed()
        scripted.refusals = [(HTTPStatus.BAD_GATEWAY, "")]
        reading = asyncio.create_task(rest(session))
        await seen.until(events.Reconnecting)
        await session.send(b"12345678")
        with pytest.raises(InputFullError) as full:
            await session.send(b"abc")
        assert full.value.accepted == 0
        await reading


async def test_a_paste_waits_for_room_while_connected(scripted: ScriptedDaemon) -> None:
    """More input than the queue holds goes through piece by piece, without anyone else receiving."""
    got = bytearray()
    data = bytes(range(256)) * 40

    async def slow(peer: Peer) -> None:
        await peer.attach()
        while len(got) < len(data):
            seq, part = await peer.read_input()
            assert seq == len(got)
            got.extend(part)
            await peer.output(len(got) - len(part), part)
            await peer.say(messages.InputAck(len(got)))

    async with attached(scripted, slow, input_limit=100) as (session, _):
        await session.send(data)
        await session.drain_input()
        assert got == data
        echoed = b""
        while len(echoed) < len(data):
            echoed += (await anext(session)).data
        assert echoed == data


async def test_draining_beside_an_iterating_task(scripted: ScriptedDaemon) -> None:
    """Whoever receives, both get what is theirs: the drained one its acknowledgement, the iterator its output."""

    async def echoing(peer: Peer) -> None:
        await peer.attach()
        offset = 0
        while True:
            seq, part = await peer.read_input()
            await peer.output(offset, part)
            offset += len(part)
            await peer.say(messages.InputAck(seq + len(part)))

    async with attached(scripted, echoing) as (session, _):
        got = bytearray()

        async def read() -> None:
            async for output in session:
                got.extend(output.data)

        reading = asyncio.create_task(read())
        for number in range(50):
            await session.send(b"%d " % number)
            await session.drain_input()
        await session.detach()
        await reading
        expected = b"".join(b"%d " % number for number in range(50))
        assert expected.startswith(got)
        assert len(got) >= len(expected) - 3


async def test_a_cancelled_iteration_loses_nothing(scripted: ScriptedDaemon) -> None:
    """Timeouts around the iterator, in an outage and out of it, cost no byte."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        for offset in range(20):
            await peer.output(offset, b"%c" % (97 + offset))
            await asyncio.sleep(0.002)
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(offset=20)
        await peer.output(20, b"!")
        await ended(peer)

    got = b""
    patience_s = 0.001
    async with attached(scripted, first, *[second] * 100) as (session, _):
        while not got.endswith(b"!"):
            try:
                async with asyncio.timeout(patience_s):
                    got += (await anext(session)).data
            except TimeoutError:
                patience_s *= 1.1  # an attempt that is cancelled each time never succeeds
    assert got == b"abcdefghijklmnopqrst!"


async def test_gaps_are_reported_whether_the_daemon_speaks_of_them_or_not(scripted: ScriptedDaemon) -> None:
    async def skipping(peer: Peer) -> None:
        await peer.attach(offset=100, trimmed_bytes=40)
        await peer.output(100, b"a")
        await peer.say(messages.Skipped(101, 150, "corrupt"))
        await peer.output(150, b"b")
        await peer.output(160, b"c")
        await ended(peer)

    async with attached(scripted, skipping, since=60) as (session, seen):
        assert [tuple(output) async for output in session] == [
            (100, b"a", False),
            (150, b"b", False),
            (160, b"c", False),
        ]
        assert of_type(seen, events.Skipped) == [
            events.Skipped(60, 100, "trimmed"),
            events.Skipped(101, 150, "corrupt"),
            events.Skipped(151, 160, "missing"),
        ]


async def test_a_log_that_became_shorter_is_taken_as_it_is(scripted: ScriptedDaemon) -> None:
    """`since` lies beyond the tail (a power cut took the last second): the answer begins elsewhere and counts whole."""

    async def first(peer: Peer) -> None:
        await peer.attach()
        await peer.output(0, b"abcdef")
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(attach="replay", offset=0)
        await peer.output(0, b"abc", FrameKind.REPLAY)
        await peer.output(3, b"xyz")
        await ended(peer)

    async with attached(scripted, first, second) as (session, _):
        assert await rest(session) == b"abcdef" + b"abcxyz"


async def test_output_is_acknowledged_when_a_window_asks_for_it(scripted: ScriptedDaemon) -> None:
    """The daemon sends no more than its window; every byte arrives, because the client acknowledges as it reads."""

    async def windowed(peer: Peer) -> None:
        window = int(peer.query["window"])
        await peer.attach()
        sent = acknowledged = 0
        while sent < 10 * window:
            while sent - acknowledged >= window:
                message = await peer.socket.recv()
                assert isinstance(message, str)
                parsed = messages.parse_client_message(message)
                assert isinstance(parsed, messages.Ack)
                acknowledged = parsed.offset
            await peer.output(sent, b"x" * (window // 4))
            sent += window // 4
        await ended(peer)

    async with attached(scripted, windowed, window=1000) as (session, _):
        assert len(await rest(session)) == 10_000


async def test_what_breaks_the_protocol_stops_the_client(scripted: ScriptedDaemon) -> None:
    async def rubbish(peer: Peer) -> None:
        await peer.attach()
        await peer.socket.send(b"\x09rubbish")

    async with attached(scripted, rubbish) as (session, _):
        with pytest.raises(WireError):
            await anext(session)
    assert scripted.peers[0].socket.close_code == messages.CloseCode.PROTOCOL_ERROR


async def test_leaving_in_a_flood_is_quick(scripted: ScriptedDaemon) -> None:
    """Output that fills the connection does not keep the farewell from arriving."""
    told = asyncio.Event()

    async def flooding(peer: Peer) -> None:
        await peer.attach()

        async def flood() -> None:
            offset = 0
            while True:
                await peer.output(offset, b"y" * 65536)
                offset += 65536

        flooding = asyncio.create_task(flood())
        message = await peer.socket.recv()
        assert message == messages.encode(messages.Detach())
        told.set()
        flooding.cancel()
        await peer.socket.close(messages.CloseCode.DETACHED)

    async with attached(scripted, flooding) as (session, _):
        await anext(session)
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 1.5
    assert told.is_set()


async def test_a_read_only_client_cannot_type(scripted: ScriptedDaemon) -> None:
    async def watching(peer: Peer) -> None:
        await peer.attach()

    async with attached(scripted, watching, mode="ro") as (session, _):
        with pytest.raises(RefusedError, match="read-only"):
            await session.send(b"x")


async def test_resizing_is_told_now_and_at_the_next_attach(scripted: ScriptedDaemon) -> None:
    async def first(peer: Peer) -> None:
        await peer.attach()
        assert await peer.socket.recv() == messages.encode(messages.Resize(100, 40))
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(cols=100, rows=40)
        await ended(peer)

    async with attached(scripted, first, second, cols=80, rows=24) as (session, _):
        await session.resize(100, 40)
        await rest(session)
        assert session.size == (100, 40)
        with pytest.raises(ValueError, match="cols"):
            await session.resize(0, 24)
    assert (scripted.peers[1].query["cols"], scripted.peers[1].query["rows"]) == ("100", "40")

"""Several clients of one session: size, presence, the reconnect window, the only writer, linger, and goodbyes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import psutil
import pytest
from support.daemons import Daemon
from support.wire_client import WireClient, attach

RESIZE_80_24 = {"type": "resize", "cols": 80, "rows": 24}
RESIZE_100_30 = {"type": "resize", "cols": 100, "rows": 30}
RESIZE_120_40 = {"type": "resize", "cols": 120, "rows": 40}


async def test_who_typed_or_resized_last_decides_the_size(daemon: Daemon) -> None:
    """The terminal has the size of the writer that attached, typed or resized last, and everybody is told."""
    async with attach(daemon, client_id="a", cols=80, rows=24) as one:
        session_id = one.session["session_id"]
        async with (
            attach(daemon, client_id="w", session_id=session_id, mode="ro", cols=50, rows=10) as watcher,
            attach(daemon, client_id="b", session_id=session_id, cols=100, rows=30) as two,
        ):
            assert (watcher.session["cols"], watcher.session["rows"]) == (80, 24)
            assert (two.session["cols"], two.session["rows"]) == (100, 30)
            assert await resizes(one) == [RESIZE_100_30]
            await one.type("stty size\n")
            await one.until_output(b"24 80\r\n")
            assert await resizes(two) == [RESIZE_80_24]
            await two.send(type="resize", cols=120, rows=40)
            assert await resizes(two) == [RESIZE_80_24, RESIZE_120_40]
            await two.type("stty size\n")
            await two.until_output(b"40 120\r\n")
            told = [RESIZE_100_30, RESIZE_80_24, RESIZE_120_40]
            assert await resizes(one) == told
            assert await resizes(watcher) == told
        status = status_of(daemon, session_id)
        assert (status["cols"], status["rows"]) == (120, 40)


async def test_presence_tells_who_is_there_and_who_is_waited_for(daemon: Daemon) -> None:
    """Others see a client come, vanish (waiting, since when), come back to its place, and leave for good."""
    async with attach(daemon, client_id="a") as one:
        session_id = one.session["session_id"]
        async with attach(daemon, client_id="b", session_id=session_id, mode="ro") as two:
            await until_present(one, a="connected", b="connected")
            assert [client["mode"] for client in presence(one)] == ["rw", "ro"]
            came = presence(one)[1]["since"]
            two.cut()
            await until_present(one, a="connected", b="waiting")
            assert presence(one)[1]["since"] > came
            assert (status_of(daemon, session_id)["clients"], status_of(daemon, session_id)["waiting"]) == (1, 1)
        async with attach(daemon, client_id="b", session_id=session_id, mode="ro") as two:
            await until_present(two, a="connected", b="connected")
            await until_present(one, a="connected", b="connected")
            await two.send(type="detach")
            assert await two.until_closed() == 1000
        await until_present(one, a="connected")
        async with attach(daemon, client_id="c", session_id=session_id):
            await until_present(one, a="connected", c="connected")
        await until_present(one, a="connected")  # it closed with 1000: as good as `detach`


async def test_the_reconnect_window_ends(stopped_daemon: Daemon) -> None:
    """A vanished client's place is kept as long as configured, then given up; one that came back is not touched."""
    (stopped_daemon.home / "config.toml").write_text('[session]\nreconnect_window = "1s"\n')
    stopped_daemon.start()
    async with attach(stopped_daemon, client_id="a") as one:
        session_id = one.session["session_id"]
        async with attach(stopped_daemon, client_id="back", session_id=session_id) as back:
            back.cut()
            await until_present(one, a="connected", back="waiting")
        async with (
            attach(stopped_daemon, client_id="back", session_id=session_id),
            attach(stopped_daemon, client_id="gone", session_id=session_id) as gone,
        ):
            await until_present(one, a="connected", back="connected", gone="connected")
            gone.cut()
            await until_present(one, a="connected", back="connected", gone="waiting")
            vanished_at = time.monotonic()
            await until_present(one, a="connected", back="connected")
            assert 0.9 < time.monotonic() - vanished_at < 5


async def test_the_only_writer_keeps_others_out(daemon: Daemon) -> None:
    """Beside an exclusive client others may watch, not write; also while it is waited for; it keeps that place."""
    async with attach(daemon, client_id="a", exclusive=1) as one:
        session_id = one.session["session_id"]
        assert one.session["exclusive"] == "a"
        await assert_refused(daemon, session_id)
        await assert_refused(daemon, session_id, exclusive=1)
        async with attach(daemon, client_id="w", session_id=session_id, mode="ro") as watcher:
            assert watcher.session["exclusive"] == "a"
            one.cut()
            await until_present(watcher, a="waiting", w="connected")
            await assert_refused(daemon, session_id)
            assert status_of(daemon, session_id)["exclusive"] == "a"
    async with attach(daemon, client_id="a", session_id=session_id) as back:
        assert back.session["exclusive"] == "a"  # without asking again
        await assert_refused(daemon, session_id)
        await back.type("echo mine-$((1+1))\n")
        await back.until_output(b"mine-2\r\n")
        await back.send(type="detach")
        await back.until_closed()
    async with attach(daemon, client_id="b", session_id=session_id) as free:
        assert free.session["exclusive"] is None


async def test_exclusive_is_refused_while_others_write(daemon: Daemon) -> None:
    """Who wants to be the only writer is refused where others write, connected or waiting, and not where they watch."""
    async with attach(daemon, client_id="a") as one:
        session_id = one.session["session_id"]
        await assert_refused(daemon, session_id, exclusive=1)
        async with attach(daemon, client_id="w", session_id=session_id, mode="ro") as watcher:
            one.cut()
            await until_present(watcher, a="waiting", w="connected")
            await assert_refused(daemon, session_id, exclusive=1)
            async with attach(daemon, client_id="a", session_id=session_id, exclusive=1) as back:
                assert back.session["exclusive"] == "a"  # its own place is not in its way


@pytest.mark.parametrize("exclusive", [0, 1])
async def test_steal_sends_other_writers_away(daemon: Daemon, exclusive: int) -> None:
    """`steal` closes every other writer with 4001 and forgets those waited for; watchers stay."""
    async with attach(daemon, client_id="a", exclusive=exclusive) as one:
        session_id = one.session["session_id"]
        async with attach(daemon, client_id="w", session_id=session_id, mode="ro") as watcher:
            async with attach(daemon, client_id="b", session_id=session_id, steal=1, exclusive=exclusive) as thief:
                assert await one.until_closed() == 4001
                assert thief.session["exclusive"] == ("b" if exclusive else None)
                await until_present(watcher, w="connected", b="connected")
                if exclusive:
                    await assert_refused(daemon, session_id, client_id="a")
                await thief.type("echo stolen-$((1+1))\n")
                await thief.until_output(b"stolen-2\r\n")
                await watcher.until_output(b"stolen-2\r\n")
                thief.cut()
                await until_present(watcher, w="connected", b="waiting")
            async with attach(daemon, client_id="c", session_id=session_id, steal=1):
                await until_present(watcher, w="connected", c="connected")


async def test_two_connections_of_one_client_do_not_exist(daemon: Daemon) -> None:
    """The newer connection of a client_id takes the place, the older is closed with 4001 and shown to nobody."""
    async with attach(daemon, client_id="w") as watcher:
        session_id = watcher.session["session_id"]
        async with (
            attach(daemon, client_id="a", session_id=session_id) as older,
            attach(daemon, client_id="a", session_id=session_id) as newer,
        ):
            assert await older.until_closed() == 4001
            await until_present(watcher, w="connected", a="connected")
            await newer.type("echo newer-$((1+1))\n")
            await watcher.until_output(b"newer-2\r\n")
        await until_present(watcher, w="connected")


async def test_linger_ends_a_session_after_its_last_client(daemon: Daemon) -> None:
    """A lingering session ends when nobody is attached for so long, nor waited for; who comes back is told `ended`."""
    async with (
        attach(daemon, client_id="a", linger="1s") as returning,
        attach(daemon, client_id="a", linger="1s") as vanishing,
        attach(daemon, client_id="a", linger="1s") as leaving,
        attach(daemon, client_id="b", session_id=leaving.session["session_id"]) as second,
    ):
        kept, waited, ended = (client.session["session_id"] for client in (returning, vanishing, leaving))
        shell = psutil.Process(status_of(daemon, ended)["pid"])
        vanishing.cut()
        await returning.send(type="detach")
        await returning.until_closed()
        await leaving.send(type="detach")
        await leaving.until_closed()
        async with attach(daemon, client_id="a", session_id=kept) as back:
            await second.send(type="detach")
            await second.until_closed()
            left_at = time.monotonic()
            await asyncio.to_thread(shell.wait, 10)
            assert time.monotonic() - left_at > 0.9
            # Their time would have run out before: one has a client again, the other's is expected back.
            await back.type("echo kept-$((1+1))\n")
            await back.until_output(b"kept-2\r\n")
            assert status_of(daemon, waited)["state"] == "running"
    code, status = daemon.request("POST", f"/api/sessions/{ended}/end")  # answers once the end is stored
    assert (code, status["state"], status["end_reason"]) == (200, "ended", "lingered")
    await assert_told_ended(daemon, ended)


async def test_linger_waits_for_those_a_crash_of_the_daemon_sent_away(stopped_daemon: Daemon) -> None:
    """Clients that lost their daemon have the reconnect window to come back, however short the linger, as ever."""
    (stopped_daemon.home / "config.toml").write_text('[session]\nreconnect_window = "1s"\n')
    stopped_daemon.start()
    async with (
        attach(stopped_daemon, client_id="a", linger="0") as returning,
        attach(stopped_daemon, client_id="a", linger="0") as lost,
    ):
        kept, ended = (client.session["session_id"] for client in (returning, lost))
        await returning.type("echo there-$((1+1))\n")
        await returning.until_output(b"there-2\r\n")
        shell = psutil.Process(status_of(stopped_daemon, ended)["pid"])
        stopped_daemon.kill()
        stopped_daemon.start()
        started_at = time.monotonic()
        async with attach(stopped_daemon, client_id="a", session_id=kept, since=returning.offset) as back:
            assert back.session["attach"] == "exact"
            await asyncio.to_thread(shell.wait, 10)
            assert time.monotonic() - started_at > 0.5
            await back.type("echo back-$((1+1))\n")
            await back.until_output(b"back-2\r\n")
    await assert_told_ended(stopped_daemon, ended)


@pytest.mark.parametrize("binary", [True, False])
async def test_end_ends_the_session_for_everybody(daemon: Daemon, binary: bool) -> None:
    """`end` of one client gives all of them the last output, `exit` and 4000, and nobody another shell."""
    async with attach(
        daemon,
        client_id="a",
        binary=binary,
        argv=["sh", "-c", "trap 'echo last words; exit 3' HUP; echo ready; read x; read y"],
    ) as one:
        session_id = one.session["session_id"]
        await one.until_output(b"ready\r\n")
        async with attach(daemon, client_id="b", binary=binary, session_id=session_id) as two:
            await one.send(type="end")
            for client in (one, two):
                assert await client.until_closed() == 4000
                assert b"last words\r\n" in client.output
                assert client.messages[-1] == {"type": "exit", "code": 3, "signal": None}
    await assert_told_ended(daemon, session_id)
    status = status_of(daemon, session_id)
    assert (status["state"], status["end_reason"], status["exit_code"]) == ("ended", "by request", 3)


async def test_a_shell_that_ignores_the_hangup_is_killed(stopped_daemon: Daemon) -> None:
    """After the grace, SIGKILL ends what SIGHUP did not."""
    (stopped_daemon.home / "config.toml").write_text('[session]\nkill_grace = "0.2s"\n')
    stopped_daemon.start()
    stubborn = ["sh", "-c", "trap '' HUP; echo ready; while :; do read x || sleep 60; done"]
    async with attach(stopped_daemon, argv=stubborn) as client:
        await client.until_output(b"ready\r\n")
        await client.send(type="end")
        assert await client.until_closed() == 4000
        assert client.messages[-1] == {"type": "exit", "code": None, "signal": 9}


async def test_detach_keeps_the_session(daemon: Daemon) -> None:
    """After `detach` the same shell runs on, keeps no place for the client, and has all that was printed meanwhile."""
    async with attach(daemon, client_id="a") as one:
        session_id = one.session["session_id"]
        pid = status_of(daemon, session_id)["pid"]
        await one.type("mkfifo $HOME/go; (read go < $HOME/go; echo meanwhile-$((1+1))) & echo ready-$((1+1))\n")
        await one.until_output(b"ready-2\r\n")
        await one.send(type="detach")
        assert await one.until_closed() == 1000
    status = status_of(daemon, session_id)
    assert (status["state"], status["pid"], status["clients"], status["waiting"]) == ("running", pid, 0, 0)
    async with attach(daemon, client_id="a", session_id=session_id, since=one.offset) as back:
        assert back.session["attach"] == "exact"
        await back.type("echo > $HOME/go\n")
        await back.until_output(b"meanwhile-2\r\n")


async def test_a_watcher_changes_nothing(daemon: Daemon) -> None:
    """What a read-only client types, resizes or ends is refused with `read_only`; it still sees everything."""
    async with attach(daemon, client_id="a", cols=80, rows=24) as one:
        session_id = one.session["session_id"]
        async with attach(daemon, client_id="w", session_id=session_id, mode="ro", cols=50, rows=10) as watcher:
            await watcher.type("echo typed\n")
            await watcher.send(type="input", text="echo typed\n", seq=None)
            await watcher.send(type="resize", cols=50, rows=10)
            await watcher.send(type="end")
            await settle(watcher)
            assert errors(watcher) == ["read_only"] * 4
            await one.type("stty size; echo seen-$((1+1))\n")
            await watcher.until_output(b"24 80\r\nseen-2\r\n")
            assert b"typed" not in watcher.output
            assert await resizes(one) == []
            assert errors(one) == []


async def test_messages_of_two_writers_are_not_torn_apart(daemon: Daemon) -> None:
    """Two clients that type at the same time, faster than the program reads: every message arrives whole, in order."""
    size, count = 1000, 300
    script = "stty raw -echo; echo ready; exec cat"
    async with attach(daemon, client_id="a", argv=["sh", "-c", script]) as one:
        await one.until_output(b"ready\n")
        end = len(b"ready\n") + 2 * count * size
        async with attach(daemon, client_id="b", session_id=one.session["session_id"]) as two:

            async def write(client: WireClient, letter: str) -> None:
                for number in range(count):
                    await client.type(f"{letter}{number:06}".ljust(size, letter.lower()))

            async with asyncio.TaskGroup() as group:
                group.create_task(write(one, "A"))
                group.create_task(write(two, "B"))
                group.create_task(two.until(lambda client: len(client.output) >= end))
            await one.until(lambda client: len(client.output) >= end)
            typed = one.output.removeprefix(b"ready\n").decode()
            messages = [typed[at : at + size] for at in range(0, len(typed), size)]
            for letter in "AB":
                expected = [f"{letter}{number:06}".ljust(size, letter.lower()) for number in range(count)]
                assert [message for message in messages if message[0] == letter] == expected
            assert len(messages) == 2 * count


async def settle(client: WireClient) -> None:
    """Take in everything the daemon had for this client before it saw this ping."""
    pongs = client.messages.count({"type": "pong"})
    await client.send(type="ping")
    await client.until(lambda one: one.messages.count({"type": "pong"}) > pongs, "pong")


async def resizes(client: WireClient) -> list[dict[str, Any]]:
    """All `resize` messages so far."""
    await settle(client)
    return [message for message in client.messages if message["type"] == "resize"]


def errors(client: WireClient) -> list[str]:
    return [message["code"] for message in client.messages if message["type"] == "error"]


def presence(client: WireClient) -> list[dict[str, Any]]:
    """The last list of clients that this one was told; empty before the first."""
    told = [message["clients"] for message in client.messages if message["type"] == "presence"]
    return list(told[-1]) if told else []


async def until_present(client: WireClient, **states: str) -> None:
    """Wait until the client is told of exactly these others and itself, by client_id."""
    await client.until(lambda one: {each["client_id"]: each["state"] for each in presence(one)} == states, str(states))


def status_of(daemon: Daemon, session_id: str) -> dict[str, Any]:
    code, status = daemon.request("GET", f"/api/sessions/{session_id}")
    assert code == 200, status
    return dict(status)


async def assert_refused(daemon: Daemon, session_id: str, **query: Any) -> None:
    """A new writer does not get in, and is told why."""
    async with attach(daemon, session_id=session_id, **query) as client:
        assert await client.until_closed() == 4003
        assert errors(client) == ["exclusive_held"]
        assert not client.session


async def assert_told_ended(daemon: Daemon, session_id: str) -> None:
    """A returning client is told, and gets no other shell, whatever it says of creating one."""
    for create in (0, 1):
        async with attach(daemon, client_id="a", session_id=session_id, since=0, create=create) as client:
            assert await client.until_closed() == 4000
            assert errors(client) == ["ended"]
            assert not client.session
    sessions = daemon.request("GET", "/api/sessions")[1]["sessions"]
    assert all(session["previous_session_id"] != session_id for session in sessions)

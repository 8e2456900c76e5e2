"""What is written to an attached terminal, by scripted daemons: screens, and nothing where it shows the right bytes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import struct
import termios
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.scripted_daemon import Peer, Script, ScriptedDaemon, ended
from support.switches import USERS_OWN, USERS_TEXT, Terminal

from holdfast.client.address import Address
from holdfast.client.attach import AttachOptions, _Attachment
from holdfast.client.connection import ReconnectPolicy, connect
from holdfast.client.outage_display import OutageDisplay
from holdfast.client.pulse import Pulse
from holdfast.client.terminal import LocalTerminal
from holdfast.wire import messages
from holdfast.wire.frames import FrameKind, encode_frame

COLS, ROWS = 60, 10
BLANK = b"\x1b[H\x1b[2J"


@pytest.fixture
async def scripted(home: Path) -> AsyncIterator[ScriptedDaemon]:
    async with ScriptedDaemon.serving(home / "d.sock") as one:
        yield one


class Person:
    """Looks at a pseudo-terminal.

    Attributes:
        written: all that was written to it.
    """

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
        os.set_blocking(self.master, False)
        self.written = bytearray()
        self._looked = Pulse()

    def look(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.written += os.read(self.master, 1 << 16)
        self._looked.notify()

    async def until(self, text: bytes) -> None:
        while text not in self.written:
            await self._looked.wait()

    @property
    def terminal(self) -> Terminal:
        """As it looks to them, who had something in it before."""
        terminal = Terminal(COLS, ROWS)
        terminal.feed(USERS_OWN)
        terminal.feed(bytes(self.written))
        return terminal


@pytest.fixture
def person() -> Iterator[Person]:
    one = Person()
    yield one
    os.close(one.master)
    os.close(one.slave)


async def attached(scripted: ScriptedDaemon, person: Person, *scripts: Script) -> None:
    """Attach the person's terminal until the session ends."""
    scripted.scripts.extend(scripts)
    terminal = LocalTerminal(person.slave, person.slave)
    attachment = _Attachment(
        terminal, OutageDisplay(terminal, None), AttachOptions(Address.parse(scripted.address), detach_byte=None)
    )
    asyncio.get_running_loop().add_reader(person.master, person.look)
    async with (
        asyncio.timeout(20),
        connect(
            "11111111-1111-4111-8111-111111111111",
            address=scripted.address,
            create=False,
            replay="restore",
            reconnect=ReconnectPolicy(base_s=0.001, cap_s=0.01, fresh=False),
            on_event=attachment.on_event,
        ) as session,
    ):
        with terminal:
            await attachment.run(session)
    asyncio.get_running_loop().remove_reader(person.master)
    person.look()


async def restored(peer: Peer, offset: int, data: bytes) -> None:
    await peer.attach(offset=offset, attach="restore", reconnected=True, replay_until=offset)
    await peer.output(offset, data, FrameKind.RESTORE)
    await peer.say(messages.ReplayDone(offset))


async def test_a_screen_is_painted_below_what_the_user_had(scripted: ScriptedDaemon, person: Person) -> None:
    """It may end inside a sequence, which the first live bytes complete."""

    async def script(peer: Peer) -> None:
        await restored(peer, 700, BLANK + b"restored \x1b[3")
        await peer.output(700, b"1mred\x1b[0m\x1b[23;2t\x07")
        await ended(peer)

    await attached(scripted, person, script)
    assert b"\x1b[23;2t" not in person.written  # of a program that saved a title before
    assert person.terminal.text == [*USERS_TEXT, b"restored red"]
    assert b"\x1b[31mred\x1b[0m\x07" in person.written


async def test_a_screen_that_follows_finds_a_terminal_without_what_was_on(
    scripted: ScriptedDaemon, person: Person
) -> None:
    """Moved ahead out of an editor, in the middle of a sequence: neither has a part in the screen of now."""

    async def script(peer: Peer) -> None:
        await restored(peer, 0, BLANK + b"before\x1b[?1049h\x1b[?1003;1006h\x1b[>5u\x1b]11;red\x07")
        await peer.output(0, b"editor \x1b]0;cut")
        await peer.say(messages.Skipped(13, 9_000_000, "behind"))
        await peer.output(9_000_000, BLANK + b"now ", FrameKind.RESTORE)
        await peer.output(9_000_000, b"and later")
        await ended(peer)

    await attached(scripted, person, script)
    assert b"cut" not in person.written
    between = bytes(person.written).partition(b"editor ")[2].partition(b"now ")[0]
    for sequence in (b"\x1b[?1049l", b"\x1b[?1003l", b"\x1b[=0u", b"\x1b]111\x1b\\"):
        assert sequence in between
    assert b"\x1b[23;0t" not in between  # the user's title is not put back before they leave
    assert person.terminal.text == [*USERS_TEXT, b"now and later"]


async def test_a_screen_that_nobody_announced_is_painted_like_any(scripted: ScriptedDaemon, person: Person) -> None:
    async def script(peer: Peer) -> None:
        await restored(peer, 0, BLANK + b"one\x1b[?1049h\x1b[?1003h\x1b[2")
        await peer.output(0, b"two", FrameKind.RESTORE)
        await ended(peer)

    await attached(scripted, person, script)
    assert b"\x1b[?1003l" in bytes(person.written).partition(b"two")[0]
    assert person.terminal.text == [*USERS_TEXT, b"two"]


async def test_a_terminal_that_shows_the_right_bytes_is_painted_nothing(
    scripted: ScriptedDaemon, person: Person
) -> None:
    """Back after a cut, output goes on inside the very sequence in which it stopped."""

    async def first(peer: Peer) -> None:
        await restored(peer, 0, BLANK + b"shown ")
        await peer.output(0, b"\x1b[?2004h\x1b[1")
        peer.cut()

    async def second(peer: Peer) -> None:
        assert peer.query["since"] == "11"
        await peer.attach(offset=11)
        await peer.output(11, b";4mgoes on", FrameKind.REPLAY)
        await ended(peer)

    await attached(scripted, person, first, second)
    assert bytes(person.written).partition(b"shown ")[2].startswith(b"\x1b[?2004h\x1b[1;4mgoes on")


@pytest.mark.parametrize("kind", ["restore", "replay"])
async def test_after_a_return_that_cannot_go_on_the_terminal_is_cleared(
    scripted: ScriptedDaemon, person: Person, kind: str
) -> None:
    """What it shows is not what precedes the output that follows, be that a screen or raw history."""

    async def first(peer: Peer) -> None:
        await restored(peer, 0, BLANK + b"old\x1b[?1049h\x1b[?1000h")
        await peer.output(0, b"gone\x1b[3")
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(offset=500, attach=kind, trimmed_bytes=100)
        if kind == "restore":
            await peer.output(500, BLANK + b"new", FrameKind.RESTORE)
        else:
            await peer.output(500, b"new\x1b[c\x07", FrameKind.REPLAY)
        await ended(peer)

    await attached(scripted, person, first, second)
    cleared = bytes(person.written).partition(b"gone")[2].partition(b"new")[0]
    assert b"\x1b[?1049l" in cleared
    assert b"\x1b[?1000l" in cleared
    assert cleared.endswith(BLANK)
    assert person.terminal.text == [*USERS_TEXT, b"new"]
    assert b"\x1b[c" not in person.written
    assert b"\x07" not in person.written


@pytest.mark.parametrize("kind", ["restore", "exact"])
async def test_after_a_long_outage_the_program_repaints_what_no_screen_does(
    scripted: ScriptedDaemon, person: Person, kind: str
) -> None:
    """The status line has covered a row. A screen brings it back; else the program is told of two new sizes."""
    resizes: list[dict[str, object]] = []

    async def first(peer: Peer) -> None:
        await restored(peer, 0, BLANK + b"shown")
        scripted.is_down = lambda: b"connection lost" not in person.written
        peer.cut()

    async def second(peer: Peer) -> None:
        await peer.attach(attach=kind)
        if kind == "restore":
            await peer.output(0, BLANK + b"again", FrameKind.RESTORE)
        while len(resizes) < (0 if kind == "restore" else 2):
            resizes.append(json.loads(await peer.socket.recv()))
        await person.until(b"again" if kind == "restore" else b"\x1b[2K")
        for number in range(5):  # round trips, so that whatever else it has to say is said
            os.write(person.master, b"x")
            assert await peer.socket.recv() == encode_frame(FrameKind.INPUT, number, b"x")
        await ended(peer)

    await attached(scripted, person, first, second)
    assert [size["rows"] for size in resizes] == ([] if kind == "restore" else [ROWS - 1, ROWS])


async def test_output_behind_a_hole_does_not_complete_what_stood_before_it(
    scripted: ScriptedDaemon, person: Person
) -> None:
    async def script(peer: Peer) -> None:
        await peer.attach(attach="replay", reconnected=True, replay_until=100)
        await peer.output(0, b"one\x1b]0;title", FrameKind.REPLAY)
        await peer.say(messages.Skipped(12, 90, "corrupt"))
        await peer.output(90, b"and text\x07", FrameKind.REPLAY)
        await ended(peer)

    await attached(scripted, person, script)
    assert person.terminal.text == [*USERS_TEXT, b"and text"]
    assert b"title" not in person.written

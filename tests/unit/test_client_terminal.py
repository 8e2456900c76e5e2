"""On a real pseudo-terminal: nothing of it is left changed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import struct
import termios
from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.client.terminal import LocalTerminal
from holdfast.wire.errors import ConfigError


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    os.set_blocking(master, False)
    yield master, slave
    for fd in (master, slave):
        os.close(fd)


def attributes(fd: int) -> list[Any]:
    return termios.tcgetattr(fd)


async def shown(master: int) -> bytes:
    await asyncio.wait_for(asyncio.to_thread(select.select, [master], [], []), 5)
    return os.read(master, 1 << 16)


async def test_attributes_and_flags_are_as_before(pty: tuple[int, int]) -> None:
    """Raw inside, as before outside; O_NONBLOCK, shared with the shell that started us, is never touched."""
    _, slave = pty
    before = attributes(slave)
    with LocalTerminal(slave, slave) as terminal:
        raw = attributes(slave)
        assert not raw[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
        assert not raw[1] & termios.OPOST
        await terminal.write(b"x")
        assert os.get_blocking(slave)
    assert attributes(slave) == before


async def test_an_exception_gives_the_terminal_back(pty: tuple[int, int]) -> None:
    master, slave = pty
    before = attributes(slave)
    with pytest.raises(ZeroDivisionError), LocalTerminal(slave, slave) as terminal:  # noqa: PT012  # what is raised stands inside
        terminal.state.track(b"\x1b[?1049h")
        raise ZeroDivisionError
    assert attributes(slave) == before
    assert b"\x1b[?1049l" in await shown(master)


async def test_typed_bytes_come_as_they_are(pty: tuple[int, int]) -> None:
    master, slave = pty
    with LocalTerminal(slave, slave) as terminal:
        os.write(master, b"\x03\r\x1a\x13\xff")
        assert await asyncio.wait_for(terminal.read(), 5) == b"\x03\r\x1a\x13\xff"


async def test_a_stalled_terminal_stops_neither_the_event_loop_nor_the_way_out(pty: tuple[int, int]) -> None:
    master, slave = pty
    before = attributes(slave)
    with LocalTerminal(slave, slave) as terminal:
        writing = asyncio.create_task(terminal.write(b"y" * 1_000_000))
        os.write(master, b"still there")
        assert await asyncio.wait_for(terminal.read(), 5) == b"still there"
        assert not writing.done()
        writing.cancel()
        await asyncio.wait([writing])
    assert attributes(slave) == before


async def test_all_of_a_long_output_arrives_in_order(pty: tuple[int, int]) -> None:
    master, slave = pty
    with LocalTerminal(slave, slave) as terminal:
        await shown(master)
        data = b"".join(b"%07d\n" % number for number in range(20_000))
        writing = asyncio.create_task(terminal.write(data))
        got = b""
        while len(got) < len(data):
            got += await shown(master)
        await writing
        assert got == data


async def test_the_size_is_one_that_a_session_can_have(pty: tuple[int, int]) -> None:
    _, slave = pty
    terminal = LocalTerminal(slave, slave)
    for rows, cols, expected in ((0, 0, (80, 24)), (50, 132, (132, 50)), (5000, 5000, (1000, 1000))):
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        assert terminal.size == expected


async def test_a_terminal_that_hangs_up_reads_as_empty(pty: tuple[int, int]) -> None:
    del pty
    master, slave = os.openpty()
    with LocalTerminal(slave, slave) as terminal:
        os.close(master)
        assert await asyncio.wait_for(terminal.read(), 5) == b""
    os.close(slave)


def test_a_pipe_is_no_terminal() -> None:
    reader, writer = os.pipe()
    try:
        with pytest.raises(ConfigError, match="needs a terminal"):
            LocalTerminal(reader, writer)
    finally:
        os.close(reader)
        os.close(writer)

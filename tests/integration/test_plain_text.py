"""The text of a history, made by a real emulator from a real log, for readers that stall and emulators that die."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from support.waiting import wait_until

from holdfast.daemon.screens.link import ScreensProcess
from holdfast.daemon.sessions import plain_text, screen_replay
from holdfast.daemon.sessions.plain_text import PlainText
from holdfast.daemon.sessions.refusals import NoScreenError
from holdfast.daemon.sessions.turns import Turns
from holdfast.store.limits import StoreLimits
from holdfast.store.session_log import SessionLog
from holdfast.store.store import Store
from holdfast.wire.errors import RefusedError

LINES = [b"%05d %s" % (number, b"x" * (number % 200)) for number in range(6000)]
TEXT = b"".join(line.rstrip() + b"\n" for line in LINES)
OUTPUT = b"\r\n".join(LINES)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    limits = StoreLimits(session_bytes=2_000_000)
    one = await Store.open(tmp_path / "db", tmp_path / "tails", limits, boot_id="boot", on_trouble=lambda _: None)
    yield one
    await one.close()


@pytest.fixture
async def process() -> AsyncIterator[ScreensProcess]:
    one = ScreensProcess()
    yield one
    await one.close()


@pytest.fixture
async def log(store: Store) -> SessionLog:
    """A log with `OUTPUT` in it."""
    one = await SessionLog.create(store, "session", cols=80, rows=24)
    assert one.append(OUTPUT) == len(OUTPUT)
    return one


async def test_the_text_is_that_of_the_moment_it_was_asked_for(
    store: Store, process: ScreensProcess, log: SessionLog
) -> None:
    """All lines, whole, with nothing of what is printed later."""
    text = PlainText(log, store.checkpoints, process, Turns(at_once=1, waiting=1))
    log.append(b" and more\r\nmore\r\n")
    assert b"".join([piece async for piece in text.pieces()]) == TEXT


async def test_lines_that_are_counted_from_elsewhere_are_no_checkpoints(
    store: Store, process: ScreensProcess, log: SessionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text may begin in the middle of a session: nothing that it counts is stored."""
    monkeypatch.setattr(screen_replay, "CHECKPOINT_BYTES", 64 * 1024)
    text = PlainText(log, store.checkpoints, process, Turns(at_once=1, waiting=1))
    assert b"".join([piece async for piece in text.pieces()]) == TEXT
    assert await store.checkpoints.last_offset("session") is None


async def test_a_row_that_is_full_is_no_line_yet(store: Store, process: ScreensProcess) -> None:
    """Where the last row wraps, the text ends in a line feed all the same."""
    log = await SessionLog.create(store, "full", cols=10, rows=2)
    log.append(b"abc\r\n" * 5 + b"0123456789" * 2 + b"x\x08\x1b[K")
    text = PlainText(log, store.checkpoints, process, Turns(at_once=1, waiting=1))
    assert b"".join([piece async for piece in text.pieces()]) == b"abc\n" * 5 + b"0123456789" * 2 + b"\n"


@pytest.mark.parametrize("is_trimmed", [False, True], ids=["kept", "trimmed meanwhile"])
async def test_a_reader_that_stalls_keeps_nothing(
    store: Store, process: ScreensProcess, log: SessionLog, monkeypatch: pytest.MonkeyPatch, is_trimmed: bool
) -> None:
    """Its turn goes to others, and when it comes back it gets the rest as if nothing had been."""
    monkeypatch.setattr(plain_text, "_STALL_S", 0.0)
    turns = Turns(at_once=1, waiting=1)
    async with aclosing(PlainText(log, store.checkpoints, process, turns).pieces()) as pieces:
        begun = await anext(pieces)
        other = PlainText(log, store.checkpoints, process, turns)
        async with asyncio.timeout(30):
            assert b"".join([piece async for piece in other.pieces()]) == TEXT
        if is_trimmed:
            await store.flusher.flush(log)
            log.trim(log.spans[1].first)
            await store.flusher.flush(log)
            assert log.head > 0
        assert begun + b"".join([piece async for piece in pieces]) == TEXT


async def test_an_emulator_that_dies_is_started_again(store: Store, process: ScreensProcess, log: SessionLog) -> None:
    """The text goes on where it was, as often as it gets on in between."""
    text = b""
    async for piece in PlainText(log, store.checkpoints, process, Turns(at_once=1, waiting=1)).pieces():
        text += piece
        await kill(process)
    assert text == TEXT


async def test_an_emulator_that_dies_of_the_output_ends_the_text(
    store: Store, process: ScreensProcess, log: SessionLog, caplog: pytest.LogCaptureFixture
) -> None:
    """After the second failure at the same place the reader is told that this cannot be rendered, and the log too."""
    turns = Turns(at_once=1, waiting=1)
    pieces = PlainText(log, store.checkpoints, process, turns).pieces()
    await anext(pieces)
    await kill(process)
    await process.close()  # it comes up no more
    with pytest.raises(NoScreenError):
        await anext(pieces)
    assert "ends too early" in caplog.text
    async with asyncio.timeout(5), turns:  # and it has given its turn back
        pass


async def test_a_text_whose_beginning_went_cannot_be_begun_again(
    store: Store, process: ScreensProcess, log: SessionLog
) -> None:
    """Where the emulator dies and the oldest lines are not kept any more, the text ends rather than repeat itself."""
    async with aclosing(PlainText(log, store.checkpoints, process, Turns(at_once=1, waiting=1)).pieces()) as pieces:
        await anext(pieces)
        await store.flusher.flush(log)
        log.trim(log.spans[1].first)
        await store.flusher.flush(log)
        await kill(process)
        with pytest.raises(NoScreenError, match="trimmed"):
            await anext(pieces)


async def test_readers_beyond_those_that_may_wait_are_refused(
    store: Store, process: ScreensProcess, log: SessionLog
) -> None:
    """One has its turn, one may wait, the next is refused; a reader that hangs up makes room."""
    turns = Turns(at_once=1, waiting=0)
    async with aclosing(PlainText(log, store.checkpoints, process, turns).pieces()) as first:
        await anext(first)
        with pytest.raises(RefusedError) as refused:
            await anext(PlainText(log, store.checkpoints, process, turns).pieces())
        assert refused.value.code == "limit"


async def kill(process: ScreensProcess) -> None:
    """SIGKILL the emulator, and wait until that is known."""
    pid = process.pid
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        await wait_until(lambda: process.pid != pid, "the end of the emulator")

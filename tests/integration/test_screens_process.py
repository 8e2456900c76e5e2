"""The screens process, real: screens over the link, crashes, hangs, limits and ends."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path

import psutil
import pytest
import uvloop
import zstandard
from support.waiting import wait_until

from holdfast.daemon.screens import running, start
from holdfast.daemon.screens.codec import encode
from holdfast.daemon.screens.link import (
    BadCheckpointError,
    RemoteScreen,
    ScreenCrashedError,
    ScreenError,
    ScreenLostError,
    ScreensMissingError,
    ScreensProcess,
)
from holdfast.daemon.screens.messages import Blank, Feed
from holdfast.daemon.screens.numbered import NumberedScreen
from holdfast.daemon.screens.screen import available
from holdfast.daemon.screens.service import Service
from holdfast.store.chunks import Chunk, encode_chunk

if available() is not None:
    pytest.skip(f"no terminal emulator: {available()}", allow_module_level=True)

DEADLINE_S = 20.0
EVER = 1 << 40
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")

CRASH_SIZE = 20, 12
CRASH = "\x1b[?69h\x1b[11;17s\x1b[;6r\x1b[?2027hक\x1b[9d漢字漢字漢字the quic漢字漢字漢字漢字漢字क्ष".encode()
"""Output over which libghostty-vt of pyghostty 0.1.3 dies of SIGSEGV."""


def lines(count: int, first: int = 0) -> bytes:
    return b"".join(b"\x1b[3%dmline\x1b[0m %d\r\n" % (at % 8, at) for at in range(first, first + count))


@pytest.fixture
async def process() -> AsyncIterator[ScreensProcess]:
    one = ScreensProcess()
    yield one
    async with asyncio.timeout(DEADLINE_S):
        await one.close()


def rss_mb(process: ScreensProcess) -> float:
    return psutil.Process(process.pid).memory_info().rss / 1e6


# Screens over the link


async def test_a_screen_over_there_is_the_same_as_one_here(process: ScreensProcess) -> None:
    there, here = await process.blank(80, 24), NumberedScreen(80, 24)
    await there.collect(100, EVER, styled=True)
    here.collect(100, EVER, styled=True)
    for step in (lines(3000), (100, 30), lines(300, 3000), b"\x1b[?1049hvim", (60, 20), b"\x1b[?1049l", lines(20)):
        if isinstance(step, tuple):
            await there.resize(*step)
            here.resize(*step)
        else:
            await there.feed(step)
            here.feed(step)
        assert await there.take() == here.take()
        assert await there.restore(1000) == here.restore(1000)
    assert await there.ask(b"\x1b[6n\x1b[c") == here.ask(b"\x1b[6n\x1b[c")
    await there.skip(there.offset + 1000)
    here.skip(here.offset + 1000)
    assert await there.finish() == here.finish()
    assert await there.checkpoint() == here.checkpoint()
    assert there.offset == here.offset


async def test_a_screen_is_loaded_from_its_checkpoint(process: ScreensProcess) -> None:
    screen = await process.blank(80, 24)
    await screen.feed(lines(5000))
    made = await screen.checkpoint()
    loaded = await process.load(made.data)
    assert loaded.offset == made.offset == screen.offset
    for one in (screen, loaded):
        await one.feed(lines(500))
    assert await loaded.restore(1000) == await screen.restore(1000)


@pytest.mark.parametrize("count", [10, 5000], ids=["raw", "zstd"])
async def test_output_is_fed_from_stored_chunks_and_a_damaged_one_is_passed_over(
    process: ScreensProcess, count: int
) -> None:
    raw = lines(count)
    codec, blob = encode_chunk(raw)
    sound, damaged = (
        Chunk(500, len(raw), codec, data, count, 80, 24, 0.0, 0.0) for data in (blob, blob[: len(blob) // 2])
    )
    screen, expected = await process.blank(80, 24), NumberedScreen(80, 24)
    await screen.skip(500)
    expected.skip(500)
    await screen.feed_chunk(sound, 0, 70)
    await screen.feed_chunk(sound, 70, len(raw))
    await screen.feed_chunk(damaged, 0, len(raw))
    await screen.feed(b"end")
    expected.feed(raw)
    expected.skip(expected.offset + len(raw))
    expected.feed(b"end")
    assert await screen.restore(1000) == expected.restore(1000)
    assert (await screen.checkpoint()).offset == screen.offset == expected.offset
    with pytest.raises(ValueError, match="bytes"):
        await screen.feed_chunk(sound, 0, len(raw) + 1)


async def test_screens_take_turns(process: ScreensProcess) -> None:
    """A screen with a long way to go does not hold up another."""
    slow, quick = await process.blank(80, 24), await process.blank(80, 24)
    feeding = asyncio.create_task(slow.feed(lines(300_000)))
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(3):
            await quick.restore(0)
        assert not feeding.done()
        await feeding
    assert (await slow.checkpoint()).end_line == 300_001


async def test_a_cancelled_caller_leaves_the_screen_where_its_offset_says(process: ScreensProcess) -> None:
    screen = await process.blank(80, 24)
    output = lines(200_000)
    for delay in (0, 1, 2, 5, 20, 100):
        before = screen.offset
        feeding = asyncio.create_task(screen.feed(output[before:]))
        for _ in range(delay):
            await asyncio.sleep(0)
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    assert 0 < screen.offset < len(output)
    await screen.feed(output[screen.offset :])
    expected = NumberedScreen(80, 24)
    expected.feed(output)
    assert await screen.restore(1000) == expected.restore(1000)


async def test_a_screen_that_nobody_waits_for_any_more_is_not_kept() -> None:
    process = ScreensProcess(idle_exit_s=0.01)
    await process.start()
    making = asyncio.create_task(process.blank(80, 24))
    for _ in range(3):
        await asyncio.sleep(0)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    await wait_until(lambda: process.pid is None, "the process ends without screens")
    await process.close()


# Crashes, errors, hangs


async def test_a_crash_is_the_fault_of_one_screen_and_the_next_one_starts_the_process_again(
    process: ScreensProcess,
) -> None:
    culprit, other = await process.blank(*CRASH_SIZE), await process.blank(80, 24)
    await other.feed(b"other")
    saved = await other.checkpoint()
    pid = process.pid
    results = await asyncio.gather(culprit.feed(CRASH), other.restore(0), return_exceptions=True)
    assert [type(result) for result in results] == [ScreenCrashedError, ScreenLostError]
    assert "SIGSEGV" in str(results[0])
    assert process.pid is None
    for _ in range(2):
        with pytest.raises(ScreenCrashedError):
            await culprit.restore(0)
        with pytest.raises(ScreenLostError):
            await other.checkpoint()
    other.drop()
    again = await process.load(saved.data)
    assert process.pid not in {pid, None}
    assert b"other" in (await again.restore(0)).data
    assert pid is not None
    assert not psutil.pid_exists(pid), "not reaped"


async def test_a_checkpoint_that_cannot_be_read_costs_nobody_anything(process: ScreensProcess) -> None:
    other = await process.blank(80, 24)
    pid = process.pid
    good = (await other.checkpoint()).data
    for bad in (b"rubbish", good[:-5], b"x" + good[1:], good[:44] + zstandard.compress(b"GHOSTSNP\x01\0rubbish")):
        with pytest.raises(BadCheckpointError):
            await process.load(bad)
    await other.feed(b"still here")
    assert b"still here" in (await other.restore(0)).data
    assert process.pid == pid


async def test_a_screen_that_failed_is_gone_and_the_others_are_not(process: ScreensProcess) -> None:
    failing, other = await process.blank(80, 24), await process.blank(80, 24)
    await failing.feed(b"text")
    with pytest.raises(ScreenCrashedError, match="back"):
        await failing.skip(0)
    for _ in range(2):
        with pytest.raises(ScreenCrashedError, match="gone"):
            await failing.restore(0)
    failing.drop()
    assert (await other.checkpoint()).end_line == 1


async def test_a_call_that_makes_no_sense_is_refused_and_costs_nothing(process: ScreensProcess) -> None:
    screen = await process.blank(80, 24)
    for call in (
        screen.resize(0, 24),
        screen.restore(-1),
        screen.collect(-1, 5, styled=True),
        process.blank(70_000, 1),
    ):
        with pytest.raises(ScreenError, match="range"):
            await call
    await screen.feed(b"x")
    assert (await screen.checkpoint()).offset == 1


def test_a_mistake_over_one_screen_is_an_answer_and_drops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the process, where one exception must not take the others' screens away."""

    def fail(_screen: NumberedScreen, _data: bytes) -> None:
        raise RuntimeError("a mistake")

    service = Service()
    for number in (1, 2):
        service.answer(number, Blank(number, 80, 24))
    with monkeypatch.context() as patch:
        patch.setattr(NumberedScreen, "feed", fail)
        assert b"a mistake" in service.answer(3, Feed(1, b"x"))[0]
    assert b"gone" in service.answer(4, Feed(1, b"x"))[0]
    assert b"Done" in service.answer(5, Feed(2, b"x"))[0]


async def test_a_process_that_does_not_answer_is_killed(
    process: ScreensProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_HANG_S", 0.2)
    first, second = await process.blank(80, 24), await process.blank(80, 24)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    async with asyncio.timeout(DEADLINE_S):
        results = await asyncio.gather(first.restore(0), second.restore(0), return_exceptions=True)
    assert [type(result) for result in results] == [ScreenCrashedError, ScreenLostError]
    assert "did not answer" in str(results[0])
    assert (await (await process.blank(80, 24)).checkpoint()).offset == 0


async def test_a_process_that_answers_in_time_is_left_alone(
    process: ScreensProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Always with something to do, for longer than the limit; and after a rest."""
    monkeypatch.setattr(running, "_HANG_S", 0.1)
    screens = [await process.blank(80, 24) for _ in range(3)]
    pid = process.pid
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.6

    output = lines(10_000)

    async def keep_on(screen: RemoteScreen) -> None:
        while loop.time() < until:
            await screen.feed(output)

    await asyncio.gather(*map(keep_on, screens))
    await asyncio.sleep(0.3)
    await screens[0].feed(b"x")
    assert process.pid == pid


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_daemon_that_was_stopped_itself_blames_nobody(
    run: Callable[[Coroutine[None, None, None]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it goes on, the time is over, and the reply is there."""
    monkeypatch.setattr(running, "_HANG_S", 0.1)

    async def use() -> None:
        process = ScreensProcess()
        screen = await process.blank(80, 24)
        asking = asyncio.create_task(screen.restore(0))
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251  # this stops it
        await asking
        await process.close()

    run(use())


async def test_a_process_that_somebody_kills_is_nobodys_fault(process: ScreensProcess) -> None:
    screens = [await process.blank(80, 24) for _ in range(3)]
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await wait_until(lambda: process.pid is None, "the end is seen")
    for screen in screens:
        with pytest.raises(ScreenLostError):
            await screen.restore(0)
    await process.blank(80, 24)


async def test_an_answer_that_makes_no_sense_ends_it(process: ScreensProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = await process.blank(80, 24)
    monkeypatch.setattr(running, "encode", lambda number, request: encode(number + 1, request))
    with pytest.raises(ScreenCrashedError, match="nobody asked"):
        await screen.restore(0)
    monkeypatch.undo()
    await process.blank(80, 24)


# Start and end


async def test_it_ends_when_it_had_no_screen_for_a_while_and_starts_again() -> None:
    process = ScreensProcess(idle_exit_s=0.05)
    screen = await process.blank(80, 24)
    pid = process.pid
    await asyncio.sleep(0.2)
    assert process.pid == pid
    await screen.restore(0)
    screen.drop()
    screen.drop()
    await wait_until(lambda: process.pid is None, "it ends")
    with pytest.raises(ScreenLostError):
        await screen.restore(0)
    await (await process.blank(80, 24)).feed(b"again")
    await process.close()


async def test_nothing_works_after_it_was_closed() -> None:
    process = ScreensProcess()
    screen = await process.blank(80, 24)
    pid = process.pid
    waiting = asyncio.create_task(screen.feed(lines(100_000)))
    await asyncio.sleep(0)
    await process.close()
    await process.close()
    assert pid is not None
    assert not psutil.pid_exists(pid)
    for call in (waiting, screen.restore(0)):
        with pytest.raises(ScreenLostError, match="stopped"):
            await call
    screen.drop()
    with pytest.raises(ScreenError, match="closed"):
        await process.blank(80, 24)


async def test_many_who_need_it_at_once_start_one(process: ScreensProcess) -> None:
    screens = await asyncio.gather(*(process.blank(80, 24) for _ in range(10)))
    await asyncio.gather(*(screen.feed(b"x") for screen in screens))
    children = psutil.Process().children()
    assert [child.pid for child in children if "screens.process" in " ".join(child.cmdline())] == [process.pid]


async def test_a_start_that_is_cancelled_leaves_no_process(process: ScreensProcess) -> None:
    starting = asyncio.create_task(process.start())
    await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await wait_until(lambda: not psutil.Process().children(), "it is gone")
    await process.blank(80, 24)


def test_it_ends_with_the_daemon_that_is_killed() -> None:
    code = """
import asyncio
from holdfast.daemon.screens.link import ScreensProcess
async def main():
    process = ScreensProcess()
    await process.start()
    print(process.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    daemon = subprocess.Popen([sys.executable, "-P", "-c", code], stdout=subprocess.PIPE)
    try:
        assert daemon.stdout is not None
        screens = psutil.Process(int(daemon.stdout.readline()))
    finally:
        daemon.kill()
        daemon.communicate(timeout=DEADLINE_S)
    assert psutil.wait_procs([screens], DEADLINE_S)[1] == []


async def test_signals_that_come_to_all_processes_of_a_daemon_do_not_end_it(process: ScreensProcess) -> None:
    screen = await process.blank(80, 24)
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        assert process.pid is not None
        os.kill(process.pid, signum)
        await screen.feed(b"x")
    assert screen.offset == 3


async def test_without_an_emulator_it_is_not_started_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYGHOSTTY_LIB", "/nonexistent")
    process = ScreensProcess()
    with pytest.raises(ScreensMissingError, match="nonexistent"):
        await process.blank(80, 24)
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(ScreensMissingError, match="nonexistent"):
        await process.load(b"")
    await process.close()


async def test_a_process_of_another_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "VERSION", 0)
    process = ScreensProcess()
    with pytest.raises(ScreensMissingError, match="restart the daemon"):
        await process.start()
    await process.close()


@pytest.mark.parametrize("executable", ["/nonexistent/python", "/bin/false"])
async def test_a_process_that_does_not_come_up_is_tried_again(
    process: ScreensProcess, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", executable)
        for _ in range(2):
            with pytest.raises(ScreenError):
                await process.start()
    await process.blank(80, 24)


def test_the_link_works_on_uvloop() -> None:
    async def use() -> None:
        process = ScreensProcess(idle_exit_s=0.05)
        culprit, other = await process.blank(*CRASH_SIZE), await process.blank(80, 24)
        output = lines(100_000)
        await other.feed(output)
        expected = NumberedScreen(80, 24)
        expected.feed(output)
        assert await other.restore(1000) == expected.restore(1000)
        with pytest.raises(ScreenCrashedError, match="SIGSEGV"):
            await culprit.feed(CRASH)
        with pytest.raises(ScreenLostError):
            await other.restore(0)
        again = await process.load(expected.checkpoint().data)
        assert await again.restore(1000) == expected.restore(1000)
        again.drop()
        await wait_until(lambda: process.pid is None, "it ends without screens")
        await process.blank(80, 24)
        await process.close()

    uvloop.run(use())


# Bounds


@pytest.fixture
def core_dumps() -> Iterator[None]:
    """As far as they are allowed here."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@needs_proc
@pytest.mark.usefixtures("core_dumps")
async def test_it_has_only_its_socket_and_its_limits(process: ScreensProcess) -> None:
    await process.start()
    about = Path(f"/proc/{process.pid}")
    kinds = sorted(str(entry.readlink()).split(":")[0] for entry in (about / "fd").iterdir())
    assert kinds.count("socket") == 1
    assert len(kinds) == 4
    limits = (about / "limits").read_text()
    assert "Max data size             2147483648" in limits
    assert "Max core file size        0" in limits
    status = (about / "status").read_text()
    assert "Umask:\t0077" in status
    assert psutil.Process(process.pid).nice() == psutil.Process().nice() + 5


FLOODS = {
    "line feeds": b"\n" * 65536,
    "yes": b"y\r\n" * 20_000,
    "one line": b"0123456789" * 6500,
    "colours": b"".join(b"\x1b[38;2;%d;%d;%dmx" % (at % 256, at // 256, at % 7) for at in range(3000)),
    "links": b"".join(b"\x1b]8;;http://%d/%s\x1b\\x" % (at, b"u" * 200) for at in range(300)),
    "clusters": "e\u0301\u0302\u0303\u0304👨\u200d👩\u200d👧".encode() * 1500,
    "never ended": b"\x1b]0;" + b"x" * 65000,
    "images": b"\x1b_Ga=T,f=24,s=100,v=100,m=1;" + b"AAAA" * 4000 + b"\x1b\\",
    "repeated": b"x\x1b[65535b" * 10,
    "scrolled": b"\x1b[999S" * 500,
    "screens": b"\x1b[?1049h" + b"x\n" * 500 + b"\x1b[?1049l" + b"y\n" * 500,
    "titles": b"\x1b]2;" + b"t" * 1000 + b"\x07\x1b[22;0t",
    "keyboard": b"\x1b[>1u\x1b[?1000;1002s" * 1000,
    "marks": b"\x1b]133;A\x07$ \x1b]133;B\x07x\x1b]133;C\x07\r\n" * 1000,
    "queries": b"\x1b[c\x1b[6n\x1b[>q" * 2000,
}


_SLOW = {"repeated", "scrolled", "screens"}


@pytest.mark.parametrize(("cols", "rows", "most_mb"), [(80, 24, 110), (1, 1, 110), (500, 500, 150), (1000, 1000, 220)])
async def test_memory_is_bounded_whatever_is_printed(
    process: ScreensProcess, cols: int, rows: int, most_mb: float
) -> None:
    for name, flood in FLOODS.items():
        screen = await process.blank(cols, rows)
        for _ in range(3 if name in _SLOW else 12):
            await screen.feed(flood)
            assert rss_mb(process) < most_mb, name
        screen.drop()
    await (await process.blank(80, 24)).restore(0)
    assert rss_mb(process) < 60

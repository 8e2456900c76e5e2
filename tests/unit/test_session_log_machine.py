"""A state machine over a session's log, against a plain bytearray.

Output comes through a real pipe into a real ring and a real database; the daemon is killed between any two steps, and
inside a read; the disk fills up; the machine is restarted. What can be read is always what was printed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from holdfast.store.errors import StoreError
from holdfast.store.hot_tail import HotTail
from holdfast.store.limits import StoreLimits
from holdfast.store.session_log import SessionLog
from holdfast.store.store import Store

LIMITS = StoreLimits(ring_bytes=24 * 1024, chunk_bytes=4096, session_bytes=40_000, total_bytes=1_000_000)

T = TypeVar("T")

lines = st.binary(min_size=1, max_size=30).map(lambda text: text.replace(b"\xff", b"~") + b"\n")
output = st.builds(
    lambda text, times, ending: text * times + ending,
    st.one_of(lines, st.just("─ \x1b[1m".encode()), st.just(b"\xff")),
    st.integers(1, 400),
    st.binary(max_size=3),
)
killed_output = st.builds(lambda text, times: text * times, lines, st.integers(1, 100))


class Killed(BaseException):
    """Stands for SIGKILL."""


class SessionLogMachine(RuleBasedStateMachine):
    """The model is `printed`; what memory alone had is cut from it when the machine is restarted."""

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="hf-machine-"))
        self.pipe = os.pipe()
        os.set_blocking(self.pipe[0], False)
        self.printed = bytearray()
        self.boots = 0
        self.disk_is_full = False
        self.highest_head = 0
        self.store = self.run(self.open_store())
        self.log = self.run(SessionLog.create(self.store, "s", cols=80, rows=24))

    def run(self, awaited: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(awaited)

    async def open_store(self) -> Store:
        return await Store.open(
            self.folder / "sessions.db",
            self.folder / "tails",
            LIMITS,
            boot_id=str(self.boots),
            on_trouble=lambda _: None,
            monotonic=lambda: 0.0,  # the flusher does nothing by itself: the rules say when
        )

    async def kill(self) -> None:
        """What SIGKILL leaves: the files."""
        self.store._flushing.cancel()
        with suppress(asyncio.CancelledError):
            await self.store._flushing
        self.ring.close()
        self.log._ring = None
        self.store.logs.clear()
        await self.store.flusher.settle()  # SIGKILL would find it before or after its commit; here it is after
        await self.store._database.close()

    def take_up(self) -> None:
        self.disk_is_full = False
        self.store = self.run(self.open_store())
        self.log = self.run(SessionLog.recover(self.store, "s"))

    @property
    def ring(self) -> HotTail:
        assert self.log._ring is not None
        return self.log._ring

    @rule(data=output)
    def print_output(self, data: bytes) -> None:
        for at in range(0, len(data), 4000):
            if self.log.full:
                self.flush_whole()
            if self.log.full:
                break
            os.write(self.pipe[1], data[at : at + 4000])
            count = self.log.read_from(self.pipe[0])
            assert count == len(data[at : at + 4000])
            self.printed += data[at : at + 4000]

    @rule(data=killed_output, has_filled=st.booleans())
    def die_inside_a_read(self, data: bytes, *, has_filled: bool) -> None:
        """The system call has filled the ring; the end was not published; the next window perhaps filled."""
        if self.log.full:
            return
        ring = self.ring
        write = ring._write

        def publish(end: int, count: int) -> None:
            if has_filled:
                write(end + 8192, memoryview(b"\xff" * count))
            raise Killed

        ring._publish = publish  # type: ignore[method-assign]  # the point of the kill
        data = data[:4000]
        os.write(self.pipe[1], data)
        with suppress(Killed):
            self.log.read_from(self.pipe[0])
        self.printed += data
        self.run(self.kill())
        self.take_up()

    @rule()
    def seal(self) -> None:
        with suppress(StoreError):
            self.run(self.store.flusher._write([self.log], whole=False))

    @rule()
    def flush_whole(self) -> None:
        with suppress(StoreError):
            self.run(self.store.flusher.flush(self.log))
            assert self.log.stored == self.log.tail

    @rule()
    def crash(self) -> None:
        self.run(self.kill())
        self.take_up()

    @rule(is_mended_twice=st.booleans())
    def lose_the_hot_tail(self, *, is_mended_twice: bool) -> None:
        """Somebody removes its file while it is in use; it is made again, with all that the database does not have."""
        for _ in range(1 + is_mended_twice):
            self.ring.unlink()
            assert self.run(self.store.mend_tails()) == 1
        assert self.run(self.store.mend_tails()) == 0

    @rule()
    def restart(self) -> None:
        self.fill_disk(full=False)
        self.run(self.store.close())
        self.take_up()
        assert self.log.stored == len(self.printed)

    @rule()
    def reboot(self) -> None:
        """Memory is lost: what was stored is there, and the log goes on behind it."""
        self.run(self.kill())
        stored = self.log.stored
        self.boots += 1
        self.take_up()
        assert stored <= self.log.tail <= len(self.printed)
        del self.printed[self.log.tail :]

    @rule(full=st.booleans())
    def fill_disk(self, *, full: bool) -> None:
        limit = 1 if full else 1_000_000
        self.run(pragma(self.store, f"max_page_count = {limit}"))
        self.disk_is_full = full

    @rule(cols=st.integers(1, 300))
    def resize(self, cols: int) -> None:
        self.log.note_resize(cols, 24)

    @rule(data=st.data(), limit=st.integers(1, 50_000))
    @precondition(lambda self: self.log.tail > self.log.head)
    def read_somewhere(self, data: st.DataObject, limit: int) -> None:
        offset = data.draw(st.integers(self.log.head, self.log.tail))
        piece = self.run(self.log.read(offset, limit))
        assert piece == self.printed[offset : offset + len(piece)]
        assert piece or offset == self.log.tail

    @rule()
    def read_everything(self) -> None:
        offset = self.log.head
        while piece := self.run(self.log.read(offset, 10_000)):
            assert piece == self.printed[offset : offset + len(piece)]
            offset += len(piece)
        assert offset == len(self.printed)

    @rule()
    def compare_the_database(self) -> None:
        """What counts as stored is stored, in chunks without gap or overlap."""
        end = self.log.head
        while end < self.log.stored:
            for chunk in self.run(self.store.chunks.read("s", end, 1 << 20)):
                assert chunk.first_offset == end
                assert chunk.raw() == self.printed[end : chunk.end_offset]
                end = chunk.end_offset
        assert end == self.log.stored

    @invariant()
    def offsets_hold(self) -> None:
        log = self.log
        assert self.highest_head <= log.head <= log.stored <= log.tail == len(self.printed)
        self.highest_head = log.head
        sealed = log._sealing.sealed
        assert self.ring.oldest <= sealed
        assert sealed - log.head <= LIMITS.session_bytes

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        self.run(self.store.close())
        self.runner.close()
        for end in self.pipe:
            os.close(end)
        shutil.rmtree(self.folder)


async def pragma(store: Store, text: str) -> None:
    await store._database._writer.execute_fetchall(f"PRAGMA {text}")


SessionLogMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("HOLDFAST_MACHINE_EXAMPLES", "25")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestSessionLog = SessionLogMachine.TestCase

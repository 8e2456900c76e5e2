"""Readers of a real PTY are SIGKILLed while a child prints: nothing is lost, nothing is there twice.

Run as a program this file is the trial: one process without threads makes the PTY and forks the readers, one after
another, and kills each at a random moment. The test runs it and looks at what is left.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.store.hot_tail import HotTail
from holdfast.store.limits import StoreLimits
from holdfast.store.session_log import SessionLog
from holdfast.store.store import Store

END = b"THE-END"
LIMITS = StoreLimits(session_bytes=1 << 30, total_bytes=1 << 30)


def read_into_ring(folder: Path, master: int, size: int) -> None:
    """A reader without a store: the ring has room for everything."""
    path = folder / "s.ring"
    try:
        ring = HotTail.open(path, boot_id="boot")
    except FileNotFoundError:
        ring = HotTail.create(path, ring_bytes=size, base=0, boot_id="boot")
    ring.keep_from = 0
    while ring.end == 0 or ring.copy(max(0, ring.end - len(END)), ring.end) != END:
        ring.read_from(master)
    ring.close()


def read_into_log(folder: Path, master: int, _: int) -> None:
    """A reader as the daemon is one: ring, flusher, database."""
    os.set_blocking(master, False)
    asyncio.run(follow(folder, master))


async def open_log(folder: Path) -> tuple[Store, SessionLog]:
    store = await Store.open(folder / "s.db", folder, LIMITS, boot_id="boot", on_trouble=print)
    is_there = (folder / "s.ring").exists() or await store.chunks.spans("s")
    log = await (SessionLog.recover(store, "s") if is_there else SessionLog.create(store, "s", cols=80, rows=24))
    return store, log


async def follow(folder: Path, master: int) -> None:
    store, log = await open_log(folder)
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()

    def burst() -> None:
        for _ in range(16):
            if log.full:
                loop.remove_reader(master)
                return
            try:
                log.read_from(master)
            except BlockingIOError:
                break
        if log.read_hot(log.tail - len(END), 100) == END:
            finished.set()

    log.on_room = lambda: loop.add_reader(master, burst)
    loop.add_reader(master, burst)
    burst()
    await finished.wait()
    await log.close(keep_tail=True)
    await store.close()


READERS: dict[str, Callable[[Path, int, int], None]] = {"ring": read_into_ring, "log": read_into_log}


def trial(kind: str, folder: Path, megabytes: int, most_s: float, seed: int) -> int:
    """Fork and kill readers until one has read everything; return how many were killed."""
    chance = random.Random(seed)
    source = folder / "source"
    lines = (f"{i} \x1b[3{i % 8}m{'x' * (i % 97)}\x1b[0m ─\n" for i in range((megabytes << 20) // 64))
    source.write_bytes("".join(lines).encode() + END)
    child, master = pty.fork()
    if child == 0:
        tty.setraw(0)
        os.execvp("sh", ["sh", "-c", 'cat "$1"; sleep 1000', "sh", str(source)])  # noqa: S606, S607  # the trial's child
    size = -(-2 * source.stat().st_size // 4096) * 4096
    kills = 0
    while True:
        reader = os.fork()
        if reader == 0:
            try:
                READERS[kind](folder, master, size)
                os._exit(0)
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0.0005, most_s))
        os.kill(reader, signal.SIGKILL)
        _, status = os.waitpid(reader, 0)
        if os.WIFEXITED(status):
            if os.WEXITSTATUS(status):
                raise SystemExit("a reader failed")
            break
        kills += 1
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return kills


def run_trial(kind: str, folder: Path, megabytes: int, most_s: float) -> int:
    """Run it in a process of its own: this one may have threads, and must not fork."""
    command = [sys.executable, __file__, kind, str(folder), str(megabytes), str(most_s)]
    done = subprocess.run(command, capture_output=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr.decode()
    kills: int = json.loads(done.stdout)
    return kills


def digest(data: bytes) -> tuple[int, str]:
    """Compare by this: a difference of megabytes would take minutes to print."""
    return len(data), hashlib.sha256(data).hexdigest()


def test_a_ring_loses_and_doubles_nothing_over_hundreds_of_kills(tmp_path: Path) -> None:
    kills = run_trial("ring", tmp_path, megabytes=24, most_s=0.003)
    ring = HotTail.open(tmp_path / "s.ring", boot_id="boot")
    assert digest(ring.copy(0, ring.end)) == digest((tmp_path / "source").read_bytes())
    ring.close()
    assert kills >= 50


@pytest.mark.parametrize(
    ("megabytes", "most_s", "least_kills"), [(64, 0.08, 5), (160, 0.4, 2)], ids=["short lives", "longer ones"]
)
async def test_a_log_loses_and_doubles_nothing_when_its_reader_is_killed(
    tmp_path: Path, megabytes: int, most_s: float, least_kills: int
) -> None:
    kills = await asyncio.to_thread(run_trial, "log", tmp_path, megabytes, most_s)
    store, log = await open_log(tmp_path)
    data = bytearray()
    while piece := await log.read(len(data), 1 << 20):
        data += piece
    assert digest(bytes(data)) == digest((tmp_path / "source").read_bytes())
    assert log.head == 0
    await store.close()
    assert kills >= least_kills


if __name__ == "__main__":
    name, where, size_mb, longest_s = sys.argv[1:]
    print(json.dumps(trial(name, Path(where), int(size_mb), float(longest_s), seed=1)))  # noqa: T201  # its answer

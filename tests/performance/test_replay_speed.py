"""How fast history comes back: ceilings that no release may break, and what was measured, printed.

A session prints a build log; then a client attaches over the daemon's Unix socket and takes the whole history in. The
clock runs from before the connection is made until `replay_done` has been read, with what a client must do for each
message (zstd, or JSON and UTF-8) inside. Bytes are compared by hash, outside the clock.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import random
import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
import zstandard
from support.daemons import Daemon
from support.wire_client import attach
from websockets.asyncio.client import unix_connect

from holdfast.wire.frames import FrameKind, decode_frame

ROUNDS = 5
WAIT_S = 30.0


class Case(NamedTuple):
    """One way of replaying."""

    name: str
    history_bytes: int
    subprotocol: str
    zstd: int
    ceiling_s: float


CASES = (
    Case("1 MB, binary", 1_000_000, "holdfast.v1", 0, 5.0),
    Case("10 MB, binary", 10_000_000, "holdfast.v1", 0, 2.0),
    Case("5 MB, compressed", 5_000_000, "holdfast.v1", 1, 3.0),
    Case("10 MB, JSON", 10_000_000, "holdfast.json", 0, 2.0),
)


class Replay(NamedTuple):
    """One replay, as its client saw it."""

    seconds: float
    sha256: str
    raw_bytes: int
    wire_bytes: int
    messages: int


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_replay_stays_under_its_ceiling(
    daemon: Daemon, home: Path, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every one of several replays brings every byte, and none takes longer than the ceiling."""
    printed = build_log(case.history_bytes)
    session_id = await print_into_session(daemon, home / "build.log", printed)
    replays = [await replay(daemon, session_id, case) for _ in range(ROUNDS)]
    with capsys.disabled():
        print("\n  " + report(case, replays))  # noqa: T201  # the figures are half of what it is for
    expected = hashlib.sha256(printed).hexdigest()
    for one in replays:
        assert (one.raw_bytes, one.sha256) == (len(printed), expected)
        assert one.seconds < case.ceiling_s
        if case.zstd:
            assert one.wire_bytes < one.raw_bytes / 2, "stored chunks were not sent as they are"


def build_log(size: int) -> bytes:
    """Return `size` bytes as a terminal prints them: a build log with colours, addresses and non-ASCII text."""
    chance = random.Random(7)
    log = bytearray()
    for unit in itertools.count():
        name = f"src/{chance.choice(('net', 'store', 'wire', 'screen'))}/module_{unit:06d}"
        log += f"\x1b[32m[{unit % 101:3d}%] Building CXX object {name}.cpp.o\x1b[0m\r\n".encode()
        if unit % 7 == 0:
            address = chance.getrandbits(48)
            log += f"{name}.cpp:{unit % 997}:12: \x1b[35mwarning:\x1b[0m unused 'x{address:012x}' → §7\r\n".encode()
        if len(log) >= size:
            break
    return bytes(log[: size - 2].decode(errors="ignore").encode().ljust(size - 2, b".")) + b"\r\n"


async def print_into_session(daemon: Daemon, file: Path, printed: bytes) -> str:
    """Let a session print these bytes and go quiet; return its id when all of them are in its log."""
    file.write_bytes(printed)  # noqa: ASYNC240  # nothing else runs yet
    argv = ["sh", "-c", 'stty -opost; cat "$1"; exec sleep 1000', "sh", str(file)]  # -opost: no CR is added
    async with attach(daemon, argv=argv) as client:
        async with asyncio.timeout(WAIT_S):
            while len(client.output) < len(printed):
                await client.step()
        assert bytes(client.output) == printed
        return str(client.session["session_id"])


async def replay(daemon: Daemon, session_id: str, case: Case) -> Replay:
    """Attach anew and take in the whole history."""
    query = urlencode({"session_id": session_id, "create": 0, "mode": "ro", "zstd": case.zstd})
    decompress = zstandard.ZstdDecompressor().decompress
    pieces: list[bytes | memoryview] = []
    wire_bytes = messages = 0
    started = time.perf_counter()
    async with (
        asyncio.timeout(WAIT_S),
        unix_connect(
            str(daemon.socket),
            f"ws://localhost/ws?{query}",
            subprotocols=[case.subprotocol],
            compression=None,
            max_size=None,
        ) as connection,
    ):
        async for data in connection:
            messages += 1
            wire_bytes += len(data)
            if isinstance(data, bytes):
                frame = decode_frame(data)
                compressed = frame.kind is FrameKind.REPLAY_ZSTD
                pieces.append(decompress(frame.payload) if compressed else frame.payload)
                continue
            message: dict[str, Any] = json.loads(data)
            if message["type"] == "output":
                pieces.append(message["text"].encode())
            elif message["type"] == "replay_done":
                break
        seconds = time.perf_counter() - started
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return Replay(seconds, digest.hexdigest(), sum(map(len, pieces)), wire_bytes, messages)


def report(case: Case, replays: list[Replay]) -> str:
    """Return one line: median and spread in milliseconds, speed, bytes on the wire, share of the ceiling."""
    times = [one.seconds for one in replays]
    median = statistics.median(times)
    return (
        f"{case.name}: median {median * 1000:.1f} ms of {len(times)} "
        f"({min(times) * 1000:.1f} to {max(times) * 1000:.1f}), {case.history_bytes / median / 1e6:.0f} MB/s, "
        f"{replays[-1].wire_bytes / case.history_bytes:.1%} of the bytes on the wire "
        f"in {replays[-1].messages} messages; "
        f"ceiling {case.ceiling_s:.0f} s, {case.ceiling_s / max(times):.0f} times the worst"
    )

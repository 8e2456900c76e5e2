"""History of sessions, from a real database: what is damaged is left out, the rest is there."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from holdfast.daemon.sessions.history import History
from holdfast.store.limits import StoreLimits
from holdfast.store.session_log import SessionLog
from holdfast.store.store import Store

LIMITS = StoreLimits(ring_bytes=256 * 1024, chunk_bytes=32 * 1024, session_bytes=10_000_000, total_bytes=20_000_000)
DATA = b"".join(b"line %06d of the output\n" % number for number in range(8000))


def cut_short(database: Path, first_offset: int) -> None:
    """Leave a chunk that has its checksum, and cannot be unpacked for all that."""
    with closing(sqlite3.connect(database)) as connection, connection:
        ((blob,),) = connection.execute("SELECT blob FROM chunks WHERE first_offset = ?", (first_offset,)).fetchall()
        short = blob[: len(blob) // 2]
        connection.execute(
            "UPDATE chunks SET blob = ?, crc32 = ?, stored_bytes = ? WHERE first_offset = ?",
            (short, zlib.crc32(short), len(short), first_offset),
        )


@pytest.mark.parametrize("inside", [False, True], ids=["whole", "cut"])
async def test_a_chunk_that_cannot_be_unpacked_is_left_out(tmp_path: Path, *, inside: bool) -> None:
    """Also where only a part of it is wanted; what is before and behind it is whole."""
    store = await Store.open(
        tmp_path / "sessions.db", tmp_path / "tails", LIMITS, boot_id="boot", on_trouble=lambda _: None
    )
    try:
        log = await SessionLog.create(store, "s", cols=80, rows=24)
        assert log.append(DATA) == len(DATA)
        await log.close(keep_tail=False)
        damaged, behind = (await store.chunks.spans("s"))[2:4]
        cut_short(tmp_path / "sessions.db", damaged.first)
        history = History(store, {})
        start = damaged.first + 10 if inside else 0
        expected = (b"" if inside else DATA[: damaged.first]) + DATA[behind.first :]
        excerpt = await history.excerpt("s", first=start, stop=1 << 40)
        assert b"".join([piece async for piece in excerpt.raw()]) == expected
        if inside:
            frames = b"".join([frame async for frame in excerpt.zstd_frames()])
            with zstandard.ZstdDecompressor().stream_reader(frames, read_across_frames=True) as reader:
                assert reader.read() == expected
    finally:
        await store.close()

"""What is left of a session's log when a new daemon takes it up: its hot tail and its chunks, put together.

Where a hot tail is missing, foreign or from another boot, an empty one begins behind what is stored. One that begins
behind what is stored (the database was lost, or a power cut rolled it back) is kept: between the two lies a gap.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from .chunk_table import ChunkTable, Resize, Span
from .errors import HotTailError
from .hot_tail import HotTail
from .output_times import Mark, unpack

__all__ = ["Recovered", "recover", "tail_path"]

logger = logging.getLogger(__name__)

_DEFAULT_SIZE = (80, 24)


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where a log goes on.

    Attributes:
        ring: its hot tail, which reaches at least from `sealed`.
        spans: of the chunks before `sealed`.
        sealed: where the next chunk begins; a partial one that the ring still has whole is cut again.
        stored: what lies before it is in the database, or lost.
        sizes: of the terminal, from `sealed` on.
        marks: when the bytes of the partial chunk were read.
    """

    ring: HotTail
    spans: list[Span]
    sealed: int
    stored: int
    sizes: list[Resize]
    marks: list[Mark]


async def recover(
    chunks: ChunkTable, tails_dir: Path, session_id: str, *, ring_bytes: int, chunk_bytes: int, boot_id: str
) -> Recovered:
    """Put the log of a session together.

    Args:
        chunks: stored output.
        tails_dir: where hot tails lie.
        session_id: whose log.
        ring_bytes: size of a hot tail that must be made.
        chunk_bytes: raw bytes at which a chunk is sealed; a shorter last one is partial.
        boot_id: of the machine's boot.

    Raises:
        StoreError: as `Database.fetch` and `HotTail.create`.
    """
    spans = await chunks.spans(session_id)
    stored = spans[-1].end if spans else 0
    size = await chunks.size_at_end(session_id) or _DEFAULT_SIZE
    partial = spans[-1] if spans and stored - spans[-1].first < chunk_bytes else None
    sizes = await chunks.sizes(session_id, partial.first) if partial else []
    marks = [
        mark
        for first, started_at, packed in (await chunks.times(session_id, partial.first, stored) if partial else [])
        for mark in unpack(first, started_at, packed)
    ]
    ring = _open_ring(tail_path(tails_dir, session_id), ring_bytes=ring_bytes, boot_id=boot_id, stored=stored)
    if partial is not None and ring.oldest <= partial.first:
        return Recovered(ring, spans[:-1], partial.first, stored, sizes, marks)
    if ring.oldest > stored:
        logger.warning("session %s: output from byte %d to %d is lost", session_id, stored, ring.oldest)
    sealed = max(stored, ring.oldest)
    return Recovered(ring, spans, sealed, sealed, [Resize(sealed, 0.0, *size)], [])


def tail_path(folder: Path, session_id: str) -> Path:
    """Return where the hot tail of a session lies."""
    return folder / f"{session_id}.ring"


def _open_ring(path: Path, *, ring_bytes: int, boot_id: str, stored: int) -> HotTail:
    """Open the ring that was left, or make one that begins at `stored`."""
    try:
        ring = HotTail.open(path, boot_id=boot_id)
    except FileNotFoundError:
        pass
    except HotTailError as error:
        logger.warning("%s; the session goes on behind what is stored", error)
    else:
        if ring.end >= stored:
            return ring
        # A byte is in the ring before it is stored, so this is another, older one: its offsets would be used twice.
        logger.warning("%s ends at byte %d, before what is stored (%d)", path, ring.end, stored)
        ring.close()
    return HotTail.create(path, ring_bytes=ring_bytes, base=stored, boot_id=boot_id)

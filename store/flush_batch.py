"""What one flush takes out of a log, and its way into statements.

Pure; runs in a worker thread, since packing takes time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .chunk_table import ChunkTable, Resize, Span
from .chunks import Chunk, encode_chunk
from .database import Statement
from .output_times import Mark, pack

__all__ = ["Batch", "Piece", "encode_batches"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk that is not packed yet.

    Attributes:
        first_offset: of `data`.
        data: raw output.
        is_sealed: final; otherwise a bigger one will replace it.
        cols: width of the terminal, in cells, at its first byte.
        rows: height.
        marks: when its bytes were read, its first byte at least.
    """

    first_offset: int
    data: bytes
    is_sealed: bool
    cols: int
    rows: int
    marks: list[Mark]

    @property
    def span(self) -> Span:
        """Its offsets."""
        return Span(self.first_offset, self.first_offset + len(self.data))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one log has to commit.

    Attributes:
        session_id: whose log.
        pieces: consecutive; the last one may be partial.
        resizes: not stored before.
        head: everything before it is to be deleted; None: nothing is.
    """

    session_id: str
    pieces: list[Piece]
    resizes: list[Resize]
    head: int | None


def encode_batches(batches: Iterable[Batch]) -> list[Statement]:
    """Pack the pieces and return what to execute. Most of its time is spent in zstd, outside the GIL."""
    statements: list[Statement] = []
    for batch in batches:
        if batch.pieces:
            statements.append(ChunkTable.put(batch.session_id, [_encode(piece) for piece in batch.pieces]))
        if batch.resizes:
            statements.append(ChunkTable.put_resizes(batch.session_id, batch.resizes))
        if batch.head is not None:
            statements.extend(ChunkTable.trim(batch.session_id, batch.head))
    return statements


def _encode(piece: Piece) -> Chunk:
    codec, blob = encode_chunk(piece.data)
    return Chunk(
        first_offset=piece.first_offset,
        raw_length=len(piece.data),
        codec=codec,
        blob=blob,
        lines=piece.data.count(b"\n"),
        cols=piece.cols,
        rows=piece.rows,
        started_at=piece.marks[0][1],
        ended_at=piece.marks[-1][1],
        times=pack(piece.marks),
    )

"""How far a log has become chunks: what is sealed, what is stored, and what the next commit takes. No I/O.

A chunk is sealed when it has its full size; what is behind the last one is stored as a partial chunk, which the bigger
one replaces (it begins at the same offset) until it is full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .chunk_table import Resize, Span
from .chunks import cut_length
from .flush_batch import Batch, Piece
from .limits import StoreLimits
from .output_times import Mark, OutputTimes
from .retention import head_within

__all__ = ["Sealing"]


_HELD_TIMES = 2


class Sealing:
    """Chunks of one log, stored and to come.

    Attributes:
        head: oldest offset kept.
        sealed: where the next chunk begins.
        stored: what lies before it is committed.
        times: when the output from `sealed` on was read.
        new_resizes: those not committed yet.
        hold_from: what lies behind it is still to be read by somebody, and is trimmed only beyond twice the limit.
    """

    def __init__(
        self,
        session_id: str,
        limits: StoreLimits,
        *,
        spans: Sequence[Span],
        sealed: int,
        stored: int,
        sizes: Sequence[Resize] = (),
        marks: Sequence[Mark] = (),
    ) -> None:
        self._session_id = session_id
        self._limits = limits
        self._sealed_spans = list(spans)
        self.sealed = sealed
        self.stored = stored
        self.head = spans[0].first if spans else sealed
        self.times = OutputTimes(marks)
        self.new_resizes: list[Resize] = []
        self.hold_from: int | None = None
        self._sizes = list(sizes)  # in force from `sealed` on: one that began there or before, and those behind
        self._trim_to = 0

    @property
    def spans(self) -> list[Span]:
        """The offsets of the stored chunks, the partial one last."""
        partial = [Span(self.sealed, self.stored)] if self.stored > self.sealed else []
        return [*self._sealed_spans, *partial]

    def is_dirty(self, tail: int) -> bool:
        """Whether there is something to commit."""
        return tail > self.stored or bool(self.new_resizes) or self._trim_to > self.head

    def has_full_chunk(self, tail: int) -> bool:
        """Whether a chunk can be sealed."""
        return tail - self.sealed >= self._limits.chunk_bytes

    def note_resize(self, resize: Resize) -> bool:
        """Record a resize; return whether it is one."""
        if self._sizes and self._sizes[-1][2:] == resize[2:]:
            return False
        self._sizes.append(resize)
        self.new_resizes.append(resize)
        return True

    def trim(self, head: int) -> None:
        """Delete what lies before `head`, where a chunk begins, with the next commit."""
        self._trim_to = max(self._trim_to, head)

    def take(self, copy: Callable[[int, int], bytes], tail: int, *, whole: bool) -> Batch | None:
        """Return what is to be committed, or None where nothing is.

        Args:
            copy: returns the bytes of [start, stop), which are in the hot tail.
            tail: offset behind the newest byte.
            whole: take what is behind the last full chunk too, as a partial one.
        """
        pieces, start, limit = [], self.sealed, self._limits.chunk_bytes
        while tail - start >= limit:
            data = copy(start, start + limit)
            piece = self._piece(start, data[: cut_length(data, limit)], is_sealed=True)
            pieces.append(piece)
            start = piece.span.end
        # Also where the cut of a seal left out bytes that the partial chunk had: what was stored stays stored.
        if start < tail and (whole or start < self.stored) and (tail > self.stored or pieces):
            pieces.append(self._piece(start, copy(start, tail), is_sealed=False))
        head = self._head_after(pieces)
        if not pieces and not self.new_resizes and head is None:
            return None
        return Batch(self._session_id, pieces, list(self.new_resizes), head)

    def committed(self, batch: Batch) -> None:
        """Take note that a batch is in the database."""
        for piece in batch.pieces:
            if piece.is_sealed:
                self._sealed_spans.append(piece.span)
                self.sealed = piece.span.end
            self.stored = piece.span.end
        if batch.head is not None:
            self.head = batch.head
            self._sealed_spans = [span for span in self._sealed_spans if span.first >= batch.head]
        del self.new_resizes[: len(batch.resizes)]
        self.times.forget_before(self.sealed)
        while len(self._sizes) > 1 and self._sizes[1].offset <= self.sealed:
            del self._sizes[0]

    def _piece(self, start: int, data: bytes, *, is_sealed: bool) -> Piece:
        size = next((one for one in reversed(self._sizes) if one.offset <= start), self._sizes[0])
        return Piece(start, data, is_sealed, size.cols, size.rows, self.times.within(start, start + len(data)))

    def _head_after(self, pieces: Sequence[Piece]) -> int | None:
        """Return the head once `pieces` are stored, or None where it stays."""
        spans = [*self._sealed_spans, *(piece.span for piece in pieces)] if pieces else self.spans
        most = self._limits.session_bytes
        head = head_within(spans, most) or 0
        if self.hold_from is not None and head > self.hold_from:
            held = max((span.first for span in spans if span.first <= self.hold_from), default=0)
            head = max(held, head_within(spans, _HELD_TIMES * most) or 0)
        head = max(head, self._trim_to)
        return head if head > self.head else None

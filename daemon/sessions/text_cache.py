"""Rendered text that was searched, kept packed for the next search: so much for all sessions. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import NamedTuple

__all__ = ["Block", "Blocks", "Span", "TextCache"]


class Block(NamedTuple):
    """Rows that follow each other.

    Attributes:
        first_line: no row has a lower number.
        end_line: number behind the last one.
        data: their text, packed.
    """

    first_line: int
    end_line: int
    data: bytes


Blocks = tuple[Block, ...]
"""Of a stretch of history, oldest first."""


class Span(NamedTuple):
    """A stretch of a session's history: of output, and of resizes, which alone make other rows."""

    session_id: str
    start: int
    stop: int
    resizes: int = 0


class TextCache:
    """Blocks by span. Those used least recently go where all together are larger than `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Span, Blocks] = OrderedDict()
        self._bytes = 0

    def get(self, span: Span) -> Blocks | None:
        """Return the blocks of a span, if they are kept."""
        blocks = self._kept.get(span)
        if blocks is not None:
            self._kept.move_to_end(span)
        return blocks

    def put(self, span: Span, blocks: Blocks) -> None:
        """Keep the blocks of a span."""
        self._drop(span)
        self._kept[span] = blocks
        self._bytes += _size(blocks)
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def keep_only(self, session_id: str, spans: Collection[Span]) -> None:
        """Drop what is kept of a session but for these spans: its history is cut otherwise now."""
        self._drop_all(span for span in self._kept if span.session_id == session_id and span not in spans)

    def forget(self, session_ids: Collection[str]) -> None:
        """Drop what is kept of these sessions."""
        self._drop_all(span for span in self._kept if span.session_id in session_ids)

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self._bytes = 0

    def _drop_all(self, spans: Iterable[Span]) -> None:
        for span in list(spans):
            self._drop(span)

    def _drop(self, span: Span) -> None:
        self._bytes -= _size(self._kept.pop(span, ()))


def _size(blocks: Blocks) -> int:
    return sum(len(block.data) for block in blocks)

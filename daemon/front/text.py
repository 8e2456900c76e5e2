"""Output as text, for JSON mode: bytes decoded as they come, a character split over two reads kept whole. Pure."""

from __future__ import annotations

import codecs
from typing import NamedTuple

__all__ = ["Text", "TextStream"]


class Text(NamedTuple):
    """Decoded output and the offsets of the bytes it stands for: `[offset, end)`."""

    text: str
    offset: int
    end: int


class TextStream:
    """Incremental UTF-8 decoder that knows offsets; bytes that are not UTF-8 become U+FFFD."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._end: int | None = None

    def feed(self, offset: int, data: bytes) -> Text:
        """Decode bytes that begin at `offset`; after a gap, what was incomplete before it is forgotten."""
        if offset != self._end:
            self._decoder.reset()
        held_before = len(self._decoder.getstate()[0])
        text = self._decoder.decode(data)
        self._end = offset + len(data)
        return Text(text, offset - held_before, self._end - len(self._decoder.getstate()[0]))

    def finish(self) -> Text | None:
        """At the end of the log: what is still incomplete becomes U+FFFD."""
        held = len(self._decoder.getstate()[0])
        if not held or self._end is None:
            return None
        return Text(self._decoder.decode(b"", final=True), self._end - held, self._end)

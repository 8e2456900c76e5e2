"""Looking for something in blocks of text: a literal, or a regular expression that is not let go on for ever.

Lines are looked at newest first, and each by itself: nothing is found across the end of a line, but across its wraps.
A regular expression sees `OVERLAP_CHARS` of a line at once, and may take so long over them and no longer: some take
for ever (`(a+)+b`). Python's matcher looks for signals while it works, so a timer ends it.
"""

from __future__ import annotations

import re
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import groupby
from types import FrameType, TracebackType
from typing import NamedTuple, Protocol, Self

from .blocks import TextBlock
from .errors import BadPatternError
from .messages import Match

__all__ = ["Finder", "Found", "Watch", "finder", "search"]

_TICK_S = 0.02
_STUCK_TICKS = 12
"""A quarter of a second of processor time over one piece: what is no catastrophe needs a thousandth of it."""


class Found(NamedTuple):
    """What was found in a block.

    Attributes:
        matches: newest first.
        scanned_to: rows from this number on were looked at.
    """

    matches: list[Match]
    scanned_to: int


class Watch:
    """Sees that a search comes to an end. For the main thread, and while it is entered."""

    def __init__(self, within_s: float) -> None:
        """Have it end in so many seconds."""
        self._until = time.monotonic() + within_s
        self._step = self._seen = self._ticks = 0
        self._is_over = False

    def __enter__(self) -> Self:
        signal.signal(signal.SIGVTALRM, self._tick)
        signal.setitimer(
            signal.ITIMER_VIRTUAL, _TICK_S, _TICK_S
        )  # the time of this process: a busy machine is no fault
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True  # a last signal may come yet
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def step(self) -> bool:
        """Note that there is progress. Returns whether there is time for more."""
        self._step += 1
        return time.monotonic() < self._until

    def _tick(self, _number: int, _frame: FrameType | None) -> None:
        self._ticks = self._ticks + 1 if self._step == self._seen else 0
        self._seen = self._step
        if self._ticks >= _STUCK_TICKS and not self._is_over:
            raise BadPatternError(
                "it takes too long over one line; repeated groups that can match in many ways do that"
            )


class Finder(Protocol):
    """What is looked for, in one block."""

    def candidates(self, stop: int) -> Iterator[tuple[int, int, int]]:
        """Yield the pieces of text that may have matches before `stop`, the last one first: see `TextBlock.pieces`."""
        ...  # a protocol needs a body

    def spans(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield where matches begin and end in a piece of text."""
        ...  # the same


class _Literal:
    def __init__(self, block: TextBlock, wanted: str, ignore_case: bool) -> None:
        self._text = _lower(block.text) if ignore_case else block.text
        self._wanted = _lower(wanted) if ignore_case else wanted

    def candidates(self, stop: int) -> Iterator[tuple[int, int, int]]:
        text, wanted = self._text, self._wanted
        at = text.rfind(wanted, 0, stop + len(wanted) - 1)
        while at >= 0:
            start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            end = len(text) if end < 0 else end
            yield start, end, end
            at = text.rfind(wanted, 0, max(0, start - 1))

    def spans(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        size = len(self._wanted)
        at = self._text.find(self._wanted, start, stop)
        while at >= 0:
            yield at, at + size
            at = self._text.find(self._wanted, at + size, stop)


def _lower(text: str) -> str:
    """Return text of the same length in lower case; one letter would become two."""
    return text.replace("\u0130", "i").lower()


class _Pattern:
    def __init__(self, block: TextBlock, wanted: str, *, ignore_case: bool) -> None:
        self._block = block
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what will mean something else one day
                self._pattern = re.compile(wanted, re.MULTILINE | (re.IGNORECASE if ignore_case else 0))
        except (re.error, OverflowError, RecursionError, MemoryError) as error:
            raise BadPatternError(str(error) or type(error).__name__) from None

    def candidates(self, stop: int) -> Iterator[tuple[int, int, int]]:
        text = self._block.text
        end = text.find("\n", stop - 1) if stop else -1
        end = len(text) if stop and end < 0 else end
        while end >= 0:
            start = text.rfind("\n", 0, end) + 1
            if start < end:
                yield from self._block.pieces(start, end)
            end = start - 1

    def spans(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        return (
            found.span()
            for found in self._pattern.finditer(self._block.text, start, stop)
            if found.end() > found.start()
        )


def finder(block: TextBlock, wanted: str, *, ignore_case: bool, is_pattern: bool) -> Finder:
    """Return what finds this in a block: a text, or a regular expression. Raises BadPatternError."""
    return _Pattern(block, wanted, ignore_case=ignore_case) if is_pattern else _Literal(block, wanted, ignore_case)


def search(block: TextBlock, wanted: Finder, *, before: int, most: int, go_on: Callable[[], bool]) -> Found:
    """Look for matches that begin in the block's own rows.

    Args:
        block: the text.
        wanted: made by `finder`, of this block.
        before: only in rows before this number.
        most: rows with matches, at most.
        go_on: asked after each piece whether there is time for the next one.
    """
    found: list[Match] = []
    stop = block.start_of_line(min(before, block.end_line))
    for start, end, reach in wanted.candidates(stop):
        spans = [span for span in wanted.spans(start, reach) if span[0] < min(end, stop)]
        by_row = [(row, list(group)) for row, group in groupby(spans, lambda span: block.row_at(span[0]))]
        for row, inside in reversed(by_row):
            found.append(_match(block, row, inside))
            if len(found) == most:
                return Found(found, found[-1].line)
        if not go_on():
            return Found(found, block.place(block.row_at(start))[0])
    return Found(found, block.place(0)[0])


def _match(block: TextBlock, row: int, spans: list[tuple[int, int]]) -> Match:
    line, offset = block.place(row)
    start = block.start(row)
    stop = max(block.start(row + 1), spans[-1][1])
    text = block.text[start:stop].rstrip("\n")
    return Match(line, offset, text, tuple((_units(text, at - start), _units(text, end - start)) for at, end in spans))


def _units(text: str, position: int) -> int:
    """Return a position counted in units of UTF-16."""
    return position if text.isascii() else len(text[:position].encode("utf-16-le")) // 2

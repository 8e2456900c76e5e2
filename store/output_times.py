"""When output was read: marks of (offset, time), at most one per 10 ms, kept with each chunk for timed playback.

A mark says that the bytes from its offset on, up to the next mark, were read at its time or just after. Packed they are
pairs of unsigned LEB128 numbers: bytes since the mark before, milliseconds since then. The first pair counts from the
chunk's first byte and `started_at`, which are a mark themselves and not packed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import pairwise

__all__ = ["Mark", "OutputTimes", "pack", "unpack"]

Mark = tuple[int, float]
"""Offset in bytes, time in seconds since the epoch."""

_SPACING_S = 0.010
_MOST_MARKS = 8192
"""For one chunk. A program that prints a byte every 10 ms would otherwise have more marks than output, packed anew each
second; beyond it every other mark goes, and the spacing doubles until the chunk is sealed."""


class OutputTimes:
    """The marks of what is not sealed yet, oldest first."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        """Begin with `marks`, of a partial chunk that will be replaced."""
        marks = list(marks)
        self._offsets = array("Q", (offset for offset, _ in marks))
        self._times = array("d", (at for _, at in marks))
        self._spacing_s = _SPACING_S
        self._last = float("-inf")

    def note(self, offset: int, now: float) -> None:
        """Note that the byte at `offset` was read at `now`. Called for every read."""
        if 0 <= now - self._last < self._spacing_s:
            return
        self._last = now
        self._offsets.append(offset)
        self._times.append(now)
        if len(self._offsets) > _MOST_MARKS:
            self._offsets, self._times = self._offsets[::2], self._times[::2]
            self._spacing_s *= 2

    def within(self, start: int, stop: int) -> list[Mark]:
        """Return the marks of [start, stop); the first is moved to `start` exactly."""
        if not self._offsets:
            return []
        first = max(bisect_right(self._offsets, start) - 1, 0)
        last = max(bisect_left(self._offsets, stop), first + 1)
        marks = list(zip(self._offsets[first:last], self._times[first:last], strict=True))
        return [(start, marks[0][1]), *marks[1:]]

    def forget_before(self, offset: int) -> None:
        """Drop the marks that only speak of bytes before `offset`: they are stored."""
        first = bisect_right(self._offsets, offset) - 1
        if first > 0:
            del self._offsets[:first]
            del self._times[:first]
            self._spacing_s = _SPACING_S


def pack(marks: list[Mark]) -> bytes:
    """Pack marks; the first is where they count from. A clock that was set back counts as standing still."""
    packed = bytearray()
    for (before, then), (offset, at) in pairwise(marks):
        _put(packed, offset - before)
        _put(packed, max(0, round((at - then) * 1000)))
    return bytes(packed)


def unpack(first_offset: int, started_at: float, packed: bytes) -> list[Mark]:
    """Return the marks of a chunk, the one of its first byte included."""
    numbers = _numbers(packed)
    marks = [(first_offset, started_at)]
    offset, milliseconds = first_offset, 0
    for step, pause in zip(numbers[::2], numbers[1::2], strict=False):
        offset, milliseconds = offset + step, milliseconds + pause
        marks.append((offset, started_at + milliseconds / 1000))
    return marks


def _put(packed: bytearray, number: int) -> None:
    while number > 0x7F:  # noqa: PLR2004  # seven bits a byte
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)


def _numbers(packed: bytes) -> list[int]:
    numbers, number, shift = [], 0, 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004  # the last byte of a number
            numbers.append(number)
            number = shift = 0
    return numbers

"""Rows that somebody wants, gathered while a screen goes through its output: their text, and where each began."""

from __future__ import annotations

from .blocks import TextBlock, cut
from .messages import Row, Text
from .primary_rows import primary_rows, used_rows
from .snapshot import Snapshot

__all__ = ["Collection"]


class Collection:
    """Rows by number, taken from a screen before it drops them, or at the end.

    Offsets ascend. They are exact where rows were watched when they began, which is asked for (`is_near`) in time for
    those that are wanted; a row that had begun before that has the offset up to which nobody watched. Where exact ones
    are not asked for, nobody watches, which halves the time: offsets are up to a step too low then.

    Attributes:
        is_near: wanted rows may begin before the next `look_ahead`, so they must be watched.
        is_coming: they may, unless that comes sooner.
    """

    def __init__(self, first: int, stop: int, *, styled: bool, exact: bool, reached: int, offset: int) -> None:
        """Begin.

        Args:
            first: number of the first row that is wanted.
            stop: number behind the last one.
            styled: with escape sequences for colours and links.
            exact: with exact offsets.
            reached: number behind the last row that has begun already.
            offset: bytes of output so far.
        """
        self._first = first
        self._stop = stop
        self._styled = styled
        self._exact = exact
        self._rows: list[Row] = []
        self._watched_from = reached
        self._begun_before = offset
        self._offsets: list[int] = []  # of rows from there on
        self.is_near = self.is_coming = False

    @property
    def reached(self) -> int:
        """Number behind the last row that has begun."""
        return self._watched_from + len(self._offsets)

    def wants(self, first: int, stop: int) -> bool:
        """Whether any of these rows is wanted."""
        return max(first, self._first) < min(stop, self._stop)

    def begin(self, reached: int, start: int, last: int) -> None:
        """Rows were watched: all before `reached` have begun, the last of them at offset `last`, others at `start`."""
        count = reached - self.reached
        if count > 0:
            self._offsets += [max(start, self._begun_before)] * (count - 1)
            self._offsets.append(max(last, self._begun_before))

    def pass_over(self, reached: int, offset: int) -> None:
        """Nobody watched since `offset`, where the last look was, and nobody needs to: that is when rows began."""
        if not self._exact:
            self.begin(reached, offset, offset)

    def look_ahead(self, reached: int, offset: int, step: int, short_step: int) -> None:
        """Say what has happened unwatched, and what may.

        Args:
            reached: number behind the last row that has begun.
            offset: where the last look was.
            step: how many rows may begin until the next one.
            short_step: how many, if that comes sooner.
        """
        if not self._exact:
            self.pass_over(reached, offset)
            return
        if not self.is_near and self.reached < min(reached, self._stop):
            self._watched_from = reached
            self._begun_before = max(offset, self._begun_before)
            self._offsets.clear()
        is_open = self.reached < self._stop
        self.is_near = is_open and self.reached + short_step >= self._first
        self.is_coming = is_open and not self.is_near and self.reached + step >= self._first

    def reflow(self, first: int, reached: int) -> None:
        """The kept rows, from number `first`, became others, of which those before `reached` have begun.

        Which became which is not known; they share out the offsets.
        """
        before, after = max(1, self.reached - first), max(1, reached - first)
        wanted = range(max(first, self._first), min(reached, self._stop))
        offsets = [self._offset(first + (number - first) * before // after) for number in wanted]
        self._watched_from = wanted.start if wanted else reached
        self._begun_before = offsets[0] if offsets else self._offset(first + before - 1)
        self._offsets = offsets

    def drop(self, first: int, count: int, snapshot: Snapshot | None) -> None:
        """Gather those that are wanted of the oldest `count` rows, before they are gone.

        Args:
            first: number of the oldest row.
            count: how many go.
            snapshot: from before; None where none of them is wanted.
        """
        if snapshot is not None:
            self._gather(first, first + count, snapshot)
        past = min(first + count - self._watched_from, len(self._offsets))
        if past > 0:
            self._watched_from += past
            self._begun_before = self._offsets[past - 1]
            del self._offsets[:past]

    def finish(self, first: int, snapshot: Snapshot) -> None:
        """Gather those that are wanted of the rows still there; blank ones at the end of the screen are none."""
        self._gather(first, first + used_rows(snapshot), snapshot)

    def take(self) -> list[Row]:
        """Return what was gathered since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def take_text(self, end_line: int, *, is_end: bool) -> Text:
        """Return the rows before `end_line` as a block; where it is not the end, less a line that may go on."""
        own, count = cut(self._rows, end_line, is_end=is_end)
        if not own:
            return Text(0, 0, b"")
        rows, self._rows = self._rows[:count], self._rows[own:]
        end = rows[own - 1].line + 1
        return Text(own, end, TextBlock.of(rows, end).pack())

    def _gather(self, first: int, stop: int, snapshot: Snapshot) -> None:
        start, stop = max(first, self._first), min(stop, self._stop)
        if start < stop:
            shown = primary_rows(snapshot, start - first, stop - first, styled=self._styled)
            self._rows += [Row(number, self._offset(number), *line) for number, line in enumerate(shown, start)]

    def _offset(self, number: int) -> int:
        at = number - self._watched_from
        if at < 0 or not self._offsets:
            return self._begun_before
        return self._offsets[min(at, len(self._offsets) - 1)]

"""A screen that knows where it is in its session: the bytes behind it, and the number of every row.

Rows are numbered as the primary screen made them, from the session's first one on. The emulator forgets old scrollback
without a word; here it is told when, so that the numbers go on, and rows that somebody wants are read before they go.
What number a row has depends on the output and the sizes alone: not on how calls were cut, nor on checkpoints made in
between. So another screen, on its way from an older checkpoint, comes to the same numbers.

Rows that were dropped are final. Those still there flow into others when the width changes, and are numbered anew.

Not counted are rows that a few bytes make in their thousands (REP writes 65,535 characters): beyond
`_SCROLLBACK_BYTES` they are gone before anybody can look.
"""

from __future__ import annotations

import re
from typing import Self

from .asking import answer
from .checkpoints import Numbers, pack, unpack
from .collection import Collection
from .errors import ScreenError
from .flood import Flood, find_flood
from .messages import Answer, Checkpointed, Painted, Row, Text
from .screen import Screen, page_rows
from .snapshot import Snapshot
from .watching import feed_some

__all__ = ["KEPT_LINES", "NumberedScreen"]

KEPT_LINES = 1000
"""Rows of scrollback that are kept, at least, once there were as many. The highest screen can grow out of them."""

_ENOUGH_LINES = 2000
_ALL_LINES = 1 << 30
_SCROLLBACK_BYTES = 64 << 20
"""92,000 rows of 80 columns, 7,000 of 1,000: a step more than enough."""

_STEP_BYTES = 16384
_STEP_CELLS = 1 << 21
"""So many a step of nothing but line feeds makes, 8 bytes each."""
_SHORT_STEP_BYTES = 1024
"""Where rows that are wanted come near. From there on every line is fed alone, in ten times the time."""

_CLEARS = (re.compile(rb"3J"), re.compile(rb"\x1bc"))
"""The ends of ED 3, however it is written, and of RIS: regular expressions find them in half the time of `bytes.find`.
Where they stand for themselves, looking costs 5 µs."""


class NumberedScreen:
    """A screen of a session.

    Every method but `close` may raise ScreenError.

    Attributes:
        offset: bytes of output behind it.
        first_line: number of the oldest row that is kept.
    """

    def __init__(self, cols: int, rows: int) -> None:
        """Make a blank one, of `cols` by `rows` cells."""
        screen = Screen(cols, rows, scrollback_lines=_ALL_LINES, scrollback_bytes=_SCROLLBACK_BYTES)
        self._begin(screen, Numbers(offset=0, first_line=0, top=0, reached=1, last=b""))

    def _begin(self, screen: Screen, numbers: Numbers) -> None:
        self._screen = screen
        self.offset, self.first_line, self._top, self._reached, self._last = numbers
        self._collection: Collection | None = None
        self._measure()

    def _measure(self) -> None:
        """Set what depends on the width."""
        cols, _ = self._screen.size
        self._step = min(_STEP_BYTES, 1 << (_STEP_CELLS // cols).bit_length() - 1)
        self._short_step = min(_SHORT_STEP_BYTES, self._step)
        self._enough = max(_ENOUGH_LINES, KEPT_LINES + 2 * page_rows(cols))  # with more than that, at least a page goes

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._screen.size

    # Its way through the output

    def feed(self, data: bytes) -> None:
        """Take what was printed. Queries in it are not answered."""
        at = 0
        for end in _ends_of_clears(self._last, data):
            self._feed(data[at:end])
            self._feed_clear(data[end : end + 1])
            at = end + 1
        self._feed(data[at:])
        self._last = data[-1:] or self._last

    def _feed(self, data: bytes) -> None:
        flood = find_flood(data, *self.size, self._enough) if self._collection is None else None
        if flood is None:
            self._feed_all(data)
            return
        self._feed_all(data[: flood.start])
        if self._draws_rows():
            _, rows = self.size
            drawn = data[flood.stop :].split(b"\n", rows)  # until nothing on the screen is from before
            drawn_bytes = sum(len(line) + 1 for line in drawn[:rows])
            self._pass_over(flood, data[flood.stop : flood.stop + drawn_bytes])
            self._feed_all(data[flood.stop + drawn_bytes :])
        else:
            self._feed_all(data[flood.start :])

    def _draws_rows(self) -> bool:
        """Whether plain lines that come now scroll into the scrollback."""
        place = self._screen.place
        if place.is_alternate or not place.at_rest:
            return False
        cols, rows = self.size
        return self._screen.snapshot().region == (0, rows - 1, 0, cols - 1)

    def _pass_over(self, flood: Flood, drawn: bytes) -> None:
        """Count the rows of a flood, and go on with a screenful behind it; the scrollback before it is dropped."""
        kept = self._screen.scrollback_rows
        self._screen.feed(drawn + b"\x1b[3J")
        self.offset += flood.stop - flood.start + len(drawn)
        self.first_line += kept + flood.lines + drawn.count(b"\n")
        self._top = self.first_line
        self._reached = max(self._reached, self._top + self._screen.place.y + 1)

    def _feed_all(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            collection = self._collection
            step = self._short_step if collection is not None and collection.is_coming else self._step
            piece = data[at : at + step - self.offset % step]
            self._feed_piece(piece)
            self._end_step()
            at += len(piece)

    def _feed_clear(self, last: bytes) -> None:
        """Feed the byte by which scrollback may be cleared; what is, counts as dropped."""
        before = self._primary()[0] if last == b"c" else self._screen.scrollback_rows
        snapshot = self._snapshot_for(before)
        self._feed_piece(last)
        place = self._screen.place
        if not place.is_alternate:
            self._drop(before - place.scrollback_rows, snapshot)
        self._end_step()

    def _feed_piece(self, data: bytes) -> None:
        if self._collection is not None and self._collection.is_near:
            self._feed_watched(data, self._collection)
        else:
            self._screen.feed(data)
            self.offset += len(data)

    def _feed_watched(self, data: bytes, collection: Collection) -> None:
        at = 0
        place = self._screen.place
        while at < len(data):
            start = self.offset - place.unfinished_bytes
            count, ends_row = feed_some(self._screen, place, data[at:])
            at += count
            self.offset += count
            place = self._screen.place
            if not place.is_alternate:
                reached = self.first_line + place.scrollback_rows + place.y + 1
                collection.begin(reached, start, self.offset if ends_row else start)

    def _end_step(self) -> None:
        """Look after the rows, at offsets that do not depend on how calls are cut."""
        if self.offset % self._step == 0:
            place = self._screen.place
            if not place.is_alternate:
                # Cleared in a way that nobody saw coming: the numbers do not go back.
                self.first_line = max(self.first_line, self._top - place.scrollback_rows)
                self._top = self.first_line + place.scrollback_rows
                self._reached = max(self._reached, self._top + place.y + 1)
                if self._collection is not None:  # some of these rows may go at once
                    self._collection.pass_over(self._reached, self.offset - self._step)
                self._prune(place.scrollback_rows)
            self._look_ahead(self._reached, self.offset - self._step)
        elif self._collection is not None and self._collection.is_coming and self.offset % self._short_step == 0:
            place = self._screen.place
            if not place.is_alternate:
                reached = self.first_line + place.scrollback_rows + place.y + 1
                self._look_ahead(reached, self.offset - self._short_step)

    def _look_ahead(self, reached: int, looked_at: int) -> None:
        if self._collection is not None:
            self._collection.look_ahead(reached, looked_at, self._step, self._short_step)

    def skip(self, to_offset: int) -> None:
        """Go on at `to_offset`: the output before it is lost. A sequence that was in progress has ended."""
        if to_offset < self.offset:
            raise ScreenError(f"output is skipped from {self.offset} back to {to_offset}")
        if not self._screen.at_rest:
            self._screen.feed(b"\x18")
        self.offset = to_offset
        self._last = b""

    def resize(self, cols: int, rows: int) -> None:
        """Change the size. A new width takes some milliseconds."""
        if (cols, rows) == self.size:
            return
        is_new_width = cols != self.size[0]
        if is_new_width:
            # How lines flow depends on what is there: without this, on which pages were dropped so far.
            kept, _ = self._primary()
            if kept > KEPT_LINES:
                snapshot = self._snapshot_for(kept)
                self._drop(self._screen.trim(KEPT_LINES), snapshot)
        self._screen.resize(cols, rows)
        self._measure()
        kept, y = self._primary()
        self._top = self.first_line + kept
        if is_new_width:
            self._reached = self._top + y + 1
            if self._collection is not None:
                self._collection.reflow(self.first_line, self._reached)
        self._prune(self._screen.scrollback_rows)
        self._look_ahead(self._reached, self.offset)

    # Rows that go

    def _primary(self) -> tuple[int, int]:
        """Return the primary screen's rows of scrollback, and the row of its cursor."""
        place = self._screen.place
        if not place.is_alternate:
            return place.scrollback_rows, place.y
        snapshot = self._screen.snapshot()
        return snapshot.screens[0].row_count - snapshot.rows, snapshot.screens[0].cursor.y

    def _prune(self, scrollback_rows: int) -> None:
        """Drop the oldest rows where they are too many; 0 are told of while the alternate screen shows."""
        if scrollback_rows > self._enough:
            snapshot = self._snapshot_for(scrollback_rows)
            self._drop(self._screen.prune(KEPT_LINES), snapshot)

    def _snapshot_for(self, count: int) -> Snapshot | None:
        """Return the rows, if any of the oldest `count` is wanted."""
        wanted = self._collection is not None and self._collection.wants(self.first_line, self.first_line + count)
        return self._screen.snapshot() if wanted else None

    def _drop(self, count: int, snapshot: Snapshot | None) -> None:
        if count > 0:
            if self._collection is not None:
                self._collection.drop(self.first_line, count, snapshot)
            self.first_line += count

    # What it tells

    def restore(self, lines: int) -> Painted:
        """Return what makes any terminal show this, with the last `lines` rows of scrollback, if there are so many."""
        kept, _ = self._primary()
        return Painted(self._screen.restore(lines), self.first_line + max(0, kept - lines))

    def ask(self, data: bytes) -> Answer:
        """Take output that ends in a query, and return what a terminal answers, or would need to know for it."""
        self._screen.take_replies()
        self.feed(data)
        replies = self._screen.take_replies()
        return answer(self._screen.snapshot(), replies)

    def checkpoint(self) -> Checkpointed:
        """Return all of it, to be loaded again, by this version and this build of the emulator.

        It goes on from the checkpoint itself: so whoever loads that goes on exactly like it.
        """
        kept, y = self._primary()
        state = self._screen.checkpoint()
        screen = _load(state)
        self._screen.close()
        self._screen = screen
        numbers = Numbers(self.offset, self.first_line, self._top, self._reached, self._last)
        end_line = max(self._reached, self.first_line + kept + y + 1)
        return Checkpointed(pack(numbers, state), self.offset, self.first_line, end_line)

    @classmethod
    def from_checkpoint(cls, data: bytes) -> Self:
        """Make a screen as it was. Raises ScreenError where it is of another version, or damaged."""
        numbers, state = unpack(data)
        screen = cls.__new__(cls)
        screen._begin(_load(state), numbers)  # noqa: SLF001  # its own
        return screen

    # Rows that are wanted

    def collect(self, first: int, stop: int, *, styled: bool, exact: bool = True) -> None:
        """Keep the text of the rows numbered `first` to `stop`, as they are dropped; forget what was kept before.

        Offsets that are not `exact` are up to 16 KB too low, and cost nothing.
        """
        kept, y = self._primary()
        reached = max(self._reached, self.first_line + kept + y + 1)
        self._collection = Collection(first, stop, styled=styled, exact=exact, reached=reached, offset=self.offset)
        self._look_ahead(reached, self.offset)

    def take(self) -> list[Row]:
        """Return the rows that were kept since the last call."""
        return self._collection.take() if self._collection is not None else []

    def finish(self) -> list[Row]:
        """Return these and those still there, on the primary screen, but for blank ones at its end; collect no more."""
        if self._collection is None:
            return []
        return self._finished().take()

    def take_text(self, end_line: int) -> Text:
        """Return, as a block, the rows before `end_line` kept since the last call, less a line that may go on."""
        return self._collected.take_text(end_line, is_end=False)

    def finish_text(self, end_line: int) -> Text:
        """Return these, and those still there but for blank ones at the end of the screen; collect no more."""
        return self._finished().take_text(end_line, is_end=True)

    def _finished(self) -> Collection:
        collection, self._collection = self._collected, None
        kept, y = self._primary()
        collection.pass_over(self.first_line + kept + y + 1, self.offset - self.offset % self._step)
        collection.finish(self.first_line, self._screen.snapshot())
        return collection

    @property
    def _collected(self) -> Collection:
        if self._collection is None:
            raise ScreenError("no rows are collected")
        return self._collection

    def close(self) -> None:
        """Free the memory."""
        self._screen.close()


def _ends_of_clears(last: bytes, data: bytes) -> list[int]:
    """Return where in `data` the last byte of anything stands that may clear the scrollback."""
    joined = last + data
    return sorted(found.end() - 1 - len(last) for clear in _CLEARS for found in clear.finditer(joined))


def _load(state: bytes) -> Screen:
    return Screen.from_checkpoint(state, scrollback_lines=_ALL_LINES, scrollback_bytes=_SCROLLBACK_BYTES)

"""What the daemon and the screens process say to each other. Pure.

Requests are answered in order, each by one reply. Both ends are of one version, but for a daemon that still runs while
its files are replaced: `Ready` tells.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

__all__ = [
    "VERSION",
    "Answer",
    "Ask",
    "Blank",
    "Checkpoint",
    "Checkpointed",
    "Collect",
    "Done",
    "Drop",
    "Failed",
    "Feed",
    "FeedChunk",
    "Finish",
    "FinishText",
    "Found",
    "Load",
    "Match",
    "Message",
    "Painted",
    "Ready",
    "Reply",
    "Request",
    "Resize",
    "Restore",
    "Row",
    "Rows",
    "Search",
    "Skip",
    "Take",
    "TakeText",
    "Text",
]

VERSION = 2


# Requests. `screen` is a number that the daemon chooses when it makes one.


class Blank(NamedTuple):
    """Make a blank screen. `Done` answers."""

    screen: int
    cols: int
    rows: int


class Load(NamedTuple):
    """Make a screen of a checkpoint. `Done` answers."""

    screen: int
    data: bytes


class Feed(NamedTuple):
    """Take output. `Done` answers."""

    screen: int
    data: bytes


class FeedChunk(NamedTuple):
    """Take bytes `start` to `stop` of the output in a stored chunk, packed as `codec` says. `Done` answers."""

    screen: int
    codec: int
    raw_length: int
    start: int
    stop: int
    data: bytes


class Skip(NamedTuple):
    """Go on at an offset; the output before it is lost. `Done` answers."""

    screen: int
    offset: int


class Resize(NamedTuple):
    """Change the size. `Done` answers."""

    screen: int
    cols: int
    rows: int


class Restore(NamedTuple):
    """`Painted` answers, with so many lines of scrollback at most."""

    screen: int
    lines: int


class Checkpoint(NamedTuple):
    """`Checkpointed` answers."""

    screen: int


class Ask(NamedTuple):
    """Take output that ends in a query. `Answer` answers."""

    screen: int
    data: bytes


class Collect(NamedTuple):
    """Keep the rows numbered `first_line` to `end_line`, with offsets exact or up to 16 KB too low. `Done` answers."""

    screen: int
    first_line: int
    end_line: int
    styled: bool
    exact: bool


class Take(NamedTuple):
    """`Rows` answers: those kept since the last time."""

    screen: int


class Finish(NamedTuple):
    """`Rows` answers: these and those still there."""

    screen: int


class TakeText(NamedTuple):
    """`Text` answers: the rows kept since the last time that are before a line, without a line that may go on."""

    screen: int
    end_line: int


class FinishText(NamedTuple):
    """`Text` answers: these, and those still there."""

    screen: int
    end_line: int


class Search(NamedTuple):
    """Look for something in a block of text. `Found` answers.

    Attributes:
        screen: a number that no screen has.
        before: only in rows before this line.
        most: rows with matches, at most.
        text: what is looked for.
        ignore_case: whether small and capital letters are the same.
        is_pattern: it is a regular expression.
        within_ms: time for it.
        data: the block.
    """

    screen: int
    before: int
    most: int
    text: str
    ignore_case: bool
    is_pattern: bool
    within_ms: int
    data: bytes


class Drop(NamedTuple):
    """Free a screen. `Done` answers, also where there is none."""

    screen: int


# Replies


class Ready(NamedTuple):
    """Unasked, as number 0: the process can be asked; or it never can, and `missing` says why."""

    version: int
    missing: str | None


class Done(NamedTuple):
    """It was done; so many bytes of output are behind the screen."""

    offset: int


class Failed(NamedTuple):
    """It could not be done, and the screen is gone."""

    text: str


class Painted(NamedTuple):
    """Escape sequences that make any terminal show a screen.

    Attributes:
        data: the sequences.
        first_line: number of the first line of scrollback in it.
    """

    data: bytes
    first_line: int


class Checkpointed(NamedTuple):
    """A screen as bytes. They are packed already.

    Attributes:
        data: for `load`, by this version alone.
        offset: bytes of output behind it.
        first_line: number of the oldest row in it.
        end_line: number behind the last row that the cursor had been in: a row from there on began at this offset or
            later.
    """

    data: bytes
    offset: int
    first_line: int
    end_line: int


class Answer(NamedTuple):
    """What a terminal answers to a query, and what one would need to know to answer.

    Attributes:
        replies: what the emulator answered by itself.
        x: column of the cursor, from 0; with origin mode on from the left margin, as DECXCPR reports it.
        y: its row, likewise.
        cols: width in cells.
        rows: height in cells.
        foreground: red, green and blue (0 to 255) where a program set it.
        background: the same.
        cursor_colour: the same.
    """

    replies: bytes
    x: int
    y: int
    cols: int
    rows: int
    foreground: tuple[int, int, int] | None
    background: tuple[int, int, int] | None
    cursor_colour: tuple[int, int, int] | None


class Row(NamedTuple):
    """One row of a terminal.

    Attributes:
        line: its number, counted from the session's first.
        offset: of the output that began it; ascends from row to row.
        text: UTF-8, with SGR and OSC 8 where it was asked for, without blanks at the end.
        wraps: the text goes on in the next row.
    """

    line: int
    offset: int
    text: bytes
    wraps: bool


class Rows(NamedTuple):
    """Rows, packed by `pack_rows`."""

    data: bytes


class Text(NamedTuple):
    """Rows as a block of text.

    Attributes:
        row_count: how many are its own; with none there is no text.
        end_line: number behind the last of them.
        data: the block, packed.
    """

    row_count: int
    end_line: int
    data: bytes


class Match(NamedTuple):
    """A row in which something was found.

    Attributes:
        line: its number.
        offset: up to 16 KB before the output that began it.
        text: of the row, and of those behind it in which the last match goes on.
        spans: where matches begin and end in it, in units of UTF-16.
    """

    line: int
    offset: int
    text: str
    spans: tuple[tuple[int, int], ...]


class Found(NamedTuple):
    """What a search found.

    Attributes:
        scanned_to: rows from this line on were looked at.
        problem: why it cannot be looked for.
        data: the matches, newest first, packed by `pack_matches`.
    """

    scanned_to: int
    problem: str | None
    data: bytes


Request: TypeAlias = (
    Blank
    | Load
    | Feed
    | FeedChunk
    | Skip
    | Resize
    | Restore
    | Checkpoint
    | Ask
    | Collect
    | Take
    | Finish
    | TakeText
    | FinishText
    | Search
    | Drop
)
Reply: TypeAlias = Ready | Done | Failed | Painted | Checkpointed | Answer | Rows | Text | Found
Message: TypeAlias = Request | Reply

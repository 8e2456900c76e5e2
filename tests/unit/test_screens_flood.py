"""Floods of short lines, of which most are counted instead of drawn."""

from __future__ import annotations

import pytest

from holdfast.daemon.screens.flood import Flood, find_flood
from holdfast.daemon.screens.numbered import NumberedScreen

COLS, ROWS = 40, 10
LINES = 20_000

BEFORE = {
    "nothing": b"",
    "a screen that is half full": b"one\r\ntwo\r\n",
    "scrollback": b"old\r\n" * 3000,
    "colours": b"\x1b[1;31;44m",
    "a link": b"\x1b]8;;https://a.example\x1b\\",
    "line drawing": b"\x1b(0",
    "insert mode": b"\x1b[4h",
    "no wrapping": b"\x1b[?7l",
    "margins above and below": b"\x1b[3;7r\x1b[5;1H",
    "margins left and right": b"\x1b[?69h\x1b[5;20s\x1b[1;7H",
    "the alternate screen": b"\x1b[?1049h",
    "a title that does not end": b"\x1b]0;",
    "a character that is not whole": "日".encode()[:2],
    "a row that is full": b"x" * COLS,
    "origin mode": b"\x1b[?6h",
}
AFTER = {
    "nothing": b"",
    "more": b"\x1b[32mend\r\n\x1b[0m$ ",
    "a repeated character": b"\x1b[5b",
    "the end of a title": b"\x07$ ",
    "the primary screen": b"\x1b[?1049l$ ",
}


def screen_of(*pieces: bytes) -> NumberedScreen:
    """A screen that was fed."""
    screen = NumberedScreen(COLS, ROWS)
    for piece in pieces:
        screen.feed(piece)
    return screen


def in_small_pieces(data: bytes) -> list[bytes]:
    """The same, in pieces too small to have a flood in them."""
    return [data[at : at + 3000] for at in range(0, len(data), 3000)]


def numbered_lines(width: int) -> bytes:
    """Lines of which each differs from the others."""
    return b"".join(b"%0*d\r\n" % (width, number) for number in range(LINES))


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("before", BEFORE)
def test_a_flood_leaves_what_its_lines_would(before: str, after: str) -> None:
    """Counted or drawn, the same screen, scrollback and numbers are there, whatever came before and comes behind."""
    flood = numbered_lines(6)
    counted = screen_of(BEFORE[before] + flood + AFTER[after])
    drawn = screen_of(*in_small_pieces(BEFORE[before] + flood + AFTER[after]))
    assert counted.restore(1000) == drawn.restore(1000)
    assert counted.offset == drawn.offset


@pytest.mark.parametrize("width", [1, COLS - 1, COLS, COLS + 1])
def test_lines_that_wrap_are_drawn(width: int) -> None:
    """A line that does not fit into a row makes two, so it is never counted as one."""
    flood = b"".join((b"%d" % (number % 10)) * width + b"\r\n" for number in range(LINES))
    assert (find_flood(flood, COLS, ROWS, 2000) is None) == (width > COLS)
    counted, drawn = screen_of(flood), screen_of(*in_small_pieces(flood))
    for screen in (counted, drawn):
        screen.resize(COLS // 2, ROWS)
    assert counted.restore(1000) == drawn.restore(1000)


def test_floods_follow_each_other() -> None:
    """Numbers go on through many floods, resizes and clears between them."""
    parts = [numbered_lines(3), b"\x1b[3Jx\r\n", numbered_lines(5), b"\x1bcy\r\n", numbered_lines(7)]
    counted, drawn = screen_of(*parts), screen_of(*in_small_pieces(b"".join(parts)))
    assert counted.restore(100) == drawn.restore(100)
    again = NumberedScreen.from_checkpoint(counted.checkpoint().data)
    again.feed(numbered_lines(4))
    for piece in in_small_pieces(numbered_lines(4)):
        drawn.feed(piece)
    assert again.restore(1000) == drawn.restore(1000)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", None),
        (b"a\r\n" * 39, None),
        (b"a\r\n" * 41, Flood(3 + 10 * 3, 41 * 3 - 10 * 3, 20)),
        (b"half\r\n" + b"a\r\n" * 40, Flood(6 + 10 * 3, 6 + 40 * 3 - 10 * 3, 20)),
        (b"a\r\n" * 41 + b"rest", Flood(3 + 10 * 3, 41 * 3 - 10 * 3, 20)),
        (b"a\n" * 100, None),
        (b"a\tb\r\n" * 100, None),
        (b"a\x1b[mb\r\n" * 100, None),
        ("é\r\n".encode() * 100, None),
    ],
)
def test_what_a_flood_is(data: bytes, found: Flood | None) -> None:
    """Many ASCII lines with CR LF; a screenful of them before it is drawn, and lines enough behind it."""
    assert find_flood(data, 80, 10, 10) == found

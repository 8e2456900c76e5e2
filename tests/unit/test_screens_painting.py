"""Rows painted anew: by whole pages or in a loop, it is the same screen."""

from __future__ import annotations

import random
import re
from itertools import groupby

import pytest
from support.equivalence import blank
from support.screen_facts import differences, facts

from holdfast.daemon.screens import painting
from holdfast.daemon.screens.page import Page
from holdfast.daemon.screens.pen import Pen, fill, sgr
from holdfast.daemon.screens.runs import EIGHT_BYTES, FOUR_BYTES, runs
from holdfast.daemon.screens.screen import Screen, available
from holdfast.daemon.screens.snapshot import DEFAULT_STYLE
from holdfast.daemon.screens.whole_page import paint_at_once

pytestmark = pytest.mark.skipif(available() is not None, reason="there is no terminal emulator here")

COLS, ROWS = 40, 10
WORDS = ("plain", " ", "x", "grüße", "─│", "漢字", "\t", "…", "\u3000", "\x7f", "-" * 50)
ODD = (
    "👍🏽",
    "e\u0301",
    "\x1b]8;;http://x\x07link\x1b]8;;\x07",
    "\x1b[44m\x1b[K",
    '\x1b[1"qkept\x1b[0"q',
    "\U000f0001",
)


def written(seed: int, styles: int, words: tuple[str, ...]) -> Screen:
    """Return a screen full of words, each with one of so many styles."""
    chance = random.Random(seed)
    looks = [f"\x1b[0;{chance.choice((1, 3, 4, 7))};38;5;{chance.randrange(256)}m" for _ in range(styles)]
    if styles > 100:
        looks += [f"\x1b[0;38;2;{number % 256};{number // 256};9m" for number in range(styles)]
    screen = blank(COLS, ROWS)
    for _ in range(600):
        text = "".join(chance.choice((*looks, "\x1b[m")) + chance.choice(words) for _ in range(chance.randint(0, 8)))
        screen.feed((text + chance.choice(("\r\n", "\x1b[m\r\n", ""))).encode())
    return screen


def painted(screen: Screen) -> Screen:
    snapshot = screen.snapshot()
    late = blank(COLS, ROWS)
    late.feed(painting.paint(snapshot.active.last_rows(10_000), COLS, ROWS))
    return late


def rows_that_differ(one: Screen, other: Screen) -> list[str]:
    found = differences(facts(one.snapshot(), 10_000), facts(other.snapshot(), 10_000))
    return [told for told in found if " row " in told]


@pytest.mark.parametrize("styles", [0, 1, 12, 59, 60, 61, 90, 400])
@pytest.mark.parametrize("words", [WORDS, (*WORDS, *ODD)], ids=["usual", "odd"])
def test_rows_are_painted_as_they_were(styles: int, words: tuple[str, ...]) -> None:
    """With as many styles as marks, one more, and more than a byte counts."""
    for seed in range(3):
        screen = written(seed, styles, words)
        assert rows_that_differ(screen, painted(screen)) == []


@pytest.mark.parametrize("styles", [0, 12, 90, 400])
def test_a_page_at_once_shows_what_the_loop_shows(styles: int) -> None:
    """And nothing is left to the loop that need not be."""
    screen = written(7, styles, WORDS)
    compared = 0
    rows = screen.snapshot().active.last_rows(10_000)
    for (page, packing), group in groupby(rows, key=lambda row: (row.page, row.packing)):
        if packing not in {FOUR_BYTES, EIGHT_BYTES}:
            continue
        of_page = list(group)
        for row, data in zip(of_page, paint_at_once(page, of_page, packing), strict=True):
            assert data is not None
            one, other = blank(COLS, 2), blank(COLS, 2)
            one.feed(data)
            other.feed(painting._paint_runs(list(runs(row)), Pen()))
            assert rows_that_differ(one, other) == []
            compared += 1
    assert compared > (100 if styles else -1)


def test_rows_with_more_than_text_and_style_are_left_to_the_loop() -> None:
    assert paint_at_once(Page(bytes(24)), [], FOUR_BYTES) == []
    for odd in ODD:
        screen = blank(COLS, ROWS)
        screen.feed(b"\x1b[31mred " + odd.encode())
        row, *_ = screen.snapshot().active.last_rows(ROWS)
        assert paint_at_once(row.page, [row], row.packing) == [None]


def test_a_screen_of_one_style_is_said_in_few_bytes() -> None:
    """Not a sequence for each cell."""
    screen = blank(COLS, ROWS)
    screen.feed(b"\x1b[31m" + b"red and more red\r\n" * 9)
    rows = screen.snapshot().active.last_rows(ROWS)[:9]
    assert painting.paint(rows, COLS, ROWS) == b"\r\n".join([b"\x1b[0;31mred and more red\x1b[0m"] * 9)


def style(
    foreground: bytes = bytes(4), background: bytes = bytes(4), underline: bytes = bytes(4), flags: int = 0
) -> bytes:
    return foreground + background + underline + flags.to_bytes(2, "little")


RGB = bytes((2, 10, 20, 30))


@pytest.mark.parametrize(
    ("look", "sequence"),
    [
        (DEFAULT_STYLE, b"\x1b[0m"),
        (style(bytes((1, 1, 0, 0))), b"\x1b[0;31m"),
        (style(bytes((1, 9, 0, 0))), b"\x1b[0;91m"),
        (style(bytes((1, 16, 0, 0))), b"\x1b[0;38;5;16m"),
        (style(RGB), b"\x1b[0;38;2;10;20;30m"),
        (style(bytes(4), bytes((1, 15, 0, 0))), b"\x1b[0;107m"),
        (style(flags=1 | 4), b"\x1b[0;1;2m"),
        (style(flags=1 << 8), b"\x1b[0;4m"),
        (style(flags=3 << 8), b"\x1b[0;4:3m"),
        (style(underline=bytes((1, 5, 0, 0)), flags=1 << 8), b"\x1b[0;4m\x1b[58:5:5m"),
        (style(underline=RGB, flags=1 << 8), b"\x1b[0;4m\x1b[58:2::10:20:30m"),
    ],
)
def test_a_style_is_said_whatever_it_was_before(look: bytes, sequence: bytes) -> None:
    assert sgr(look) == sequence


def test_a_style_of_everything_is_not_dropped_for_its_length() -> None:
    """libghostty-vt and tmux ignore a sequence of more than 24 parameters."""
    said = sgr(style(RGB, RGB, RGB, 0xFF | 5 << 8))
    for sequence in said.split(b"m")[:-1]:
        assert len(re.split(rb"[;:]", sequence)) <= 24
    assert said.count(b"m") == 2


def test_erasing_leaves_a_background() -> None:
    assert fill(bytes((1, 4, 0, 0))) == b"\x1b[0;44m"
    assert fill(RGB) == b"\x1b[0;48;2;10;20;30m"


def test_a_pen_switches_only_what_changes_and_ends_plainly() -> None:
    pen = Pen()
    for text in (b"a", b"b"):
        pen.take(b"\x1b[0;1m", (b"", b"http://x"), is_protected=True)
        pen.write(text)
    assert pen.bytes() == b'\x1b[0;1m\x1b]8;;http://x\x1b\\\x1b[1"qab\x1b[0m\x1b]8;;\x1b\\\x1b[0"q'

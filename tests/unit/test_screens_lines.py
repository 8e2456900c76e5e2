"""Rows one by one, plain and styled, and the runs they are made of."""

from __future__ import annotations

from itertools import zip_longest

import pytest
from support.equivalence import blank, play
from support.terminal_streams import random_stream

from holdfast.daemon.screens import runs as unpacking
from holdfast.daemon.screens.lines import Line, is_one_line, line
from holdfast.daemon.screens.page import Row
from holdfast.daemon.screens.plain import plain_lines
from holdfast.daemon.screens.runs import BYTE, Run, runs
from holdfast.daemon.screens.screen import available

pytestmark = pytest.mark.skipif(available() is not None, reason="there is no terminal emulator here")


def rows_of(printed: str | bytes, cols: int = 20, rows: int = 4) -> list[Row]:
    screen = blank(cols, rows)
    screen.feed(printed if isinstance(printed, bytes) else printed.encode())
    return screen.snapshot().active.last_rows(rows)


@pytest.mark.parametrize(
    ("printed", "plain", "styled"),
    [
        ("text", "text", "text"),
        ("", "", ""),
        ("text  ", "text", "text  "),
        ("a\tb", "a       b", "a       b"),
        ("progress 10%\rdone        ", "done", "done        "),
        ("grüße", "grüße", "grüße"),
        ("漢字", "漢字", "漢字"),
        ("e\u0301a", "e\u0301a", "e\u0301a"),
        ("👨\u200d👩", "👨\u200d👩", "👨\u200d👩"),
        ("\x1b[31mred\x1b[m", "red", "\x1b[0;31mred\x1b[0m"),
        ("\x1b[31mred\x1b[32mgreen", "redgreen", "\x1b[0;31mred\x1b[0;32mgreen\x1b[0m"),
        ("\x1b[1;3;4:3;38;5;200mx", "x", "\x1b[0;1;3;4:3;38;5;200mx\x1b[0m"),
        ("\x1b[38;2;1;2;3;48;2;4;5;6mx", "x", "\x1b[0;38;2;1;2;3;48;2;4;5;6mx\x1b[0m"),
        ("\x1b[4m\x1b[58:2::1:2:3mx", "x", "\x1b[0;4m\x1b[58:2::1:2:3mx\x1b[0m"),
        ("\x1b[97;101mx", "x", "\x1b[0;97;101mx\x1b[0m"),
        ("\x1b[44mx\x1b[K", "x", "\x1b[0;44mx                   \x1b[0m"),
        ("\x1b]8;;http://x\x07x\x1b]8;;\x07y", "xy", "\x1b]8;;http://x\x1b\\x\x1b]8;;\x1b\\y"),
        ("a\x1b[6Gb", "a    b", "a    b"),
        ('\x1b[1"qkept', "kept", "kept"),
    ],
)  # fmt: skip
def test_a_row_is_shown_alone(printed: str, plain: str, styled: str) -> None:
    """Redraws are resolved, and what was styled ends in plain style."""
    row, after, *_ = rows_of(printed)
    assert line(row, after, styled=False) == Line(plain.encode(), False)
    assert line(row, after, styled=True) == Line(styled.encode(), False)


def test_a_row_that_wraps_says_so_and_keeps_its_end() -> None:
    """Otherwise words would run together, or apart."""
    one, two, *_ = rows_of("a line of words that wraps")
    assert line(one, two, styled=False) == Line(b"a line of words that", True)
    assert line(two, None, styled=False) == Line(b" wraps", False)
    spaces, rest, *_ = rows_of("x" * 18 + "  and more")
    assert line(spaces, rest, styled=False).text == b"x" * 18 + b"  "
    assert not is_one_line(one, None)
    assert not is_one_line(two, one)


def test_cells_that_were_never_written_are_left_out_at_the_end() -> None:
    """Also where the emulator keeps them: there was once no room for a wide character."""
    row, *_ = rows_of("\x1b[4m" + "x" * 19 + "漢\x1b[2;1Hab")
    assert len(row.cells) >> row.packing == 20
    assert line(row, None, styled=True).text == b"\x1b[0;4m" + b"x" * 19 + b"\x1b[0m"
    assert line(row, None, styled=False).text == b"x" * 19


def test_rows_without_styles_take_the_fewest_bytes() -> None:
    """What is fast depends on it."""
    assert rows_of("plain")[0].packing == BYTE


def test_cells_are_read_alike_one_by_one_and_all_at_once() -> None:
    """The fast way is the slow way."""
    compared = 0
    for seed in range(80):
        stream = random_stream(seed)
        screen = blank(stream.cols, stream.rows)
        play(screen, stream.steps)
        for state in screen.snapshot().screens.values():
            for row in state.last_rows(300):
                if row.packing > 1:
                    compared += 1
                    assert flat(list(runs(row))) == flat(list(unpacking._runs_cell_by_cell(row)))
    assert compared > 1000


def test_plain_rows_are_read_alike_one_by_one_and_many_at_once() -> None:
    """The fast way is the slow way, on streams with wide, combined and linked characters, and all packings."""
    packings = set()
    for seed in range(80):
        stream = random_stream(seed)
        screen = blank(stream.cols, stream.rows)
        play(screen, stream.steps)
        for state in screen.snapshot().screens.values():
            rows = state.rows_between(0, state.row_count)
            packings |= {row.packing for row in rows}
            one_by_one = [line(row, after, styled=False) for row, after in zip_longest(rows, rows[1:])]
            assert plain_lines(rows, None) == one_by_one
            assert plain_lines(rows[:-1], rows[-1]) == one_by_one[:-1]
    assert packings == {0, 1, 2, 3}


def flat(found: list[Run]) -> list[tuple[object, ...]]:
    """Return cells, so that it does not matter where neighbours alike are parted."""
    cells: list[tuple[object, ...]] = []
    for run in found:
        width = run.columns // len(run.text) if run.text else 1
        look = run.style, run.link, run.is_protected, run.fill, run.has_background, run.joined, run.is_wide
        cells += [(character, width, *look) for character in run.text or " " * run.columns]
        assert not run.text or width * len(run.text) == run.columns
        assert run.text or run.style == Run(0).style
    return cells

"""Blocks of text: packed and unpacked, the place of every row, and where rows are cut into blocks."""

from __future__ import annotations

import itertools

import pytest

from holdfast.daemon.screens.blocks import OVERLAP_CHARS, TextBlock, cut
from holdfast.daemon.screens.messages import Row


def rows(*texts: str, first: int = 0, offset: int = 0) -> list[Row]:
    """Rows of these texts; those that end in `>` go on."""
    return [
        Row(number, offset, text.removesuffix(">").encode(), text.endswith(">"))
        for number, text in enumerate(texts, first)
    ]


def test_rows_are_joined_where_they_wrap() -> None:
    assert TextBlock.of(rows("one", "two>", "more", ""), 4).text == "one\ntwomore\n\n"


@pytest.mark.parametrize("is_packed", [False, True], ids=["made", "packed"])
def test_every_position_has_the_place_of_its_row(is_packed: bool) -> None:
    """Also where characters take several bytes, numbers jump, and offsets change in the middle."""
    made = rows("über>", "漢字", "c>", first=7, offset=5) + rows("d", "e", first=20, offset=9)
    block = TextBlock.of(made, 22)
    block = TextBlock.unpack(block.pack()) if is_packed else block
    assert block.text == "über漢字\ncd\ne\n"
    assert block.end_line == 22
    places = [block.place(block.row_at(at)) for at in range(len(block.text))]
    assert places == [(7, 5)] * 4 + [(8, 5)] * 3 + [(9, 5)] + [(20, 9)] * 2 + [(21, 9)] * 2
    assert [block.text[block.start(row) : block.start(row + 1)] for row in range(5)] == [
        "über",
        "漢字\n",
        "c",
        "d\n",
        "e\n",
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, "über漢字\ncd\ne\n"),
        (7, "über漢字\ncd\ne\n"),
        (8, "漢字\ncd\ne\n"),
        (9, "cd\ne\n"),
        (10, "d\ne\n"),
        (20, "d\ne\n"),
        (21, "e\n"),
        (22, ""),
        (99, ""),
    ],
)
def test_a_line_is_found_by_its_number(line: int, text: str) -> None:
    made = rows("über>", "漢字", "c>", first=7) + rows("d", "e", first=20)
    block = TextBlock.of(made, 22)
    assert block.text[block.start_of_line(line) :] == text


@pytest.mark.parametrize("data", [b"", b"text", TextBlock.of(rows("a"), 1).pack()[:-3]])
def test_what_is_damaged_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        TextBlock.unpack(data)


def test_short_lines_are_one_piece_and_long_ones_several_that_overlap() -> None:
    block = TextBlock.of(rows("short", *["x" * 100 + ">"] * 99, "x" * 100), 101)
    assert list(block.pieces(0, 5)) == [(0, 5, 5)]
    start, stop = 6, 6 + 100 * 100
    pieces = list(block.pieces(start, stop))
    assert (pieces[-1][0], pieces[0][1]) == (start, stop)
    for (later, _, _), (begin, end, reach) in itertools.pairwise(pieces):
        assert end == later
        assert begin < end <= reach == min(stop, begin + OVERLAP_CHARS)


@pytest.mark.parametrize(
    ("texts", "end_line", "is_end", "expected"),
    [
        ([], 9, False, (0, 0)),
        (["a", "b"], 9, False, (2, 2)),
        (["a", "b>"], 9, False, (1, 1)),
        (["a>", "b>"], 9, False, (0, 0)),
        (["a", "b>", "c"], 2, False, (1, 1)),
        (["a", "b", "c"], 2, False, (2, 2)),
        (["a", "b"], 9, True, (2, 2)),
        (["a", "b>"], 9, True, (2, 2)),
        (["a", "b>", "c>", "d", "e"], 2, True, (2, 4)),
        (["a", "b", "c>", "d"], 2, True, (2, 2)),
        (["a", "b"], 0, True, (0, 0)),
        (["x" * 1000 + ">"] * 70, 99, False, (65, 70)),
        (["x" * 1000 + ">"] * 70, 60, True, (60, 65)),
    ],
)
def test_where_rows_are_cut(texts: list[str], end_line: int, is_end: bool, expected: tuple[int, int]) -> None:
    """Behind whole lines; where a line is too long, or is another block's, the block has more of it than its own."""
    assert cut(rows(*texts), end_line, is_end=is_end) == expected

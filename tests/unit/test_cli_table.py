"""Tables for people."""

from __future__ import annotations

import pytest

from holdfast.client.cli.table import clean, format_age, format_bytes, format_table, width


def test_nothing_that_acts_on_a_terminal_is_left() -> None:
    hostile = "a\x1b]52;c;eA==\x07b\nc\td\x9b31me\u202ef\udc80g\x00"
    assert clean(hostile).isprintable()
    assert clean("name ─ 名前") == "name ─ 名前"


@pytest.mark.parametrize(("text", "cells"), [("abc", 3), ("", 0), ("名前", 4), ("e\u0301", 1), ("─", 1)])
def test_width_counts_cells(text: str, cells: int) -> None:
    assert width(text) == cells


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12 kB"), (999_600, "1.0 MB"), (50_000_000, "50 MB")],
)
def test_sizes(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3.0, "now"), (0.4, "now"), (59.9, "59s"), (60, "1m"), (7199, "1h"), (200_000, "2d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


def test_columns_line_up_whatever_they_hold() -> None:
    lines = format_table(("A", "B"), [("名前", "x"), ("plain", "\x1b[1my"), ("", "z")])
    assert lines == ["A      B", "名前   x", "plain  \ufffd[1my", "       z"]


def test_a_table_is_shortened_to_its_terminal_at_its_widest_column() -> None:
    lines = format_table(("A", "B"), [("short", "long " * 30)], max_width=30)
    assert all(width(line) <= 30 for line in lines)
    assert lines[1].startswith("short  long")
    assert lines[1].endswith("…")

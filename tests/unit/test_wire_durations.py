"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.wire.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("0", 0.0),
        ("30s", 30.0),
        ("5m", 300.0),
        ("24h", 86400.0),
        ("7d", 604800.0),
        ("2w", 1209600.0),
        ("1.5m", 90.0),
        ("0.001", 0.001),
        ("1.001m", 60.06),
        ("5 m", 300.0),
        (" 5m\n", 300.0),
        ("999999999", 999999999.0),
        ("never", None),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "s", "-1", "+1", "1.s", ".5", "1e3", "5y", "5M", "1h30m", "1.0001", "Never", "nan", "inf", "\u0661", "1,5"],
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write 90, 30s, 5m, 24h, 7d or never"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1653439w", "999999999d", "16666667m"])
def test_more_than_31_years_is_refused_in_favour_of_never(text: str) -> None:
    with pytest.raises(ValueError, match="write never"):
        parse_duration(text)


@given(number=st.integers(0, 10**9 - 1), thousandths=st.integers(0, 999), unit=st.sampled_from(["", *"smhdw"]))
def test_seconds_are_written_as_a_text_that_is_read_as_the_same(number: int, thousandths: int, unit: str) -> None:
    try:
        seconds = parse_duration(f"{number}.{thousandths:03}{unit}")
    except ValueError:
        return
    assert seconds is not None
    assert parse_duration(str(seconds)) == seconds


@given(st.text(max_size=12))
def test_arbitrary_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert seconds is None or seconds >= 0

"""Typed dataclasses from loose mappings: every mistake is named by its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.wire.typed import build


@dataclass(frozen=True)
class Inner:
    number: int


@dataclass(frozen=True)
class Table:
    text: str
    flag: bool = False
    whole: int = 1
    fraction: float = 0.5
    maybe: int | None = None
    choice: Literal["a", "b"] = "a"
    words: list[str] = field(default_factory=list)
    pair: tuple[int, ...] = ()
    inner: Inner | None = None
    inners: list[Inner] = field(default_factory=list)


def test_fields_without_a_value_keep_their_default() -> None:
    assert build(Table, {"text": "x"}) == Table("x")


def test_values_of_every_supported_type_are_taken() -> None:
    values: dict[str, object] = {
        "text": "x",
        "flag": True,
        "whole": 2,
        "fraction": 1.5,
        "maybe": 3,
        "choice": "b",
        "words": ["y"],
        "pair": [1, 2],
        "inner": {"number": 4},
        "inners": [{"number": 5}],
    }
    assert build(Table, values) == Table("x", True, 2, 1.5, 3, "b", ["y"], (1, 2), Inner(4), [Inner(5)])


def test_a_whole_number_stands_for_a_fraction_and_becomes_one() -> None:
    assert isinstance(build(Table, {"text": "", "fraction": 2}).fraction, float)


def test_null_is_taken_where_it_may_stand() -> None:
    assert build(Table, {"text": "", "maybe": None, "inner": None}) == Table("")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "at.text is missing"),
        ({"text": None}, "at.text must be a text, not None"),
        ({"text": "", "flag": 1}, "at.flag must be true or false, not 1"),
        ({"text": "", "whole": True}, "at.whole must be a whole number, not True"),
        ({"text": "", "whole": 1.0}, "at.whole must be a whole number, not 1.0"),
        ({"text": "", "whole": None}, "at.whole must be a whole number, not None"),
        ({"text": "", "fraction": "1"}, "at.fraction must be a number, not '1'"),
        ({"text": "", "fraction": True}, "at.fraction must be a number, not True"),
        ({"text": "", "maybe": "1"}, "at.maybe must be a whole number, not '1'"),
        ({"text": "", "choice": "c"}, "at.choice must be one of 'a', 'b', not 'c'"),
        ({"text": "", "choice": ["a"]}, "at.choice must be one of 'a', 'b', not ['a']"),
        ({"text": "", "words": "x"}, "at.words must be a list, not 'x'"),
        ({"text": "", "words": ["x", 1]}, "at.words[1] must be a text, not 1"),
        ({"text": "", "inner": []}, "at.inner must be a table, not []"),
        ({"text": "", "inner": {}}, "at.inner.number is missing"),
        ({"text": "", "inners": [{"number": 1}, {"number": ""}]}, "at.inners[1].number must be a whole number, not ''"),
    ],
)
def test_a_mistake_is_named_by_its_key(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=r"^at\.") as caught:
        build(Table, values, where="at.")
    assert str(caught.value) == message


def test_unknown_keys_are_ignored_unless_strict() -> None:
    assert build(Inner, {"number": 1, "nubmer": 2}) == Inner(1)
    with pytest.raises(ValueError, match="unknown key nubmer; known here: number"):
        build(Inner, {"number": 1, "nubmer": 2}, strict=True)


def test_a_number_that_no_float_can_hold_is_a_mistake_too() -> None:
    with pytest.raises(ValueError, match="fraction is too large"):
        build(Table, {"text": "", "fraction": 10**400})


def test_a_long_value_is_shortened_in_the_error() -> None:
    with pytest.raises(ValueError, match=r"whole must be") as caught:
        build(Table, {"text": "", "whole": "x" * 1000})
    assert len(str(caught.value)) < 100


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["number", "x"]), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(Table.__dataclass_fields__)), values))
def test_any_mapping_is_built_or_refused_by_value_error(values: dict[str, object]) -> None:
    try:
        table = build(Table, values)
    except ValueError:
        return
    assert isinstance(table.text, str)

"""What is found in a block of text, and how a search comes to its end."""

from __future__ import annotations

import time

import pytest

from holdfast.daemon.screens.blocks import TextBlock
from holdfast.daemon.screens.errors import BadPatternError
from holdfast.daemon.screens.messages import Match, Row
from holdfast.daemon.screens.searching import Found, Watch, finder, search

EVER = 1 << 53


def block_of(*texts: str, first: int = 0, own: int | None = None) -> TextBlock:
    """A block of rows with these texts, from line `first` on; those that end in `>` go on."""
    rows = [
        Row(number, number * 10, text.removesuffix(">").encode(), text.endswith(">"))
        for number, text in enumerate(texts, first)
    ]
    return TextBlock.of(rows, first + len(rows) if own is None else first + own)


def find(
    block: TextBlock,
    text: str,
    *,
    ignore_case: bool = False,
    is_pattern: bool = False,
    before: int = EVER,
    most: int = 100,
    steps: int = 1000,
) -> Found:
    left = iter(range(steps))
    what = finder(block, text, ignore_case=ignore_case, is_pattern=is_pattern)
    return search(block, what, before=before, most=most, go_on=lambda: next(left, steps) < steps - 1)


def shown(found: Found) -> list[tuple[int, list[str]]]:
    """Line numbers, with what was found there."""
    return [
        (
            match.line,
            [match.text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") for start, end in match.spans],
        )
        for match in found.matches
    ]


@pytest.mark.parametrize("is_pattern", [False, True], ids=["text", "pattern"])
@pytest.mark.parametrize(
    ("texts", "wanted", "expected"),
    [
        (["", ""], "a", []),
        (["a"], "a", [(0, ["a"])]),
        (["a", "b", "xax"], "a", [(2, ["a"]), (0, ["a"])]),
        (["aa", "aaaa"], "aa", [(1, ["aa", "aa"]), (0, ["aa"])]),
        (["on>", "e two"], "one", [(0, ["one"])]),
        (["o>", "n>", "e one"], "one", [(2, ["one"]), (0, ["one"])]),
        (["on", "e"], "one", []),
        (["x>", "one>", "y"], "one", [(1, ["one"])]),
        (["a1>", "b1>", "c1"], "1", [(2, ["1"]), (1, ["1"]), (0, ["1"])]),
        (["grüße 🙂 漢字 end"], "漢字", [(0, ["漢字"])]),
        (["🙂>", "🙂 a"], "a", [(1, ["a"])]),
        (["Aa"], "a", [(0, ["a"])]),
        (["tail>"], "tail", [(0, ["tail"])]),
        (["ab>", "cd"], "d", [(1, ["d"])]),
    ],
)
def test_what_is_found(is_pattern: bool, texts: list[str], wanted: str, expected: list[tuple[int, list[str]]]) -> None:
    """Newest first, where the match begins, by a text as by a regular expression."""
    assert shown(find(block_of(*texts), wanted, is_pattern=is_pattern)) == expected


@pytest.mark.parametrize("is_pattern", [False, True], ids=["text", "pattern"])
@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("Error ERROR error", "error", ["Error", "ERROR", "error"]),
        ("GRÜSSE grüsse", "grüsse", ["GRÜSSE", "grüsse"]),
        ("x\u0130y ab", "AB", ["ab"]),
        ("ab", "AB", ["ab"]),
    ],
)
def test_case_can_be_ignored(is_pattern: bool, text: str, wanted: str, expected: list[str]) -> None:
    """Beyond ASCII too, and behind a letter that becomes two in lower case."""
    assert shown(find(block_of(text), wanted, ignore_case=True, is_pattern=is_pattern)) == [(0, expected)]


@pytest.mark.parametrize(
    ("texts", "pattern", "expected"),
    [
        (["error: 12", "ok"], r"error: \d+", [(0, ["error: 12"])]),
        (["one two"], r"\w+", [(0, ["one", "two"])]),
        (["one", "two"], "^t|e$", [(1, ["t"]), (0, ["e"])]),
        (["one", "two"], r"e\st", []),
        (["one", "two"], "e.t", []),
        (["one>", "two"], "o.*", [(0, ["onetwo"])]),
        (["one>", "two"], "^t", []),
        (["abc"], "x*", []),
        (["abc"], "b*", [(0, ["b"])]),
        (["a.b"], r"a\.b", [(0, ["a.b"])]),
    ],
)
def test_a_regular_expression_sees_one_line(
    texts: list[str], pattern: str, expected: list[tuple[int, list[str]]]
) -> None:
    """However many rows it wraps over; nothing is no match."""
    assert shown(find(block_of(*texts), pattern, is_pattern=True)) == expected


def test_a_match_has_its_row_and_what_it_goes_on_in() -> None:
    """Offsets are the row's; spans count as JavaScript does."""
    found = find(block_of("🙂 on>", "e, two>", " three", first=5), "one")
    assert found.matches == [Match(5, 50, "🙂 one", ((3, 6),))]
    assert found.scanned_to == 5


@pytest.mark.parametrize("is_pattern", [False, True], ids=["text", "pattern"])
def test_a_search_goes_on_where_it_was_and_finds_each_match_once(is_pattern: bool) -> None:
    """Whether it found enough or had no time left, also in the middle of a line."""
    block = block_of(*["a>", "ba b>", "a", "x", "a>", "x"] * 4, first=100)
    whole = find(block, "a", is_pattern=is_pattern)
    assert len(whole.matches) == 16
    for most, steps in ((1, 100), (3, 100), (100, 1), (100, 2)):
        matches, before, calls = [], EVER, 0
        while before > 100:
            found = find(block, "a", is_pattern=is_pattern, before=before, most=most, steps=steps)
            assert found.scanned_to < before
            matches += found.matches
            before = found.scanned_to
            calls += 1
        assert matches == whole.matches
        assert calls >= 4


def test_what_begins_in_another_blocks_rows_is_left_to_that() -> None:
    """What begins in its own is found across the cut."""
    assert shown(find(block_of("on>", "e one", own=1), "one")) == [(0, ["one"])]


@pytest.mark.parametrize("pattern", ["(", "[", "a{3,2}", "(?P<x>a)(?P<x>b)", "*"])
def test_a_pattern_that_is_none_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(BadPatternError, match=r"\w"):
        find(block_of("text"), pattern, is_pattern=True)


def test_a_pattern_that_will_mean_something_else_one_day_is_none_the_worse() -> None:
    assert shown(find(block_of("a[b"), "[[]", is_pattern=True)) == [(0, ["["])]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("a" * 60, "(a+)+b"), ("a" * 60, "(a|aa)+$b"), ("x" * 4000, r"(\w*)*\W"), ("", "[\x00-\U0010ffff]" * 500)],
)
def test_a_pattern_that_would_take_for_ever_is_refused_soon(text: str, pattern: str) -> None:
    """Also one that is only read for ever."""
    block = block_of("first", text + ">", "last")
    began = time.process_time()
    with pytest.raises(BadPatternError, match="too long"), Watch(10) as watch:  # noqa: PT012  # what is watched is one step
        what = finder(block, pattern, ignore_case=True, is_pattern=True)
        search(block, what, before=EVER, most=10, go_on=watch.step)
    assert time.process_time() - began < 3


def test_a_watch_ends_a_search_that_has_no_time_left() -> None:
    """At least one line is looked at, so that it gets on."""
    block = block_of("a", "a", "a")
    with Watch(0) as watch:
        found = search(
            block, finder(block, "a", ignore_case=False, is_pattern=True), before=EVER, most=9, go_on=watch.step
        )
    assert (shown(found), found.scanned_to) == ([(2, ["a"])], 2)

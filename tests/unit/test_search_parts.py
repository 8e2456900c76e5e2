"""The pure parts of a search: the segments of a history, what is kept of them, and what a request asks for."""

from __future__ import annotations

import pytest

from holdfast.daemon.front.search_answers import wanted
from holdfast.daemon.sessions.segments import Segment, segments
from holdfast.daemon.sessions.text_cache import Block, Span, TextCache
from holdfast.store.checkpoint_table import CheckpointPlace
from holdfast.wire.errors import QueryError

A, B = CheckpointPlace(100, 5, 9), CheckpointPlace(200, 25, 31)


@pytest.mark.parametrize(
    ("places", "head", "expected"),
    [
        ([], 0, [Segment(0, None, 0, None)]),
        ([A], 0, [Segment(0, 100, 0, 5), Segment(100, None, 5, None)]),
        ([A, B], 0, [Segment(0, 100, 0, 5), Segment(100, 200, 5, 25), Segment(200, None, 25, None)]),
        ([], 50, [Segment(50, None, 0, None)]),
        ([A], 50, [Segment(100, None, 5, None)]),
        ([A, B], 50, [Segment(100, 200, 5, 25), Segment(200, None, 25, None)]),
        ([A, CheckpointPlace(150, 5, 9), B], 0,
         [Segment(0, 100, 0, 5), Segment(150, 200, 5, 25), Segment(200, None, 25, None)]),
        ([CheckpointPlace(40, 0, 9), A], 0, [Segment(40, 100, 0, 5), Segment(100, None, 5, None)]),
    ],
)  # fmt: skip
def test_the_segments_have_every_row_that_can_be_had(
    places: list[CheckpointPlace], head: int, expected: list[Segment]
) -> None:
    """Each row is in one of them; where no row was dropped between two checkpoints, there is none."""
    assert segments(places, head) == expected


def span(session: str, start: int = 0) -> Span:
    return Span(session, start, start + 10)


def blocks(size: int) -> tuple[Block, ...]:
    return (Block(0, 1, bytes(size // 2)), Block(1, 2, bytes(size - size // 2)))


def test_what_was_used_least_recently_goes_first() -> None:
    cache = TextCache(100)
    cache.put(span("a"), blocks(40))
    cache.put(span("b"), blocks(40))
    assert cache.get(span("a")) == blocks(40)
    cache.put(span("c"), blocks(40))
    assert [cache.get(span(name)) is not None for name in "abc"] == [True, False, True]
    cache.put(span("c"), blocks(60))  # in place of what was kept
    assert [cache.get(span(name)) is not None for name in "abc"] == [True, False, True]
    cache.put(span("d"), blocks(101))  # too large for all the room there is
    assert [cache.get(span(name)) is not None for name in "abcd"] == [False] * 4
    cache.put(span("a"), blocks(100))
    assert cache.get(span("a")) is not None


def test_a_session_that_is_gone_and_spans_that_are_no_more_are_forgotten() -> None:
    cache = TextCache(100)
    for session, start in (("a", 0), ("a", 10), ("b", 0), ("c", 0)):
        cache.put(span(session, start), blocks(20))
    cache.keep_only("a", {span("a", 10)})
    cache.forget(["b"])
    kept = [cache.get(one) is not None for one in (span("a"), span("a", 10), span("b"), span("c"))]
    assert kept == [False, True, False, True]
    cache.clear()
    assert cache.get(span("c")) is None
    cache.put(span("c"), blocks(100))
    assert cache.get(span("c")) is not None


@pytest.mark.parametrize(
    ("parameters", "text", "ignore_case", "is_pattern"),
    [
        ({"q": "error"}, "error", True, False),
        ({"q": "Error"}, "Error", False, False),
        ({"q": "Error", "case": "0"}, "Error", True, False),
        ({"q": "error", "case": "1"}, "error", False, False),
        ({"q": r"\Serror", "regex": "1"}, r"\Serror", True, True),
        ({"q": r"\\Error", "regex": "1"}, r"\\Error", False, True),
        ({"q": r"(?P<x>e)", "regex": "1"}, r"(?P<x>e)", True, True),
        ({"q": r"\S", "regex": "0"}, r"\S", False, False),
    ],
)
def test_what_a_request_asks_for(parameters: dict[str, str], text: str, ignore_case: bool, is_pattern: bool) -> None:
    """Case matters where a capital letter is looked for, unless that is said."""
    assert wanted(parameters) == (text, ignore_case, is_pattern)


@pytest.mark.parametrize("parameters", [{}, {"q": ""}, {"q": "x" * 501}, {"q": "a\nb"}, {"q": "a", "case": "2"}])
def test_what_cannot_be_looked_for_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        wanted(parameters)

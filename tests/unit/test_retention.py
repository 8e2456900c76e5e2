"""Retention: what goes, what goes first, and what never goes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.store.chunk_table import Span
from holdfast.store.limits import StoreLimits
from holdfast.store.retention import Holding, Plan, head_within, plan

DAY = 86_400.0
NOW = 100 * DAY
LIMITS = StoreLimits(ring_bytes=32768, chunk_bytes=4096, session_bytes=10_000, total_bytes=30_000, retention_s=7 * DAY)


def spans(*lengths: int, first: int = 0) -> list[Span]:
    ends = [first]
    for length in lengths:
        ends.append(ends[-1] + length)
    return [Span(*pair) for pair in pairwise(ends)]


def running(name: str, *lengths: int, active: float = NOW) -> Holding:
    return Holding(name, None, active, spans(*lengths))


def ended(name: str, days_ago: float, *lengths: int) -> Holding:
    return Holding(name, NOW - days_ago * DAY, NOW - days_ago * DAY, spans(*lengths))


@pytest.mark.parametrize(
    ("lengths", "most", "head"),
    [
        ([], 100, None),
        ([50], 100, None),
        ([50, 50], 100, None),
        ([50, 51], 100, 50),
        ([50, 50, 50, 50], 100, 100),
        ([50, 50, 50, 50], 120, 100),
        ([500], 100, None),
        ([500, 1], 0, 500),
        ([1, 500], 100, 1),
    ],
)
def test_the_head_moves_by_whole_chunks_and_never_over_the_last(
    lengths: list[int], most: int, head: int | None
) -> None:
    assert head_within(spans(*lengths), most) == head


@given(st.lists(st.integers(1, 1000), max_size=30), st.integers(0, 20_000))
def test_no_chunk_goes_that_could_have_stayed(lengths: list[int], most: int) -> None:
    stored = spans(*lengths)
    head = head_within(stored, most) or 0
    kept = [span for span in stored if span.first >= head]
    assert head == 0 or head in {span.first for span in stored}
    assert sum(lengths) == 0 or kept
    assert len(kept) <= 1 or sum(span.end - span.first for span in kept) <= most
    if head:
        last_gone = next(span for span in stored if span.end == head)
        assert sum(span.end - span.first for span in [last_gone, *kept]) > most


@pytest.mark.parametrize(
    ("holdings", "expected"),
    [
        ([], Plan((), {})),
        ([running("a", 5000, 5000)], Plan((), {})),
        ([ended("a", 7.01, 10), ended("b", 6.99, 10)], Plan(("a",), {})),
        ([running("a", 9000), ended("b", 1, 9000), ended("c", 3, 9000), ended("d", 2, 9000)], Plan(("c",), {})),
        ([running("a", 9000), running("e", 9000), ended("b", 1, 9000), ended("c", 3, 9000), ended("d", 2, 9000)],
         Plan(("c", "d"), {})),
        ([running("a", 9000, 9000, active=NOW - 5), running("b", 9000, 9000, active=NOW), ended("c", 1, 1)],
         Plan(("c",), {"a": 9000})),
        ([running("a", 20_000, active=NOW - 5), running("b", 20_000)], Plan((), {})),
        ([running("a", 20_000, 1, active=NOW - 5), running("b", 20_000, 1)], Plan((), {"a": 20_000})),
        ([ended("a", 8, 40_000), ended("b", 1, 10)], Plan(("a",), {})),
    ],
    ids=["nothing", "within", "retention", "oldest ended", "more of them", "then running", "last chunks", "quietest",
         "what is deleted anyway does not count"],
)  # fmt: skip
def test_plan(holdings: list[Holding], expected: Plan) -> None:
    assert plan(holdings, LIMITS, NOW) == expected


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"chunk_bytes": 100}, "chunk_bytes"),
        ({"ring_bytes": 300_000}, "ring_bytes"),
        ({"ring_bytes": (2 << 20) + 1}, "ring_bytes"),
        ({"session_bytes": 100}, "session_bytes"),
        ({"total_bytes": 100}, "total_bytes"),
        ({"retention_s": -1.0}, "retention_s"),
    ],
)
def test_limits_that_cannot_work_are_refused(changes: dict[str, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        StoreLimits(**changes)

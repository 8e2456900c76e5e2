"""Times of output: small, in order, and good to 10 ms."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.store.output_times import OutputTimes, pack, unpack


def test_marks_are_ten_milliseconds_apart() -> None:
    times = OutputTimes()
    for step in range(100):
        times.note(step, 1000 + step * 0.004)
    marks = times.within(0, 100)
    assert [offset for offset, _ in marks[:4]] == [0, 3, 6, 9]
    assert len(marks) == 34


def test_a_range_begins_with_the_mark_that_covers_it() -> None:
    times = OutputTimes()
    for offset, at in [(0, 10.0), (100, 11.0), (200, 12.0), (300, 13.0)]:
        times.note(offset, at)
    assert times.within(150, 300) == [(150, 11.0), (200, 12.0)]
    assert times.within(100, 150) == [(100, 11.0)]
    times.forget_before(150)
    assert times.within(150, 400) == [(150, 11.0), (200, 12.0), (300, 13.0)]


def test_a_clock_that_is_set_back_neither_stops_the_marks_nor_runs_backwards() -> None:
    times = OutputTimes()
    for offset, at in [(0, 1000.0), (10, 1001.0), (20, 400.0), (30, 401.0)]:
        times.note(offset, at)
    marks = times.within(0, 40)
    assert len(marks) == 4
    assert unpack(0, 1000.0, pack(marks)) == [(0, 1000.0), (10, 1001.0), (20, 1001.0), (30, 1002.0)]


def test_a_slow_drip_does_not_weigh_more_than_its_output() -> None:
    times = OutputTimes()
    for step in range(100_000):
        times.note(step, step * 0.02)
    marks = times.within(0, 100_000)
    assert 4096 <= len(marks) <= 8192
    assert len(pack(marks)) < 50_000
    times.forget_before(99_999)
    assert len(times.within(99_999, 100_000)) == 1


@given(st.lists(st.tuples(st.integers(1, 1 << 40), st.integers(0, 1 << 40)), max_size=50), st.integers(0, 1 << 50))
def test_packed_marks_come_back(steps: list[tuple[int, int]], first: int) -> None:
    marks = [(first, 0.0)]
    for step, pause in steps:
        marks.append((marks[-1][0] + step, marks[-1][1] + pause / 1024))
    restored = unpack(first, 0.0, pack(marks))
    assert [offset for offset, _ in restored] == [offset for offset, _ in marks]
    assert all(abs(ours[1] - theirs[1]) <= 0.0006 * len(marks) for ours, theirs in zip(restored, marks, strict=True))


def test_marks_of_a_partial_chunk_go_on_where_they_were() -> None:
    times = OutputTimes([(5, 1.0), (9, 2.0)])
    times.note(20, 3.0)
    assert times.within(5, 30) == [(5, 1.0), (9, 2.0), (20, 3.0)]

from __future__ import annotations

import pytest

from holdfast.client.line_requests import LineRequests
from holdfast.wire.errors import RefusedError
from holdfast.wire.messages import Error, Line, Lines, LinesRequest

ANSWER = Lines(0, 2, [Line(0, 0, "a", False), Line(1, 2, "b", False)])


def answer_to(request: LinesRequest) -> Lines:
    return Lines(ANSWER.first_line, ANSWER.end_line, ANSWER.lines, request.id)


def test_each_answer_reaches_who_asked() -> None:
    """In whatever order they come; one that nobody waits for any more is dropped."""
    requests = LineRequests()
    one, two = (requests.ask(before, 10, styled=True) for before in (5, None))
    assert (one.before, two.before) == (5, None)
    requests.answered(answer_to(two))
    assert requests.take(one) is None
    assert requests.take(two) == answer_to(two)
    requests.forget(one)
    requests.answered(answer_to(one))
    assert requests.take(one) is None


def test_what_is_not_answered_is_asked_again() -> None:
    requests = LineRequests()
    one, two = (requests.ask(None, 10, styled=False) for _ in range(2))
    assert requests.unanswered == [one, two]
    requests.answered(answer_to(one))
    assert requests.unanswered == [two]
    requests.forget(two)
    assert requests.unanswered == []


@pytest.mark.parametrize("code", ["no_screen", "storage", "limit", "internal"])
def test_a_daemon_that_has_no_lines_refuses_all_that_wait(code: str) -> None:
    requests = LineRequests()
    done, waiting = (requests.ask(None, 10, styled=True) for _ in range(2))
    requests.answered(answer_to(done))
    requests.refused(Error(code, "why"))
    later = requests.ask(None, 10, styled=True)
    assert requests.take(done) == answer_to(done)
    with pytest.raises(RefusedError, match="why") as refused:
        requests.take(waiting)
    assert refused.value.code == code
    assert requests.unanswered == [later]


@pytest.mark.parametrize("code", ["input_gap", "stopping"])
def test_an_error_about_something_else_refuses_nothing(code: str) -> None:
    requests = LineRequests()
    request = requests.ask(None, 10, styled=True)
    requests.refused(Error(code, "?"))
    assert requests.unanswered == [request]


@pytest.mark.parametrize(("before", "limit"), [(-1, 10), (None, 0), (None, 10_001)])
def test_a_number_out_of_range_is_named_before_anything_is_sent(before: int | None, limit: int) -> None:
    requests = LineRequests()
    with pytest.raises(ValueError, match="must be"):
        requests.ask(before, limit, styled=True)
    assert requests.unanswered == []

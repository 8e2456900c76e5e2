from __future__ import annotations

import random
import re

import pytest
from support.queries import EXAMPLES, KEYS, Example

from holdfast.daemon.sessions.queries import TABLE, Query
from holdfast.daemon.sessions.reports import Report, find_reports, is_typing

ROWS = {row.name: row for row in TABLE}
IDS = [f"{example.name} {example.reports[0]!r}" for example in EXAMPLES]
SENT_UNASKED = {b"\x1b[?997;2n"}


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_a_report_is_found_where_it_is_and_as_what_it_is(example: Example) -> None:
    data = b"keys\x1b[A"
    expected: list[Report] = []
    for report in example.reports:
        expected.append(Report(len(data), len(data) + len(report), ROWS[example.name], is_key=report in SENT_UNASKED))
        data += report
    assert find_reports(data + b"\x1b[Bmore") == expected
    assert len(expected) <= ROWS[example.name].most(example.query)


@pytest.mark.parametrize("keys", KEYS)
def test_keys_are_no_reports(keys: bytes) -> None:
    assert find_reports(b"a" + keys + b"z") == []
    assert find_reports(keys * 3) == []


@pytest.mark.parametrize("modifiers", range(2, 17))
def test_f3_with_modifiers_is_marked_as_a_key(modifiers: int) -> None:
    found = find_reports(b"\x1b[1;%dR" % modifiers)
    assert [(one.query.name, one.is_key) for one in found] == [("DSR 6 (CPR)", True)]


@pytest.mark.parametrize("report", [b"\x1b[1;1R", b"\x1b[1;17R", b"\x1b[2;2R", b"\x1b[24;80R"])
def test_no_key_sends_other_places_of_the_cursor(report: bytes) -> None:
    assert [one.is_key for one in find_reports(report)] == [False]


def test_random_input_gives_what_every_row_tried_everywhere_gives() -> None:
    chance = random.Random(5)
    pieces = [*KEYS, *(report for example in EXAMPLES for report in example.reports)]
    for _ in range(400):
        data = b"".join(chance.choices(pieces, k=chance.randint(1, 20)))
        expected: list[tuple[int, int, Query]] = []
        at = 0
        while (at := data.find(b"\x1b", at)) >= 0:
            tried = ((row, re.compile(row.report).match(data, at)) for row in TABLE)
            hit = next(((match.end(), row) for row, match in tried if match is not None), None)
            if hit is not None:
                expected.append((at, *hit))
            at = hit[0] if hit is not None else at + 1
        assert [one[:3] for one in find_reports(data)] == expected, data


@pytest.mark.parametrize("keys", KEYS)
def test_keys_are_typing_and_reports_are_not(keys: bytes) -> None:
    reports = b"".join(report for example in EXAMPLES for report in example.reports)
    assert is_typing(keys)
    assert is_typing(reports + keys)
    assert not is_typing(reports)

"""A terminal's answers among what was typed: where they are in input. Pure.

A report is only seen where all of it matches: what is dropped for one can never have been a key.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .queries import TABLE, Query

__all__ = ["Report", "find_reports", "is_typing"]


class Report(NamedTuple):
    """The bytes [start, end) of input.

    Attributes:
        query: what it may answer.
        is_key: the same bytes may be a key, or what a terminal tells without being asked.
    """

    start: int
    end: int
    query: Query
    is_key: bool


_CANDIDATES = re.compile(rb"\x1b[P\[\]_]")
_REPORTS = re.compile(b"|".join(b"(%s)" % row.report for row in TABLE))
_KEYS = [re.compile(row.key) if row.key is not None else None for row in TABLE]


def find_reports(data: bytes) -> list[Report]:
    """Return the reports in input, in order."""
    found: list[Report] = []
    for candidate in _CANDIDATES.finditer(data):
        match = _REPORTS.match(data, candidate.start())
        if match is not None and match.lastindex is not None:
            key = _KEYS[match.lastindex - 1]
            is_key = key is not None and key.fullmatch(match[0]) is not None
            found.append(Report(match.start(), match.end(), TABLE[match.lastindex - 1], is_key))
    return found


def is_typing(data: bytes) -> bool:
    """Whether there is more in input than reports: a terminal sends those by itself, whoever sits before it."""
    return b"\x1b" not in data or sum(report.end - report.start for report in find_reports(data)) < len(data)

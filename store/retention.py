"""Which history goes. Pure: the store says what there is, these functions what to delete.

History goes from its oldest end, by whole chunks, and never a session's last chunk while it runs: a reader that is
told `head` can rely on a chunk beginning there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .chunk_table import Span
from .limits import StoreLimits

__all__ = ["Holding", "Plan", "head_within", "plan"]


@dataclass(frozen=True, slots=True)
class Holding:
    """What the store holds of one session.

    Attributes:
        session_id: whose.
        ended_at: seconds since the epoch; None while it runs.
        last_activity_at: seconds since the epoch.
        spans: its stored chunks, in order.
    """

    session_id: str
    ended_at: float | None
    last_activity_at: float
    spans: Sequence[Span]

    @property
    def raw_bytes(self) -> int:
        """Raw bytes of all its chunks."""
        return sum(span.end - span.first for span in self.spans)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to delete: whole sessions, and of others what lies before a new head."""

    delete: tuple[str, ...]
    trim: dict[str, int]


def head_within(spans: Sequence[Span], most_bytes: int) -> int | None:
    """Return the new head that leaves `most_bytes` raw bytes at most, or None where nothing is to go.

    The last span always stays.
    """
    excess = sum(span.end - span.first for span in spans) - most_bytes
    head = None
    for span, following in pairwise(spans):
        if excess <= 0:
            break
        excess -= span.end - span.first
        head = following.first
    return head


def plan(holdings: Sequence[Holding], limits: StoreLimits, now: float) -> Plan:
    """Decide what goes.

    1. Ended sessions whose retention is over.
    2. While all together hold more than `total_bytes`: ended sessions, the one that ended first before others.
    3. Still: the oldest chunks of running sessions, of the one that has been quiet longest first.
    """
    delete: list[str] = []
    kept: list[Holding] = []
    for holding in holdings:
        over = holding.ended_at is not None and now - holding.ended_at > limits.retention_s
        delete.append(holding.session_id) if over else kept.append(holding)
    excess = sum(holding.raw_bytes for holding in kept) - limits.total_bytes
    for holding in sorted((one for one in kept if one.ended_at is not None), key=lambda one: one.ended_at or 0.0):
        if excess <= 0:
            break
        delete.append(holding.session_id)
        excess -= holding.raw_bytes
    trim: dict[str, int] = {}
    for holding in sorted((one for one in kept if one.ended_at is None), key=lambda one: one.last_activity_at):
        if excess <= 0:
            break
        head = head_within(holding.spans, max(holding.raw_bytes - excess, 0))
        if head is not None:
            trim[holding.session_id] = head
            excess -= sum(span.end - span.first for span in holding.spans if span.first < head)
    return Plan(tuple(delete), trim)

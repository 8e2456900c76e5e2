"""A client may send in bursts, but not without end."""

from __future__ import annotations

from holdfast.daemon.front.rate_limit import RateLimit


def test_burst_then_rate() -> None:
    """A burst passes, the next message does not, and time opens it again."""
    limit = RateLimit(per_second=10, burst=5, now=0.0)
    assert [limit.allow(0.0) for _ in range(6)] == [True] * 5 + [False]
    assert [limit.allow(0.2) for _ in range(3)] == [True, True, False]
    assert sum(limit.allow(1000.0) for _ in range(100)) == 5

from __future__ import annotations

from itertools import islice

from holdfast.client.backoff import Outage, ReconnectPolicy, delays


def highest(low: float, high: float) -> float:
    del low
    return high


def test_the_first_attempt_is_at_once_and_the_ceiling_doubles_to_ten_seconds() -> None:
    assert list(islice(delays(ReconnectPolicy(), highest), 8)) == [0, 0.5, 1, 2, 4, 8, 10, 10]


def test_jitter_is_full() -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    assert list(islice(delays(ReconnectPolicy(base_s=3, cap_s=5), uniform), 4)) == [0, 0, 0, 0]
    assert asked == [(0, 3), (0, 5), (0, 5)]


def test_a_limit_ends_the_attempts() -> None:
    assert list(delays(ReconnectPolicy(limit=2), highest)) == [0, 0.5]
    assert list(delays(ReconnectPolicy(limit=0), highest)) == []


def test_a_deadline_shortens_the_last_wait_and_then_ends_the_outage() -> None:
    outage = Outage(ReconnectPolicy(deadline_s=10, base_s=100, cap_s=100), 1000.0, "gone")
    assert outage.next_delay(1000.0) == 0
    later = outage.next_delay(1009.9)
    assert later is not None
    assert later <= 0.1 + 1e-9
    assert outage.attempt == 2
    assert outage.next_delay(1010.0) is None
    assert outage.attempt == 2

"""When to try again: at once, then "full jitter" below a doubling ceiling. Pure.

Full jitter spreads the clients of a restarted daemon evenly over the wait, so that they do not all come in the same
instant (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Outage", "ReconnectPolicy", "delays"]


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """How a client comes back.

    Attributes:
        limit: attempts in one outage; None: no limit, 0: never reconnect.
        deadline_s: seconds of one outage after which it gives up; None: never.
        base_s: ceiling of the second attempt's delay, in seconds; the first attempt is made at once.
        cap_s: largest ceiling, in seconds.
        fresh: take a fresh session where ours is gone. Without it the client stops with a RefusedError.
    """

    limit: int | None = None
    deadline_s: float | None = None
    base_s: float = 0.5
    cap_s: float = 10.0
    fresh: bool = True


def delays(policy: ReconnectPolicy, uniform: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """Yield the wait before each attempt of one outage, in seconds; ends when `limit` attempts have been made."""
    attempts = itertools.count() if policy.limit is None else range(policy.limit)
    ceiling = policy.base_s
    for attempt in attempts:
        if attempt == 0:
            yield 0.0
        else:
            yield uniform(0.0, ceiling)
            ceiling = min(policy.cap_s, 2 * ceiling)


class Outage:
    """One stretch of time without a connection.

    Attributes:
        started: when it began, in seconds of the caller's clock.
        attempt: attempts begun so far.
        reason: why the connection, or the latest attempt, failed.
    """

    def __init__(self, policy: ReconnectPolicy, started: float, reason: str) -> None:
        self.started = started
        self.attempt = 0
        self.reason = reason
        self._deadline_s = policy.deadline_s
        self._delays = delays(policy)

    def next_delay(self, now: float) -> float | None:
        """Begin an attempt: return the seconds to wait before it; None where it is time to give up."""
        left_s = None if self._deadline_s is None else self.started + self._deadline_s - now
        delay_s = None if left_s is not None and left_s <= 0 else next(self._delays, None)
        if delay_s is None:
            return None
        self.attempt += 1
        return delay_s if left_s is None else min(delay_s, left_s)

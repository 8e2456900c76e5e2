"""A token bucket: so many messages at once, so many a second. Pure but for the clock it is given."""

from __future__ import annotations

__all__ = ["RateLimit"]


class RateLimit:
    """Allows `burst` messages at once and `per_second` in the long run."""

    def __init__(self, *, per_second: float, burst: float, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = now

    def allow(self, now: float) -> bool:
        """Count one message at `now` (seconds, monotonic); False where it is one too many."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

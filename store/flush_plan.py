"""When to write, and how firmly. Pure: the flusher asks before each step.

The policy: a sealed chunk is written at once, so that the hot tail has room. Everything else, partial chunks included,
is written a second after the first byte that is not, and that commit is `synchronous=FULL`; those in between are
`NORMAL`. So a power cut costs the last second at most, a flood pays for one fsync a second, and where nothing is new
nothing wakes up.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FLUSH_INTERVAL_S", "RETRY_INTERVAL_S", "Decision", "Situation", "decide"]

FLUSH_INTERVAL_S = 1.0
RETRY_INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True)
class Situation:
    """What the flusher knows; times are of the monotonic clock, in seconds.

    Attributes:
        has_full_chunk: a log has a chunk to seal.
        dirty_since: when the oldest byte (or resize) came that is not committed; None where all is.
        unsynced_since: when the oldest commit was made that a power cut would undo; None where there is none.
        retry_at: storage failed: not to be tried before; None where it works.
    """

    has_full_chunk: bool
    dirty_since: float | None
    unsynced_since: float | None
    retry_at: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now.

    Attributes:
        write: write now, or else wait for news.
        whole: partial chunks too, and survive a power cut; otherwise sealed chunks alone.
        wake_at: when to ask again where nothing new happens; None: never.
    """

    write: bool
    whole: bool = False
    wake_at: float | None = None


def decide(now: float, situation: Situation) -> Decision:
    """Choose. `now` is of the monotonic clock, in seconds."""
    waiting = [since for since in (situation.dirty_since, situation.unsynced_since) if since is not None]
    if not waiting and not situation.has_full_chunk:
        return Decision(write=False)
    if situation.retry_at is not None and now < situation.retry_at:
        return Decision(write=False, wake_at=situation.retry_at)
    due = min(waiting, default=now) + FLUSH_INTERVAL_S
    if now >= due or situation.retry_at is not None:
        return Decision(write=True, whole=True)
    if situation.has_full_chunk:
        return Decision(write=True)
    return Decision(write=False, wake_at=due)

"""What answers to queries are made from, read from a snapshot. Pure."""

from __future__ import annotations

from .messages import Answer
from .modes import ORIGIN, is_set
from .snapshot import Snapshot

__all__ = ["answer"]

_FOREGROUND, _BACKGROUND, _CURSOR = 10, 11, 12  # numbers of their OSC


def answer(snapshot: Snapshot, replies: bytes) -> Answer:
    """Return it, with what the emulator replied by itself."""
    top, _, left, _ = snapshot.region if is_set(snapshot.modes, ORIGIN) else (0, 0, 0, 0)
    cursor = snapshot.active.cursor
    return Answer(
        replies,
        max(0, cursor.x - left),
        max(0, cursor.y - top),
        snapshot.cols,
        snapshot.rows,
        _rgb(snapshot.colours.get(_FOREGROUND)),
        _rgb(snapshot.colours.get(_BACKGROUND)),
        _rgb(snapshot.colours.get(_CURSOR)),
    )


def _rgb(colour: bytes | None) -> tuple[int, int, int] | None:
    return None if colour is None else (colour[0], colour[1], colour[2])

"""Input is applied at most once, in order: which bytes of a message are new. Pure."""

from __future__ import annotations

from ...wire.errors import RefusedError

__all__ = ["accept"]


def accept(expected: int, seq: int | None, data: bytes) -> bytes:
    """Return the part of `data` that has not been applied yet.

    Args:
        expected: the seq that the daemon expects next from this client, in bytes.
        seq: bytes of input the client sent before this message; None where it does not count.
        data: bytes typed.

    Raises:
        RefusedError: `input_gap`: bytes before `seq` never arrived; applying these would reorder what was typed.
    """
    if seq is None or seq == expected:
        return data
    if seq > expected:
        raise RefusedError("input_gap", f"input has seq {seq}, but {expected} is next: bytes between them are missing")
    return data[expected - seq :]

"""Figures of one attachment, over all its connections."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Statistics"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """A snapshot.

    Attributes:
        bytes_received: bytes of messages received, as they travelled.
        output_bytes: bytes of output handed on, decoded and without duplicates.
        reconnect_attempts: attempts made to come back.
        reconnections: those that succeeded.
        latency_s: round-trip time of the last heartbeat, in seconds; None before the first.
    """

    bytes_received: int
    output_bytes: int
    reconnect_attempts: int
    reconnections: int
    latency_s: float | None

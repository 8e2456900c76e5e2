"""Reconnecting, as pure decisions: which shell a client gets, and at which byte its output starts.

No I/O: the caller brings the record, what is known of the process, and the time. Tested as tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

from ...store.session_records import SessionRecord
from ...wire.messages import AttachKind
from ...wire.query import Replay

__all__ = [
    "Ended",
    "Fresh",
    "Liveness",
    "Process",
    "Reason",
    "Reattach",
    "Start",
    "decide",
    "is_expired",
    "starting_point",
]

Reason: TypeAlias = Literal["not_found", "expired", "process_dead", "host_rebooted"]


class Process(Enum):
    """What is known of a session's process."""

    ALIVE = "alive"
    DEAD = "dead"
    OTHER_BOOT = "other_boot"


@dataclass(frozen=True, slots=True)
class Liveness:
    """State of a session's process; `busy`: a client is there, or something runs in it beside its shell."""

    process: Process
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Reattach:
    """The session is there: replay and go on."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """The session cannot be had; a fresh one takes its place, and says why."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Ended:
    """Its owner ended the session: the client is told, and gets no other shell."""


def decide(record: SessionRecord | None, liveness: Liveness, now: float) -> Reattach | Fresh | Ended:
    """Decide what a client that asks for a session gets.

    Args:
        record: the stored session, or None.
        liveness: of its process; not looked at where the record says it has ended.
        now: seconds since the epoch.
    """
    if record is None:
        return Fresh("not_found")
    if record.state == "ended":
        return Ended()
    if record.state == "expired":
        return Fresh("expired")
    if record.state == "dead":
        return Fresh("host_rebooted" if record.end_reason == "host_rebooted" else "process_dead")
    if liveness.process is Process.OTHER_BOOT:
        return Fresh("host_rebooted")
    if liveness.process is Process.DEAD:
        return Fresh("process_dead")
    if is_expired(record, busy=liveness.busy, now=now):
        return Fresh("expired")
    return Reattach()


def is_expired(record: SessionRecord, *, busy: bool, now: float) -> bool:
    """Whether a running session has been idle for longer than it may be."""
    if busy or record.idle_expiry_s is None:
        return False
    return now - record.last_activity_at > record.idle_expiry_s


class Start(NamedTuple):
    """Where output starts: how, at which offset, and how much asked for is no longer kept (bytes)."""

    attach: AttachKind
    offset: int
    trimmed_bytes: int


def starting_point(since: int | None, head: int, tail: int, replay: Replay) -> Start:
    """Decide where a reattaching client's output starts.

    Args:
        since: offset up to which the client has everything, or None.
        head: offset of the oldest byte kept.
        tail: offset behind the newest byte.
        replay: what a client wants that cannot go on where it was. A restored screen stands for the tail or, where the
            mirror has come further by the time it is made, for a later offset.
    """
    trimmed_bytes = 0
    if since is not None and since <= tail:
        if since >= head:
            return Start("exact", since, 0)
        trimmed_bytes = head - since
    if replay.kind == "restore":
        return Start("restore", tail, trimmed_bytes)
    if replay.kind == "none" and not trimmed_bytes:
        return Start("exact", tail, 0)
    return Start("replay", head, trimmed_bytes)

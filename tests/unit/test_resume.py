"""The reconnect decision, and where output starts, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.daemon.sessions.resume import (
    Ended,
    Fresh,
    Liveness,
    Process,
    Reattach,
    Start,
    decide,
    starting_point,
)
from holdfast.store.session_records import SessionRecord
from holdfast.wire.query import Replay

DAY_S = 86_400.0
NOW = 10 * DAY_S

RUNNING = SessionRecord(
    session_id="3f2b8c1e-0000-4000-8000-000000000000",
    name="",
    argv=("sh",),
    cwd="/",
    cols=80,
    rows=24,
    created_at=0.0,
    last_activity_at=NOW - 60,
    pid=4242,
    pid_started=17.5,
    boot_id="boot",
    state="running",
    idle_expiry_s=DAY_S,
)
ALIVE, DEAD, OTHER_BOOT = Liveness(Process.ALIVE), Liveness(Process.DEAD), Liveness(Process.OTHER_BOOT)
BUSY = Liveness(Process.ALIVE, busy=True)
IDLE_TOO_LONG = replace(RUNNING, last_activity_at=NOW - DAY_S - 1)


@pytest.mark.parametrize(
    ("record", "liveness", "decision"),
    [
        (None, DEAD, Fresh("not_found")),
        (RUNNING, ALIVE, Reattach()),
        (RUNNING, DEAD, Fresh("process_dead")),
        (RUNNING, OTHER_BOOT, Fresh("host_rebooted")),
        (IDLE_TOO_LONG, ALIVE, Fresh("expired")),
        (IDLE_TOO_LONG, BUSY, Reattach()),
        (IDLE_TOO_LONG, DEAD, Fresh("process_dead")),
        (replace(IDLE_TOO_LONG, last_activity_at=NOW - DAY_S), ALIVE, Reattach()),
        (replace(IDLE_TOO_LONG, idle_expiry_s=None), ALIVE, Reattach()),
        (replace(RUNNING, last_activity_at=NOW + 999), ALIVE, Reattach()),  # the clock was set back
        (replace(RUNNING, state="expired"), ALIVE, Fresh("expired")),
        (replace(RUNNING, state="ended"), ALIVE, Ended()),
        (replace(RUNNING, state="dead", end_reason="exited"), ALIVE, Fresh("process_dead")),
        (replace(RUNNING, state="dead", end_reason="process_dead"), DEAD, Fresh("process_dead")),
        (replace(RUNNING, state="dead", end_reason="host_rebooted"), DEAD, Fresh("host_rebooted")),
    ],
)
def test_decision(record: SessionRecord | None, liveness: Liveness, decision: Reattach | Fresh | Ended) -> None:
    """A client gets its own shell, or a fresh one with the reason, or is told that its owner ended it."""
    assert decide(record, liveness, NOW) == decision


@pytest.mark.parametrize(
    ("since", "replay", "start"),
    [
        (None, "all", Start("replay", 100, 0)),
        (None, "restore", Start("restore", 500, 0)),
        (None, "restore:10", Start("restore", 500, 0)),
        (None, "none", Start("exact", 500, 0)),
        (100, "all", Start("exact", 100, 0)),
        (300, "none", Start("exact", 300, 0)),
        (500, "all", Start("exact", 500, 0)),
        (99, "all", Start("replay", 100, 1)),
        (0, "all", Start("replay", 100, 100)),
        (501, "all", Start("replay", 100, 0)),
        (501, "none", Start("exact", 500, 0)),
        (99, "none", Start("replay", 100, 1)),
        (100, "restore", Start("exact", 100, 0)),
        (500, "restore:0", Start("exact", 500, 0)),
        (99, "restore", Start("restore", 500, 1)),
        (501, "restore", Start("restore", 500, 0)),
    ],
)
def test_starting_point(since: int | None, replay: str, start: Start) -> None:
    """With 400 bytes kept, [100, 500), output starts where the client stopped, at the head, or behind a screen."""
    assert starting_point(since, 100, 500, Replay.parse(replay)) == start


replays = st.sampled_from([Replay("all"), Replay("none"), Replay("restore")])


@given(st.one_of(st.none(), st.integers(0, 1000)), st.integers(0, 500), st.integers(0, 500), replays)
def test_start_is_kept(since: int | None, head: int, length: int, replay: Replay) -> None:
    """Wherever a client stopped, its output starts within what is kept, and what it missed for good is told."""
    tail = head + length
    attach, offset, trimmed_bytes = starting_point(since, head, tail, replay)
    assert head <= offset <= tail
    assert (attach == "exact") == (offset == since and not trimmed_bytes) or replay.kind == "none"
    assert trimmed_bytes == (max(0, head - since) if since is not None and since <= tail else 0)

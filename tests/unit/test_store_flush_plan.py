"""When the flusher writes: a second at the latest, full chunks at once, and not at all where nothing is new."""

from __future__ import annotations

import pytest

from holdfast.store.flush_plan import Decision, Situation, decide

NOW = 100.0


@pytest.mark.parametrize(
    ("has_full_chunk", "dirty_since", "unsynced_since", "retry_at", "expected"),
    [
        (False, None, None, None, Decision(write=False)),
        (False, 99.5, None, None, Decision(write=False, wake_at=100.5)),
        (False, 99.0, None, None, Decision(write=True, whole=True)),
        (True, 99.9, None, None, Decision(write=True, whole=False)),
        (True, 99.0, None, None, Decision(write=True, whole=True)),
        (True, 99.9, 99.0, None, Decision(write=True, whole=True)),
        (False, None, 99.4, None, Decision(write=False, wake_at=100.4)),
        (False, None, 98.0, None, Decision(write=True, whole=True)),
        (False, 99.9, 99.3, None, Decision(write=False, wake_at=100.3)),
        (True, 90.0, 90.0, 100.5, Decision(write=False, wake_at=100.5)),
        (True, 99.9, None, 100.0, Decision(write=True, whole=True)),
        (False, None, None, 99.0, Decision(write=False)),
    ],
    ids=["idle", "new bytes wait", "for a second", "a full chunk does not", "a flood commits firmly once a second",
         "counted from its first soft commit", "which is made firm", "in time", "whichever is due first",
         "failed: not before its time", "then everything", "failed and nothing left to write"],
)  # fmt: skip
def test_decide(
    *, has_full_chunk: bool, dirty_since: float | None, unsynced_since: float | None, retry_at: float | None,
    expected: Decision,
) -> None:  # fmt: skip
    assert decide(NOW, Situation(has_full_chunk, dirty_since, unsynced_since, retry_at)) == expected

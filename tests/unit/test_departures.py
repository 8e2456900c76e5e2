"""When a session ends that lingers, as a table."""

from __future__ import annotations

import pytest

from holdfast.daemon.sessions.departures import ending_time


@pytest.mark.parametrize(
    ("linger_s", "waiting_since", "deserted_at", "ends_at"),
    [
        (None, [], None, None),
        (None, [1000.0], None, None),
        (90.0, [], 1090.0, 1090.0),  # everybody detached at 1000
        (90.0, [], None, None),  # nobody is counted as gone
        (90.0, [1000.0], None, 1150.0),  # first the window of 60 s, then the linger
        (90.0, [1000.0, 1030.0, 1010.0], None, 1180.0),  # the last one to be given up counts
        (0.0, [1000.0], None, 1060.0),
    ],
)
def test_when_a_session_ends_if_nobody_comes(
    linger_s: float | None, waiting_since: list[float], deserted_at: float | None, ends_at: float | None
) -> None:
    """Each state has the time of the table."""
    assert ending_time(linger_s, waiting_since, 60.0, deserted_at) == ends_at

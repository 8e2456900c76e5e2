"""How much a client may be sent now."""

from __future__ import annotations

from holdfast.daemon.sessions.cursor import Cursor


def test_no_frame_crosses_the_end_of_history() -> None:
    """What is sent is all history or all live, so that its label is true."""
    cursor = Cursor(offset=90, replay_until=100)
    assert cursor.is_replay
    assert cursor.room(64) == 10
    cursor.offset += 10
    assert not cursor.is_replay
    assert cursor.room(64) == 64


def test_window_bounds_what_is_on_its_way() -> None:
    """With a window nothing more is sent until the client acknowledges; without one there is no bound."""
    cursor = Cursor(offset=0, replay_until=0, window=100)
    cursor.offset += cursor.room(1000)
    assert cursor.room(1000) == 0
    cursor.acknowledge(30)
    assert cursor.room(1000) == 30
    assert Cursor(offset=0, replay_until=0).room(1000) == 1000


def test_invented_acknowledgements_open_nothing() -> None:
    """An acknowledgement of bytes that were not sent, or of old ones, does not widen the window."""
    cursor = Cursor(offset=0, replay_until=0, window=100)
    cursor.offset += 60
    cursor.acknowledge(10**9)
    assert cursor.room(1000) == 100
    cursor.acknowledge(5)
    assert cursor.room(1000) == 100


def test_whole_chunks_pass_a_smaller_window_one_at_a_time() -> None:
    """A stored chunk larger than the window is sent when nothing else is on its way, instead of never."""
    cursor = Cursor(offset=0, replay_until=1000, window=100)
    assert cursor.admits_whole(250)
    cursor.offset += 250
    assert not cursor.admits_whole(50)
    cursor.acknowledge(250)
    assert cursor.admits_whole(750)
    assert not cursor.admits_whole(751)  # it would reach into live output


def test_skipped_bytes_need_no_acknowledgement() -> None:
    """After a gap the window is as open as before it."""
    cursor = Cursor(offset=0, replay_until=500, window=100)
    cursor.offset += 40
    cursor.skip_to(400)
    assert cursor.room(1000) == 60
    cursor.skip_to(900)
    assert not cursor.is_replay

from __future__ import annotations

import pytest

from holdfast.client.status_line import ERASE, count_keys, lost_text, paint


@pytest.mark.parametrize(
    ("typed", "keys"),
    [(b"", 0), (b"ls\r", 3), ("äö€".encode(), 3), (b"\x1b[A\x1bOB\x1b[1;5C", 3), (b"\x1bx", 1), (b"\x1b\x1b", 2)],
)
def test_keys_are_counted_and_not_bytes(typed: bytes, keys: int) -> None:
    assert count_keys(typed) == keys


def test_what_it_says() -> None:
    assert lost_text(2.1, 0, full=False, detach_label=None) == "holdfast: connection lost, next try in 3 s"
    assert (
        lost_text(-1, 12, full=True, detach_label="Ctrl-\\")
        == "holdfast: connection lost, trying again, 12 keys waiting, no room for more, Ctrl-\\ detaches"
    )
    assert "1 key waiting" in lost_text(0, 1, full=False, detach_label=None)


def test_it_never_wraps_and_leaves_the_cursor_where_it_was() -> None:
    for cols in (1, 2, 3, 10, 200):
        line = paint("x" * 100, cols)
        assert line.startswith(b"\x1b7")
        assert line.endswith(b"\x1b8")
        assert line.count(b"x") <= max(0, cols - 3)
    assert ERASE.startswith(b"\x1b7")
    assert ERASE.endswith(b"\x1b8")

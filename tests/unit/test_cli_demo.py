"""How the demo counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.client.cli.demo_output import Output, compare

LINES = b"one\r\ntwo\r\nthree\r\n"


@pytest.mark.parametrize(
    ("received", "lost", "doubled"),
    [
        (LINES, 0, 0),
        (b"one\r\nthree\r\n", 5, 0),
        (b"one\r\ntwo\r\ntwo\r\nthree\r\n", 0, 5),
        (b"one\r\ntw", 12, 2),
        (b"two\r\none\r\nthree\r\n", 17, 0),  # all there, in another order: as good as lost
        (b"", 17, 0),
    ],
)
def test_loss_and_doubling_are_found(received: bytes, lost: int, doubled: int) -> None:
    assert compare(LINES, received) == (lost, doubled)


def test_the_shells_answer_is_told_from_its_echo(tmp_path: Path) -> None:
    output = Output(tmp_path, "mark")
    assert output.told_pid(b"$ " + output.ask_pid.encode() + b"\r\n") is None
    assert output.told_pid(b"\r\nmark-pid-4321-\r\n$ ") == 4321
    assert output.told_pid(b"\r\nmark-pid-43") is None

"""The line in the lock file: who holds a home, and how far that daemon is."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.wire.holder import MAX_HOLDER_BYTES, Holder, Stage, parse_holder, read_holder


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("pid", [1, 4_194_304])
def test_what_is_written_is_read(tmp_path: Path, stage: Stage, pid: int) -> None:
    file = tmp_path / "daemon.lock"
    file.write_bytes(Holder(pid, stage).line())
    assert read_holder(file) == Holder(pid, stage)


def test_every_line_is_of_one_length_and_so_replaced_whole() -> None:
    lengths = {len(Holder(pid, stage).line()) for pid in (1, 4_194_304) for stage in Stage}
    assert len(lengths) == 1
    assert max(lengths) <= MAX_HOLDER_BYTES


@pytest.mark.parametrize("line", [b"", b"\n", b"12\n", b"12 dancing\n", b"x serving\n", b"\xff \xff", b"1 serving x"])
def test_what_is_no_such_line_names_nobody(line: bytes) -> None:
    assert parse_holder(line) is None


def test_a_home_that_nobody_ever_held_has_no_holder(tmp_path: Path) -> None:
    assert read_holder(tmp_path / "daemon.lock") is None
    assert read_holder(Path("/dev/null/data/daemon.lock")) is None

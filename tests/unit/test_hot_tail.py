"""The hot tail: what is read is there, in order, once, whatever happens between two instructions."""

from __future__ import annotations

import errno
import mmap
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.store.errors import HotTailError, StorageUnavailableError
from holdfast.store.hot_tail import PTY_READ_BYTES, WINDOW_BYTES, HotTail

RING = 64 * 1024


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours may catch it."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.ring"


@pytest.fixture
def tail(path: Path) -> Iterator[HotTail]:
    tail = HotTail.create(path, ring_bytes=RING, base=0, boot_id="boot")
    yield tail
    tail.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    os.set_blocking(ends[0], False)
    yield ends
    for end in ends:
        os.close(end)


def lines(count: int, start: int = 0) -> bytes:
    return b"".join(b"line %d of many\n" % number for number in range(start, start + count))


def feed(tail: HotTail, pipe: tuple[int, int], data: bytes) -> None:
    """Send `data` through a real pipe, freeing the ring as a store would."""
    while data:
        written = os.write(pipe[1], data[:4000])
        data = data[written:]
        while written:
            if tail.room < PTY_READ_BYTES:
                tail.keep_from = tail.end
            written -= tail.read_from(pipe[0])


def test_bytes_keep_their_offsets_over_many_laps(tail: HotTail, pipe: tuple[int, int]) -> None:
    data = lines(20_000)
    feed(tail, pipe, data)
    assert tail.end == len(data)
    assert tail.copy(tail.oldest, tail.end) == data[tail.oldest :]
    assert tail.end - tail.oldest == RING - WINDOW_BYTES


def test_the_ring_never_overwrites_what_is_kept(tail: HotTail) -> None:
    fitted = tail.append(b"x" * (2 * RING))
    assert fitted == RING - WINDOW_BYTES
    assert tail.room == 0
    assert tail.oldest == 0


def test_a_full_ring_reads_nothing(tail: HotTail, pipe: tuple[int, int]) -> None:
    tail.append(b"x" * RING)
    os.write(pipe[1], b"waiting")
    with pytest.raises(BlockingIOError):
        tail.read_from(pipe[0])
    assert os.read(pipe[0], 100) == b"waiting"


def test_a_read_without_data_passes_through(tail: HotTail, pipe: tuple[int, int]) -> None:
    with pytest.raises(BlockingIOError):
        tail.read_from(pipe[0])


def test_the_end_of_a_pipe_is_zero(tail: HotTail) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    assert tail.read_from(reading) == 0
    os.close(reading)


def test_the_end_of_a_terminal_is_zero(tail: HotTail) -> None:
    master, slave = os.openpty()
    os.close(slave)
    assert tail.read_from(master) == 0  # Linux says EIO
    os.close(master)


@pytest.mark.parametrize("offset", [0, RING - WINDOW_BYTES - 7, RING - 5, 3 * RING - 1], ids=str)
@pytest.mark.parametrize("point", ["before the window", "before the end"])
def test_a_kill_inside_a_read_loses_nothing(path: Path, pipe: tuple[int, int], offset: int, point: str) -> None:
    tail = HotTail.create(path, ring_bytes=RING, base=0, boot_id="boot")
    feed(tail, pipe, b"." * offset)
    tail.keep_from = tail.end
    os.write(pipe[1], b"the last words\n")

    def die(end: int, count: int) -> None:
        raise Killed(end, count)

    counter = tail._counter
    if point == "before the window":
        tail._publish = die  # type: ignore[method-assign]  # the point of the kill
    else:
        tail._counter = _Unwritable(counter)  # type: ignore[assignment]  # the point of the kill
    with pytest.raises(Killed):
        tail.read_from(pipe[0])
    tail._counter = counter
    tail.close()

    again = HotTail.open(path, boot_id="boot")
    assert again.end == offset + 15
    assert again.copy(offset, again.end) == b"the last words\n"
    again.close()
    once_more = HotTail.open(path, boot_id="boot")
    assert once_more.end == offset + 15, "nothing is recovered twice"
    once_more.close()


class _Unwritable:
    def __init__(self, words: memoryview[int]) -> None:
        self._words = words

    def __getitem__(self, index: int) -> int:
        return self._words[index]

    def __setitem__(self, index: int, value: int) -> None:
        raise Killed


def test_a_ring_goes_on_after_reopening_on_its_first_lap(path: Path, pipe: tuple[int, int]) -> None:
    data = lines(600)
    tail = HotTail.create(path, ring_bytes=RING, base=1000, boot_id="boot")
    for at in range(0, len(data), 3000):
        feed(tail, pipe, data[at : at + 3000])
        tail.close()
        tail = HotTail.open(path, boot_id="boot")
    assert tail.copy(1000, tail.end) == data
    assert (tail.base, tail.oldest) == (1000, 1000)
    tail.close()


@pytest.mark.usefixtures("tail")
def test_another_boot_is_not_trusted(path: Path) -> None:
    with pytest.raises(HotTailError, match="before the machine was started"):
        HotTail.open(path, boot_id="another")


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"#!/bin/sh\n" * 1000,
        lambda raw: raw[:-1],
        lambda raw: raw[:16] + b"\1" + raw[17:],
        lambda raw: raw[:64] + bytes(8) + raw[72:],
    ],
    ids=["empty", "foreign", "short", "other base", "end before base"],
)
def test_a_file_that_is_not_a_whole_ring_is_refused(path: Path, damage: object) -> None:
    HotTail.create(path, ring_bytes=RING, base=7, boot_id="boot").close()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]  # a lambda above
    with pytest.raises(HotTailError):
        HotTail.open(path, boot_id="boot")


def test_a_missing_file_is_told_apart(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        HotTail.open(path, boot_id="boot")


@pytest.mark.usefixtures("tail")
def test_the_file_is_private_and_sparse(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    big = HotTail.create(path, ring_bytes=64 << 20, base=0, boot_id="boot")
    big.append(b"hello")
    assert path.stat().st_blocks * 512 < 1 << 20
    big.close()


def test_creating_takes_the_place_of_an_old_file(path: Path, tail: HotTail) -> None:
    tail.append(b"old")
    new = HotTail.create(path, ring_bytes=RING, base=50, boot_id="boot")
    assert (new.end, new.copy(50, 50)) == (50, b"")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    new.close()


def test_a_folder_that_is_gone_is_storage_trouble(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError, match="No such file"):
        HotTail.create(tmp_path / "gone" / "s.ring", ring_bytes=RING, base=0, boot_id="boot")


def test_bytes_that_are_not_there_are_not_copied(tail: HotTail) -> None:
    tail.append(b"hello")
    with pytest.raises(ValueError, match="not within"):
        tail.copy(0, 6)


def test_a_full_file_system_means_no_room_and_not_a_signal(path: Path) -> None:
    """The limit on file size stands for it: write(2) fails with EFBIG instead of ENOSPC."""
    script = f"""
import resource, signal
from pathlib import Path
from holdfast.store.hot_tail import HotTail
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tail = HotTail.create(Path({str(path)!r}), ring_bytes=1 << 20, base=0, boot_id="boot")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
fitted = tail.append(b"x" * (1 << 20))
assert 100_000 < fitted < 200_000 and tail.reserve_failed and tail.room == 0, (fitted, tail.room)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert tail.room and not tail.reserve_failed
assert tail.append(b"y" * 5000) == 5000 and tail.copy(fitted - 1, tail.end) == b"x" + b"y" * 5000
tail.close()
"""
    subprocess.run([sys.executable, "-c", script], check=True)


# A file that somebody removed


@pytest.mark.parametrize("kept", [0, 5, RING - WINDOW_BYTES], ids=str)
def test_a_ring_made_again_has_what_is_kept_and_the_inputs(
    tail: HotTail, path: Path, pipe: tuple[int, int], kept: int
) -> None:
    """Also where it wraps, and where it is full: the next process finds every byte, and goes on behind them."""
    feed(tail, pipe, lines(9000))
    tail.keep_from = tail.end - kept
    tail.inputs.claim("client", 7)
    assert tail.is_in_place
    path.unlink()
    assert not tail.is_in_place
    new = tail.remake(boot_id="boot")
    bytes_kept, end = tail.copy(tail.keep_from, tail.end), tail.end
    tail.close()
    assert new.is_in_place
    assert (new.oldest, new.end, new.keep_from) == (end - kept, end, end - kept)
    assert new.room >= PTY_READ_BYTES or kept > 5
    new.keep_from = new.end
    feed(new, pipe, b"more\n" * 20_000)
    new.close()
    again = HotTail.open(path, boot_id="boot")
    assert again.end == end + 100_000
    assert again.copy(again.end - 5, again.end) == b"more\n"
    assert (again.inputs.next_seq("client"), again.inputs.unknown("client")) == (7, 7)
    again.close()
    assert bytes_kept == lines(9000)[end - kept :]


def test_a_ring_made_again_is_whole_for_a_kill_right_after(tail: HotTail, path: Path) -> None:
    tail.append(lines(900))
    tail.keep_from = 100
    path.unlink()
    new = tail.remake(boot_id="boot")
    found = HotTail.open(path, boot_id="boot")
    assert (found.oldest, found.copy(100, found.end)) == (100, lines(900)[100:])
    found.close()
    new.close()


def test_another_file_in_its_place_is_not_its_own(tail: HotTail, path: Path) -> None:
    path.unlink()
    path.write_bytes(b"")
    assert not tail.is_in_place


@pytest.mark.parametrize("fault", ["folder", "mapping", "name"])
def test_a_ring_that_cannot_be_made_again_goes_on_as_it_was(
    tail: HotTail, path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves neither a file that the next process would trust, nor a descriptor."""
    tail.append(b"kept")  # it reserves all of so small a ring, and lets go of its descriptor
    before = len(list(Path("/dev/fd").iterdir()))
    path.unlink()
    if fault == "folder":
        path.parent.rmdir()
    elif fault == "mapping":
        monkeypatch.setattr(mmap, "mmap", _no_memory)
    else:
        path.mkdir()
    with pytest.raises(StorageUnavailableError):
        tail.remake(boot_id="boot")
    monkeypatch.undo()
    assert tail.append(b" and more") == 9
    assert tail.copy(0, tail.end) == b"kept and more"
    assert len(list(Path("/dev/fd").iterdir())) == before
    if fault != "folder":
        assert [entry for entry in path.parent.iterdir() if entry.is_file()] == []


def _no_memory(*_: object) -> None:
    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def test_closing_twice_is_fine_and_leaves_no_descriptor(path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    tail = HotTail.create(path, ring_bytes=RING, base=0, boot_id="boot")
    tail.close()
    tail.close()
    assert len(list(Path("/dev/fd").iterdir())) == before
    tail.unlink()
    assert not path.exists()


def test_other_errors_of_the_descriptor_are_raised(tail: HotTail) -> None:
    with pytest.raises(OSError, match="descriptor") as caught:
        tail.read_from(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1)
    assert caught.value.errno == errno.EBADF

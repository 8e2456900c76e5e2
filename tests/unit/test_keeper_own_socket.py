"""The keeper's socket: of one keeper, found again after somebody removed it, never taken away from another."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.daemon.keeper.own_socket import OwnSocket, SocketTakenError, is_served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def path(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder / "k"


@pytest.fixture
def own(path: Path) -> Iterator[OwnSocket]:
    """One that listens."""
    with closing(OwnSocket(str(path))) as one:
        one.take()
        yield one


def reaches(path: Path, one: OwnSocket) -> bool:
    """Whether who connects to `path` comes in at `one`."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        try:
            one.listener.accept()[0].close()
        except BlockingIOError:
            return False
    return True


def test_what_is_in_place_stays(own: OwnSocket, path: Path) -> None:
    listener = own.listener
    assert not own.renew()
    assert own.listener is listener
    assert reaches(path, own)


@pytest.mark.parametrize("removed", [["k"], ["k.lock"], ["k", "k.lock"]])
def test_what_was_removed_is_made_again(own: OwnSocket, path: Path, removed: list[str]) -> None:
    for name in removed:
        (path.parent / name).unlink()
    assert own.renew()
    assert reaches(path, own)
    assert [(path.parent / name).stat().st_mode & 0o777 for name in ("k", "k.lock")] == [0o600] * 2
    assert not own.renew()
    with closing(OwnSocket(str(path))) as other, pytest.raises(SocketTakenError):
        other.take()


def test_its_folder_is_made_again_and_private(own: OwnSocket, path: Path) -> None:
    shutil.rmtree(path.parent)
    assert own.renew()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert reaches(path, own)


def test_a_folder_that_others_may_enter_is_closed(own: OwnSocket, path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    path.parent.chmod(0o755)
    assert own.renew()
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_no_folder_of_ours_is_refused(own: OwnSocket, path: Path, tmp_path: Path) -> None:
    shutil.rmtree(path.parent)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path.parent.symlink_to(elsewhere)
    with pytest.raises(PermissionError, match="not a folder of our own"):
        own.renew()
    assert list(elsewhere.iterdir()) == []


def test_a_path_that_another_keeper_has_by_now_is_left_to_it(own: OwnSocket, path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir(mode=0o700)
    with closing(OwnSocket(str(path))) as other:
        other.take()
        for removed in (None, path.with_name("k.lock")):  # it holds its lock; somebody removed that, too
            if removed is not None:
                removed.unlink()
            with pytest.raises(SocketTakenError):
                own.renew()
            assert reaches(path, other)
    assert own.renew()
    assert reaches(path, own)


def test_a_second_keeper_does_not_come_in_where_the_lock_was_removed(own: OwnSocket, path: Path) -> None:
    path.with_name("k.lock").unlink()
    with closing(OwnSocket(str(path))) as other, pytest.raises(SocketTakenError, match="lock was removed"):
        other.take()
    own.listener.accept()[0].close()  # it was asked
    assert own.renew()
    assert reaches(path, own)


def test_one_that_ends_leaves_anothers_socket_alone(path: Path) -> None:
    own = OwnSocket(str(path))
    own.take()
    shutil.rmtree(path.parent)
    path.parent.mkdir(mode=0o700)
    with closing(OwnSocket(str(path))) as other:
        other.take()
        own.close()
        assert reaches(path, other)
    assert not path.exists()


def test_no_descriptor_is_left(path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    own = OwnSocket(str(path))
    own.take()
    for _ in range(3):
        shutil.rmtree(path.parent)
        assert own.renew()
    own.close()
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_nobody_serves_a_file_that_a_killed_one_left(path: Path) -> None:
    assert not is_served(str(path))
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
        killed.listen(1)
        assert is_served(str(path))
    assert not is_served(str(path))

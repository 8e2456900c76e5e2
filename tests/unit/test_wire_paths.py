"""Where daemon and clients meet: the same places from the same environment, private to the user."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from holdfast.wire import paths
from holdfast.wire.errors import ConfigError
from holdfast.wire.paths import (
    MAX_SOCKET_PATH_BYTES,
    Paths,
    make_private_dir,
    make_runtime_dirs,
    read_private_text,
    write_private_text,
)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_holdfast_home_puts_everything_under_one_folder() -> None:
    found = Paths.from_environment({"HOLDFAST_HOME": "/srv/hf", "XDG_RUNTIME_DIR": "/run/user/1"})
    assert found.config_file == Path("/srv/hf/config.toml")
    for path in (found.database, found.token_file, found.daemon_log, found.keeper_log, found.lock_file):
        assert path.parent == Path("/srv/hf/data")
    for path in (found.socket, found.keeper_socket, found.tails_dir):
        assert path.parent == Path("/srv/hf/run")


def test_no_two_files_of_a_home_have_the_same_place() -> None:
    home = Paths.from_environment({"HOLDFAST_HOME": "/srv/hf"})
    files = [getattr(home, name) for name in dir(Paths) if isinstance(getattr(Paths, name), property)]
    assert len(set(files)) == len(files) == 10


def test_finding_the_folders_makes_none(tmp_path: Path) -> None:
    Paths.from_environment({"HOLDFAST_HOME": str(tmp_path / "home")})
    assert not list(tmp_path.iterdir())


def test_a_relative_home_is_refused() -> None:
    with pytest.raises(ConfigError, match="HOLDFAST_HOME must be an absolute path, not 'hf'"):
        Paths.from_environment({"HOLDFAST_HOME": "hf"})


def test_an_empty_home_counts_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HOLDFAST_HOME", "")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    found = Paths.from_environment()
    assert found.runtime_dir == tmp_path / "holdfast"
    assert found.data_dir.is_relative_to(tmp_path)
    assert found.data_dir.name == found.config_dir.name == "holdfast"


@pytest.mark.parametrize("named", ["", "relative", "/nowhere/at/all"])
def test_a_runtime_directory_that_cannot_be_used_is_passed_over(named: str) -> None:
    found = paths._user_runtime_dir({"XDG_RUNTIME_DIR": named})
    assert found.is_absolute()
    assert "nowhere" not in found.parts
    assert os.access(found.parent, os.W_OK)


@pytest.mark.parametrize("length", [10, 80, 90, 200])
def test_a_socket_path_always_fits_into_its_address(length: int) -> None:
    home = "/" + "h" * length
    found = Paths.from_environment({"HOLDFAST_HOME": home})
    for socket in (found.socket, found.keeper_socket):
        assert len(os.fsencode(socket)) <= MAX_SOCKET_PATH_BYTES


def test_bytes_count_for_a_socket_path_and_not_characters() -> None:
    found = Paths.from_environment({"HOLDFAST_HOME": "/" + "ü" * 50})
    assert len(os.fsencode(found.keeper_socket)) <= MAX_SOCKET_PATH_BYTES


def test_two_long_homes_never_share_their_sockets_and_one_always_finds_its_own() -> None:
    first, again, second = (
        Paths.from_environment({"HOLDFAST_HOME": "/" + letter * 120}).socket for letter in ("a", "a", "b")
    )
    assert first == again
    assert first != second


def test_a_private_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private_dir(folder)
    make_private_dir(folder)
    assert _mode(folder) == 0o700


def test_a_folder_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    make_private_dir(folder)
    assert _mode(folder) == 0o700


def test_a_file_or_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link", "file/below"):
        with pytest.raises(ConfigError, match=str(tmp_path)):
            make_private_dir(tmp_path / name)


def test_a_private_text_is_readable_by_its_owner_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "data" / "token"
    for text in ("first", "second, ü"):
        write_private_text(file, text)
        assert read_private_text(file) == text
        assert _mode(file) == 0o600
        assert list(file.parent.iterdir()) == [file]


def test_a_missing_private_text_is_none(tmp_path: Path) -> None:
    assert read_private_text(tmp_path / "token") is None


def test_a_text_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "token"
    (folder / "in the way").mkdir(parents=True)
    with pytest.raises(ConfigError, match=f"cannot write {folder}"):
        write_private_text(folder, "x")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_text_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff")
    for path in (tmp_path, tmp_path / "token"):
        with pytest.raises(ConfigError, match=f"cannot read {path}"):
            read_private_text(path)


def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (tmp_path / f".token.{os.getpid()}").symlink_to(victim)
    with pytest.raises(ConfigError):
        write_private_text(tmp_path / "token", "x")
    assert victim.read_text(encoding="utf-8") == "precious"


def test_runtime_folders_are_made_private_and_again(tmp_path: Path) -> None:
    """With the parents that somebody removed; a folder that stands open is closed."""
    home = Paths.from_environment({"HOLDFAST_HOME": str(tmp_path / "home")})
    make_runtime_dirs(home)
    home.runtime_dir.chmod(0o755)
    home.tails_dir.rmdir()
    make_runtime_dirs(home)
    assert (_mode(home.runtime_dir), _mode(home.tails_dir)) == (0o700, 0o700)


def test_a_link_in_place_of_the_runtime_folder_is_refused(tmp_path: Path) -> None:
    home = Paths.from_environment({"HOLDFAST_HOME": str(tmp_path)})
    home.runtime_dir.symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="must be a folder of your own"):
        make_runtime_dirs(home)
    assert not (tmp_path / "tails").exists()

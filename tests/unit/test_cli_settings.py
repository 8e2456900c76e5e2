"""The `[client]` table, and what exit codes errors have."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.client.cli.exit_codes import exit_code_of
from holdfast.client.cli.target import Target
from holdfast.client.settings import ClientSettings, load_settings
from holdfast.wire.errors import ConfigError, HoldfastError, QueryError, RefusedError, UnreachableError
from holdfast.wire.paths import Paths


@pytest.mark.parametrize(
    ("key", "byte"),
    [("ctrl-\\", b"\x1c"), ("ctrl-a", b"\x01"), ("Ctrl-]", b"\x1d"), ("ctrl-z", b"\x1a"), ("none", None)],
)
def test_detach_keys(key: str, byte: bytes | None) -> None:
    assert ClientSettings(key).detach_byte == byte


@pytest.mark.parametrize("key", ["", "a", "ctrl-", "ctrl-i", "ctrl-m", "ctrl-[", "ctrl-1", "alt-x"])
def test_a_key_that_cannot_be_is_refused_by_its_name(tmp_path: Path, key: str) -> None:
    paths = Paths(tmp_path, tmp_path, tmp_path)
    paths.config_file.write_text(f"[client]\ndetach_key = '{key}'\n")
    with pytest.raises(ConfigError, match=r"config\.toml.*client\.detach_key"):
        load_settings(paths)


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load_settings(Paths(tmp_path, tmp_path, tmp_path)) == ClientSettings()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (QueryError("x"), 2),
        (UnreachableError("x"), 69),
        (RefusedError("not_found", "x"), 3),
        (RefusedError("process_dead", "x"), 3),
        (RefusedError("ended", "x"), 3),
        (RefusedError("bad_cwd", "x"), 2),
        (RefusedError("name_taken", "x"), 1),
        (RefusedError("unauthorized", "x"), 1),
        (HoldfastError("x"), 1),
    ],
)
def test_exit_codes(error: HoldfastError, code: int) -> None:
    assert exit_code_of(error) == code


def test_a_token_comes_from_the_environment_or_a_file_and_only_for_tcp(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    tcp = "ws://127.0.0.1:1"
    assert Target(tcp, {"HOLDFAST_TOKEN": "direct", "HOLDFAST_TOKEN_FILE": str(file)}).token == "direct"
    assert Target(tcp, {"HOLDFAST_TOKEN_FILE": str(file)}).token == "from-file"
    assert Target("unix:/x", {"HOLDFAST_TOKEN": "direct"}).token is None
    with pytest.raises(ConfigError, match="HOLDFAST_TOKEN_FILE"):
        _ = Target(tcp, {}).token
    with pytest.raises(ConfigError, match="cannot read"):
        _ = Target(tcp, {"HOLDFAST_TOKEN_FILE": str(tmp_path / "nosuch")}).token

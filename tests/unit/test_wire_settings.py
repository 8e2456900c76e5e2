"""config.toml: every mistake is named by the file and its key or line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.wire.errors import ConfigError
from holdfast.wire.settings import load_tables, read_table


@dataclass(frozen=True)
class Client:
    detach_key: str = "C-\\"
    retries: int = 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def _error(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_table(Client, load_tables(file), "client", file)
    return str(caught.value)


def test_a_missing_file_is_an_empty_one(file: Path) -> None:
    assert load_tables(file) == {}
    assert read_table(Client, {}, "client", file) == Client()


def test_a_table_is_read_typed(file: Path) -> None:
    file.write_text('[client]\ndetach_key = "C-]"\n[store]\n', encoding="utf-8")
    assert read_table(Client, load_tables(file), "client", file) == Client(detach_key="C-]")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[client]\nretries = \n", "line 2"),
        ("[cleint]\n", "unknown table or key 'cleint'; tables are daemon, session, store, client"),
        ("retries = 3\n", "unknown table or key 'retries'"),
        ("client = 3\n", "client must be a table, as in [client]"),
        ("[client]\nretrys = 3\n", "unknown key client.retrys; known here: detach_key, retries"),
        ('[client]\nretries = "3"\n', "client.retries must be a whole number, not '3'"),
    ],
)
def test_a_mistake_is_named(file: Path, text: str, named: str) -> None:
    file.write_text(text, encoding="utf-8")
    message = _error(file)
    assert str(file) in message
    assert named in message


def test_a_file_that_is_not_utf8_is_named(file: Path) -> None:
    file.write_bytes(b"[client]\n# \xff\n")
    assert str(file) in _error(file)


def test_a_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.mkdir()
    assert f"cannot read {file}" in _error(file)

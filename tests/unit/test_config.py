"""Settings: defaults that work, and mistakes that are named by their key."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.daemon.config import ListenAddress, SessionTable, load_config
from holdfast.wire.errors import ConfigError
from holdfast.wire.paths import Paths


def paths(folder: Path, text: str | None = None) -> Paths:
    if text is not None:
        (folder / "config.toml").write_text(text)
    return Paths(folder, folder / "data", folder / "run")


def test_no_file_is_the_defaults(tmp_path: Path) -> None:
    """Nobody needs a configuration file."""
    config = load_config(paths(tmp_path))
    assert (config.idle_expiry_s, config.reconnect_window_s) == (86_400.0, 60.0)
    assert (config.limits.session_bytes, config.limits.retention_s) == (50_000_000, 604_800.0)


def test_settings_are_read(tmp_path: Path) -> None:
    """Durations are written as people write them."""
    config = load_config(
        paths(tmp_path, '[session]\nidle_expiry = "never"\nreconnect_window = "5s"\n[store]\nretention = "1d"\n')
    )
    assert (config.idle_expiry_s, config.reconnect_window_s, config.limits.retention_s) == (None, 5.0, 86_400.0)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[session]\nidle_expiri = '1h'\n", "unknown key session.idle_expiri"),
        ("[session]\nidle_expiry = 3\n", "session.idle_expiry must be a text"),
        ("[session]\nidle_expiry = 'soon'\n", "session.idle_expiry: 'soon' is not a duration"),
        ("[session]\nreconnect_window = 'never'\n", "session.reconnect_window cannot be never"),
        ("[store]\nsession_bytes = 10\n", "store.session_bytes must be at least"),
        ("[store]\ntotal_bytes = 5000000\n", "total_bytes must hold"),
        ("[daemon]\nlisten = ['0.0.0.0:7617']\n", "not a loopback address"),
        ("[daemon]\nlisten = ['7617']\n", "write HOST:PORT"),
        ("[daemon]\nmax_sessions = 0\n", "daemon.max_sessions"),
        ("[demon]\n", "unknown table or key 'demon'"),
        ("daemon = 3\n", "daemon must be a table"),
        ("[daemon\n", "line 1"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, named: str) -> None:
    """A wrong setting is refused with its file, its key and what it should be."""
    with pytest.raises(ConfigError) as error:
        load_config(paths(tmp_path, text))
    assert named in str(error.value)
    assert "config.toml" in str(error.value) or "listen" in str(error.value)


@pytest.mark.parametrize("text", ["127.0.0.1:0", "localhost:7617", "[::1]:7617"])
def test_loopback_addresses(text: str) -> None:
    """Loopback in all its spellings may be listened on."""
    assert ListenAddress.parse(text).is_loopback


@pytest.mark.parametrize(
    "text", ["0.0.0.0:1", "[::]:1", "192.0.2.1:80", "example.org:80", "127.0.0.1:70000", ":80", "a b:1"]
)
def test_other_addresses_are_refused(text: str) -> None:
    """Without TLS nothing but loopback is listened on."""
    with pytest.raises(ConfigError):
        ListenAddress.parse(text)


def test_only_listed_environment_reaches_shells() -> None:
    """A secret in the daemon's environment stays there."""
    environ = {"PATH": "/bin", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "x", "XDG_SESSION_ID": "1", "LCX": "no"}
    assert SessionTable().child_environment(environ) == {"PATH": "/bin", "LC_ALL": "C", "XDG_SESSION_ID": "1"}

"""The daemon's settings: `[daemon]`, `[session]` and `[store]` of `config.toml`, typed.

Durations are written as people write them (`24h`, `7d`, `never`) and kept in seconds. docs/operations.md lists them.
"""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..store.limits import StoreLimits
from ..wire.durations import parse_duration
from ..wire.errors import ConfigError
from ..wire.paths import Paths
from ..wire.settings import load_tables, read_table

__all__ = ["DEFAULT_PORT", "Config", "DaemonTable", "ListenAddress", "SessionTable", "load_config"]

DEFAULT_PORT = 7617

_LIMITS = StoreLimits()

_ENVIRONMENT_KEPT = (
    # Who and where the user is, how programs are found and speak; nothing that may hold a secret is passed by default.
    *(
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "PATH",
        "LANG",
        "LANGUAGE",
        "LC_*",
        "TZ",
        "TMPDIR",
        "EDITOR",
        "VISUAL",
        "PAGER",
    ),
    *("XDG_*", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK", "SSH_AGENT_PID"),
    "HOLDFAST_HOME",
)


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A TCP address to listen on; port 0 takes any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """Read `HOST:PORT` or `[IPV6]:PORT`.

        Raises:
            ConfigError: malformed, or a public address: without TLS the token would cross the network in the clear.
        """
        match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})", text, re.ASCII)
        if match is None or int(match[2]) > 65535:  # noqa: PLR2004  # the largest TCP port
            raise ConfigError(f"cannot listen on {text!r}; write HOST:PORT, as in 127.0.0.1:{DEFAULT_PORT}")
        address = cls(match[1].strip("[]"), int(match[2]))
        if not address.is_loopback:
            raise ConfigError(
                f"refusing to listen on {text}: it is not a loopback address, and there is no TLS; "
                "listen on 127.0.0.1 and put a TLS reverse proxy or an SSH tunnel before it"
            )
        return address

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class DaemonTable:
    """`[daemon]`: who reaches the daemon.

    Attributes:
        listen: TCP addresses; an empty list for none; unset for 127.0.0.1:7617, or a free port where that is taken.
        allowed_hosts: further names a reverse proxy may put into `Host`.
        allowed_origins: further origins, exact, whose pages may connect, as in "https://term.example.org".
        max_sessions: running at once.
    """

    listen: list[str] | None = None
    allowed_hosts: list[str] = field(default_factory=list)
    allowed_origins: list[str] = field(default_factory=list)
    max_sessions: int = 2000

    def addresses(self) -> list[ListenAddress]:
        """Return the addresses named by the user. Raises ConfigError."""
        return [ListenAddress.parse(text) for text in self.listen or []]


@dataclass(frozen=True, slots=True)
class SessionTable:
    """`[session]`: how sessions live and end.

    Attributes:
        idle_expiry: without output, input, client, or any process beside the shell.
        reconnect_window: how long a vanished client's place is kept.
        kill_grace: between SIGHUP and SIGKILL.
        shell: command of a session that names none; unset for $SHELL, or the user's login shell.
        environment: names passed from the daemon to its shells; a trailing * matches the rest.
    """

    idle_expiry: str = "24h"
    reconnect_window: str = "60s"
    kill_grace: str = "3s"
    shell: list[str] | None = None
    environment: list[str] = field(default_factory=lambda: list(_ENVIRONMENT_KEPT))

    def shell_argv(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Return the command of a session that names none."""
        if self.shell:
            return tuple(self.shell)
        return (environ.get("SHELL") or pwd.getpwuid(os.getuid()).pw_shell or "/bin/sh",)

    def child_environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return what of the daemon's environment its shells inherit."""
        whole = {name for name in self.environment if not name.endswith("*")}
        prefixes = tuple(name[:-1] for name in self.environment if name.endswith("*"))
        return {name: value for name, value in environ.items() if name in whole or name.startswith(prefixes)}


@dataclass(frozen=True, slots=True)
class StoreTable:
    """`[store]`: what is kept of history, and how long.

    Attributes:
        session_bytes: raw bytes kept a session; older whole chunks are dropped.
        total_bytes: the same over all sessions.
        retention: history of an ended session.
    """

    session_bytes: int = _LIMITS.session_bytes
    total_bytes: int = _LIMITS.total_bytes
    retention: str = "7d"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the daemon was told. Durations are in seconds; `idle_expiry_s` is None for never."""

    paths: Paths
    daemon: DaemonTable
    session: SessionTable
    limits: StoreLimits
    idle_expiry_s: float | None
    reconnect_window_s: float
    kill_grace_s: float


def load_config(paths: Paths) -> Config:
    """Read and check the settings of this home.

    Raises:
        ConfigError: which names the file and the key.
    """
    tables = load_tables(paths.config_file)
    file = paths.config_file
    daemon = read_table(DaemonTable, tables, "daemon", file)
    session = read_table(SessionTable, tables, "session", file)
    store = read_table(StoreTable, tables, "store", file)
    try:
        daemon.addresses()
    except ConfigError as error:
        raise ConfigError(f"{file}: daemon.listen: {error}") from None
    for key, number in (("daemon.max_sessions", daemon.max_sessions), ("store.total_bytes", store.total_bytes)):
        if number < 1:
            raise ConfigError(f"{file}: {key} must be at least 1, not {number}")
    least_bytes = 4 * _LIMITS.chunk_bytes
    if store.session_bytes < least_bytes:
        raise ConfigError(f"{file}: store.session_bytes must be at least {least_bytes}, not {store.session_bytes}")
    try:
        limits = StoreLimits(
            session_bytes=store.session_bytes,
            total_bytes=store.total_bytes,
            retention_s=_seconds(file, "store.retention", store.retention),
        )
    except ValueError as error:
        raise ConfigError(f"{file}: [store]: {error}") from None
    return Config(
        paths=paths,
        daemon=daemon,
        session=session,
        limits=limits,
        idle_expiry_s=_duration(file, "session.idle_expiry", session.idle_expiry),
        reconnect_window_s=_seconds(file, "session.reconnect_window", session.reconnect_window),
        kill_grace_s=_seconds(file, "session.kill_grace", session.kill_grace),
    )


def _duration(file: Any, key: str, text: str) -> float | None:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{file}: {key}: {error}") from None


def _seconds(file: Any, key: str, text: str) -> float:
    seconds = _duration(file, key, text)
    if seconds is None:
        raise ConfigError(f"{file}: {key} cannot be never")
    return seconds

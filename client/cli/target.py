"""The daemon that a command line is about: this home's own, which is started when nobody answers, or one elsewhere."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from ...wire.errors import ConfigError, UnreachableError
from ...wire.paths import Paths
from ..address import Address
from ..http import Http
from .find import SessionStatus

__all__ = ["Target", "host_option", "pass_target"]

_HOST_KEY = "holdfast.host"
_WAIT_FOR_LOCK_S = 15
"""A daemon that stops keeps its home locked until everything is stored; its successor waits for that."""
_COMPLETION_TIMEOUT_S = 1.0
_WOKEN_TIMEOUT_S = 5.0
"""A daemon that listens and does not answer hangs, and has been waited for."""

P = ParamSpec("P")
R = TypeVar("R")


class Target:
    """One daemon, by its address.

    Each request raises UnreachableError, RefusedError or WireError as `Http` does, and ConfigError where address, token
    or home cannot be used.

    Args:
        host: address as the user wrote it; None: this home's own daemon, the only one that is ever started.
        environ: where `HOLDFAST_HOME`, `HOLDFAST_TOKEN` and `HOLDFAST_TOKEN_FILE` are looked for.
    """

    def __init__(self, host: str | None, environ: Mapping[str, str] = os.environ) -> None:
        self._host = host
        self._environ = environ
        self._has_answered = False

    @classmethod
    def of(cls, ctx: click.Context) -> Target:
        """Return what `--host` or the environment chose."""
        return cls(ctx.meta.get(_HOST_KEY))

    @property
    def is_home(self) -> bool:
        """Whether this is the daemon of this home, because nobody named another."""
        return self._host is None

    @functools.cached_property
    def paths(self) -> Paths:
        """Of this home. Raises ConfigError."""
        return Paths.from_environment(self._environ)

    @functools.cached_property
    def address(self) -> Address:
        """Where it is. Raises ConfigError."""
        return Address.local(self.paths) if self._host is None else Address.parse(self._host)

    @functools.cached_property
    def token(self) -> str | None:
        """What it asks for on TCP; None on a Unix socket. Raises ConfigError."""
        if self.address.scheme == "unix":
            return None
        if token := self._environ.get("HOLDFAST_TOKEN"):
            return token.strip()
        file = self._environ.get("HOLDFAST_TOKEN_FILE")
        if not file:
            raise ConfigError(
                f"{self.address} asks for a token: set HOLDFAST_TOKEN_FILE to a file that holds what 'holdfast token' "
                "prints on the daemon's machine, or HOLDFAST_TOKEN to the token itself"
            )
        try:
            return Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the token in {file}: {error}") from None

    @functools.cached_property
    def http(self) -> Http:
        """Its routes, which start nothing. Raises ConfigError."""
        return Http(self.address, self.token)

    def get(self, route: str, query: Mapping[str, object] | str = "") -> dict[str, Any]:
        """Ask, and start this home's daemon where none answers."""
        try:
            answer = self.http.get(route, query)
        except UnreachableError:
            if not self.is_home:
                raise
            self.start()
            answer = self.http.get(route, query)
        self._has_answered = True
        return answer

    def post(self, route: str, query: Mapping[str, object] | str = "") -> dict[str, Any]:
        """Demand, once: a demand on whose way the daemon died may have been met, so it is not repeated."""
        self.ensure()
        return self.http.post(route, query)

    def ensure(self) -> None:
        """See to it that there is a daemon."""
        if not self._has_answered:
            self.get("/api/daemon")

    def start(self, arguments: Sequence[str] = ()) -> None:
        """Start this home's daemon, unless somebody else has meanwhile. Raises ConfigError, UnreachableError."""
        from ..launcher import start_daemon, starting  # noqa: PLC0415  # hardly ever: the daemon runs already

        with starting(self.paths):
            if self.running() is not None:
                return
            try:
                start_daemon(self.paths, ("--wait-for-lock", str(_WAIT_FOR_LOCK_S), *arguments), environ=self._environ)
            except UnreachableError:
                if self.running() is None:  # one that was started by other means may have been first
                    raise

    def running(self) -> dict[str, Any] | None:
        """Return what the daemon says of itself, or None where none answers.

        This home's own, whose socket was removed, is made to listen again.

        Raises:
            UnreachableError: this home has a daemon that cannot be reached; the text says what to do.
        """
        try:
            return self.http.get("/api/daemon")
        except UnreachableError:
            if not self.is_home:
                return None
        from ..waking import wake_daemon  # noqa: PLC0415  # hardly ever: somebody answers, or nobody is there

        holder = wake_daemon(self.paths)
        if holder is None:
            return None
        try:
            return Http(self.address, self.token, timeout_s=_WOKEN_TIMEOUT_S).get("/api/daemon")
        except UnreachableError:
            raise UnreachableError(
                f"the daemon of this home (pid {holder.pid}) does not answer at {self.paths.socket}. If that was "
                f"removed, the daemon tries each minute to listen again. 'kill {holder.pid}', then 'holdfast daemon "
                f"start', keeps the shells; see {self.paths.daemon_log}"
            ) from None

    def sessions(self, *, ended: bool) -> list[SessionStatus]:
        """Return the sessions, latest activity first; `ended`: those that have ended, too."""
        return _sessions(self.get("/api/sessions", {"all": int(ended)}))

    def sessions_now(self, *, ended: bool) -> list[SessionStatus]:
        """Return the same of a daemon that answers at once, for completion: nothing is started or waited for."""
        http = Http(self.address, self.token, timeout_s=_COMPLETION_TIMEOUT_S)
        return _sessions(http.get("/api/sessions", {"all": int(ended)}))


def _sessions(answer: dict[str, Any]) -> list[SessionStatus]:
    sessions: list[SessionStatus] = answer["sessions"]
    return sessions


def host_option(**attributes: Any) -> click.Option:
    """Return a `--host` option, which means the same before a command's name and behind it."""

    def remember(ctx: click.Context, _param: click.Parameter, host: str | None) -> None:
        if host:
            ctx.meta[_HOST_KEY] = host

    return click.Option(
        ["--host"],
        metavar="ADDRESS",
        expose_value=False,
        callback=remember,
        help="Another daemon: unix:PATH, ws://HOST:PORT or wss://HOST:PORT. Default: HOLDFAST_HOST, or your own.",
        **attributes,
    )


def pass_target(function: Callable[Concatenate[Target, P], R]) -> Callable[P, R]:
    """Give a command the `Target` of its command line as first argument."""

    @functools.wraps(function)
    def with_target(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(Target.of(click.get_current_context()), *args, **kwargs)

    return with_target

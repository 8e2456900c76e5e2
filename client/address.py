"""Where a daemon is: `unix:PATH`, `ws://HOST:PORT[/PREFIX]` or `wss://...`. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from ..wire.errors import ConfigError
from ..wire.paths import Paths

__all__ = ["DEFAULT_PORT", "Address"]

DEFAULT_PORT = 7617

_FORMS = "write unix:PATH, ws://HOST:PORT or wss://HOST:PORT"
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_ENDPOINT = "/ws"


@dataclass(frozen=True, slots=True)
class Address:
    """One daemon's address.

    Attributes:
        scheme: how it is reached.
        path: of the Unix socket; else what stands before `/ws` and `/api` in the URL (a reverse proxy's prefix), or "".
        host: name or address; "localhost" for a Unix socket.
        port: TCP port; 0 for a Unix socket.
    """

    scheme: Literal["unix", "ws", "wss"]
    path: str
    host: str = "localhost"
    port: int = 0

    @classmethod
    def local(cls, paths: Paths | None = None) -> Address:
        """Return the socket of this home's daemon. Raises ConfigError where the environment names no usable home."""
        return cls("unix", str((paths or Paths.from_environment()).socket))

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address as a user writes it; the `/ws` that `holdfast daemon status` shows may stay.

        Raises:
            ConfigError: none of the three forms, or it holds what does not belong into an address.
        """
        if text.startswith("unix:"):
            path = text.removeprefix("unix:").removeprefix("//")
            if not path:
                raise ConfigError(f"{text!r} names no socket; {_FORMS}")
            return cls("unix", os.path.expanduser(path))  # noqa: PTH111  # stays a text, as sun_path is
        return _parse_url(text)

    @property
    def is_local(self) -> bool:
        """Whether the daemon is on this machine, as far as the address tells."""
        return self.scheme == "unix" or self.host in _LOOPBACK_HOSTS

    @property
    def prefix(self) -> str:
        """What stands before every route."""
        return "" if self.scheme == "unix" else self.path

    def ws_uri(self, query: str) -> str:
        """Return the URI of `GET /ws` with this query string; over a Unix socket its host only fills the header."""
        if self.scheme == "unix":
            return f"ws://localhost{_ENDPOINT}?{query}"
        return f"{self.scheme}://{self._netloc}{self.path}{_ENDPOINT}?{query}"

    @property
    def page_url(self) -> str:
        """The URL of the page, with the slash that its relative links need; not of a Unix socket."""
        scheme, default_port = ("https", 443) if self.scheme == "wss" else ("http", 80)
        return f"{scheme}://{self._netloc.removesuffix(f':{default_port}')}{self.path}/"

    @property
    def _netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.scheme == "unix" else f"{self.scheme}://{self._netloc}{self.path}"


def _parse_url(text: str) -> Address:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ConfigError(f"{text!r} is not an address ({error}); {_FORMS}") from None
    if url.scheme not in ("ws", "wss") or not url.hostname:
        raise ConfigError(f"{text!r} is not an address; {_FORMS}")
    if url.username is not None or url.query or url.fragment:
        raise ConfigError("an address holds no user, token or query: every process on the machine can read it")
    scheme: Literal["ws", "wss"] = "ws" if url.scheme == "ws" else "wss"
    prefix = url.path.rstrip("/").removesuffix(_ENDPOINT).rstrip("/")
    return Address(scheme, prefix, url.hostname, port or (DEFAULT_PORT if scheme == "ws" else 443))

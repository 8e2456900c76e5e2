"""The gate before every route and every socket: Host, Origin, token or peer. Pure, and deny by default.

It keeps out: a web page of another site (Origin), a name rebound to this address (Host), another user of the machine
(peer uid on the Unix socket, token on TCP), and a proxy that would lend its own uid to strangers (forwarding headers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, TypeAlias

from ...wire.messages import SUBPROTOCOL_BEARER_PREFIX

__all__ = ["Access", "Allowed", "Denied", "Facts", "Policy", "check"]

Access: TypeAlias = Literal["open", "full"]
"""What a route asks for: `open` answers anyone on an allowed Host; `full` needs the owner."""

_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]{1,200})", re.ASCII | re.IGNORECASE)  # RFC 6750, section 2.1
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", re.ASCII)  # RFC 9110, section 7.2
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a request before anything is done with it.

    Attributes:
        peer_is_owner: it came over the Unix socket from a process of the daemon's own user.
        headers: names in lower case; repeated ones joined by ", ".
    """

    peer_is_owner: bool
    headers: Mapping[str, str]

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy says that it speaks for somebody else."""
        return any(name in self.headers for name in _FORWARDED)

    @property
    def token(self) -> str | None:
        """The token it brings: in `Authorization`, or as a subprotocol, all that a browser's socket can send."""
        bearer = _BEARER.fullmatch(self.headers.get("authorization", ""))
        if bearer is not None:
            return bearer[1]
        for offered in self.headers.get("sec-websocket-protocol", "").split(","):
            if offered.strip().startswith(SUBPROTOCOL_BEARER_PREFIX):
                return offered.strip().removeprefix(SUBPROTOCOL_BEARER_PREFIX)
        return None


@dataclass(frozen=True, slots=True)
class Policy:
    """Who is let in.

    Attributes:
        hosts: names that `Host` may have, lower case, without port.
        origins: exact origins of other sites that may connect.
        token_matches: compares in constant time.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    token_matches: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may pass; `by_token`: and must go when that token is revoked."""

    by_token: bool


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not."""

    status: HTTPStatus
    code: str
    message: str


def check(facts: Facts, access: Access | None, policy: Policy) -> Allowed | Denied:
    """Decide over one request.

    Args:
        facts: of the request.
        access: what its route asks for; None where there is no such route.
        policy: who is let in.
    """
    origin = facts.headers.get("origin")
    trusted_peer = facts.peer_is_owner and origin is None and not facts.is_forwarded
    if not trusted_peer:
        refusal = _check_host(facts, policy) or _check_origin(facts, origin, policy)
        if refusal is not None:
            return refusal
    if access == "open":
        return Allowed(by_token=False)
    if not trusted_peer:
        token = facts.token
        if token is None or not policy.token_matches(token):
            what = "no token given" if token is None else "wrong token"
            hint = "send 'Authorization: Bearer TOKEN'; 'holdfast token' prints it"
            return Denied(HTTPStatus.UNAUTHORIZED, "unauthorized", f"{what}: {hint}")
    if access is None:  # only who may come in learns which routes there are
        return Denied(HTTPStatus.NOT_FOUND, "no_route", "there is no such route; see docs/protocol.md")
    return Allowed(by_token=not trusted_peer)


def _check_host(facts: Facts, policy: Policy) -> Denied | None:
    host = facts.headers.get("host", "")
    match = _HOST.fullmatch(host)
    if match is not None and match[1].strip("[]").lower() in policy.hosts:
        return None
    return Denied(
        HTTPStatus.MISDIRECTED_REQUEST,
        "forbidden",
        f"Host {host[:80]!r} is not one of this daemon's names; behind a proxy, add it to daemon.allowed_hosts",
    )


def _check_origin(facts: Facts, origin: str | None, policy: Policy) -> Denied | None:
    if origin is None or origin in policy.origins:
        return None
    host = facts.headers.get("host", "")
    if origin in (f"http://{host}", f"https://{host}"):
        return None
    return Denied(
        HTTPStatus.FORBIDDEN,
        "forbidden",
        f"pages of {origin[:80]!r} may not connect; if they should, add it to daemon.allowed_origins",
    )

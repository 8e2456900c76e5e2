"""The gate before every route and every socket: Host, Origin, and peer, token or login. Pure, and deny by default.

It keeps out: a web page of another site (Origin), a name rebound to this address (Host), another user of the machine
(peer uid on the Unix socket, token or login on TCP), and a proxy that would lend its own uid to strangers (forwarding
headers). A login is a cookie, which browsers add by themselves to what pages of other ports of this host ask for too:
so it counts only where the browser says that the daemon's own page asks.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, TypeAlias

from ...wire.messages import SUBPROTOCOL_BEARER_PREFIX

__all__ = ["Access", "Allowed", "Credential", "Denied", "Facts", "Policy", "check", "cookies_of"]

Access: TypeAlias = Literal["open", "full", "owner"]
"""What a route asks for: `open` answers anyone on an allowed Host; `full` needs a credential; `owner` one that is no
login: what makes logins, or tells the token, would let a login outlive its end."""

Credential: TypeAlias = Literal["none", "peer", "token", "login"]
"""By what a request was let in."""

_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]{1,200})", re.ASCII | re.IGNORECASE)  # RFC 6750, section 2.1
_BASIC = re.compile(r"Basic +([A-Za-z0-9+/=]{1,600})", re.ASCII | re.IGNORECASE)  # RFC 7617, section 2
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", re.ASCII)  # RFC 9110, section 7.2
_COOKIES_LOOKED_AT = 8
"""Of one name: another server on this host can add some beside ours, and must neither lock us out nor cost much."""
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


def cookies_of(header: str, name: str) -> list[str]:
    """Return the values of the cookies of this name in a `Cookie` header, repeated ones of which were joined."""
    pairs = (pair.strip().partition("=") for pair in re.split("[;,]", header))
    return [value for key, _, value in pairs if key == name][:_COOKIES_LOOKED_AT]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a request before anything is done with it.

    Attributes:
        peer_is_owner: it came over the Unix socket from a process of the daemon's own user.
        headers: names in lower case; repeated ones joined by ", ".
        method: of HTTP.
        takes_basic: the token may come as the password of HTTP Basic, which is all that clients of ttyd know.
    """

    peer_is_owner: bool
    headers: Mapping[str, str]
    method: str = "GET"
    takes_basic: bool = False

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy says that it speaks for somebody else."""
        return any(name in self.headers for name in _FORWARDED)

    @property
    def only_reads(self) -> bool:
        """Whether nothing comes of it but an answer, which no other site's page can look at."""
        return self.method in ("GET", "HEAD") and "upgrade" not in self.headers

    @property
    def token(self) -> str | None:
        """The token it brings: in `Authorization`, or as a subprotocol, all that a browser's socket can send."""
        authorization = self.headers.get("authorization", "")
        bearer = _BEARER.fullmatch(authorization)
        if bearer is not None:
            return bearer[1]
        basic = _BASIC.fullmatch(authorization) if self.takes_basic else None
        if basic is not None:
            return _password(basic[1])
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
        cookie: name of the login's cookie.
        login_of: the id of the login that a cookie's value stands for, or None; compares in constant time.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    token_matches: Callable[[str], bool]
    cookie: str
    login_of: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may pass, and must go when what let it in is revoked; `login_id`: of a login."""

    by: Credential
    login_id: str = ""


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
        return Allowed("none")
    allowed = Allowed("peer") if trusted_peer else _identify(facts, policy)
    if isinstance(allowed, Denied):
        return allowed
    if access is None:  # only who may come in learns which routes there are
        return Denied(HTTPStatus.NOT_FOUND, "no_route", "there is no such route; see docs/protocol.md")
    if access == "owner" and allowed.by == "login":
        return Denied(
            HTTPStatus.FORBIDDEN, "forbidden", "the page may not do this; 'holdfast' on the command line does"
        )
    return allowed


def _identify(facts: Facts, policy: Policy) -> Allowed | Denied:
    token = facts.token
    if token is not None:
        if policy.token_matches(token):
            return Allowed("token")
        return _unauthorized("wrong token: send 'Authorization: Bearer TOKEN'; 'holdfast token' prints it")
    cookies = cookies_of(facts.headers.get("cookie", ""), policy.cookie)
    login_id = next(filter(None, map(policy.login_of, cookies)), None)
    if login_id is not None:
        return _check_own_page(facts) or Allowed("login", login_id)
    if cookies:
        return _unauthorized("this login has ended; 'holdfast web' opens the page with a new one")
    return _unauthorized("no token given: send 'Authorization: Bearer TOKEN'; 'holdfast token' prints it")


def _unauthorized(message: str) -> Denied:
    return Denied(HTTPStatus.UNAUTHORIZED, "unauthorized", message)


def _check_own_page(facts: Facts) -> Denied | None:
    """A cookie says nothing of who made the browser send it: these headers do, which no page can set."""
    origin = facts.headers.get("origin")
    if origin is None and facts.only_reads:
        # Browsers too old for this header still keep the answer from other pages.
        asked_by_us = facts.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    else:
        asked_by_us = origin is not None and origin in _own_origins(facts)
    if asked_by_us:
        return None
    return Denied(
        HTTPStatus.FORBIDDEN,
        "forbidden",
        "with a login, only the daemon's own page may do this; a proxy must pass Host on as the browser sent it",
    )


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
    if origin in _own_origins(facts):
        return None
    return Denied(
        HTTPStatus.FORBIDDEN,
        "forbidden",
        f"pages of {origin[:80]!r} may not connect; if they should, add it to daemon.allowed_origins",
    )


def _password(credentials: str) -> str:
    """Return the password of HTTP Basic credentials, whoever the user is; empty where they are malformed."""
    try:
        return base64.b64decode(credentials, validate=True).decode("ascii").partition(":")[2]
    except ValueError:
        return ""


def _own_origins(facts: Facts) -> tuple[str, str]:
    host = facts.headers.get("host", "")
    return f"http://{host}", f"https://{host}"

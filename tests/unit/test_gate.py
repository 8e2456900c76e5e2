"""The gate as a table: who gets in, and who is told what."""

from __future__ import annotations

import pytest

from holdfast.daemon.front.gate import Access, Allowed, Denied, Facts, Policy, check
from holdfast.daemon.front.routes import ROUTES, match

POLICY = Policy(
    hosts=frozenset({"localhost", "127.0.0.1", "::1", "term.example.org"}),
    origins=frozenset({"https://other.example.org"}),
    token_matches=lambda token: token == "right",
)
LOCAL = {"host": "127.0.0.1:7617"}
TOKEN = {"authorization": "Bearer right"}


@pytest.mark.parametrize(
    ("owner", "headers", "access", "verdict"),
    [
        # The Unix socket: the peer's uid is enough.
        (True, {"host": "localhost"}, "full", "peer"),
        (True, {}, "full", "peer"),
        (True, {}, None, "no_route"),
        (False, {"host": "localhost"}, "full", "unauthorized"),
        # A proxy or a browser behind it lends its uid to strangers: they need what strangers need.
        (True, {"host": "evil.example"}, "full", "peer"),
        (True, {"host": "localhost", "x-forwarded-for": "192.0.2.1"}, "full", "unauthorized"),
        (True, {"host": "localhost", "origin": "https://evil.example"}, "full", "forbidden"),
        (True, {"host": "evil.example", "forwarded": "for=192.0.2.1", **TOKEN}, "full", "forbidden"),
        # TCP: token and Host.
        (False, LOCAL, "full", "unauthorized"),
        (False, {**LOCAL, "authorization": "Bearer wrong"}, "full", "unauthorized"),
        (False, {**LOCAL, "authorization": "Basic right"}, "full", "unauthorized"),
        (False, {**LOCAL, "authorization": "Bearer right, Bearer wrong"}, "full", "unauthorized"),
        (False, {**LOCAL, **TOKEN}, "full", "token"),
        (False, {**LOCAL, "authorization": "bearer  right"}, "full", "token"),
        (False, {**LOCAL, "sec-websocket-protocol": "holdfast.v1, holdfast.bearer.right"}, "full", "token"),
        (False, {**LOCAL, "sec-websocket-protocol": "holdfast.bearer.wrong"}, "full", "unauthorized"),
        (False, {"host": "[::1]:7617", **TOKEN}, "full", "token"),
        (False, {"host": "TERM.example.org", **TOKEN}, "full", "token"),
        # DNS rebinding: the attacker's name leads here, and the browser says so in Host.
        (False, {"host": "evil.example:7617", **TOKEN}, "full", "forbidden"),
        (False, {"host": "127.0.0.1, evil.example", **TOKEN}, "full", "forbidden"),
        (False, {"host": "", **TOKEN}, "full", "forbidden"),
        (False, TOKEN, "full", "forbidden"),
        (False, {"host": "evil.example"}, "open", "forbidden"),
        # Pages of other sites.
        (False, {**LOCAL, **TOKEN, "origin": "http://127.0.0.1:7617"}, "full", "token"),
        (False, {**LOCAL, **TOKEN, "origin": "http://127.0.0.1:8000"}, "full", "forbidden"),
        (False, {**LOCAL, **TOKEN, "origin": "https://evil.example"}, "full", "forbidden"),
        (False, {**LOCAL, **TOKEN, "origin": "null"}, "full", "forbidden"),
        (False, {**LOCAL, **TOKEN, "origin": "https://other.example.org"}, "full", "token"),
        (False, {**LOCAL, **TOKEN, "origin": "https://other.example.org.evil.example"}, "full", "forbidden"),
        (False, {**LOCAL, "origin": "http://127.0.0.1:7617"}, "full", "unauthorized"),
        # Open routes, and routes that are not there.
        (False, LOCAL, "open", "anyone"),
        (False, {**LOCAL, "origin": "https://evil.example"}, "open", "forbidden"),
        (False, LOCAL, None, "unauthorized"),
        (False, {**LOCAL, **TOKEN}, None, "no_route"),
    ],
)
def test_gate(owner: bool, headers: dict[str, str], access: Access | None, verdict: str) -> None:
    """Each request gets the verdict of the table."""
    decided = check(Facts(owner, headers), access, POLICY)
    match decided:
        case Denied():
            assert decided.code == verdict
        case Allowed(by_token):
            assert {"token": by_token, "peer": not by_token, "anyone": not by_token}[verdict]


def test_every_route_but_health_needs_the_owner() -> None:
    """A route that is added is closed unless it is listed here."""
    assert [route.name for route in ROUTES if route.access != "full"] == ["health"]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/ws", "socket"),
        ("POST", "/ws", None),
        ("GET", "/ws/", None),
        ("GET", "/api/sessions", "sessions"),
        ("POST", "/api/sessions", "create"),
        ("GET", "/api/sessions/3f2b8c1e-0000-4000-8000-000000000000", "session"),
        ("POST", "/api/sessions/3f2b8c1e-0000-4000-8000-000000000000/end", "end"),
        ("GET", "/api/sessions/3f2b8c1e-0000-4000-8000-000000000000/end", None),
        ("GET", "/api/sessions/3f2b8c1e-0000-4000-8000-000000000000/lines", "lines"),
        ("POST", "/api/sessions/3f2b8c1e-0000-4000-8000-000000000000/lines", None),
        ("GET", "/api/sessions/../../etc/passwd", None),
        ("GET", "//ws", None),
        ("HEAD", "/healthz", None),
    ],
)
def test_routes_are_exact(method: str, path: str, name: str | None) -> None:
    """Nothing but a listed method and path is a route."""
    found = match(method, path)
    assert (found.route.name if found else None) == name

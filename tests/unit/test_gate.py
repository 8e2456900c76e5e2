"""The gate as a table: who gets in, and who is told what."""

from __future__ import annotations

import base64

import pytest

from holdfast.daemon.front.gate import Access, Allowed, Denied, Facts, Policy, check
from holdfast.daemon.front.routes import ROUTES, match

POLICY = Policy(
    hosts=frozenset({"localhost", "127.0.0.1", "::1", "term.example.org"}),
    origins=frozenset({"https://other.example.org"}),
    token_matches=lambda token: token == "right",
    cookie="holdfast-1",
    login_of={"mine": "login 1"}.get,
)
LOCAL = {"host": "127.0.0.1:7617"}
TOKEN = {"authorization": "Bearer right"}
COOKIE = {"cookie": "holdfast-1=mine"}
OWN = {"origin": "http://127.0.0.1:7617"}
UPGRADE = {"upgrade": "websocket"}


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
        (False, LOCAL, "open", "none"),
        (False, {**LOCAL, "origin": "https://evil.example"}, "open", "forbidden"),
        (False, LOCAL, None, "unauthorized"),
        (False, {**LOCAL, **TOKEN}, None, "no_route"),
    ],
)
def test_gate(owner: bool, headers: dict[str, str], access: Access | None, verdict: str) -> None:
    """Each request gets the verdict of the table."""
    assert outcome(Facts(owner, headers), access) == verdict


@pytest.mark.parametrize(
    ("method", "headers", "access", "verdict"),
    [
        # To look at something: the browser says who asked, unless it is an old one.
        ("GET", {}, "full", "login"),
        ("HEAD", {}, "full", "login"),
        ("GET", {"sec-fetch-site": "same-origin"}, "full", "login"),
        ("GET", {"sec-fetch-site": "none"}, "full", "login"),  # typed into the address bar
        ("GET", {"sec-fetch-site": "same-site"}, "full", "forbidden"),  # a page of another port
        ("GET", {"sec-fetch-site": "cross-site"}, "full", "forbidden"),
        ("GET", {"sec-fetch-site": "same-origin, cross-site"}, "full", "forbidden"),
        ("GET", OWN, "full", "login"),
        # To do something, or to open a socket: only with the daemon's own origin.
        ("POST", OWN, "full", "login"),
        ("POST", {}, "full", "forbidden"),
        ("POST", {"sec-fetch-site": "same-origin"}, "full", "forbidden"),
        ("PUT", {}, "full", "forbidden"),
        ("GET", {**UPGRADE, **OWN}, "full", "login"),
        ("GET", UPGRADE, "full", "forbidden"),
        ("GET", {**UPGRADE, "sec-fetch-site": "same-origin"}, "full", "forbidden"),
        ("GET", {**UPGRADE, "origin": "http://127.0.0.1:8000"}, "full", "forbidden"),
        ("GET", {**UPGRADE, "origin": "null"}, "full", "forbidden"),
        ("POST", {"origin": "https://127.0.0.1:7617"}, "full", "login"),  # behind a proxy with TLS
        # Pages of other origins that may connect do so with the token; the cookie is not theirs.
        ("POST", {"origin": "https://other.example.org"}, "full", "forbidden"),
        ("GET", {"origin": "https://other.example.org"}, "full", "forbidden"),
        ("GET", {**UPGRADE, "origin": "https://other.example.org"}, "full", "forbidden"),
        # What would let a login outlive its end.
        ("POST", OWN, "owner", "forbidden"),
        ("POST", {**OWN, **TOKEN}, "owner", "token"),
        # Cookies that are there by mistake, or by the hand of another server of this host.
        ("GET", {"cookie": "holdfast-1=yours"}, "full", "unauthorized"),
        ("GET", {"cookie": "holdfast-2=mine"}, "full", "unauthorized"),
        ("GET", {"cookie": "xholdfast-1=mine"}, "full", "unauthorized"),
        ("GET", {"cookie": "holdfast-1=mine2"}, "full", "unauthorized"),
        ("GET", {"cookie": "holdfast-1"}, "full", "unauthorized"),
        ("GET", {"cookie": "holdfast-1="}, "full", "unauthorized"),
        ("GET", {"cookie": "holdfast-1=planted; a=b; holdfast-1=mine"}, "full", "login"),
        ("GET", {"cookie": "a=b, holdfast-1=mine"}, "full", "login"),
        ("GET", {"cookie": "holdfast-1=x; " * 100 + "holdfast-1=mine"}, "full", "unauthorized"),
        # The token decides where there is one; the rest is as without a cookie.
        ("GET", {"authorization": "Bearer wrong"}, "full", "unauthorized"),
        ("GET", TOKEN, "full", "token"),
        ("GET", {"authorization": "Basic Zm9v"}, "full", "login"),  # of a proxy before the daemon
        ("GET", {"host": "evil.example"}, "full", "forbidden"),
        ("GET", {"sec-fetch-site": "cross-site"}, "open", "none"),
        ("GET", {}, None, "no_route"),
    ],
)
def test_gate_with_a_login(method: str, headers: dict[str, str], access: Access | None, verdict: str) -> None:
    """A cookie that is right opens what the daemon's own page asks for, and nothing else."""
    assert outcome(Facts(False, {**LOCAL, **COOKIE, **headers}, method), access) == verdict


def test_a_page_on_the_unix_socket_is_no_peer() -> None:
    """Behind a proxy that runs as the owner, the login counts, and what a login may not do is refused."""
    forwarded = {**LOCAL, **COOKIE, **OWN, "x-forwarded-for": "192.0.2.1"}
    assert outcome(Facts(True, forwarded, "POST"), "full") == "login"
    assert outcome(Facts(True, forwarded, "POST"), "owner") == "forbidden"
    assert outcome(Facts(True, LOCAL, "POST"), "owner") == "peer"


def outcome(facts: Facts, access: Access | None) -> str:
    """Return by what the request was let in, or why not."""
    decided = check(facts, access, POLICY)
    if isinstance(decided, Denied):
        return decided.code
    assert decided == Allowed(decided.by, "login 1" if decided.by == "login" else "")
    return decided.by


def test_every_route_is_closed_but_these() -> None:
    """A route that is added needs a credential unless it is listed here."""
    open_routes = {"page", "asset", "login", "health"}
    assert {route.name for route in ROUTES if route.access == "open"} == open_routes
    assert {route.name for route in ROUTES if route.access == "owner"} == {"make_login", "rotate_token"}


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
        ("HEAD", "/healthz", "health"),
        ("HEAD", "/", "page"),
        ("HEAD", "/api/sessions", None),
        ("GET", "/", "page"),
        ("POST", "/", None),
        ("GET", "/index.html", None),
        ("GET", "/assets/main.js", "asset"),
        ("GET", "/assets/vendor/xterm.mjs", "asset"),
        ("GET", "/assets/", None),
        ("GET", "/assets//main.js", None),
        ("GET", "/assets/../main.js", None),
        ("GET", "/assets/vendor/../main.js", None),
        ("GET", "/assets/%2e%2e/main.js", None),
        ("GET", "/assets/..%2fmain.js", None),
        ("GET", "/assets/.hidden", None),
        ("GET", "/assets/vendor/", None),
        ("GET", "/assets/a\\..\\b.js", None),
        ("GET", "/assets/main.js\0", None),
        ("GET", "/api/login", None),
        ("POST", "/api/login", "login"),
    ],
)
def test_routes_are_exact(method: str, path: str, name: str | None) -> None:
    """Nothing but a listed method and path is a route."""
    found = match(method, path)
    assert (found.route.name if found else None) == name


@pytest.mark.parametrize(
    ("credentials", "takes_basic", "verdict"),
    [
        (b"me:right", True, "token"),
        (b":right", True, "token"),
        (b"me:right", False, "unauthorized"),
        (b"me:wrong", True, "unauthorized"),
        (b"right", True, "unauthorized"),
        (b"right:", True, "unauthorized"),
        (b"me:right:", True, "unauthorized"),
        ("me:rïght".encode("latin-1"), True, "unauthorized"),
    ],
)
def test_a_password_is_a_token_only_where_that_is_taken(credentials: bytes, takes_basic: bool, verdict: str) -> None:
    headers = {**LOCAL, "authorization": "Basic " + base64.b64encode(credentials).decode()}
    found = check(Facts(False, headers, takes_basic=takes_basic), "full", POLICY)
    assert (found.code if isinstance(found, Denied) else found.by) == verdict


@pytest.mark.parametrize("text", ["", "=", "a", "????", "bWU6cmlnaHQ", "bWU6cmlnaHQ=, Basic bWU6cmlnaHQ=", "A" * 700])
def test_credentials_that_make_no_sense_are_none(text: str) -> None:
    found = check(Facts(False, {**LOCAL, "authorization": f"Basic {text}"}, takes_basic=True), "full", POLICY)
    assert isinstance(found, Denied)
    assert found.code == "unauthorized"

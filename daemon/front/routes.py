"""Every route there is, and what it asks for. A request that is not in this table does not get past the gate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .gate import Access

__all__ = ["ROUTES", "Match", "Route", "RouteName", "match"]

RouteName: TypeAlias = Literal[
    "page",
    "asset",
    "login",
    "logout",
    "make_login",
    "socket",
    "health",
    "daemon",
    "stop",
    "sessions",
    "create",
    "session",
    "end",
    "rename",
    "log",
    "lines",
    "screen",
    "search",
    "tty_socket",
    "tty_token",
    "rotate_token",
]

_ASSET = r"(?P<asset>\w[\w.-]*(?:/\w[\w.-]*)*)"
"""No segment begins with a dot, and none is decoded: so no path leads out of the folder."""
_NAME = r"(?P<name>[^/]+)"
_ID = r"(?P<session_id>[0-9a-f-]{36})"


@dataclass(frozen=True, slots=True)
class Route:
    """One route: method, pattern of the path, what it asks for."""

    name: RouteName
    method: Literal["GET", "POST"]
    path: str
    access: Access


ROUTES = (
    Route("page", "GET", "/", "open"),
    Route("asset", "GET", f"/assets/{_ASSET}", "open"),
    Route("login", "POST", "/api/login", "open"),
    Route("logout", "POST", "/api/logout", "full"),
    Route("make_login", "POST", "/api/logins", "owner"),
    Route("socket", "GET", "/ws", "full"),
    Route("health", "GET", "/healthz", "open"),
    Route("daemon", "GET", "/api/daemon", "full"),
    Route("stop", "POST", "/api/daemon/stop", "full"),
    Route("sessions", "GET", "/api/sessions", "full"),
    Route("create", "POST", "/api/sessions", "full"),
    Route("session", "GET", f"/api/sessions/{_ID}", "full"),
    Route("end", "POST", f"/api/sessions/{_ID}/end", "full"),
    Route("rename", "POST", f"/api/sessions/{_ID}/rename", "full"),
    Route("log", "GET", f"/api/sessions/{_ID}/log", "full"),
    Route("lines", "GET", f"/api/sessions/{_ID}/lines", "full"),
    Route("search", "GET", f"/api/sessions/{_ID}/search", "full"),
    Route("screen", "GET", f"/api/sessions/{_ID}/screen", "full"),
    Route("tty_socket", "GET", f"/tty(?:/{_NAME})?/ws", "full"),
    Route("tty_token", "GET", f"/tty(?:/{_NAME})?/token", "full"),
    Route("rotate_token", "POST", "/api/token/rotate", "owner"),
)

_HEADERS_ALONE = frozenset({"page", "asset", "health"})
"""Routes that answer HEAD too: their answers are at hand."""

_COMPILED = tuple((route, re.compile(route.path, re.ASCII)) for route in ROUTES)


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request, and the session or the file of the page that it names; a `name` as it stands there."""

    route: Route
    session_id: str = ""
    asset: str = ""
    name: str | None = None


def match(method: str, path: str) -> Match | None:
    """Find the route of a request, or None; `path` is without the query."""
    for route, pattern in _COMPILED:
        found = pattern.fullmatch(path)
        if found is not None and (route.method == method or (method == "HEAD" and route.name in _HEADERS_ALONE)):
            return Match(route, **found.groupdict())
    return None

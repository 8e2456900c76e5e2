"""Every route there is, and what it asks for. A request that is not in this table does not get past the gate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .gate import Access

__all__ = ["ROUTES", "Match", "Route", "RouteName", "match"]

RouteName: TypeAlias = Literal[
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
    "rotate_token",
]

_ID = r"(?P<session_id>[0-9a-f-]{36})"


@dataclass(frozen=True, slots=True)
class Route:
    """One route: method, pattern of the path, what it asks for."""

    name: RouteName
    method: Literal["GET", "POST"]
    path: str
    access: Access


ROUTES = (
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
    Route("rotate_token", "POST", "/api/token/rotate", "full"),
)

_COMPILED = tuple((route, re.compile(route.path, re.ASCII)) for route in ROUTES)


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request, and the session it names."""

    route: Route
    session_id: str = ""


def match(method: str, path: str) -> Match | None:
    """Find the route of a request, or None; `path` is without the query."""
    for route, pattern in _COMPILED:
        found = pattern.fullmatch(path)
        if found is not None and route.method == method:
            return Match(route, found.groupdict().get("session_id", ""))
    return None

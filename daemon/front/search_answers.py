"""`GET /api/sessions/ID/search`: what is looked for, and what was found."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Mapping
from typing import Any, Final, TypeVar

from websockets.http11 import Request, Response

from ...wire.errors import QueryError
from ..sessions.registry import Registry
from ..sessions.search import FoundMatches, Searcher, Wanted
from .answers import json_answer
from .parameters import flag, number
from .routes import Match
from .websocket import Socket

__all__ = ["SearchAnswers", "wanted"]

_MAX_TEXT_CHARS = 500
_MAX_MATCHES, _DEFAULT_MATCHES = 1000, 100
_ESCAPE: Final = re.compile(r"(?s)\\.|\(\?P")  # capital letters of a regular expression that are no letters looked for

T = TypeVar("T")


class SearchAnswers:
    """Answers searches."""

    def __init__(self, registry: Registry, searcher: Searcher) -> None:
        self._registry = registry
        self._searcher = searcher

    async def search(self, socket: Socket, match: Match, parameters: dict[str, str], _request: Request) -> Response:
        """Answer one; whoever hangs up is not searched for any more."""
        await self._registry.record(match.session_id)
        what, before, most = wanted(parameters), number(parameters, "before", None), _most(parameters)
        socket.lift_deadline()
        found = await _while_connected(socket, self._searcher.find(match.session_id, what, before, most))
        return json_answer(_fields(found))


def wanted(parameters: Mapping[str, str]) -> Wanted:
    """Return what is looked for. Without `case`, capital letters in it say that case matters. Raises QueryError."""
    text = parameters.get("q", "")
    if not 0 < len(text) <= _MAX_TEXT_CHARS or "\n" in text:
        raise QueryError(f"q must be 1 to {_MAX_TEXT_CHARS} characters without a line feed")
    is_pattern = flag(parameters, "regex")
    if "case" in parameters:
        return Wanted(text, not flag(parameters, "case"), is_pattern)
    letters = _ESCAPE.sub("", text) if is_pattern else text
    return Wanted(text, letters == letters.lower(), is_pattern)


def _most(parameters: Mapping[str, str]) -> int:
    most = number(parameters, "max", _DEFAULT_MATCHES)
    if not 1 <= most <= _MAX_MATCHES:
        raise QueryError(f"max must be a whole number from 1 to {_MAX_MATCHES}, not {most}")
    return most


def _fields(found: FoundMatches) -> dict[str, object]:
    return {**found._asdict(), "matches": [match._asdict() for match in found.matches]}


async def _while_connected(socket: Socket, work: Coroutine[Any, Any, T]) -> T:
    """Do something for a client, unless it hangs up. Raises CancelledError then."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task, socket.connection_lost_waiter), return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    return task.result()

"""What the HTTP routes do. Each handler returns an answer, or None where it has streamed one itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from websockets.http11 import Request, Response

from ...wire.errors import ConfigError, QueryError, RefusedError
from ...wire.frames import MAX_NUMBER
from ...wire.messages import MAX_LINES, LinesRequest
from ...wire.query import SpawnQuery
from ..sessions.history import History
from ..sessions.lines import LineReader
from ..sessions.refusals import NoScreenError
from ..sessions.registry import Registry
from .answers import error_answer, json_answer, json_text_answer, stream
from .entrance import Entrance
from .line_answers import encode_lines
from .page import Page
from .parameters import flag, number
from .routes import Match, RouteName
from .search_answers import SearchAnswers
from .status import Statuses
from .ttyd_connection import answer_token
from .websocket import Socket

__all__ = ["Api", "DaemonFacts"]

_STATUS_OF = {
    "not_found": HTTPStatus.NOT_FOUND,
    "name_taken": HTTPStatus.CONFLICT,
    "process_dead": HTTPStatus.CONFLICT,
    "storage": HTTPStatus.SERVICE_UNAVAILABLE,
    "limit": HTTPStatus.TOO_MANY_REQUESTS,
    "spawn_failed": HTTPStatus.SERVICE_UNAVAILABLE,
    "stopping": HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class DaemonFacts:
    """What the daemon says of itself.

    Attributes:
        status: makes the answer of `GET /api/daemon`.
        stop: asks the daemon to stop; True: end the sessions too.
    """

    version: str
    status: Callable[[], Mapping[str, Any]]
    stop: Callable[[bool], None]


class Api:
    """The handlers, by route name."""

    def __init__(
        self,
        registry: Registry,
        history: History,
        lines: LineReader,
        *,
        search: SearchAnswers,
        entrance: Entrance,
        page: Page,
        facts: DaemonFacts,
    ) -> None:
        self._registry = registry
        self._history = history
        self._statuses = Statuses(registry, history)
        self._lines = lines
        self._page = page
        self._facts = facts
        self._handlers: dict[
            RouteName, Callable[[Socket, Match, dict[str, str], Request], Awaitable[Response | None]]
        ] = {
            "page": self._file,
            "asset": self._file,
            "login": entrance.login,
            "logout": entrance.logout,
            "make_login": entrance.make_login,
            "health": self._health,
            "daemon": self._daemon,
            "stop": self._stop,
            "sessions": self._sessions,
            "create": self._create,
            "session": self._session,
            "end": self._end,
            "rename": self._rename,
            "log": self._log,
            "lines": self._find_lines,
            "screen": self._screen,
            "search": search.search,
            "tty_token": answer_token,
            "rotate_token": entrance.rotate_token,
        }

    async def answer(self, socket: Socket, match: Match, query: str, request: Request) -> Response | None:
        """Answer a request that the gate let in; None where the answer was streamed."""
        try:
            parameters = dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=64))
            parameters["?"] = query
            return await self._handlers[match.route.name](socket, match, parameters, request)
        except NoScreenError as refusal:
            status = HTTPStatus.NOT_IMPLEMENTED if refusal.for_good else HTTPStatus.SERVICE_UNAVAILABLE
            return error_answer(status, refusal.code, str(refusal))
        except RefusedError as refusal:
            status = _STATUS_OF.get(refusal.code, HTTPStatus.BAD_REQUEST)
            return error_answer(status, refusal.code, str(refusal))
        except QueryError as error:
            return error_answer(HTTPStatus.BAD_REQUEST, error.code, str(error))
        except ValueError as error:
            return error_answer(HTTPStatus.BAD_REQUEST, QueryError.code, f"query string: {error}")
        except ConfigError as error:
            return error_answer(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", str(error))

    async def _file(self, _socket: Socket, match: Match, _parameters: dict[str, str], request: Request) -> Response:
        return await self._page.answer(match.asset, request.headers)

    async def _health(self, *_: object) -> Response:
        return json_answer({"status": "ok", "version": self._facts.version})

    async def _daemon(self, *_: object) -> Response:
        return json_answer(self._facts.status())

    async def _stop(self, _socket: Socket, _match: Match, parameters: dict[str, str], _request: Request) -> Response:
        self._facts.stop(flag(parameters, "end_sessions"))
        return json_answer({"status": "stopping"}, HTTPStatus.ACCEPTED)

    async def _sessions(
        self, _socket: Socket, _match: Match, parameters: dict[str, str], _request: Request
    ) -> Response:
        records = await self._registry.records(ended=flag(parameters, "all"))
        return json_answer({"sessions": [await self._statuses.of(record) for record in records]})

    async def _create(self, socket: Socket, _match: Match, parameters: dict[str, str], _request: Request) -> Response:
        socket.lift_deadline()
        session = await self._registry.create(SpawnQuery.parse(parameters["?"]))
        return json_answer(await self._statuses.of(session.record), HTTPStatus.CREATED)

    async def _session(self, _socket: Socket, match: Match, *_: object) -> Response:
        return json_answer(await self._statuses.in_full(await self._registry.record(match.session_id)))

    async def _end(self, socket: Socket, match: Match, *_: object) -> Response:
        socket.lift_deadline()
        return json_answer(await self._statuses.of(await self._registry.end(match.session_id)))

    async def _rename(self, _socket: Socket, match: Match, parameters: dict[str, str], _request: Request) -> Response:
        if "name" not in parameters:
            raise QueryError("name is missing; an empty one takes the name away")
        name = SpawnQuery.parse(parameters["?"]).name
        return json_answer(await self._statuses.of(await self._registry.rename(match.session_id, name)))

    async def _log(self, socket: Socket, match: Match, parameters: dict[str, str], request: Request) -> Response | None:
        record = await self._registry.record(match.session_id)
        plain, download = flag(parameters, "plain"), flag(parameters, "download")
        saved_as = _saved_as(record.name or record.session_id, ".txt" if plain else ".log") if download else {}
        if plain:
            await self._stream_text(socket, match.session_id, parameters, saved_as)
            return None
        excerpt = await self._history.excerpt(
            match.session_id, first=number(parameters, "from", 0), stop=number(parameters, "to", MAX_NUMBER)
        )
        headers = {"Content-Type": "application/octet-stream", "X-Holdfast-Offset": str(excerpt.first), **saved_as}
        pieces: AsyncIterator[bytes]
        # Who unpacks only the first of several zstd frames would save that, and not know.
        if not download and "zstd" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "zstd"
            pieces = excerpt.zstd_frames()
        else:
            pieces = excerpt.raw()
        await stream(socket, headers, pieces)
        return None

    async def _stream_text(
        self, socket: Socket, session_id: str, parameters: dict[str, str], saved_as: Mapping[str, str]
    ) -> None:
        if "from" in parameters or "to" in parameters:
            raise QueryError("plain=1 is the text of the whole history: it goes without from and to")
        socket.lift_deadline()
        text = await self._lines.text(session_id)
        headers = {"Content-Type": "text/plain; charset=utf-8", "X-Holdfast-Offset": str(text.offset), **saved_as}
        async with aclosing(text.pieces()) as pieces:
            first = await anext(pieces, b"")  # what is wrong can be said only before the answer begins
            await stream(socket, headers, _chain(first, pieces))

    async def _find_lines(
        self, socket: Socket, match: Match, parameters: dict[str, str], _request: Request
    ) -> Response:
        await self._registry.record(match.session_id)
        before, most = number(parameters, "before", None), number(parameters, "max", LinesRequest().max)
        wanted = LinesRequest(before, most, flag(parameters, "styled", "1"))  # which checks them
        socket.lift_deadline()
        found = await self._lines.find(match.session_id, wanted.before, wanted.max, styled=wanted.styled)
        return json_text_answer(await encode_lines(found, {}))

    async def _screen(self, socket: Socket, match: Match, parameters: dict[str, str], _request: Request) -> Response:
        await self._registry.record(match.session_id)
        lines = number(parameters, "lines", 0)
        if lines > MAX_LINES:
            raise QueryError(f"lines must be at most {MAX_LINES}, not {lines}")
        socket.lift_deadline()
        restored = await self._lines.screen(match.session_id, lines)
        record = await self._registry.record(match.session_id)  # now: it may have another size meanwhile
        # What stands for an offset inside a character ends with its first bytes, of which there is no text.
        screen = restored.data.decode("utf-8", "ignore")
        answer = {
            "offset": restored.offset,
            "cols": record.cols,
            "rows": record.rows,
            "first_line": restored.first_line,
            "screen": screen,
            "is_whole": screen.encode() == restored.data,
        }
        return json_answer(answer)


def _saved_as(name: str, suffix: str) -> dict[str, str]:
    """Return the header by which a browser saves the answer to a file: RFC 6266, appendix D."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    exact = quote(re.sub(r"[/\\]", "_", name) + suffix, safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}{suffix}\"; filename*=UTF-8''{exact}"}


async def _chain(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece

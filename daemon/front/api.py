"""What the HTTP routes do. Each handler returns an answer, or None where it has streamed one itself."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl

from websockets.http11 import Request, Response

from ...store.session_records import SessionRecord
from ...wire.errors import ConfigError, QueryError, RefusedError
from ...wire.frames import MAX_NUMBER
from ...wire.messages import LinesRequest
from ...wire.query import SpawnQuery
from ..sessions.history import History
from ..sessions.lines import LineReader
from ..sessions.liveness import cwd_of
from ..sessions.refusals import NoScreenError
from ..sessions.registry import Registry
from .answers import error_answer, json_answer, json_text_answer, stream
from .line_answers import encode_lines
from .routes import Match, RouteName
from .token import Token
from .websocket import Socket

__all__ = ["Api", "DaemonFacts"]

Default = TypeVar("Default", int, None)

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
        on_token_rotated: connections that came by the old token must go.
    """

    version: str
    status: Callable[[], Mapping[str, Any]]
    stop: Callable[[bool], None]
    on_token_rotated: Callable[[], None]


class Api:
    """The handlers, by route name."""

    def __init__(
        self, registry: Registry, history: History, lines: LineReader, token: Token, facts: DaemonFacts
    ) -> None:
        self._registry = registry
        self._history = history
        self._lines = lines
        self._token = token
        self._facts = facts
        self._handlers: dict[
            RouteName, Callable[[Socket, Match, dict[str, str], Request], Awaitable[Response | None]]
        ] = {
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
            "rotate_token": self._rotate_token,
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

    async def _health(self, *_: object) -> Response:
        return json_answer({"status": "ok", "version": self._facts.version})

    async def _daemon(self, *_: object) -> Response:
        return json_answer(self._facts.status())

    async def _stop(self, _socket: Socket, _match: Match, parameters: dict[str, str], _request: Request) -> Response:
        self._facts.stop(_flag(parameters, "end_sessions"))
        return json_answer({"status": "stopping"}, HTTPStatus.ACCEPTED)

    async def _sessions(
        self, _socket: Socket, _match: Match, parameters: dict[str, str], _request: Request
    ) -> Response:
        records = await self._registry.records(ended=_flag(parameters, "all"))
        return json_answer({"sessions": [await self._status(record) for record in records]})

    async def _create(self, socket: Socket, _match: Match, parameters: dict[str, str], _request: Request) -> Response:
        socket.lift_deadline()
        session = await self._registry.create(SpawnQuery.parse(parameters["?"]))
        return json_answer(await self._status(session.record), HTTPStatus.CREATED)

    async def _session(self, _socket: Socket, match: Match, *_: object) -> Response:
        return json_answer(await self._status(await self._registry.record(match.session_id)))

    async def _end(self, socket: Socket, match: Match, *_: object) -> Response:
        socket.lift_deadline()
        return json_answer(await self._status(await self._registry.end(match.session_id)))

    async def _rename(self, _socket: Socket, match: Match, parameters: dict[str, str], _request: Request) -> Response:
        if "name" not in parameters:
            raise QueryError("name is missing; an empty one takes the name away")
        name = SpawnQuery.parse(parameters["?"]).name
        return json_answer(await self._status(await self._registry.rename(match.session_id, name)))

    async def _log(self, socket: Socket, match: Match, parameters: dict[str, str], request: Request) -> Response | None:
        await self._registry.record(match.session_id)
        if _flag(parameters, "plain"):
            await self._stream_text(socket, match.session_id, parameters)
            return None
        excerpt = await self._history.excerpt(
            match.session_id, first=_number(parameters, "from", 0), stop=_number(parameters, "to", MAX_NUMBER)
        )
        headers = {"Content-Type": "application/octet-stream", "X-Holdfast-Offset": str(excerpt.first)}
        pieces: AsyncIterator[bytes]
        if "zstd" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "zstd"
            pieces = excerpt.zstd_frames()
        else:
            pieces = excerpt.raw()
        await stream(socket, headers, pieces)
        return None

    async def _stream_text(self, socket: Socket, session_id: str, parameters: dict[str, str]) -> None:
        if "from" in parameters or "to" in parameters:
            raise QueryError("plain=1 is the text of the whole history: it goes without from and to")
        socket.lift_deadline()
        text = await self._lines.text(session_id)
        headers = {"Content-Type": "text/plain; charset=utf-8", "X-Holdfast-Offset": str(text.offset)}
        async with aclosing(text.pieces()) as pieces:
            first = await anext(pieces, b"")  # what is wrong can be said only before the answer begins
            await stream(socket, headers, _chain(first, pieces))

    async def _find_lines(
        self, socket: Socket, match: Match, parameters: dict[str, str], _request: Request
    ) -> Response:
        await self._registry.record(match.session_id)
        before, most = _number(parameters, "before", None), _number(parameters, "max", LinesRequest().max)
        wanted = LinesRequest(before, most, _flag(parameters, "styled", "1"))  # which checks them
        socket.lift_deadline()
        found = await self._lines.find(match.session_id, wanted.before, wanted.max, styled=wanted.styled)
        return json_text_answer(await encode_lines(found, {}))

    async def _rotate_token(self, *_: object) -> Response:
        token = self._token.rotate()
        self._facts.on_token_rotated()
        return json_answer({"token": token})

    async def _status(self, record: SessionRecord) -> dict[str, Any]:
        live = self._registry.live.get(record.session_id)
        head, tail = (
            (live.log.head, live.log.tail) if live is not None else await self._history.bounds(record.session_id)
        )
        return {
            "session_id": record.session_id,
            "name": record.name,
            "pid": record.pid,
            "state": record.state,
            "command": shlex.join(record.argv),
            "argv": list(record.argv),
            "cwd": (cwd_of(record.pid) if record.pid is not None and record.state == "running" else None) or record.cwd,
            "cols": record.cols,
            "rows": record.rows,
            "clients": len(live.clients.connected) if live is not None else 0,
            "waiting": live.clients.waiting_count if live is not None else 0,
            "created_at": record.created_at,
            "last_activity_at": record.last_activity_at,
            "head": head,
            "tail": tail,
            "exit_code": record.exit_code,
            "exit_signal": record.exit_signal,
            "ended_at": record.ended_at,
            "end_reason": record.end_reason,
            "linger": record.linger_s,
            "expires": record.idle_expiry_s,
            "exclusive": live.clients.exclusive_id if live is not None else None,
            "previous_session_id": record.previous_session_id,
        }


async def _chain(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece


def _flag(parameters: Mapping[str, str], name: str, default: Literal["0", "1"] = "0") -> bool:
    text = parameters.get(name, default)
    if text not in ("0", "1"):
        raise QueryError(f"{name} must be 0 or 1, not {text[:60]!r}")
    return text == "1"


def _number(parameters: Mapping[str, str], name: str, default: Default) -> int | Default:
    text = parameters.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= MAX_NUMBER):  # noqa: PLR2004  # 2**53 has 16 digits
        raise QueryError(f"{name} must be a whole number from 0 to {MAX_NUMBER}, not {text[:60]!r}")
    return int(text)

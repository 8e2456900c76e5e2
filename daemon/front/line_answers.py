"""Answers to an attached client's requests for lines, made one after the other beside everything else it is sent."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Mapping

from ...wire.errors import RefusedError
from ...wire.messages import Error, Lines, LinesRequest
from ..screens.link import Row
from ..sessions.lines import FoundLines, LineReader
from .stream import OutputStream
from .websocket import Socket

__all__ = ["LineAnswers", "encode_lines"]

logger = logging.getLogger(__name__)

_MOST_ASKED = 8
_BATCH_LINES = 500
"""Encoded in one go: a millisecond."""


class LineAnswers:
    """What one client has asked for.

    Args:
        lines: renders them.
        session_id: of the session that the client is attached to.
        socket: the client's.
        stream: what else the client is sent.
    """

    def __init__(self, lines: LineReader, session_id: str, socket: Socket, stream: OutputStream) -> None:
        self._lines = lines
        self._session_id = session_id
        self._socket = socket
        self._stream = stream
        self._asked: deque[LinesRequest] = deque()
        self._answering: asyncio.Task[None] | None = None

    def ask(self, request: LinesRequest) -> None:
        """Answer a request in its turn. Raises RefusedError `limit`."""
        if len(self._asked) >= _MOST_ASKED:
            raise RefusedError("limit", f"{_MOST_ASKED} requests for lines are not answered yet; wait for an answer")
        self._asked.append(request)
        if self._answering is None:
            self._answering = asyncio.get_running_loop().create_task(self._answer_all())

    async def stop(self) -> None:
        """The client has gone."""
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.gather(self._answering, return_exceptions=True)

    async def _answer_all(self) -> None:
        try:
            while self._asked:
                await self._answer(self._asked[0])
                self._asked.popleft()
        except Exception:
            logger.exception("session %s: no answer to a request for lines", self._session_id)
            self._asked.clear()
            self._stream.post(Error("internal", "the requests for lines could not be answered"))
        finally:
            self._answering = None

    async def _answer(self, request: LinesRequest) -> None:
        try:
            found = await self._lines.find(self._session_id, request.before, request.max, styled=request.styled)
        except RefusedError as refusal:
            self._stream.post(Error(refusal.code, str(refusal)))
            return
        text = await encode_lines(found, {"type": Lines.type, "id": request.id})
        await self._socket.drain()  # a client that does not read must not be what megabytes of lines pile up for
        self._socket.post(text)


async def encode_lines(found: FoundLines, others: Mapping[str, object]) -> str:
    """Return the JSON of a `Lines` message with `others` in it, made bit by bit: 10,000 lines take 40 ms."""
    parts = []
    for at in range(0, len(found.rows), _BATCH_LINES):
        parts.append(_json([_line(row) for row in found.rows[at : at + _BATCH_LINES]])[1:-1])
        await asyncio.sleep(0)
    head = _json({**others, "first_line": found.first_line, "end_line": found.end_line})
    return f'{head[:-1]},"lines":[{",".join(parts)}]}}'


def _line(row: Row) -> dict[str, object]:
    return {"line": row.line, "offset": row.offset, "text": row.text.decode(errors="replace"), "wraps": row.wraps}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

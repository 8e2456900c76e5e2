"""HTTP answers: JSON, files of the page, and bodies that are streamed because they may be large.

`websockets` answers a request only with a whole body in memory; `stream` writes one piece by piece on the same
transport instead, with the transport's own back-pressure.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

from websockets.datastructures import Headers
from websockets.http11 import Response

from .websocket import Socket

__all__ = ["empty_answer", "error_answer", "file_answer", "json_answer", "json_text_answer", "stream"]

_EVERY_ANSWER = {
    "Connection": "close",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DATA_ANSWER = {
    **_EVERY_ANSWER,
    "Cache-Control": "no-store",
    # Opened in a tab, what a terminal printed must not become a page of ours.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
_STREAM_BUFFER_BYTES = 256 * 1024


def json_answer(value: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return `value` as a JSON body."""
    return json_text_answer(json.dumps(value, ensure_ascii=False, separators=(",", ":")), status)


def json_text_answer(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return `text`, which is JSON, as a body."""
    body = text.encode() + b"\n"
    headers = Headers(_DATA_ANSWER)
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(body))
    return Response(status.value, status.phrase, headers, body)


def error_answer(
    status: HTTPStatus, code: str, message: str, *, challenge: str = 'Bearer realm="holdfast"'
) -> Response:
    """Return an error as every route gives it; `challenge` says how to authenticate: RFC 9110, section 11.6.1."""
    answer = json_answer({"code": code, "message": message}, status)
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = challenge
    return answer


def empty_answer(headers: Mapping[str, str]) -> Response:
    """Return the answer to what was done and needs no words."""
    return Response(HTTPStatus.NO_CONTENT.value, HTTPStatus.NO_CONTENT.phrase, Headers({**_DATA_ANSWER, **headers}))


def file_answer(status: HTTPStatus, headers: Mapping[str, str], body: bytes = b"") -> Response:
    """Return a file of the page, or (304, without body) that the browser has it."""
    every = Headers({**_EVERY_ANSWER, **headers})
    if status is HTTPStatus.OK:
        every["Content-Length"] = str(len(body))
    return Response(status.value, status.phrase, every, body)


async def stream(socket: Socket, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> None:
    """Write a body piece by piece, in chunks (RFC 9112, section 7.1), so that the reader knows whether it got all."""
    socket.lift_deadline()
    transport = socket.transport
    transport.set_write_buffer_limits(_STREAM_BUFFER_BYTES)
    head = "".join(
        f"{name}: {value}\r\n" for name, value in {**_DATA_ANSWER, **headers, "Transfer-Encoding": "chunked"}.items()
    )
    transport.write(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode("latin-1"))
    try:
        async for piece in pieces:
            if not piece:  # an empty chunk is the end
                continue
            transport.writelines((b"%x\r\n" % len(piece), piece, b"\r\n"))
            await socket.drain()
            if transport.is_closing():
                return
    except ConnectionError:
        pass  # the reader hung up; nobody is left to tell
    except BaseException:
        transport.abort()
        raise
    else:
        transport.write(b"0\r\n\r\n")
        transport.close()
    finally:
        await asyncio.shield(socket.connection_lost_waiter)

"""HTTP answers: JSON, and bodies that are streamed because they may be large.

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

__all__ = ["error_answer", "json_answer", "json_text_answer", "stream"]

_COMMON_HEADERS = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STREAM_BUFFER_BYTES = 256 * 1024


def json_answer(value: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return `value` as a JSON body."""
    return json_text_answer(json.dumps(value, ensure_ascii=False, separators=(",", ":")), status)


def json_text_answer(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return `text`, which is JSON, as a body."""
    body = text.encode() + b"\n"
    headers = Headers(_COMMON_HEADERS)
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(body))
    return Response(status.value, status.phrase, headers, body)


def error_answer(status: HTTPStatus, code: str, message: str) -> Response:
    """Return an error as every route gives it."""
    answer = json_answer({"code": code, "message": message}, status)
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="holdfast"'  # RFC 9110, section 11.6.1
    return answer


async def stream(socket: Socket, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> None:
    """Write a body piece by piece, in chunks (RFC 9112, section 7.1), so that the reader knows whether it got all."""
    socket.lift_deadline()
    transport = socket.transport
    transport.set_write_buffer_limits(_STREAM_BUFFER_BYTES)
    head = "".join(
        f"{name}: {value}\r\n" for name, value in {**_COMMON_HEADERS, **headers, "Transfer-Encoding": "chunked"}.items()
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

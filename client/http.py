"""The daemon's JSON API, for commands that ask once and end: over its Unix socket or TCP, standard library only.

`holdfast ls` must be there at once, so nothing here imports websockets or asyncio.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlencode

from ..wire.errors import RefusedError, UnreachableError, WireError
from ..wire.messages import Lines
from ..wire.typed import build
from .address import Address

__all__ = ["Http", "StoredLog"]

_TIMEOUT_S = 30.0
_PART_BYTES = 1 << 18
_HTTP_BAD_REQUEST = 400

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Http:
    """One daemon's HTTP routes; each call is one request on a connection of its own.

    Each raises UnreachableError where no daemon answers, RefusedError with the daemon's code where it says no, and
    WireError where what answers is no daemon.

    Attributes:
        address: of the daemon.
        token: for its TCP port; a Unix socket needs none.
        timeout_s: longest silence of the daemon that is waited for.
    """

    address: Address
    token: str | None = None
    timeout_s: float = _TIMEOUT_S

    def get(self, route: str, query: str | Mapping[str, object] = "") -> Json:
        """Return the JSON object at `route`, as in `/api/sessions`."""
        return self._json("GET", route, query)

    def post(self, route: str, query: str | Mapping[str, object] = "") -> Json:
        """Do what `route` stands for, and return the JSON object that the daemon answers with."""
        return self._json("POST", route, query)

    def log(self, session_id: str, *, start: int | None = None, end: int | None = None) -> StoredLog:
        """Open a session's history, from offset `start` (its oldest byte) to `end` (its newest)."""
        query = {name: offset for name, offset in (("from", start), ("to", end)) if offset is not None}
        return self._open_log(session_id, query, {"Accept-Encoding": "zstd"})

    def text(self, session_id: str) -> StoredLog:
        """Open a session's history as text in UTF-8: what a person saw. A daemon that has none of that sends bytes."""
        return self._open_log(session_id, {"plain": 1}, {})

    def lines(self, session_id: str, *, before: int | None = None, limit: int, styled: bool) -> Lines:
        """Return at most `limit` lines that stand right before the one with this number; None: the last ones."""
        query = {"max": limit, "styled": int(styled)} | ({} if before is None else {"before": before})
        try:
            return build(Lines, self.get(_route(session_id, "lines"), query))
        except ValueError as error:
            raise WireError(f"{self.address} answers with lines that cannot be read: {error}") from None

    def _open_log(self, session_id: str, query: Mapping[str, object], headers: Mapping[str, str]) -> StoredLog:
        connection = self._connection()
        try:
            response = self._request(connection, "GET", _route(session_id, "log"), query, headers)
            return StoredLog(connection, response, self.address)
        except BaseException:
            connection.close()
            raise

    def _json(self, method: str, route: str, query: str | Mapping[str, object]) -> Json:
        connection = self._connection()
        try:
            body = _read(self._request(connection, method, route, query), self.address)
        finally:
            connection.close()
        try:
            values = json.loads(body)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise WireError(f"{self.address} does not answer like a Holdfast daemon")
        return values

    def _request(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        route: str,
        query: str | Mapping[str, object],
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        encoded = query if isinstance(query, str) else urlencode(query)
        target = f"{self.address.prefix}{route}" + (f"?{encoded}" if encoded else "")
        sent = {"Connection": "close", **(headers or {})}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, target, headers=sent)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.address, error) from None
        if response.status >= _HTTP_BAD_REQUEST:
            raise _refusal(self.address, response.status, _read(response, self.address))
        return response

    def _connection(self) -> http.client.HTTPConnection:
        address = self.address
        if address.scheme == "unix":
            return _UnixConnection(address.path, self.timeout_s)
        kind = http.client.HTTPSConnection if address.scheme == "wss" else http.client.HTTPConnection
        return kind(address.host, address.port, timeout=self.timeout_s)


class StoredLog:
    """History on its way: iterate over it, and close it (or use it in a `with`).

    Attributes:
        offset: of the first byte.
        kind: media type: `text/plain` of what was seen, else that of bytes.
    """

    def __init__(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse, address: Address
    ) -> None:
        self._connection = connection
        self._response = response
        self._address = address
        self.kind = response.headers.get_content_type()
        try:
            self.offset = int(response.headers["X-Holdfast-Offset"])
        except (KeyError, TypeError, ValueError):
            raise WireError(f"{address} answers without the offset of the log") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in parts. Raises UnreachableError where the connection breaks, WireError for bad data."""
        try:
            if self._response.headers.get("Content-Encoding") == "zstd":
                yield from self._decoded()
            else:
                while part := self._response.read1(_PART_BYTES):
                    yield part
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self._address, error) from None

    def _decoded(self) -> Iterator[bytes]:
        import zstandard  # noqa: PLC0415  # no other request needs it

        decoder = zstandard.ZstdDecompressor()
        try:
            with decoder.stream_reader(self._response, read_across_frames=True, closefd=False) as reader:
                while part := reader.read(_PART_BYTES):
                    yield part
        except zstandard.ZstdError as error:
            raise WireError(f"the log from {self._address} cannot be decoded: {error}") from None

    def close(self) -> None:
        """Let go of the connection, read through or not."""
        self._connection.close()


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect `self.sock`, which is what the base class asks of this method."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _route(session_id: str, what: str) -> str:
    return f"/api/sessions/{quote(session_id, safe='')}/{what}"


def _read(response: http.client.HTTPResponse, address: Address) -> bytes:
    try:
        return response.read()
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(address, error) from None


def _unreachable(address: Address, error: Exception) -> UnreachableError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return UnreachableError(f"no daemon answers at {address}: {reason}")


def _refusal(address: Address, status: int, body: bytes) -> RefusedError:
    try:
        values = json.loads(body)
        return RefusedError(str(values["code"]), str(values["message"]))
    except (ValueError, TypeError, KeyError):
        return RefusedError("internal", f"{address} answers with HTTP {status}")

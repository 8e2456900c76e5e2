"""The errors of Holdfast, drawn once.

    HoldfastError
    ├── ConfigError            a setting, a file or an environment variable is wrong; the message names its key
    ├── WireError              what a peer sent breaks the protocol (close 4002)
    │   ├── FrameError         a binary frame
    │   ├── MessageError       a JSON message
    │   └── QueryError         a query parameter of `GET /ws` or of an HTTP route
    ├── RefusedError           the daemon understood and says no; carries a `code` of docs/protocol.md
    └── UnreachableError       no daemon answers at the address

The store has a root of its own, `holdfast.store.errors.StoreError`, because it imports nothing of ours;
`holdfast.daemon.sessions` translates it at its edge.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "FrameError",
    "HoldfastError",
    "MessageError",
    "QueryError",
    "RefusedError",
    "UnreachableError",
    "WireError",
]


class HoldfastError(Exception):
    """Root of the tree. Its text is meant for the user: what is wrong, and what to do."""


class ConfigError(HoldfastError):
    """A setting cannot be used."""


class WireError(HoldfastError):
    """A peer broke the protocol."""

    code = "protocol_error"


class FrameError(WireError):
    """A binary frame is malformed, or of a kind that does not travel in this direction."""

    code = "bad_frame"


class MessageError(WireError):
    """A JSON message is malformed or of an unknown type."""

    code = "bad_message"


class QueryError(WireError):
    """A query parameter has a value that cannot be used."""

    code = "bad_query"


class RefusedError(HoldfastError):
    """The daemon refuses a request.

    Attributes:
        code: machine-readable reason, one of the error codes of docs/protocol.md.
        close_code: WebSocket close code that goes with it, or None where the socket stays open.
    """

    def __init__(self, code: str, message: str, *, close_code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.close_code = close_code


class UnreachableError(HoldfastError):
    """No daemon answers."""

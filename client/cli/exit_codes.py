"""What `holdfast` exits with, besides the exit code of an attached session's own process.

0: done, or detached; 128 and a signal's number: ended by it, as in a shell.
"""

from __future__ import annotations

from ...wire.errors import ConfigError, HoldfastError, QueryError, RefusedError, UnreachableError

__all__ = ["FAILED", "INTERRUPTED", "exit_code_of"]

FAILED = 1
INTERRUPTED = 130

_USAGE = 2
"""Wrong usage or configuration, as with click."""
_NO_SESSION = 3
_UNREACHABLE = 69
"""EX_UNAVAILABLE of sysexits(3)."""

_NO_SESSION_CODES = frozenset({"not_found", "expired", "process_dead", "host_rebooted", "ended"})
_USAGE_CODES = frozenset({"bad_query", "bad_cwd"})


def exit_code_of(error: HoldfastError) -> int:
    """Return the exit code that tells a script what kind of failure this is."""
    match error:
        case ConfigError() | QueryError():
            return _USAGE
        case UnreachableError():
            return _UNREACHABLE
        case RefusedError(code=code) if code in _NO_SESSION_CODES:
            return _NO_SESSION
        case RefusedError(code=code) if code in _USAGE_CODES:
            return _USAGE
        case _:
            return FAILED

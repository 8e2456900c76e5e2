"""The page's logins: one-time codes that become cookies, and the cookies in force.

A code lives for minutes, in memory; `holdfast web` carries it to the browser in a link's fragment, which is not sent.
A cookie's value is known to the browser alone: kept is its hash, in a file, so that a login outlives the daemon. The
file belongs to one token: whoever replaces the token has ended every login with the same stroke.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ...wire.paths import Paths, read_private_text, write_private_text
from ...wire.typed import build
from .token import Token

__all__ = ["CODE_LIFETIME_S", "LOGIN_LIFETIME_S", "Login", "LoginCode", "LoginCodes", "Logins", "cookie_name"]

logger = logging.getLogger(__name__)

CODE_LIFETIME_S = 300.0
LOGIN_LIFETIME_S = 30 * 86400.0

_CODE_BYTES = 24
_COOKIE_BYTES = 32
_MOST_CODES = 16
_MOST_LOGINS = 100
"""Only the owner makes codes, and each login needs one: beyond it the oldest goes, which hardly is in use."""


def cookie_name(paths: Paths) -> str:
    """Return a name of this home's own: cookies are not kept apart by port, and homes share a host."""
    return "holdfast-" + hashlib.sha256(bytes(paths.data_dir)).hexdigest()[:8]


@dataclass(slots=True)
class LoginCode:
    """A code that was shown: it is good while it has no login, and then remembers which one it became."""

    expires: float
    login_id: str | None = None


class LoginCodes:
    """The one-time codes of the last minutes, used ones too: who shows one of those has seen it, and is not its user.

    Args:
        clock: seconds; only differences count.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._codes: dict[str, LoginCode] = {}

    def make(self) -> str:
        """Return a new code, good for one login within `CODE_LIFETIME_S`."""
        self._drop_expired()
        while len(self._codes) >= _MOST_CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(_CODE_BYTES)
        self._codes[code] = LoginCode(self._clock() + CODE_LIFETIME_S)
        return code

    def find(self, candidate: str) -> LoginCode | None:
        """Return what is known of a code, in constant time; None where there is none like it (any more)."""
        self._drop_expired()
        given = candidate.encode(errors="replace")
        found = [known for code, known in self._codes.items() if hmac.compare_digest(code.encode(), given)]
        return found[0] if found else None

    def end_all(self) -> None:
        """No code is good any more."""
        self._codes.clear()

    def _drop_expired(self) -> None:
        now = self._clock()
        self._codes = {code: known for code, known in self._codes.items() if known.expires > now}


@dataclass(frozen=True, slots=True)
class Login:
    """One login: SHA-256 of its cookie's value in hex, which is its id, and its time, seconds since the epoch."""

    id: str
    created: float
    expires: float


@dataclass(frozen=True, slots=True)
class _File:
    """What is kept: logins, and the SHA-256 of the token under which they were made."""

    token: str
    logins: list[Login]


class Logins:
    """The logins in force.

    Args:
        paths: of this home.
        token: with whose end they end.
        clock: seconds since the epoch.
    """

    def __init__(self, paths: Paths, token: Token, clock: Callable[[], float] = time.time) -> None:
        """Read them. Raises ConfigError where the file is there and cannot be read."""
        self._file = paths.logins_file
        self._token = token
        self._clock = clock
        self._logins = self._read()

    def start(self) -> tuple[str, Login]:
        """Begin a login and return its cookie's value with it. Raises ConfigError; then there is none."""
        value = secrets.token_urlsafe(_COOKIE_BYTES)
        now = self._clock()
        login = Login(_hash(value), now, now + LOGIN_LIFETIME_S)
        logins = [*self._in_force(), login][-_MOST_LOGINS:]
        self._write(logins)
        self._logins = logins
        return value, login

    def find(self, value: str) -> str | None:
        """Return the id of the login whose cookie has this value, in constant time; None where there is none."""
        given = _hash(value)
        found = [login.id for login in self._in_force() if hmac.compare_digest(login.id, given)]
        return found[0] if found else None

    def remaining_s(self, login_id: str) -> float:
        """Return the seconds until a login ends by itself; 0 where it has ended."""
        now = self._clock()
        return next((max(0.0, login.expires - now) for login in self._logins if login.id == login_id), 0.0)

    def end(self, login_id: str) -> None:
        """End one. Raises ConfigError where that cannot be stored: after a restart of the daemon it would be back."""
        self._logins = [login for login in self._logins if login.id != login_id]
        self._write(self._logins)

    def end_all(self) -> None:
        """End every one; the token they belong to has been replaced, so the file needs no change to be worthless."""
        self._logins = []

    def _in_force(self) -> list[Login]:
        now = self._clock()
        return [login for login in self._logins if login.expires > now]

    def _read(self) -> list[Login]:
        text = read_private_text(self._file)
        if text is None:
            return []
        try:
            values = json.loads(text)
            kept = build(_File, values if isinstance(values, dict) else {})
        except ValueError as error:
            logger.warning("%s is damaged, so every page has to log in again: %s", self._file, error)
            return []
        return kept.logins if kept.token == self._token.hash else []

    def _write(self, logins: list[Login]) -> None:
        kept = _File(self._token.hash, logins)
        write_private_text(self._file, json.dumps(asdict(kept), indent=1) + "\n")


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode(errors="replace")).hexdigest()

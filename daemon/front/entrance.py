"""How people come in by a browser, and go: one-time codes, logins and their cookie, and the token's rotation."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from http import HTTPStatus

from websockets.http11 import Request, Response

from .answers import empty_answer, error_answer, json_answer
from .gate import cookies_of
from .logins import CODE_LIFETIME_S, LOGIN_LIFETIME_S, LoginCodes, Logins
from .routes import Match
from .token import Token
from .websocket import Socket

__all__ = ["Entrance"]

logger = logging.getLogger(__name__)

_CODE = re.compile(r"Holdfast-Login +([A-Za-z0-9_-]{1,100})", re.ASCII | re.IGNORECASE)

_WRONG_CODE_DELAY_S = 1.0
_WRONG_CODES_AT_ONCE = 32
"""Who sends wrong codes waits, and beyond so many is told so at once; a right one is never kept waiting by them."""


class Entrance:
    """The handlers of logins and the token.

    Args:
        token: which is rotated here.
        logins: those in force.
        cookie: name of their cookie.
        on_token_rotated: connections that came by the old token, or by a login, must go.
        on_logged_out: told the id of a login, whose connections must go.
    """

    def __init__(
        self,
        token: Token,
        logins: Logins,
        cookie: str,
        *,
        on_token_rotated: Callable[[], None],
        on_logged_out: Callable[[str], None],
    ) -> None:
        self._token = token
        self._logins = logins
        self._cookie = cookie
        self._codes = LoginCodes()
        self._on_token_rotated = on_token_rotated
        self._on_logged_out = on_logged_out
        self._wrong_codes = 0

    async def make_login(self, *_: object) -> Response:
        """`POST /api/logins`: a code for one login."""
        return json_answer({"code": self._codes.make(), "expires_in": CODE_LIFETIME_S}, HTTPStatus.CREATED)

    async def login(self, _socket: Socket, _match: Match, _parameters: dict[str, str], request: Request) -> Response:
        """`POST /api/login`: a code becomes a cookie. Raises ConfigError where the login cannot be stored."""
        shown = _CODE.fullmatch(request.headers.get("Authorization", ""))
        code = self._codes.find(shown[1]) if shown is not None else None
        if code is None:
            return await self._refuse_login("this link is older than five minutes, or not whole")
        if code.login_id is None:
            value, login = self._logins.start()
            code.login_id = login.id
            return empty_answer({"Set-Cookie": self._set_cookie(request, value, LOGIN_LIFETIME_S)})
        if code.login_id in map(self._logins.find, cookies_of(request.headers.get("Cookie", ""), self._cookie)):
            return empty_answer({})  # the same browser opened it twice
        # One of two has stolen it, and which one cannot be told: RFC 6749, section 4.1.2 revokes then, too.
        logger.warning("a login link was used by two browsers: what the first got by it is revoked")
        self._end(code.login_id)
        return await self._refuse_login("this link has been used by another browser, which is logged out now")

    async def logout(self, socket: Socket, _match: Match, _parameters: dict[str, str], request: Request) -> Response:
        """`POST /api/logout`: the login ends, with its connections. Raises ConfigError where that cannot be stored."""
        if socket.allowed is not None and socket.allowed.login_id:
            self._end(socket.allowed.login_id)
        return empty_answer({"Set-Cookie": self._set_cookie(request, "", 0)})

    async def rotate_token(self, *_: object) -> Response:
        """`POST /api/token/rotate`: another token; logins and codes end with the old one. Raises ConfigError."""
        token = self._token.rotate()
        self._logins.end_all()
        self._codes.end_all()
        self._on_token_rotated()
        return json_answer({"token": token})

    def _end(self, login_id: str) -> None:
        self._on_logged_out(login_id)
        self._logins.end(login_id)

    async def _refuse_login(self, why: str) -> Response:
        logger.info("denied a login: %s", why)
        if self._wrong_codes >= _WRONG_CODES_AT_ONCE:
            return error_answer(HTTPStatus.TOO_MANY_REQUESTS, "limit", "too many wrong logins at once; try again")
        self._wrong_codes += 1
        try:
            await asyncio.sleep(_WRONG_CODE_DELAY_S)
        finally:
            self._wrong_codes -= 1
        return error_answer(HTTPStatus.UNAUTHORIZED, "unauthorized", f"{why}; 'holdfast web' makes another")

    def _set_cookie(self, request: Request, value: str, lifetime_s: float) -> str:
        """Return the header: for this host and no script, and for no request that another site's page causes."""
        secure = "; Secure" if request.headers.get("Origin", "").startswith("https://") else ""
        return f"{self._cookie}={value}; Path=/; Max-Age={lifetime_s:.0f}; HttpOnly; SameSite=Strict{secure}"

"""Requests for older lines, from asking to the answer; a connection that breaks in between is not noticed. Pure."""

from __future__ import annotations

from ..wire.errors import RefusedError
from ..wire.messages import Error, Lines, LinesRequest

__all__ = ["LineRequests"]

_REFUSALS = frozenset({"no_screen", "storage", "limit", "internal"})
"""Not `stopping`: the next daemon is asked again."""


class LineRequests:
    """What one client has asked for and not got yet, by the id that comes back in the answer."""

    def __init__(self) -> None:
        self._count = 0
        self._asked: dict[str, LinesRequest] = {}
        self._answers: dict[str, Lines | RefusedError] = {}

    @property
    def unanswered(self) -> list[LinesRequest]:
        """To be sent again on a new connection."""
        return [request for number, request in self._asked.items() if number not in self._answers]

    def ask(self, before: int | None, max_lines: int, *, styled: bool) -> LinesRequest:
        """Note a request, which the caller sends, and forgets in the end. Raises ValueError for a wrong number."""
        self._count += 1
        request = LinesRequest(before, max_lines, styled, str(self._count))
        self._asked[request.id] = request
        return request

    def forget(self, request: LinesRequest) -> None:
        """Nobody waits for its answer."""
        self._asked.pop(request.id, None)
        self._answers.pop(request.id, None)

    def take(self, request: LinesRequest) -> Lines | None:
        """Return the answer, or None while there is none. Raises RefusedError where the daemon has none."""
        answer = self._answers.get(request.id)
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def answered(self, message: Lines) -> None:
        """The daemon answered one."""
        if message.id in self._asked:
            self._answers[message.id] = message

    def refused(self, error: Error) -> None:
        """The daemon reported an error. It names no request: where it may be about lines, nobody waits any longer."""
        if error.code in _REFUSALS:
            self.give_up(RefusedError(error.code, error.message))

    def give_up(self, error: RefusedError) -> None:
        """There will be no answers to what was asked up to now."""
        for request in self.unanswered:
            self._answers[request.id] = error

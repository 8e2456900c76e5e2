"""Who answers a program's query, and whose reports reach the program: one answer, whatever the clients do. Pure.

Each byte of output has one answerer, fixed when it is printed: the *chosen* client, which is the one that typed last
among those behind which a terminal answers (before anybody typed: the one attached first), or the mirror while there is
none. A query is its answerer's whose byte is the query's last. Every terminal that shows the query reports, so reports
are told apart: the n-th of a kind from a client answers the n-th such query it was shown.

| the report answers a query                        | it comes from its answerer | from another client |
| ------------------------------------------------- | -------------------------- | ------------------- |
| that the client was shown live, `LATELY_S` ago    | passes                     | is dropped          |
| that it was shown as history, `LATELY_S` ago      | is dropped                 | is dropped          |
| of older raw history, `HISTORY_S` ago; not a key  | is dropped                 | is dropped          |
| none known                                        | passes                     | passes              |

A client that goes, or is moved ahead of a query, leaves what it has not answered to the mirror.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .queries import Found
from .reports import Report, find_reports

__all__ = ["LATELY_S", "MOST_ASKED", "Answers", "Asked"]

LATELY_S = 5.0
"""How long a query may be answered. Programs give up after one or two seconds; links may be slow."""

HISTORY_S = 3.0
"""How long after raw history a terminal may still be answering what it found there."""

MOST_ASKED = 256
"""Queries remembered. A program that asks more than that in `LATELY_S` does not wait for answers."""

_MOST_REIGNS = 64

C = TypeVar("C")


@dataclass(slots=True, eq=False)
class Asked(Generic[C]):
    """A query that was printed while the daemon ran.

    Attributes:
        found: where and what it is; offsets of the log.
        at: when it was printed, in seconds of the caller's clock.
        answerer: who is to answer; None: the mirror.
        reports: how many each client has sent.
    """

    found: Found
    at: float
    answerer: C | None
    reports: dict[C, int] = field(default_factory=dict[C, int])

    def expects(self, client: C) -> bool:
        """Whether a report of this client may still be due."""
        return self.reports.get(client, 0) < self.found.query.most(self.found.text)


@dataclass(slots=True)
class _Shown:
    """What a client was shown.

    Attributes:
        live_from: what is printed from this offset on.
        history_at: when it was sent the last raw history; infinity while it is sent some, minus that where it was none.
    """

    live_from: int
    history_at: float


class Answers(Generic[C]):
    """The policy for one session. Times are seconds of any clock that does not go back.

    Attributes:
        chosen: the client that answers; None: the mirror does.
    """

    def __init__(self) -> None:
        self.chosen: C | None = None
        self._shown: dict[C, _Shown] = {}
        self._answering: list[C] = []  # the chosen one last
        self._reigns: deque[tuple[int, C | None]] = deque([(0, None)], _MOST_REIGNS)
        self._asked: deque[Asked[C]] = deque(maxlen=MOST_ASKED)

    # Who is there

    def came(self, client: C, *, answers: bool, live_from: int, history: bool) -> None:
        """A client is attached.

        Args:
            client: new.
            answers: a terminal that answers is behind it, and it may type.
            live_from: output from this offset on is shown to it live. What was found there already keeps its answerer.
            history: it is sent raw history before that, until it has `caught_up`.
        """
        self._shown[client] = _Shown(live_from, math.inf if history else -math.inf)
        if answers:
            self._answering.insert(0, client)
            self._choose(live_from)

    def caught_up(self, client: C, now: float) -> None:
        """All of the raw history was sent to the client."""
        shown = self._shown.get(client)
        if shown is not None and shown.history_at == math.inf:
            shown.history_at = now

    def typed(self, client: C, tail: int) -> None:
        """The client typed: what is printed from `tail` on is its to answer."""
        if client is not self.chosen and client in self._answering:
            self._answering.remove(client)
            self._answering.append(client)
            self._choose(tail)

    def gone(self, client: C, tail: int, now: float) -> list[Asked[C]]:
        """The client is not connected any more. Returns what the mirror has to answer instead."""
        self._shown.pop(client, None)
        if client in self._answering:
            self._answering.remove(client)
            self._choose(tail)
        return self._leave_to_mirror(client, (0, tail), now)

    def skipped(self, client: C, start: int, stop: int, now: float) -> list[Asked[C]]:
        """The client will not be shown [start, stop). Returns what the mirror has to answer instead."""
        left = self._leave_to_mirror(client, (start, stop), now)
        for asked in self._asked:
            if start < asked.found.end <= stop:
                asked.reports[client] = asked.found.query.most(asked.found.text)
        return left

    def _choose(self, tail: int) -> None:
        chosen = self._answering[-1] if self._answering else None
        if chosen is not self.chosen:
            self.chosen = chosen
            self._reigns.append((tail, chosen))

    def _leave_to_mirror(self, client: C, span: tuple[int, int], now: float) -> list[Asked[C]]:
        start, stop = span
        left = [
            asked
            for asked in self._asked
            if asked.answerer is client
            and client not in asked.reports
            and start < asked.found.end <= stop
            and now - asked.at <= LATELY_S
        ]
        for asked in left:
            asked.answerer = None
        return left

    # What is asked

    def ask(self, found: Iterable[Found], printed_at: Callable[[int], float]) -> list[Asked[C]]:
        """Queries were found in output; in order, each once. Returns those that the mirror has to answer.

        Args:
            found: with offsets of the log.
            printed_at: tells when the byte at an offset was printed.
        """
        new = [Asked(one, printed_at(one.end - 1), self._answerer_of(one.end - 1)) for one in found]
        self._asked += new
        return [asked for asked in new if asked.answerer is None]

    def _answerer_of(self, offset: int) -> C | None:
        for start, client in reversed(self._reigns):
            if start <= offset:
                return client
        return self._reigns[0][1]

    # What is answered

    def admit(self, client: C, data: bytes, tail: int, now: float, look: Callable[[], None]) -> bytes:
        """Return what may be typed: what a client typed without unwanted reports.

        A report that comes in two pieces of input passes: to hold back the first would lose it with the connection.

        Args:
            client: who sent it.
            data: bytes of input.
            tail: of the log.
            now: the time.
            look: called before anything is decided; finds (`ask`) what was printed so far.
        """
        shown = self._shown.get(client)
        if shown is None:
            return data
        reports = find_reports(data)
        if reports:
            look()
        kept, done, reported = bytearray(), 0, 0
        for report in reports:
            reported += report.end - report.start
            if not self._passes(client, shown, report, now):
                kept += data[done : report.start]
                done = report.end
        if len(data) > reported:
            self.typed(client, tail)
        return bytes(kept + data[done:])

    def _passes(self, client: C, shown: _Shown, report: Report, now: float) -> bool:
        asked = self._asked_by(client, shown, report, now)
        if asked is None:
            return report.is_key or now - shown.history_at > HISTORY_S
        asked.reports[client] = asked.reports.get(client, 0) + 1
        return asked.answerer is client

    def _asked_by(self, client: C, shown: _Shown, report: Report, now: float) -> Asked[C] | None:
        """Return the query that a report answers: the oldest that the client was shown live, else as history."""
        fitting = [asked for asked in self._open(client, now) if asked.found.query is report.query]
        live = next((asked for asked in fitting if asked.found.end > shown.live_from), None)
        if live is None and fitting and shown.history_at > -math.inf:
            return fitting[0]
        return live

    def _open(self, client: C, now: float) -> Iterable[Asked[C]]:
        return (asked for asked in self._asked if now - asked.at <= LATELY_S and asked.expects(client))

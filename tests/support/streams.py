"""Output that is known byte by byte, however much of it there is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .daemons import Daemon

_HEADER = b"round %09d\n"
_END = b"END\n"


def numbered_lines(count: int) -> bytes:
    """Return `count` different lines with colours and characters of one to four bytes."""
    return b"".join(
        f"\x1b[{31 + number % 7}m{number:07d}\x1b[0m grüße → 終わり 🙂 {number * 2654435761 % 2**32:08x}\n".encode()
        for number in range(count)
    )


@dataclass
class Rounds:
    """A program that prints a file again and again, each time behind a line with the round's number.

    No two places of its output are equal for longer than a round, and rounds are numbered: a byte that is lost or
    doubled shifts everything behind it, and a whole round that is lost or doubled is missed in the numbers.

    Attributes:
        folder: of the printed file and of the file that ends the program.
        lines: in a round.
    """

    folder: Path
    lines: int = 8000
    _body: bytes = field(init=False)

    def __post_init__(self) -> None:
        self._body = numbered_lines(self.lines)
        (self.folder / "lines").write_bytes(self._body)

    @property
    def argv(self) -> list[str]:
        """The command: it prints until `finish`, then `END`, and waits."""
        script = (
            f"stty -opost -echo; cd {self.folder}; n=0; until [ -e stop ]; do "
            "printf 'round %09d\\n' $n; cat lines; n=$((n+1)); done; echo END; read end"
        )
        return ["sh", "-c", script]

    def finish(self) -> None:
        """Let every program of this folder come to its end behind the round it prints."""
        (self.folder / "stop").touch()

    @property
    def period(self) -> int:
        """Bytes of one round."""
        return len(_HEADER % 0) + len(self._body)

    def expected(self, start: int, stop: int) -> bytes:
        """Return the bytes [start, stop) of an output that has not come to its end."""
        first = start // self.period
        rounds = b"".join((_HEADER % number) + self._body for number in range(first, (stop - 1) // self.period + 1))
        return rounds[start - first * self.period : stop - first * self.period]


@dataclass
class Checked:
    """Takes what was printed, in pieces, compares each with what is expected, and keeps none of it."""

    rounds: Rounds
    offset: int = 0
    end: int | None = None

    def is_done(self) -> bool:
        """Whether everything has come."""
        return self.offset == self.end

    def take(self, offset: int, data: bytes) -> None:
        """Take a piece, which must follow the last one. Fails where it is not what was printed there."""
        assert offset == self.offset, f"a piece at {offset}, but {self.offset} is next"
        stop = offset + len(data)
        last_round = stop // self.rounds.period * self.rounds.period
        if self.end is None and last_round >= offset and data[last_round - offset :][:1] == _END[:1]:
            self.end = last_round + len(_END)
        if self.end is None:
            expected = self.rounds.expected(offset, stop)
        else:
            body_end = self.end - len(_END)
            expected = (self.rounds.expected(offset, max(offset, body_end)) + _END[max(0, offset - body_end) :])[
                : len(data)
            ]
        assert data == expected, difference(offset, data, expected)
        self.offset = stop


def difference(offset: int, data: bytes, expected: bytes) -> str:
    """Say where `data`, which begins at `offset`, is not what was expected."""
    at = next((index for index, (one, other) in enumerate(zip(data, expected, strict=False)) if one != other), None)
    if at is None:
        return f"{len(data)} bytes at {offset} instead of {len(expected)}"
    around = slice(max(0, at - 60), at + 60)
    return f"at byte {offset + at}: got {data[around]!r}, printed was {expected[around]!r}"


def spawn(daemon: Daemon, argv: list[str], **query: Any) -> dict[str, Any]:
    """Start a session over HTTP and return its status."""
    query["argv"] = json.dumps(argv)
    code, status = daemon.request("POST", f"/api/sessions?{urlencode(query, quote_via=quote)}")
    assert code == 201, status
    return dict(status)


def status_of(daemon: Daemon, session_id: str) -> dict[str, Any]:
    """Return the status of a session, running or ended."""
    code, status = daemon.request("GET", f"/api/sessions/{session_id}")
    assert code == 200, status
    return dict(status)


def set_limits(daemon: Daemon, **store: int) -> None:
    """Write `[store]` settings for the daemon's next start."""
    text = "".join(f"{name} = {value}\n" for name, value in store.items())
    (daemon.home / "config.toml").write_text(f"[store]\n{text}")


async def fetch_log(daemon: Daemon, session_id: str) -> bytes:
    """Return the whole log of a session, read over HTTP."""
    return await asyncio.to_thread(daemon.fetch, f"/api/sessions/{session_id}/log")

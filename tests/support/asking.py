"""A program that asks its terminal, and terminals that answer, behind clients of the wire protocol."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .daemons import Daemon
from .streams import spawn
from .waiting import wait_until
from .wire_client import WireClient, attach

_PROGRAM = """
import os, select, sys, tty
folder = sys.argv[1]
tty.setraw(0)
commands = os.open(folder + "/commands", os.O_RDWR)
record = os.open(folder + "/record", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
os.write(1, bytes.fromhex(sys.argv[2]) + b"READY")
text = b""
while True:
    for source in select.select([0, commands], [], [])[0]:
        data = os.read(source, 65536)
        if source == 0:
            os.write(record, data)
            continue
        *lines, text = (text + data).split(b"\\n")
        for line in lines:
            os.write(1, bytes.fromhex(line.decode()))
"""


class Asker:
    """A program in raw mode, in a session: it prints what it is told to, and writes down what it reads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        os.mkfifo(folder / "commands", 0o600)
        self._commands = os.open(folder / "commands", os.O_RDWR)

    def argv(self, first: bytes = b"") -> list[str]:
        """Its command; it begins by printing `first` and READY."""
        return [sys.executable, "-S", "-E", "-c", _PROGRAM, str(self._folder), first.hex()]

    async def start(self, daemon: Daemon, first: bytes = b"") -> str:
        """Start it in a session that no client is attached to, and return the session's id; the emulator runs then."""
        session_id: str = spawn(daemon, self.argv(first), cols=80, rows=24)["session_id"]
        await wait_until(lambda: b"READY" in daemon.fetch(f"/api/sessions/{session_id}/log"), "the program's start")
        async with attach(daemon, session_id=session_id, replay="restore") as client:
            await client.until_message("replay_done")
        return session_id

    def print(self, data: bytes) -> None:
        """Have it print `data`."""
        os.write(self._commands, data.hex().encode() + b"\n")

    @property
    def record(self) -> bytes:
        """All it has read."""
        path = self._folder / "record"
        return path.read_bytes() if path.exists() else b""

    async def until_read(self, what: bytes, after: int = 0, *, count: int = 1) -> bytes:
        """Wait until it has read `what` so often behind `after` bytes, and return all it has read there."""
        await wait_until(lambda: self.record[after:].count(what) >= count, f"{count} times {what!r} in the input")
        return self.record[after:]

    def close(self) -> None:
        os.close(self._commands)


@dataclass
class AnsweringTerminal:
    """The terminal behind a client: reports when it is shown a query.

    Attributes:
        client: attached.
        reports: what it sends, by query.
        shown: bytes of the client's output it has looked at.
    """

    client: WireClient
    reports: dict[bytes, bytes]
    shown: int = field(default=0)

    async def answer(self, fence: bytes, *, until: bytes) -> None:
        """Show output until `until` was printed, report, and send `fence` with the reports."""
        await self.client.until(lambda client: until in client.output[self.shown :], repr(until))
        data = bytes(self.client.output[self.shown :])
        self.shown = len(self.client.output)
        found = sorted((at, report) for query, report in self.reports.items() for at in _all(data, query))
        await self.client.type(b"".join(report for _, report in found) + fence)


def _all(data: bytes, query: bytes) -> list[int]:
    """Return where `query` stands in `data`."""
    places: list[int] = []
    at = data.find(query)
    while at >= 0:
        places.append(at)
        at = data.find(query, at + 1)
    return places


def fence(number: int) -> bytes:
    """What a terminal may send at any time without being asked, and which is no typing either: a colour scheme."""
    return b"\x1b[?997;%dn" % (100 + number)

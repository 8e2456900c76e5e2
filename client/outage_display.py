"""Show a lost connection on the terminal, and take that away again when the connection is back.

An outage of less than a second shows nothing. A longer one covers the last row; when it is over the row is erased, and
the program in the session is told of two new sizes, so that it repaints: shells their prompt, others their screen.
"""

from __future__ import annotations

import asyncio
import contextlib

from .session import Session
from .status_line import ERASE, count_keys, lost_text, paint
from .terminal import LocalTerminal

__all__ = ["OutageDisplay"]

_GRACE_S = 1.0
_REPAINT_GAP_S = 0.1
"""Two sizes closer together reach a program as one SIGWINCH with nothing changed, and ncurses would not repaint."""


class OutageDisplay:
    """The status line of one terminal, and the order of it and the output."""

    def __init__(self, terminal: LocalTerminal, detach_label: str | None) -> None:
        self._terminal = terminal
        self._detach_label = detach_label
        self._changed = asyncio.Event()
        self._lost_at: float | None = None
        self._retry_at = 0.0
        self._full = False
        self._painted = False
        self._covered = False

    def lost(self, retry_in_s: float) -> None:
        """The connection is lost; the next attempt begins in `retry_in_s` seconds."""
        now = asyncio.get_running_loop().time()
        if self._lost_at is None:
            self._lost_at = now
        self._retry_at = now + retry_in_s
        self._changed.set()

    def restored(self) -> None:
        """The connection is back."""
        self._lost_at = None
        self._full = False
        self._changed.set()

    def typed(self, *, full: bool) -> None:
        """Something was typed; `full`: not all of it could be kept."""
        self._full = full
        if self._lost_at is not None:
            self._changed.set()

    async def write(self, data: bytes) -> None:
        """Write output that begins and ends at rest; where the line is still there, it goes first."""
        painted, self._painted = self._painted, False
        await self._terminal.write(ERASE + data if painted else data)

    def replaced(self) -> None:
        """All that the terminal shows is painted next: nobody has to be asked for it."""
        self._covered = False

    def repaint(self) -> None:
        """What the terminal shows is not the session's screen any more."""
        self._covered = True
        self._changed.set()

    async def run(self, session: Session) -> None:
        """Keep the line up to date, and take it away, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._next_change_s(clock())):
                    await self._changed.wait()
            self._changed.clear()
            if self._lost_at is None:
                await self._uncover(session)
            elif clock() - self._lost_at >= _GRACE_S:
                self._covered = self._painted = True
                text = lost_text(
                    self._retry_at - clock(),
                    count_keys(session.input_waiting),
                    full=self._full,
                    detach_label=self._detach_label,
                )
                await self._terminal.write(paint(text, self._terminal.size[0]))

    def _next_change_s(self, now: float) -> float | None:
        """Return the seconds until the line reads differently by itself: at each whole second of the countdown."""
        if self._lost_at is None:
            return None
        grace_s = self._lost_at + _GRACE_S - now
        if grace_s > 0:
            return grace_s
        return (self._retry_at - now) % 1.0 + 0.01 if self._retry_at > now else None

    async def _uncover(self, session: Session) -> None:
        if not self._covered:
            return
        self._covered = False
        if self._painted:
            await self.write(b"")
        cols, rows = self._terminal.size
        if rows > 1:
            await session.resize(cols, rows - 1)
            await asyncio.sleep(_REPAINT_GAP_S)
        await session.resize(*self._terminal.size)

    def close(self) -> None:
        """Take the line away at once, on the way out."""
        if self._painted:
            self._painted = False
            self._terminal.write_now(ERASE)

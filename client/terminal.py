"""The user's own terminal, raw while a session is shown in it, and given back as it was whatever happens.

Its file descriptors are shared with the shell that started us, and with it their O_NONBLOCK flag: so output goes
through a descriptor of our own, opened anew, and a stalled terminal (Ctrl-S, a dead ssh) never stops the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import termios
import time
from types import TracebackType
from typing import Any, Self

from ..wire.errors import ConfigError
from ..wire.messages import MAX_SIDE_CELLS
from .screen_state import ScreenState

__all__ = ["LocalTerminal"]

_READ_BYTES = 64 << 10
_FAREWELL_TIMEOUT_S = 1.0
_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


class LocalTerminal:
    """A terminal, by the descriptors of its input and its output. In a `with` it is raw.

    Attributes:
        state: what was switched on in it; follow everything written here.
    """

    def __init__(self, input_fd: int = 0, output_fd: int = 1) -> None:
        """Look at the terminal; nothing is changed yet.

        Raises:
            ConfigError: one of the descriptors is no terminal.
        """
        if not (os.isatty(input_fd) and os.isatty(output_fd)):
            raise ConfigError(
                "attaching needs a terminal on stdin and stdout; "
                "without one, 'holdfast log --follow' reads and 'holdfast send' types"
            )
        self.state = ScreenState()
        self._input_fd = input_fd
        self._output_fd = output_fd
        self._own_fd: int | None = None
        self._cooked: list[Any] | None = None
        self._writing = asyncio.Lock()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in cells, within what a session can have."""
        size = os.get_terminal_size(self._output_fd)
        cols, rows = size.columns or 80, size.lines or 24  # a serial line does not know
        return min(cols, MAX_SIDE_CELLS), min(rows, MAX_SIDE_CELLS)

    # Raw and cooked

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):  # a terminal of another user or name space: then output may block
            self._own_fd = os.open(os.ttyname(self._output_fd), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave()
        if self._own_fd is not None:
            os.close(self._own_fd)
            self._own_fd = None

    def enter(self) -> None:
        """Make it raw, and switch on what the session had on when it was left."""
        self._cooked = termios.tcgetattr(self._input_fd)
        termios.tcsetattr(self._input_fd, termios.TCSANOW, _raw(self._cooked))
        self.write_now(self.state.enter())

    def leave(self) -> None:
        """Give it back: what the session switched on is switched off. Does nothing when it is left already."""
        cooked, self._cooked = self._cooked, None
        if cooked is None:
            return
        self.write_now(self.state.leave())
        with contextlib.suppress(termios.error):  # the terminal is gone
            # Answers and mouse reports under way would be typed at the user's prompt.
            termios.tcflush(self._input_fd, termios.TCIFLUSH)
            termios.tcsetattr(self._input_fd, termios.TCSANOW, cooked)

    # Bytes

    async def read(self) -> bytes:
        """Wait for what is typed and return it; empty when the terminal is gone."""
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._input_fd, _wake, readable)
        try:
            await readable
        finally:
            loop.remove_reader(self._input_fd)
        try:
            return os.read(self._input_fd, _READ_BYTES)
        except OSError:  # EIO: it hung up
            return b""

    async def write(self, data: bytes) -> None:
        """Show `data`, whole before what others write. Raises OSError when the terminal is gone."""
        async with self._writing:
            rest = memoryview(data)
            while rest:
                try:
                    rest = rest[os.write(self._fd, rest) :]
                except BlockingIOError:
                    await self._writable()

    @property
    def _fd(self) -> int:
        return self._output_fd if self._own_fd is None else self._own_fd

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        writable: asyncio.Future[None] = loop.create_future()
        fd = self._fd
        loop.add_writer(fd, _wake, writable)
        try:
            await writable
        finally:
            loop.remove_writer(fd)

    def write_now(self, data: bytes) -> None:
        """Write outside the event loop; what a stalled terminal does not take within a second is given up."""
        deadline = time.monotonic() + _FAREWELL_TIMEOUT_S
        rest = memoryview(data)
        with contextlib.suppress(OSError):
            while rest and select.select([], [self._fd], [], max(0.0, deadline - time.monotonic()))[1]:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._fd, rest) :]


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _raw(cooked: list[Any]) -> list[Any]:
    """Return attributes under which every byte passes, in both directions, as cfmakeraw(3) makes them."""
    raw = [*cooked[:_CC], list(cooked[_CC])]
    raw[_IFLAG] &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
    )
    raw[_OFLAG] &= ~termios.OPOST
    raw[_LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    raw[_CFLAG] = raw[_CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    raw[_CC][termios.VMIN], raw[_CC][termios.VTIME] = 1, 0
    return raw

"""Terminal windows: `holdfast` on a real pseudo-terminal, with the test as the one who looks and types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Callable, Iterator

from .cli import DEADLINE_S, HOLDFAST, Cli

__all__ = ["COLS", "ROWS", "Window"]

COLS, ROWS = 100, 30


class Window:
    """A terminal window with `holdfast ARGUMENTS` in it.

    Attributes:
        output: what was received and not looked for yet.
        received: all that was.
    """

    def __init__(self, cli: Cli, *arguments: str, **environ: str) -> None:
        self.output = b""
        self.received = bytearray()
        self.pid, self.master = pty.fork()
        if not self.pid:
            try:
                os.execve(HOLDFAST, [HOLDFAST, *arguments], {**cli.environ, **environ})  # noqa: S606  # no shell is wanted
            finally:
                os._exit(127)
        self.resize(COLS, ROWS)

    @classmethod
    @contextlib.contextmanager
    def opener(cls, cli: Cli) -> Iterator[Callable[..., Window]]:
        """Give what opens windows; they are closed in the end."""
        opened: list[Window] = []

        def open_one(*arguments: str, **environ: str) -> Window:
            opened.append(cls(cli, *arguments, **environ))
            return opened[-1]

        try:
            yield open_one
        finally:
            for one in opened:
                one.close()

    def resize(self, cols: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    def until(self, text: bytes) -> None:
        """Read until `text` is there; what is before it is forgotten."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.output:
            assert self._read(deadline), (text, self.output[-2000:])
        self.output = self.output.partition(text)[2]

    def exit_code(self) -> int:
        deadline = time.monotonic() + DEADLINE_S
        while self._read(deadline):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """As a user closes a window: the kernel hangs it up."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
        if self.pid:
            os.waitpid(self.pid, 0)
            self.pid = 0

    def _read(self, deadline: float) -> bool:
        if not select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: every process has closed the terminal
            return False
        self.output += data
        self.received += data
        return bool(data)

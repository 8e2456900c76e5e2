"""The master side of a session's PTY: the one place where its bytes leave and enter.

Output is read straight into the hot tail (invariant 3 of the design) in bounded bursts, so that one flood does not hold
up the loop; a full ring stops the reading, which stops the program: back-pressure, never loss. Input is written as far
as the kernel takes it; the rest waits, in order. The descriptor is shared with the keeper, which never reads or writes.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
import termios
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ...store.session_log import SessionLog
from .clients import Size

__all__ = ["MAX_INPUT_BACKLOG_BYTES", "Terminal"]

_READS_A_BURST = 16
"""A PTY read returns at most 4,095 bytes; 16 of them take under 1 ms and fill one 64 KiB frame."""

_REOPEN_POLL_S = 1.0
"""A hung-up terminal is readable all the time (EIO), so it is looked at this often instead of waited for."""

_WRITE_BYTES = 4096
"""The line discipline's buffer (n_tty). Larger writes would only widen what a crash leaves unknown."""

MAX_INPUT_BACKLOG_BYTES = 1 << 20
"""Input waiting for a program that does not read; beyond it the client's socket is not read either."""


class _Pending(NamedTuple):
    client_id: str | None
    seq: int
    data: bytes


class Terminal:
    """One PTY master on the event loop.

    Args:
        fd: the master; made non-blocking, closed by `close`.
        log: where output goes.
        on_output: called after each burst, with the log already published.
        on_input_applied: called with a client_id when input of that client reached the terminal.
    """

    def __init__(
        self,
        fd: int,
        log: SessionLog,
        *,
        on_output: Callable[[], None],
        on_input_applied: Callable[[str], None],
    ) -> None:
        self._fd = fd
        self._log = log
        self._on_output = on_output
        self._on_input_applied = on_input_applied
        self._loop = asyncio.get_running_loop()
        self._pending: deque[_Pending] = deque()
        self._backlog_bytes = 0
        self._backlog_fell: asyncio.Event = asyncio.Event()
        self._reading = False
        self._hang_up_timer: asyncio.TimerHandle | None = None
        os.set_blocking(fd, False)

    # Output

    def resume_reading(self) -> None:
        """Read whenever there is output, until the ring is full; also called when the store has made room."""
        if not self._reading and self._hang_up_timer is None and self._fd >= 0 and not self._log.full:
            self._reading = True
            self._loop.add_reader(self._fd, self._read_burst)

    def pause_reading(self) -> None:
        """Leave output in the kernel."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def drain(self, limit: int) -> int:
        """Read what the kernel still holds; for a process that has ended. Stops at `limit` bytes, or at a full ring.

        Returns:
            Bytes read.
        """
        before = self._log.tail
        while self._fd >= 0 and self._log.tail - before < limit and not self._log.full and self._read_once():
            pass
        return self._log.tail - before

    def _read_burst(self) -> None:
        for _ in range(_READS_A_BURST):
            if self._log.full:
                self.pause_reading()
                break
            if not self._read_once():
                break
        self._on_output()

    def _read_once(self) -> bool:
        try:
            count = self._log.read_from(self._fd)
        except (BlockingIOError, InterruptedError):
            return False
        if count:
            return True
        # No process has the terminal open now: one may open it again, and the keeper tells when the shell has ended.
        self.pause_reading()
        if self._hang_up_timer is None:
            self._hang_up_timer = self._loop.call_later(_REOPEN_POLL_S, self._after_hang_up)
        return False

    def _after_hang_up(self) -> None:
        self._hang_up_timer = None
        self.resume_reading()

    # Input

    def write(self, data: bytes, *, client_id: str | None = None, seq: int = 0) -> None:
        """Type into the terminal, behind what still waits.

        Args:
            data: bytes typed; none where all of a client's input was dropped, which counts it all the same.
            client_id: whose input this is, to count it in the log's ledger; None where it does not count.
            seq: of the first byte.
        """
        if self._fd < 0:
            return
        if self._pending:
            self._enqueue(_Pending(client_id, seq, data))
            return
        written = self._write_some(client_id, seq, data)
        if written < len(data):
            self._enqueue(_Pending(client_id, seq + written, data[written:]))
            self._loop.add_writer(self._fd, self._write_pending)

    async def wait_for_room(self) -> None:
        """Wait while more input waits than `MAX_INPUT_BACKLOG_BYTES`."""
        while self._backlog_bytes > MAX_INPUT_BACKLOG_BYTES and self._fd >= 0:
            self._backlog_fell.clear()
            await self._backlog_fell.wait()

    def queued_seq(self, client_id: str) -> int | None:
        """Return the seq behind the last input of this client that still waits, or None where none does."""
        return next(
            (item.seq + len(item.data) for item in reversed(self._pending) if item.client_id == client_id), None
        )

    def _enqueue(self, item: _Pending) -> None:
        self._pending.append(item)
        self._backlog_bytes += len(item.data)

    def _write_pending(self) -> None:
        while self._pending:
            client_id, seq, data = self._pending.popleft()
            self._backlog_bytes -= len(data)
            written = self._write_some(client_id, seq, data)
            if written < len(data):
                self._pending.appendleft(_Pending(client_id, seq + written, data[written:]))
                self._backlog_bytes += len(data) - written
                return
            self._backlog_fell.set()
        self._loop.remove_writer(self._fd)

    def _write_some(self, client_id: str | None, seq: int, data: bytes) -> int:
        """Write as much as the kernel takes; return how much that was, in bytes."""
        written = 0
        if not data and client_id is not None:
            self._log.inputs.applied(client_id, seq)
            self._on_input_applied(client_id)
        while written < len(data):
            piece = data[written : written + _WRITE_BYTES]
            taken = self._write_once(client_id, seq + written, piece)
            written += taken
            if taken < len(piece):
                break
        if written and client_id is not None:
            self._on_input_applied(client_id)
        return written

    def _write_once(self, client_id: str | None, seq: int, piece: bytes) -> int:
        """One write(2). The claim stands in the hot tail before it: a crash between the two can be told."""
        if client_id is not None:
            self._log.inputs.claim(client_id, seq + len(piece))
        try:
            taken = os.write(self._fd, piece)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: the last slave is closed; nobody will read this
                raise
            taken = len(piece)
        if client_id is not None:
            self._log.inputs.applied(client_id, seq + taken)
        return taken

    # Size and foreground

    def resize(self, size: Size) -> None:
        """Set the window size; the kernel sends SIGWINCH where it changed (tty_ioctl(4))."""
        if self._fd >= 0:
            fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.cols, 0, 0))

    def foreground_group(self) -> int | None:
        """Return the terminal's foreground process group, or None where it has none."""
        try:
            return os.tcgetpgrp(self._fd) if self._fd >= 0 else None
        except OSError:
            return None

    def duplicate(self) -> int:
        """Return a copy of the descriptor, for a new keeper; the caller closes it."""
        return os.dup(self._fd)

    def close(self) -> None:
        """Stop reading and writing and close the descriptor. The keeper's copy keeps the PTY open."""
        if self._fd < 0:
            return
        self.pause_reading()
        if self._hang_up_timer is not None:
            self._hang_up_timer.cancel()
        if self._pending:
            self._loop.remove_writer(self._fd)
        os.close(self._fd)
        self._fd = -1
        self._backlog_fell.set()

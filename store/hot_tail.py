"""The hot tail: the newest output of one session, in a mapped ring file that outlives the daemon.

A byte of terminal output is here before anybody sees it, so `kill -9` of the daemon loses nothing: the pages belong to
the kernel. They do not survive the machine; a ring from another boot may be torn and is refused.

SIGKILL can fall behind the read that filled the ring and before `end` says so, inside one system call. So the window
which the next read may fill holds only 0xFF, never part of UTF-8, before `end` makes it the next one; recovery takes
what stands there, less trailing 0xFF. (Binary output that ends in 0xFF at that very read is short by those bytes.)

A sparse file on a full file system answers a touch with SIGBUS, which kills: so the ring's blocks are written once, in
steps ahead of their use, and where that fails there is no room.
"""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

from . import ring_file
from .errors import StorageUnavailableError
from .input_ledger import LEDGER_BYTES, InputLedger
from .ring_file import EMPTY_WINDOW, END_AT, HEADER_BYTES, LEDGER_AT, SIZE_AT, WINDOW_BYTES

__all__ = ["PTY_READ_BYTES", "WINDOW_BYTES", "HotTail"]

PTY_READ_BYTES = 4096
"""One read(2) of a PTY returns at most 4095 bytes (n_tty's buffer). A ring with less room counts as full."""

_RESERVE_BYTES = 64 * 1024
_WINDOW = memoryview(EMPTY_WINDOW)


class HotTail:
    """One ring. Synchronous, for one thread; several processes may hold it, one at a time may write."""

    keep_from: int
    """Bytes from this offset on are not overwritten; its owner moves it up as they are stored elsewhere."""

    reserve_failed: bool
    """The file system is full: there is no room although the ring has some. Cleared when it worked again."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Map an open file whose header was checked; `create` and `open` are the ways to get one."""
        self.path = path
        status = os.fstat(descriptor)
        self._file = (status.st_dev, status.st_ino)  # not used again while it is mapped
        self._descriptor = descriptor  # needed to reserve blocks, until the first lap is done
        self._map = mmap.mmap(descriptor, status.st_size)
        whole = memoryview(self._map)
        self.ring_bytes: int
        self.base: int
        _, self.ring_bytes, self.base, _ = ring_file.STATIC.unpack(whole[: ring_file.STATIC.size])
        self._counter = whole[END_AT : END_AT + 8].cast("Q")
        self._size = whole[SIZE_AT : SIZE_AT + 16].cast("Q")
        self._ring = whole[HEADER_BYTES:]
        self.inputs = InputLedger(whole[LEDGER_AT : LEDGER_AT + LEDGER_BYTES].cast("Q"))
        self.reserve_failed = False
        self._reserved = 0
        self._recover()
        self.keep_from = self.oldest

    @classmethod
    def create(cls, path: Path, *, ring_bytes: int, base: int, boot_id: str) -> HotTail:
        """Make an empty ring whose first byte will be `base`; it takes the place of a file that is there.

        Raises:
            StorageUnavailableError: the folder cannot be written, or is full.
        """
        return cls(path, ring_file.create(path, ring_bytes=ring_bytes, base=base, boot_id=boot_id))

    @classmethod
    def open(cls, path: Path, *, boot_id: str) -> HotTail:
        """Map a ring that a former process left, and recover what it read last but had no time to publish.

        Raises:
            FileNotFoundError: there is none.
            HotTailError: foreign, torn, or from another boot.
        """
        return cls(path, ring_file.open_checked(path, boot_id=boot_id))

    @property
    def is_in_place(self) -> bool:
        """Whether its file still has its name; somebody may have removed it, and then it is lost with this process."""
        return ring_file.is_at(self.path, self._file)

    def remake(self, *, boot_id: str) -> HotTail:
        """Make the file again, and return the ring that goes on in it, with all from `keep_from` on, and the inputs.

        Use that one from now on, and close this one. Between the two nothing may be read: then a kill finds either no
        file, as before, or one that has everything.

        Raises:
            StorageUnavailableError: the file cannot be made; this ring is as it was.
        """
        start, content = self.keep_from, self.copy(self.keep_from, self.end)
        descriptor = ring_file.draft(
            self.path, ring_bytes=self.ring_bytes, base=start, boot_id=boot_id, content=content
        )
        try:
            ring = HotTail(self.path, descriptor)
        except (OSError, ValueError) as error:  # no memory, or no descriptor, for one more mapping
            os.close(descriptor)
            ring_file.discard(self.path)
            raise StorageUnavailableError(f"cannot map {self.path}: {error}") from None
        try:
            ring.inputs.take_over(self.inputs)
            ring._size[:] = self._size
            ring_file.publish(self.path)
        except BaseException:
            ring.close()
            raise
        return ring

    @property
    def end(self) -> int:
        """Offset behind the newest byte."""
        return self._counter[0]

    @property
    def oldest(self) -> int:
        """Oldest offset whose byte is still in the ring; `end` where there is none."""
        return max(self.base, self._counter[0] + WINDOW_BYTES - self.ring_bytes)

    @property
    def room(self) -> int:
        """Bytes that may be read now; may reserve blocks of the file. Below `PTY_READ_BYTES` counts as full."""
        end = self._counter[0]
        room = self.keep_from + self.ring_bytes - WINDOW_BYTES - end
        if self._reserved < self.ring_bytes:
            # A read of n bytes touches the window behind it too: end + n + WINDOW_BYTES.
            if self._touched + WINDOW_BYTES > self._reserved:
                self._reserve()
            room = min(room, self._reserved - self._touched)
        return max(room, 0)

    def read_from(self, fd: int) -> int:
        """Take what `fd` has, at most `WINDOW_BYTES`, with one readv(2); return how many bytes, 0 at its end.

        Hot path: every byte of every terminal passes here, about 6 us a call.

        Raises:
            BlockingIOError: nothing to read now, or no room (ask `room` first).
            OSError: the descriptor cannot be read.
        """
        size = min(WINDOW_BYTES, self.room)
        if not size:
            raise BlockingIOError(errno.EAGAIN, "the hot tail is full")
        end = self._counter[0]
        try:
            count = os.readv(fd, self._views(end, end + size))
        except OSError as error:
            if error.errno == errno.EIO:  # Linux: every process has closed the terminal (tty_read(), pty(7))
                return 0
            raise
        if count:
            self._publish(end, count)
        return count

    def append(self, data: bytes) -> int:
        """Add bytes that the daemon itself makes; return how many had room."""
        done = 0
        while done < len(data):
            end = self._counter[0]
            piece = data[done : done + min(WINDOW_BYTES, self.room)]
            if not piece:
                break
            self._write(end, memoryview(piece))
            self._publish(end, len(piece))
            done += len(piece)
        return done

    @property
    def last_resize(self) -> tuple[int, int, int] | None:
        """Offset, columns and rows of the last resize that was noted; None where there is none."""
        offset, packed = self._size
        return (offset, packed >> 32, packed & 0xFFFFFFFF) if packed else None

    def note_resize(self, cols: int, rows: int) -> None:
        """Remember the terminal's size, in cells, from here on: `kill -9` may come before it is stored."""
        self._size[1] = 0  # between the stores there is none, rather than a wrong one
        self._size[0] = self._counter[0]
        self._size[1] = cols << 32 | rows

    def copy(self, start: int, stop: int) -> bytes:
        """Return the bytes [start, stop).

        Raises:
            ValueError: some of them are not in the ring.
        """
        if not self.oldest <= start <= stop <= self._counter[0]:
            raise ValueError(f"[{start}, {stop}) is not within [{self.oldest}, {self._counter[0]})")
        return b"".join(self._views(start, stop))

    def close(self) -> None:
        """Unmap; the file stays. Does nothing the second time."""
        if self._map.closed:
            return
        self.inputs.close()
        self._counter.release()
        self._size.release()
        self._ring.release()
        self._map.close()
        self._drop_descriptor()

    def unlink(self) -> None:
        """Remove the file; the mapping stays usable until `close`."""
        self.path.unlink(missing_ok=True)

    @property
    def _touched(self) -> int:
        """Bytes of the ring in use on the first lap, the window included."""
        return self._counter[0] - self.base + WINDOW_BYTES

    def _publish(self, end: int, count: int) -> None:
        """Make `count` bytes that stand behind `end` part of the log. The order is what makes it crash-exact."""
        self._write(end + WINDOW_BYTES, _WINDOW[:count])  # the next window is whole before it is the next one
        self._counter[0] = end + count  # one aligned store: struct.pack_into writes byte by byte and tears

    def _recover(self) -> None:
        end = self._counter[0]
        count = len(b"".join(self._views(end, end + WINDOW_BYTES)).rstrip(b"\xff"))
        if count:
            self._publish(end, count)
        # Only now: counted before, reserving would write zeros over what was just recovered.
        self._reserved = min(self._touched, self.ring_bytes)

    def _views(self, start: int, stop: int) -> list[memoryview]:
        """Return the places of [start, stop) in the ring: one view, or two where it wraps."""
        at = (start - self.base) % self.ring_bytes
        until = at + stop - start
        if until <= self.ring_bytes:
            return [self._ring[at:until]]
        return [self._ring[at:], self._ring[: until - self.ring_bytes]]

    def _write(self, start: int, data: memoryview) -> None:
        done = 0
        for view in self._views(start, start + len(data)):
            view[:] = data[done : done + len(view)]
            done += len(view)

    def _reserve(self) -> None:
        """Write zeros over the next step of blocks, which nothing uses yet. posix_fallocate(3) is not on macOS."""
        goal = self._touched + WINDOW_BYTES
        stop = min(self.ring_bytes, -(-goal // _RESERVE_BYTES) * _RESERVE_BYTES)
        try:
            ring_file.write_all(self._descriptor, bytes(stop - self._reserved), HEADER_BYTES + self._reserved)
        except OSError:
            self.reserve_failed = True
            return
        self.reserve_failed = False
        self._reserved = stop
        if stop == self.ring_bytes:
            self._drop_descriptor()

    def _drop_descriptor(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

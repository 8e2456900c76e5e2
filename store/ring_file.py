"""The file of a hot tail: its layout, how it comes to be, and whether one that is found can be trusted.

Layout, native byte order, counters 8-byte aligned:

    0     magic and version (8) | ring bytes | base | SHA-256 of the boot id (16) | CRC-32 of all before
    64    end: the offset behind the newest byte
    128   last resize: its offset | columns << 32 | rows, 0: none
    512   input ledger (`holdfast.store.input_ledger`)
    4096  the ring: byte `offset` stands at (offset - base) % ring bytes
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zlib
from contextlib import suppress
from pathlib import Path

from .errors import HotTailError, StorageUnavailableError

__all__ = [
    "EMPTY_WINDOW",
    "END_AT",
    "HEADER_BYTES",
    "LEDGER_AT",
    "SIZE_AT",
    "STATIC",
    "WINDOW_BYTES",
    "create",
    "discard",
    "draft",
    "is_at",
    "open_checked",
    "publish",
    "write_all",
]

WINDOW_BYTES = 8192
"""The most that one read takes, and so the most that a kill can leave unpublished."""

EMPTY_WINDOW = b"\xff" * WINDOW_BYTES
"""What the next read may fill holds this before."""

END_AT = 64  # a cache line of its own
SIZE_AT = 128
LEDGER_AT = 512
HEADER_BYTES = 4096

STATIC = struct.Struct("=8sQQ16s")
"""Magic and version, ring bytes, base, boot."""

_MAGIC = b"HFtail\x00\x01"
_WORD = struct.Struct("=Q")


def create(path: Path, *, ring_bytes: int, base: int, boot_id: str) -> int:
    """Make the file of an empty ring, 0600 and sparse, in place of one that is there; return its descriptor.

    Raises:
        StorageUnavailableError: the folder cannot be written, or is full.
    """
    descriptor = draft(path, ring_bytes=ring_bytes, base=base, boot_id=boot_id)
    try:
        publish(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def draft(path: Path, *, ring_bytes: int, base: int, boot_id: str, content: bytes = b"") -> int:
    """Make the file of a ring that holds `content`, without its name yet; return its descriptor.

    Either `publish` or `discard` follows.

    Raises:
        StorageUnavailableError: the folder cannot be written, or is full.
    """
    place = _draft_of(path)
    try:
        place.unlink(missing_ok=True)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(descriptor, HEADER_BYTES + ring_bytes)
            header = _header(ring_bytes, base, boot_id, end=base + len(content))
            write_all(descriptor, header + content + EMPTY_WINDOW, 0)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        discard(path)
        raise StorageUnavailableError(f"cannot make {path}: {error.strerror}") from None
    return descriptor


def publish(path: Path) -> None:
    """Give a draft its name. Only a whole ring gets it: a kill before leaves a draft, which nobody opens.

    Raises:
        StorageUnavailableError: it cannot be; nothing is left of it.
    """
    try:
        _draft_of(path).replace(path)
    except OSError as error:
        discard(path)
        raise StorageUnavailableError(f"cannot make {path}: {error.strerror}") from None


def discard(path: Path) -> None:
    """Remove a draft, if there is one."""
    with suppress(OSError):
        _draft_of(path).unlink(missing_ok=True)


def is_at(path: Path, file: tuple[int, int]) -> bool:
    """Whether the file with this device and inode is there."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == file


def open_checked(path: Path, *, boot_id: str) -> int:
    """Open the file of a ring that a former process left; return its descriptor.

    Raises:
        FileNotFoundError: there is none.
        HotTailError: foreign, torn, or from another boot.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise HotTailError(f"cannot open {path}: {error.strerror}") from None
    try:
        _check(path, descriptor, boot_id)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_all(descriptor: int, data: bytes, at: int) -> None:
    """Write all of it at `at`. Raises OSError (ENOSPC)."""
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, at)
        view, at = view[count:], at + count


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _boot_digest(boot_id: str) -> bytes:
    return hashlib.sha256(boot_id.encode()).digest()[:16]


def _header(ring_bytes: int, base: int, boot_id: str, *, end: int) -> bytes:
    static = STATIC.pack(_MAGIC, ring_bytes, base, _boot_digest(boot_id))
    header = bytearray(HEADER_BYTES)
    header[: STATIC.size] = static
    _WORD.pack_into(header, STATIC.size, zlib.crc32(static))
    _WORD.pack_into(header, END_AT, end)
    return bytes(header)


def _check(path: Path, descriptor: int, boot_id: str) -> None:
    """Raise HotTailError where this is not a whole ring of this boot."""
    status = os.fstat(descriptor)
    header = os.pread(descriptor, HEADER_BYTES, 0) if stat.S_ISREG(status.st_mode) else b""
    if len(header) < HEADER_BYTES or not header.startswith(_MAGIC):
        raise HotTailError(f"{path} is not a hot tail of this version")
    static = header[: STATIC.size]
    _, ring_bytes, base, boot = STATIC.unpack(static)
    (checksum,) = _WORD.unpack_from(header, STATIC.size)
    (end,) = _WORD.unpack_from(header, END_AT)
    if checksum != zlib.crc32(static) or status.st_size != HEADER_BYTES + ring_bytes or end < base:
        raise HotTailError(f"{path} is torn")
    if boot != _boot_digest(boot_id):
        raise HotTailError(f"{path} is from before the machine was started; its pages may be torn")

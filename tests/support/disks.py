"""Disks that are small, full, or cannot be written."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["SmallDisk", "read_only_disk", "small_disk"]


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system of a few MB."""

    path: Path

    def fill(self) -> None:
        """Take every byte that is left."""
        with (self.path / "ballast").open("ab", buffering=0) as file:
            for size in (65_536, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def empty(self) -> None:
        """Give it back."""
        (self.path / "ballast").unlink()


@contextmanager
def small_disk(path: Path, *, size_bytes: int) -> Iterator[SmallDisk]:
    """Mount a tmpfs on `path`; the test is skipped where that is not allowed."""
    with _mounted(path, f"size={size_bytes},mode=0700"):
        yield SmallDisk(path)


@contextmanager
def read_only_disk(path: Path) -> Iterator[None]:
    """Mount an empty file system on `path` that nobody, root included, can write."""
    with _mounted(path, "ro,size=65536,mode=0700"):
        yield


@contextmanager
def _mounted(path: Path, options: str) -> Iterator[None]:
    if os.getuid() != 0:
        pytest.skip("only root can mount a file system")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path],  # noqa: S607  # wherever this system has it
        capture_output=True,
        text=True,
        check=False,
    )
    if mounting.returncode:
        pytest.skip(f"no file system can be mounted here: {mounting.stderr.strip()}")
    try:
        yield
    finally:
        # Lazy: a daemon may still be ending.
        subprocess.run(["umount", "--lazy", path], check=True)  # noqa: S607  # wherever this system has it

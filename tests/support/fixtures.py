"""Fixtures of tests with a real daemon; everything that a test started is ended with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .daemons import Daemon

__all__ = ["daemon", "environ", "home", "stopped_daemon"]


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty HOLDFAST_HOME with a path short enough for its sockets."""
    with tempfile.TemporaryDirectory(prefix="hf-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """The environment of a daemon and its shells: a plain sh, and nothing of the tester's own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ}
    user_home = home / "user"
    user_home.mkdir()
    return {
        **kept,
        "HOME": str(user_home),
        "USER": "tester",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "PS1": "$ ",
        "ENV": "",
        "HOLDFAST_HOME": str(home),
        "PYTHONWARNINGS": "default",
    }


@pytest.fixture
def daemon(home: Path, environ: dict[str, str]) -> Iterator[Daemon]:
    """A running daemon."""
    one = Daemon(home, environ)
    try:
        one.start()
        yield one
    finally:
        one.close()


@pytest.fixture
def stopped_daemon(home: Path, environ: dict[str, str]) -> Iterator[Daemon]:
    """A daemon that the test starts itself."""
    one = Daemon(home, environ)
    try:
        yield one
    finally:
        one.close()

"""Runs the `holdfast` command as users and scripts do."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .daemons import end_process

__all__ = ["DEADLINE_S", "HOLDFAST", "Cli"]

DEADLINE_S = 60
HOLDFAST = str(Path(sys.executable).parent / "holdfast")


class Cli:
    """Runs `holdfast` in one home."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ

    @classmethod
    @contextlib.contextmanager
    def for_home(cls, environ: dict[str, str]) -> Iterator[Cli]:
        """Give a command whose daemon, sessions and keeper end with the block."""
        one = cls(environ)
        home = Path(environ["HOLDFAST_HOME"])
        try:
            yield one
        finally:
            keeper = one.json("daemon", "status")["keeper_pid"] if (home / "run" / "daemon.sock").exists() else None
            one("daemon", "stop", "--end-sessions")
            if keeper is not None:
                end_process(keeper)  # it would end by itself, after a grace

    def run(
        self, *arguments: str, stdin: bytes = b"", more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [HOLDFAST, *arguments],
            input=stdin,
            env={**self.environ, **(more or {})},
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr
        return done

    def __call__(self, *arguments: str, stdin: bytes = b"", more: Mapping[str, str] | None = None) -> str:
        """Run a command that must succeed, with `more` in its environment, and return its stdout."""
        done = self.run(*arguments, stdin=stdin, more=more)
        assert done.returncode == 0, (arguments, done)
        return done.stdout.decode()

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))

    def session(self, session_id: str) -> dict[str, Any]:
        (found,) = [one for one in self.json("ls", "--all") if one["session_id"] == session_id]
        return dict(found)

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"not in time: {what}"
            time.sleep(0.02)  # another process is asked; nothing tells of it

    def until_ended(self, session_id: str) -> dict[str, Any]:
        self.until(lambda: self.session(session_id)["state"] != "running", "the end of the session")
        return self.session(session_id)

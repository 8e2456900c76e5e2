"""Real daemons and keepers, in homes of their own."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .leftovers import processes_of

START_TIMEOUT_S = 20.0


class UnixHttp(http.client.HTTPConnection):
    """`http.client` over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


@dataclass
class Daemon:
    """A real daemon in a home of its own."""

    home: Path
    environ: dict[str, str]
    arguments: list[str] = field(default_factory=lambda: ["--listen", "127.0.0.1:0"])
    process: subprocess.Popen[bytes] | None = None
    _keepers: set[int] = field(default_factory=set)

    @property
    def socket(self) -> Path:
        return self.home / "run" / "daemon.sock"

    @property
    def token(self) -> str:
        return (self.home / "data" / "token").read_text().strip()

    @property
    def log(self) -> str:
        path = self.home / "data" / "daemon.log"
        return path.read_text() if path.exists() else ""

    def start(self, *arguments: str) -> None:
        """Start it and wait until it listens; fails with what it said."""
        word, process = self.try_start(*arguments)
        assert word == "ok", f"the daemon did not start: {word}\n{self.log}"
        self.process = process
        self._keepers.add(self.status()["keeper_pid"])

    def try_start(self, *arguments: str) -> tuple[str, subprocess.Popen[bytes]]:
        """Start a daemon and return its word."""
        reader, writer = os.pipe()
        (self.home / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home / "data" / "daemon.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "holdfast.daemon.main", "--ready-fd", str(writer), *self.arguments, *arguments],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[writer],
                start_new_session=True,
            )
        os.close(writer)
        parts: list[bytes] = []
        try:
            while select.select([reader], [], [], START_TIMEOUT_S)[0]:
                part = os.read(reader, 4096)
                if not part:
                    break
                parts.append(part)
            else:
                process.kill()
        finally:
            os.close(reader)
        return b"".join(parts).decode().strip(), process

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def restart(self) -> None:
        self.stop()
        self.start()

    def request(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """One HTTP request over the Unix socket; returns status and parsed JSON."""
        connection = UnixHttp(self.socket)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def fetch(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        """The body of one GET over the Unix socket."""
        connection = UnixHttp(self.socket)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            return body
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        code, answer = self.request("GET", "/api/daemon")
        assert code == 200, answer
        return dict(answer)

    @property
    def port(self) -> int:
        return int(self.status()["listen"][0].rsplit(":", 1)[1].split("/")[0])

    def close(self) -> None:
        """End its sessions, the daemon and every keeper it had."""
        if self.process is not None and self.process.poll() is None:
            try:
                self._keepers.add(self.status()["keeper_pid"])
                self.request("POST", "/api/daemon/stop?end_sessions=1")
                self.process.wait(20)
            except (OSError, subprocess.TimeoutExpired, AssertionError):
                self.process.kill()
                self.process.wait()
        for pid in self._keepers:
            end_process(pid)
        for pid in processes_of(self.home):  # a shell that ignores SIGHUP outlives a killed keeper
            end_process(pid, signal.SIGKILL)


def end_process(pid: int, signum: int = signal.SIGTERM) -> None:
    """End a process that a test started, if it is still there, and wait until it has ended (reaped or not)."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(pidfd, signum)
        if not select.select([pidfd], [], [], 10)[0]:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        os.close(pidfd)

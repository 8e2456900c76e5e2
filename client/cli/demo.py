"""`holdfast demo`: lose the connection, lose the daemon, and count what was lost with them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import signal
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import NoReturn

import click

from ...wire.errors import HoldfastError
from ..connection import connect
from ..events import Event, Restored
from .command import command
from .demo_output import Output, compare
from .demo_stage import Relay, Stage
from .exit_codes import FAILED
from .table import format_bytes, format_table

__all__ = ["demo"]

_CUTS_AT_BYTES = (1_500_000, 3_000_000)
_KILL_AT_BYTES = 6_000_000
"""Output goes on until the daemon is back, so that both fall into the middle of it for certain."""
_ANSWER_BYTES = 200
"""More than the line in which the shell tells its pid."""
_TIMEOUT_S = 50.0
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class _Findings:
    """What the demo found out; sizes in bytes, times in seconds."""

    shell_before: int
    shell_after: int = 0
    printed: int = 0
    lost: int = 0
    doubled: int = 0
    down_s: float = 0.0
    replayed: int = 0
    replay_s: float = 0.0
    replay_is_same: bool = False
    stored: int = 0

    @property
    def nothing_lost(self) -> bool:
        return self.shell_before == self.shell_after and not self.lost and not self.doubled and self.replay_is_same


@command(short_help="See a session survive a cut connection and a killed daemon.")
def demo() -> int:
    """See it survive: a real shell prints 10 MB while its connection is cut and its daemon killed.

    Everything happens in a temporary folder, with a daemon and a keeper of its own, and is gone afterwards.
    """
    for signum in _ENDING_SIGNALS:
        signal.signal(signum, _interrupt)
    stage = Stage()
    try:
        findings = _run(_play(stage))
        stage.stop()
        findings.stored = sum(file.stat().st_size for file in stage.paths.data_dir.glob("sessions.db*"))
    finally:
        with _undisturbed():
            stage.close()
    _report(findings)
    return 0 if findings.nothing_lost else FAILED


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave processes behind."""
    signals = (signal.SIGINT, *_ENDING_SIGNALS)
    before = [signal.signal(signum, signal.SIG_IGN) for signum in signals]
    try:
        yield
    finally:
        for signum, handler in zip(signals, before, strict=True):
            signal.signal(signum, handler)


def _run(play: Coroutine[None, None, _Findings]) -> _Findings:
    """Run it to its end, its timeout, or a signal, of which asyncio by itself knows SIGINT alone."""

    async def limited() -> _Findings:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  # it is this one
        for signum in _ENDING_SIGNALS:
            loop.add_signal_handler(signum, task.cancel)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await play
        except TimeoutError:
            raise HoldfastError(f"the demo has not come to its end within {_TIMEOUT_S:.0f} seconds") from None
        finally:
            for signum in _ENDING_SIGNALS:
                loop.remove_signal_handler(signum)
                signal.signal(signum, _interrupt)

    try:
        return asyncio.run(limited())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _play(stage: Stage) -> _Findings:
    daemon = await asyncio.to_thread(stage.start)
    shell = await asyncio.to_thread(stage.open_shell)
    _say(f"daemon (pid {daemon['pid']}) and keeper (pid {daemon['keeper_pid']}) started in {stage.folder}")
    _say(f"/bin/sh opened (pid {shell['pid']}); it prints a listing of /usr, then a build log")
    output = Output(stage.folder, f"holdfast-{secrets.token_hex(4)}")
    output.write()
    findings = _Findings(shell_before=shell["pid"])
    relay = Relay(stage.folder, stage.address)
    await relay.open()
    try:
        received = await _Run(stage, relay, output, findings).watch(shell["session_id"])
    finally:
        await relay.close()
    expected = output.expected()
    start = received.index(output.begin) + len(output.begin)
    findings.printed = len(expected)
    findings.lost, findings.doubled = compare(expected, received[start : received.rindex(output.end)])
    await _replay(stage, shell["session_id"], received, findings)
    return findings


class _Run:
    """The client that loses its connection and its daemon while it reads."""

    def __init__(self, stage: Stage, relay: Relay, output: Output, findings: _Findings) -> None:
        self._stage = stage
        self._relay = relay
        self._output = output
        self._findings = findings
        self._received = bytearray()
        self._cuts = list(_CUTS_AT_BYTES)
        self._restart: asyncio.Task[None] | None = None

    async def watch(self, session_id: str) -> bytes:
        """Type the command, read until its end, and ask the shell who it is; returns everything received."""
        async with connect(session_id, address=self._relay.address, create=False) as session:
            await session.send(f"{self._output.command}\n".encode())
            async for _, data, _ in session:
                self._received += data
                self._disturb()
                if self._just_got(self._output.end, data):
                    await session.send(f"{self._output.ask_pid}\n".encode())
                if (pid := self._output.told_pid(self._received[-len(data) - _ANSWER_BYTES :])) is not None:
                    self._findings.shell_after = pid
                    break
        if self._restart is not None:
            await self._restart
        return bytes(self._received)

    def _just_got(self, mark: bytes, data: bytes) -> bool:
        return mark in self._received[-len(data) - len(mark) :]

    def _disturb(self) -> None:
        count = len(self._received)
        if self._cuts and count >= self._cuts[0]:
            self._cuts.pop(0)
            self._relay.cut()
            _say(f"connection cut at {format_bytes(count)}; the client comes back by itself")
        if self._restart is None and count >= _KILL_AT_BYTES:
            self._stage.kill()
            _say(f"daemon killed with SIGKILL at {format_bytes(count)}, under full output")
            self._restart = asyncio.create_task(self._bring_back(time.monotonic()))

    async def _bring_back(self, killed: float) -> None:
        daemon = await asyncio.to_thread(self._stage.start)
        self._findings.down_s = time.monotonic() - killed
        self._output.enough()
        _say(f"daemon started again (pid {daemon['pid']}); the keeper handed it the shell")


async def _replay(stage: Stage, session_id: str, received: bytes, findings: _Findings) -> None:
    """Attach anew, as another window would, and take the time until all of history is there."""
    done = False

    def note(event: Event) -> None:
        nonlocal done
        done = done or isinstance(event, Restored)

    parts: list[bytes] = []
    count = 0
    started = time.perf_counter()
    async with connect(session_id, address=stage.address, create=False, mode="ro", on_event=note) as session:
        until = session.details.replay_until
        async for _, data, _ in session:
            parts.append(data)
            count += len(data)
            if done or count >= until:
                break
        findings.replay_s = time.perf_counter() - started
    replayed = b"".join(parts)
    findings.replayed = count
    findings.replay_is_same = replayed[: len(received)] == received[:count]


def _say(text: str) -> None:
    click.echo(f"  {text}")


def _report(findings: _Findings) -> None:
    same = findings.shell_before == findings.shell_after
    speed = findings.replayed / 1e6 / findings.replay_s if findings.replay_s else 0.0
    rows = [
        ("same shell", f"yes, pid {findings.shell_after}" if same else f"NO: {findings.shell_before} became another"),
        ("bytes printed", f"{findings.printed:,}"),
        ("bytes lost", f"{findings.lost:,}"),
        ("bytes doubled", f"{findings.doubled:,}"),
        ("without a daemon", f"{findings.down_s * 1000:.0f} ms"),
        ("replay of it all", f"{findings.replay_s * 1000:.0f} ms, {speed:.0f} MB/s"),
        ("replay is the same", "yes, each byte" if findings.replay_is_same else "NO"),
        ("store", f"{format_bytes(findings.stored)} for {format_bytes(findings.replayed)} of output"),
    ]
    click.echo()
    for line in format_table(("", ""), rows)[1:]:
        click.echo(f"  {line}")
    click.echo()
    if not findings.nothing_lost:
        click.echo("holdfast: something was lost; this should never happen, please report it", err=True)
        return
    name = "holdfast" if shutil.which("holdfast") else "scripts/run"
    click.echo(f"  Now yours: {name}         a shell that survives; Ctrl-\\ leaves it, {name} comes back")
    click.echo(f"             {name} ls      what runs")
    click.echo(f"             {name} --help  the rest")

"""Attach the user's terminal to a session: what `holdfast attach` does.

The session's screen is the terminal's: it is restored there, below what the user had, and then bytes pass through;
history is made inert. Where too much was missed, the screen is restored again on a terminal that was cleared. The
terminal is given back clean before anything else happens on the way out, and before any network is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..wire.errors import ConfigError, RefusedError
from ..wire.query import Replay, SpawnQuery
from . import events
from .address import Address
from .connection import ReconnectPolicy, Session, connect
from .detach_key import DetachKey
from .inert import Inert
from .input_queue import InputFullError
from .outage_display import OutageDisplay
from .output import Screen
from .status_line import count_keys
from .terminal import LocalTerminal

__all__ = ["AttachOptions", "attach"]

_WINDOW_BYTES = 1 << 20
"""Output under way: enough for 10 MB/s over 100 ms, and little enough that Ctrl-C is felt at once."""

_TO_LAST_ROW, _HOME, _ERASE = b"\x1b[999;1H", b"\x1b[H", b"\x1b[2J"

_EXIT_UNKNOWN = 1
_SIGNAL_EXIT_BASE = 128
_ENDING_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_SHORT_ID_CHARS = 8


@dataclass(frozen=True, slots=True)
class AttachOptions:
    """What to attach to, and how.

    Attributes:
        address: of the daemon.
        token: for its TCP port; a Unix socket needs none.
        session_id: an existing session, which is never replaced by a fresh one; None makes a new one.
        spawn: how a new one is made; its size is the terminal's.
        replay: what to show of an existing one.
        mode: `ro` only watches.
        exclusive: be the only writer.
        steal: take that place from whoever has it.
        detach_byte: control character of the key that detaches; None for no such key.
    """

    address: Address
    token: str | None = None
    session_id: str | None = None
    spawn: SpawnQuery = field(default_factory=SpawnQuery)
    replay: Replay = field(default_factory=lambda: Replay("restore"))
    mode: Literal["rw", "ro"] = "rw"
    exclusive: bool = False
    steal: bool = False
    detach_byte: bytes | None = b"\x1c"


async def attach(options: AttachOptions, environ: Mapping[str, str] = os.environ) -> int:
    """Attach stdin and stdout until the user detaches or the session ends.

    Returns:
        The exit code of the session's own process, 128 and the number of the signal that ended it or us, 1 where
        nobody knows it, or 0 on detach.

    Raises:
        ConfigError: there is no terminal, or it is a session's own.
        UnreachableError: no daemon answers.
        RefusedError: the daemon says no: there is no such session, another client took it over, ...
        WireError: what answers is not a daemon of this protocol.
    """
    inside = environ.get("HOLDFAST_SESSION")
    if inside:
        raise ConfigError(
            f"this terminal is session {inside[:_SHORT_ID_CHARS]} already; detach first (Ctrl-\\), "
            "or unset HOLDFAST_SESSION to attach inside it all the same"
        )
    terminal = LocalTerminal()
    display = OutageDisplay(terminal, DetachKey(options.detach_byte).label if options.detach_byte else None)
    attachment = _Attachment(terminal, display, options)
    cols, rows = terminal.size
    spawn = options.spawn
    async with connect(
        options.session_id,
        address=options.address,
        token=options.token,
        create=options.session_id is None,
        replay=str(options.replay),
        mode=options.mode,
        exclusive=options.exclusive,
        steal=options.steal,
        window=_WINDOW_BYTES,
        answers=options.mode == "rw",
        cols=cols,
        rows=rows,
        argv=spawn.argv,
        cwd=spawn.cwd,
        name=spawn.name,
        linger=spawn.linger,
        expires=spawn.expires,
        reconnect=ReconnectPolicy(fresh=False),
        on_event=attachment.on_event,
    ) as session:
        with terminal:
            code, farewell = await attachment.run(session)
        for line in (*attachment.notes(session), farewell):
            print(f"[{line}]", file=sys.stderr)  # noqa: T201  # the terminal is the user's again
    return code


class _Attachment:
    """One attached terminal: its tasks, and how they end."""

    def __init__(self, terminal: LocalTerminal, display: OutageDisplay, options: AttachOptions) -> None:
        self._terminal = terminal
        self._display = display
        self._read_only = options.mode == "ro"
        self._detach_key = DetachKey(options.detach_byte) if options.detach_byte is not None else None
        self._unknown_bytes = 0
        self._dropped = 0
        self._shows_session = False
        self._is_broken = False

    def on_event(self, event: events.Event) -> None:
        """Follow the connection."""
        match event:
            case events.Attached(session) if session.attach != "exact":
                self._is_broken = self._shows_session
                if session.attach == "restore":
                    self._display.replaced()
            case events.Skipped():
                self._is_broken = self._shows_session
            case events.Reconnecting():
                self._display.lost(event.delay_s)
            case events.Reconnected():
                self._display.restored()
            case events.InputUnknown():
                self._unknown_bytes += event.byte_count
            case _:
                pass

    def notes(self, session: Session) -> Iterator[str]:
        """Yield what the user should know of what was typed."""
        if self._unknown_bytes:
            yield f"{self._unknown_bytes} bytes typed while the daemon failed may or may not have arrived"
        if self._dropped:
            yield f"{_keys(self._dropped)} found no room while the connection was lost"
        waiting = count_keys(session.input_waiting)
        if waiting and session.exit is None:
            yield f"{_keys(waiting)} may not have arrived"

    async def run(self, session: Session) -> tuple[int, str]:
        """Show and type until the end; returns the exit code and what to say."""
        label = session.details.name or session.session_id[:_SHORT_ID_CHARS]
        ended_by: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        resized = asyncio.Event()
        with _signals(self._terminal, self._display, ended_by, resized):
            tasks = [
                asyncio.create_task(coroutine)
                for coroutine in (
                    self._show(session),
                    self._type(session),
                    self._follow_size(session, resized),
                    self._display.run(session),
                )
            ]
            first: list[asyncio.Future[Any]] = [ended_by, *tasks]
            try:
                await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                self._display.close()
        for task in tasks:
            if not task.cancelled():
                task.result()
        if ended_by.done():
            return _SIGNAL_EXIT_BASE + ended_by.result(), f"detached from {label}"
        if session.exit is not None:
            return _exit_code(session.exit), _describe_end(label, session.exit)
        return 0, f"detached from {label}"

    async def _show(self, session: Session) -> None:
        inert, state = Inert(), self._terminal.state
        self._shows_session = True
        with contextlib.suppress(OSError):  # the terminal is gone; the keyboard's task or SIGHUP says so too
            # A blank screen, as the session began on; what the user had there is not drawn over, but scrolled away.
            await self._display.write(_TO_LAST_ROW + b"\n" * self._terminal.size[1] + _HOME)
            async for output in session:
                before = b""
                if self._is_broken or isinstance(output, Screen):
                    self._is_broken = False
                    inert.flush()  # what was begun before is not what this completes
                    before = state.clear() + _HOME + _ERASE
                if shown := before + state.track(inert.feed(output.data, is_replay=output.is_replay)):
                    await self._display.write(shown)

    async def _type(self, session: Session) -> None:
        while data := await self._terminal.read():
            pressed = False
            if self._detach_key is not None:
                data, pressed = self._detach_key.split(data)
            if data and not self._read_only:
                await self._send(session, data)
            if pressed:
                return

    async def _send(self, session: Session, data: bytes) -> None:
        try:
            await session.send(data)
        except InputFullError as error:
            self._dropped += count_keys(data[error.accepted :])
        except RefusedError:
            pass  # it has ended: the output says how
        self._display.typed(full=self._dropped > 0)

    async def _follow_size(self, session: Session, resized: asyncio.Event) -> None:
        while True:
            await resized.wait()
            resized.clear()
            await session.resize(*self._terminal.size)


@contextlib.contextmanager
def _signals(
    terminal: LocalTerminal, display: OutageDisplay, ended_by: asyncio.Future[int], resized: asyncio.Event
) -> Iterator[None]:
    """Turn signals into what the tasks wait for."""
    loop = asyncio.get_running_loop()

    def end(number: int) -> None:
        if not ended_by.done():
            ended_by.set_result(number)

    def suspend() -> None:
        terminal.leave()
        os.kill(os.getpid(), signal.SIGSTOP)

    def resume() -> None:
        terminal.leave()  # also after a SIGSTOP that nobody announced
        terminal.enter()
        display.repaint()

    for number in _ENDING_SIGNALS:
        loop.add_signal_handler(number, end, number)
    loop.add_signal_handler(signal.SIGTSTP, suspend)
    loop.add_signal_handler(signal.SIGCONT, resume)
    loop.add_signal_handler(signal.SIGWINCH, resized.set)
    try:
        yield
    finally:
        for number in (*_ENDING_SIGNALS, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH):
            loop.remove_signal_handler(number)


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"


def _exit_code(ended: events.Ended) -> int:
    if ended.signal is not None:
        return _SIGNAL_EXIT_BASE + ended.signal
    return _EXIT_UNKNOWN if ended.exit_code is None else ended.exit_code


def _describe_end(label: str, ended: events.Ended) -> str:
    if ended.signal is not None:
        with contextlib.suppress(ValueError):
            return f"{label} ended by {signal.Signals(ended.signal).name}"
        return f"{label} ended by signal {ended.signal}"
    return f"{label} ended with exit code {ended.exit_code}" if ended.exit_code else f"{label} ended"

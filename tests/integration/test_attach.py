"""`attach` in a real pseudo-terminal, on a real daemon."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import re
import signal
import struct
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from support.daemons import Daemon

from holdfast.client.connection import connect

DEADLINE_S = 20
PROGRAM = """
import asyncio, json, sys
from holdfast.client.address import Address
from holdfast.client.attach import AttachOptions, attach
from holdfast.wire.errors import HoldfastError
from holdfast.wire.query import SpawnQuery
options = json.loads(sys.argv[1])
spawn = SpawnQuery(argv=options.pop("argv", None), name=options.pop("name", ""))
detach = options.pop("detach", "\\x1c")
try:
    code = asyncio.run(attach(AttachOptions(
        Address.parse(options.pop("address")), spawn=spawn, detach_byte=detach and detach.encode(), **options)))
except HoldfastError as error:
    print(f"REFUSED {type(error).__name__} {getattr(error, 'code', '')}: {error}", file=sys.stderr)
    code = 99
sys.exit(code)
"""
CTRL_BACKSLASH = b"\x1c"


class Terminal:
    """A user's terminal with an attached client in it."""

    def __init__(self, environ: dict[str, str], options: dict[str, Any], cols: int = 80, rows: int = 24) -> None:
        self.master, slave = os.openpty()
        self.slave = slave
        self.resize(cols, rows, announce=False)
        self.before = termios.tcgetattr(slave)
        self.output = bytearray()
        self.pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", PROGRAM, json.dumps(options)],
            environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, slave, fd) for fd in range(3)],
            setsid=True,
        )
        self.status: int | None = None
        os.set_blocking(self.master, False)

    def resize(self, cols: int, rows: int, *, announce: bool = True) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        if announce:
            os.kill(self.pid, signal.SIGWINCH)  # it is not the slave's controlling process

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    async def until(self, what: Callable[[bytes], object] | bytes, *, after: int = 0) -> bytes:
        """Read until the output has `what`, and return it all."""
        found = what if callable(what) else lambda output: what in output
        deadline = time.monotonic() + DEADLINE_S
        while not found(bytes(self.output[after:])):
            assert time.monotonic() < deadline, bytes(self.output[-2000:])
            assert await self._read_more() or self.exited() is None, (what, bytes(self.output[-2000:]))
        return bytes(self.output)

    async def _read_more(self) -> bool:
        readable = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.master, readable.set)
        try:
            async with asyncio.timeout(0.1):
                await readable.wait()
            self.output += os.read(self.master, 1 << 16)
            return True
        except (TimeoutError, OSError):
            return False
        finally:
            loop.remove_reader(self.master)

    def exited(self) -> int | None:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    async def exit_code(self) -> int:
        deadline = time.monotonic() + DEADLINE_S
        while self.exited() is None:
            assert time.monotonic() < deadline, bytes(self.output[-2000:])
            await self._read_more()
        while await self._read_more():
            pass
        assert self.status is not None
        return self.status

    async def until_stopped(self) -> None:
        while True:
            pid, status = os.waitpid(self.pid, os.WUNTRACED | os.WNOHANG)  # noqa: ASYNC222  # does not block
            if pid and os.WIFSTOPPED(status):
                return
            assert not pid
            await self._read_more()

    @property
    def is_as_before(self) -> bool:
        return bool(termios.tcgetattr(self.slave) == self.before)

    def close(self) -> None:
        if self.exited() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(daemon: Daemon) -> Iterator[Callable[..., Terminal]]:
    """Open terminals attached to the daemon."""
    opened: list[Terminal] = []

    def open_one(session_id: str | None = None, *, extra: dict[str, str] | None = None, **options: Any) -> Terminal:
        size = {name: options.pop(name) for name in ("cols", "rows") if name in options}
        address = options.pop("address", f"unix:{daemon.socket}")
        one = Terminal(
            {**daemon.environ, **(extra or {})}, {"address": address, "session_id": session_id, **options}, **size
        )
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.close()


def only_session(daemon: Daemon) -> dict[str, Any]:
    (session,) = daemon.request("GET", "/api/sessions")[1]["sessions"]
    return dict(session)


async def test_type_detach_and_come_back(daemon: Daemon, terminal: Callable[..., Terminal]) -> None:
    r"""A shell is used, left with Ctrl-\, and is the same one on return; the terminal is as it was, the exit code 0."""
    first = terminal(name="work")
    first.type(b"there=here; echo one-$((1+1))\r")
    await first.until(b"one-2\r\n")
    first.type(CTRL_BACKSLASH)
    assert await first.exit_code() == 0
    assert first.is_as_before
    assert b"[detached from work]" in first.output
    second = terminal(only_session(daemon)["session_id"])
    await second.until(b"one-2\r\n")
    second.type(b"echo still-$there\r")
    await second.until(b"still-here\r\n")


@pytest.mark.parametrize(
    ("argv", "code"), [(["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -TERM $$"], 128 + 15), (["true"], 0)]
)
async def test_the_exit_code_is_the_childs_own(terminal: Callable[..., Terminal], argv: list[str], code: int) -> None:
    one = terminal(argv=argv)
    assert await one.exit_code() == code
    assert one.is_as_before


async def test_a_full_screen_program_is_left_without_a_trace(daemon: Daemon, terminal: Callable[..., Terminal]) -> None:
    """Detaching in the middle of it switches off the screen, mouse, paste and keyboard modes it had switched on."""
    on = r"\033[>1u\033[?1049h\033[?1002;1006h\033[?2004h\033[?25l\033[5 qFULL-SCREEN"
    one = terminal(argv=["sh", "-c", f"stty raw -echo; printf '{on}'; exec cat"])
    await one.until(b"FULL-SCREEN")
    shown = len(one.output)
    one.type(CTRL_BACKSLASH)
    assert await one.exit_code() == 0
    left = bytes(one.output[shown:])
    for sequence in (b"\x1b[?1049l", b"1002", b"2004", b"\x1b[?7;25h", b"\x1b[0 q", b"\x1b[<1u"):
        assert sequence in left
    assert left.index(b"\x1b[?1049l") < left.index(b"[detached from")
    del daemon


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
async def test_a_signal_leaves_the_terminal_clean(terminal: Callable[..., Terminal], signum: signal.Signals) -> None:
    one = terminal(argv=["sh", "-c", r"printf '\033[?1049h\033[?1003hREADY'; exec cat"])
    await one.until(b"READY")
    os.kill(one.pid, signum)
    assert await one.exit_code() == 128 + signum
    assert one.is_as_before
    assert b"\x1b[?1049l" in one.output


async def test_suspending_and_going_on(terminal: Callable[..., Terminal]) -> None:
    """SIGTSTP gives the terminal back, SIGCONT takes it again with the modes the program had on, and has it repaint."""
    one = terminal(
        argv=[
            "sh",
            "-c",
            r"""trap 'echo resized' WINCH; printf '\033[?1049h\033[?1003hREADY'
while :; do read -r line && echo "got $line"; done""",
        ]
    )
    await one.until(b"READY")
    os.kill(one.pid, signal.SIGTSTP)
    await one.until_stopped()
    assert one.is_as_before
    await one.until(b"\x1b[?1049l")
    shown = len(one.output)
    os.kill(one.pid, signal.SIGCONT)
    await one.until(b"\x1b[?1049h", after=shown)
    await one.until(b"resized", after=shown)
    one.type(b"on\r")
    await one.until(b"got on", after=shown)


async def test_the_size_follows_the_terminal(terminal: Callable[..., Terminal]) -> None:
    one = terminal(
        argv=["sh", "-c", "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done"], cols=90, rows=30
    )
    await one.until(b"30 90\r\n")
    one.resize(101, 41)
    await one.until(b"41 101\r\n")


async def test_every_byte_of_a_key_reaches_the_program(terminal: Callable[..., Terminal]) -> None:
    r"""Control keys, a bracketed paste and a mouse report pass; with no detach key, Ctrl-\ does too."""
    keys = b"\x03\x04\x1a\x13\x11\x1b[200~pasted\ntext\x1b[201~\x1b[<0;10;10M\x1c\xc3\xa4\x00END"
    one = terminal(argv=["sh", "-c", "stty raw -echo; echo READY; od -An -tx1 -v"], detach=None)
    await one.until(b"READY")
    one.type(keys + b"." * 64)
    expected = " ".join(f"{byte:02x}" for byte in keys[:32])
    await one.until(lambda output: expected in re.sub(r"\s+", " ", output.decode("latin-1")))


async def test_a_nested_attach_is_refused_with_a_hint(terminal: Callable[..., Terminal]) -> None:
    one = terminal(extra={"HOLDFAST_SESSION": "11111111-1111-4111-8111-111111111111"})
    assert await one.exit_code() == 99
    assert b"REFUSED ConfigError" in one.output
    assert b"detach first" in one.output


async def test_no_such_session_is_not_replaced_by_another(daemon: Daemon, terminal: Callable[..., Terminal]) -> None:
    one = terminal("11111111-1111-4111-8111-111111111111")
    assert await one.exit_code() == 99
    assert b"REFUSED RefusedError not_found" in one.output
    assert daemon.request("GET", "/api/sessions")[1]["sessions"] == []


async def test_no_daemon_is_an_error_at_once(terminal: Callable[..., Terminal]) -> None:
    one = terminal(address="unix:/nonexistent/daemon.sock")
    assert await one.exit_code() == 99
    assert b"REFUSED ConnectionLostError" in one.output


async def test_replayed_queries_and_bells_do_not_reach_the_terminal(
    daemon: Daemon, terminal: Callable[..., Terminal]
) -> None:
    """Attaching to history full of questions asks none of them again; what is asked now is asked."""
    first = terminal(
        argv=[
            "sh",
            "-c",
            r"stty -echo; printf 'A\007\033[c\033[6n\033]11;?\007B'; while read -r x; do printf 'C\033[6nD'; done",
        ]
    )
    await first.until(b"A\x07\x1b[c\x1b[6n\x1b]11;?\x07B")
    first.type(CTRL_BACKSLASH)
    await first.exit_code()
    second = terminal(only_session(daemon)["session_id"])
    await second.until(b"AB")
    assert b"\x07" not in second.output
    second.type(b"\r")
    await second.until(b"C\x1b[6nD")


async def test_a_lost_connection_says_so_and_goes_away_by_itself(
    daemon: Daemon, terminal: Callable[..., Terminal]
) -> None:
    """While the daemon is gone, one line counts down and says what waits; then it is gone and the keys are typed."""
    one = terminal()
    one.type(b"echo first-$((1+1))\r")
    await one.until(b"first-2\r\n")
    daemon.kill()
    await one.until(b"holdfast: connection lost")
    one.type(b"echo typed-$((40+2))\r")
    await one.until(re.compile(rb"[24]0 keys waiting").search)
    await one.until(lambda output: re.search(rb"next try in \d s", output))
    shown = len(one.output)
    daemon.start()
    await one.until(b"typed-42\r\n", after=shown)
    await one.until(b"\x1b[2K", after=shown)
    output = bytes(one.output)
    assert output.count(b"typed-42\r\n") == 1
    assert output.index(b"\x1b[2K", shown) < output.index(b"typed-42")
    assert b"\n" not in output[output.index(b"holdfast: connection lost") : output.index(b"\x1b[2K", shown)].replace(
        b"\r\n", b""
    )


async def test_the_detach_key_works_while_the_connection_is_lost(
    daemon: Daemon, terminal: Callable[..., Terminal]
) -> None:
    one = terminal()
    one.type(b"echo first-$((1+1))\r")
    await one.until(b"first-2\r\n")
    daemon.kill()
    await one.until(b"holdfast: connection lost")
    one.type(b"abc")
    await one.until(re.compile(rb"2?3 keys waiting").search)
    one.type(CTRL_BACKSLASH)
    assert await one.exit_code() == 0
    assert one.is_as_before
    # 20 more where the daemon died before it acknowledged the line whose echo was seen.
    assert re.search(rb"\[2?3 keys may not have arrived\]", one.output)
    daemon.start()


async def test_a_read_only_client_watches(daemon: Daemon, terminal: Callable[..., Terminal]) -> None:
    async with session_of(daemon) as session:
        one = terminal(session.session_id, mode="ro")
        await session.send(b"echo shown-$((1+1))\n")
        await one.until(b"shown-2\r\n")
        one.type(b"echo not-$((1+1))\r")
        await session.send(b"echo later-$((1+1))\n")
        await one.until(b"later-2\r\n")
        assert b"not-2" not in one.output
        one.type(CTRL_BACKSLASH)
        assert await one.exit_code() == 0


async def test_being_taken_over_ends_it(daemon: Daemon, terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    await one.until(lambda output: output.endswith((b"$ ", b"# ")))
    async with connect(only_session(daemon)["session_id"], address=f"unix:{daemon.socket}", exclusive=True, steal=True):
        assert await one.exit_code() == 99
    assert one.is_as_before
    assert b"REFUSED RefusedError taken_over" in one.output


@contextlib.asynccontextmanager
async def session_of(daemon: Daemon) -> AsyncIterator[Any]:
    async with connect(address=f"unix:{daemon.socket}", argv=["sh"]) as session:
        yield session

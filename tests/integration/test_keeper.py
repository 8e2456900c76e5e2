"""The keeper, with real keeper processes, real shells and real terminals."""

# The keeper is another process, so nothing here waits for a loop that a blocking call holds up:
# ruff: noqa: ASYNC220, ASYNC221, ASYNC222, ASYNC240
# Commands come from the tester's PATH, as they do in a session:
# ruff: noqa: S607

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import platform
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from holdfast.daemon.keeper.adopted import AdoptedProcess
from holdfast.daemon.keeper.link import (
    ExitStatus,
    Held,
    KeeperAbsent,
    KeeperError,
    KeeperLink,
    SpawnError,
    start_keeper,
)
from holdfast.daemon.keeper.messages import (
    UNKNOWN_EXIT,
    VERSION,
    Adopt,
    Exited,
    Forget,
    HandedOver,
    Hello,
    Signal,
    Spawned,
    encode,
)

DEADLINE_S = 20.0
COMMAND = [sys.executable, "-P", "-m", "holdfast.daemon.keeper.process"]
ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")


class KeeperProcess:
    """A keeper in the foreground, a child of the test."""

    def __init__(self, folder: Path, *, code: str | None = None) -> None:
        """Start it, or `code` in its place, and wait until it says that it listens."""
        self.socket = folder / "keeper.sock"
        notify_path = folder / f"notify-{time.monotonic_ns()}"
        command = COMMAND if code is None else [sys.executable, "-P", "-c", code]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(notify_path))
            notify.settimeout(DEADLINE_S)
            self.process = subprocess.Popen(
                [*command, "--socket", str(self.socket)], env={**os.environ, "NOTIFY_SOCKET": str(notify_path)}
            )
            assert notify.recv(100) == b"READY=1"

    @property
    def pid(self) -> int:
        return self.process.pid

    def descriptors(self) -> list[str]:
        """What kinds of things its descriptors are open on."""
        return sorted(str(entry.readlink()).split(":")[0] for entry in Path(f"/proc/{self.pid}/fd").iterdir())

    def rss_kib(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0])

    def cpu_s(self) -> float:
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE_S)

    def raw_connection(self) -> socket.socket:
        """A connection without any manners."""
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        raw.settimeout(DEADLINE_S)
        raw.connect(str(self.socket))
        return raw


class Daemon:
    """A link to the keeper, and what it reports."""

    def __init__(self) -> None:
        self.exits: asyncio.Queue[tuple[str, ExitStatus]] = asyncio.Queue()
        self.lost = asyncio.Event()
        self.held: dict[str, Held] = {}
        self.link: KeeperLink

    async def connect(self, path: Path) -> Daemon:
        self.link, held = await KeeperLink.connect(path, on_exit=self._on_exit, on_lost=self.lost.set)
        self.held = {session.session_id: session for session in held}
        return self

    def _on_exit(self, session_id: str, status: ExitStatus) -> None:
        self.exits.put_nowait((session_id if hasattr(self, "link") else "told before it was known", status))

    async def spawn(self, session_id: str, *argv: str, cwd: str = "/", env: dict[str, str] | None = None) -> Held:
        held = await self.link.spawn(session_id, argv, cwd=cwd, env=ENV if env is None else env, cols=81, rows=25)
        self.held[session_id] = held
        return held

    async def descriptors(self, keeper: KeeperProcess) -> list[str]:
        """What the keeper has open when it has done with everything asked so far."""
        await self.link.forget("nobody")
        return keeper.descriptors()

    async def next_exit(self) -> tuple[str, ExitStatus]:
        async with asyncio.timeout(DEADLINE_S):
            return await self.exits.get()

    async def end(self) -> None:
        """As the kernel does when a daemon dies."""
        await self.link.close()
        for held in self.held.values():
            os.close(held.master_fd)
        self.held.clear()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for the path of a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="hf-") as name:
        yield Path(name)


@pytest.fixture
def keeper(folder: Path) -> Iterator[KeeperProcess]:
    process = KeeperProcess(folder)
    yield process
    process.stop()


@pytest.fixture
async def daemon(keeper: KeeperProcess) -> AsyncIterator[Daemon]:
    one = await Daemon().connect(keeper.socket)
    yield one
    await one.end()


def read_terminal(master_fd: int, until: bytes | None = None) -> bytes:
    """Read up to and with `until`, or to the end."""
    output = b""
    deadline = time.monotonic() + DEADLINE_S
    while until is None or until not in output:
        left = deadline - time.monotonic()
        assert left > 0, output
        if select.select([master_fd], [], [], left)[0]:
            try:
                data = os.read(master_fd, 4096)
            except OSError as error:
                assert error.errno == errno.EIO  # noqa: PT017  # Linux's end of file
                data = b""
            if not data:
                assert until is None, output
                break
            output += data
    return output


def wait_until(holds: Callable[[], bool]) -> None:
    """For what sends no event: another process's table of descriptors, a pid that goes away."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.01)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# What a session is given


async def test_a_command_gets_its_own_terminal_directory_and_environment(daemon: Daemon, folder: Path) -> None:
    env = {**ENV, "ODD": "\udcff=x"}
    held = await daemon.spawn("s", "sh", "-c", 'stty size; pwd -P; env; echo "<$ODD>"', cwd=str(folder), env=env)
    lines = read_terminal(held.master_fd).split(b"\r\n")
    assert lines[:2] == [b"25 81", os.fsencode(folder.resolve())]
    assert b"<\xff=x>" in lines
    assert {line.split(b"=")[0] for line in lines[2:-2]} - {b"PWD", b"OLDPWD", b"SHLVL", b"_"} == {
        b"PATH",
        b"LC_ALL",
        b"ODD",
    }


@needs_proc
async def test_nothing_the_keeper_set_for_itself_reaches_its_children(folder: Path) -> None:
    script = """
import json, os, resource, signal, termios
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps({
    "umask": status["Umask"], "ignored": int(status["SigIgn"], 16) & ~(1 << 12 | 1 << 24),  # Python's PIPE, XFSZ
    "blocked": int(status["SigBlk"], 16), "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
    "fds": sorted(map(int, os.listdir("/proc/self/fd")))[:-1],
    "leads": os.getpid() == os.getsid(0) == os.getpgrp() == os.tcgetpgrp(0),
    "iutf8": bool(termios.tcgetattr(0)[0] & 0x4000)}))
"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = (256, limit[1])
    before = os.umask(0o027)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, low)
        keeper = KeeperProcess(folder)
    finally:
        os.umask(before)
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    daemon = await Daemon().connect(keeper.socket)
    for session_id in ("neighbour", "s"):
        held = await daemon.spawn(session_id, sys.executable, "-c", script)
    seen: dict[str, Any] = json.loads(read_terminal(held.master_fd))
    assert seen == {
        "umask": "0027",
        "ignored": 0,
        "blocked": 0,
        "nofile": list(low),
        "fds": [0, 1, 2],
        "leads": True,
        "iutf8": True,
    }
    assert resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE)[0] == min(4096, limit[1])
    await daemon.end()
    keeper.stop()


async def test_requests_larger_than_the_socket_takes_arrive_whole(daemon: Daemon) -> None:
    env = {**ENV, **{f"LONG_{letter}": letter * 120_000 for letter in "ABCDEFG"}}
    async with asyncio.timeout(DEADLINE_S):
        sessions = await asyncio.gather(
            *(daemon.spawn(f"s{number}", "sh", "-c", "env | wc -c", env=env) for number in range(4))
        )
    for held in sessions:
        assert int(read_terminal(held.master_fd)) > 7 * 120_000


@needs_proc
async def test_everything_the_keeper_opens_is_close_on_exec(daemon: Daemon, keeper: KeeperProcess) -> None:
    held = await daemon.spawn("s", "cat")
    await daemon.link.adopt("copy", held.pid, held.master_fd)
    await daemon.descriptors(keeper)
    flags = {
        int(entry.name): int(entry.read_text(encoding="ascii").split("flags:")[1].split()[0], 8)
        for entry in Path(f"/proc/{keeper.pid}/fdinfo").iterdir()
    }
    assert len(flags) > 3
    assert [fd for fd in flags if fd > 2 and not flags[fd] & os.O_CLOEXEC] == []


async def test_masters_are_close_on_exec(daemon: Daemon, keeper: KeeperProcess) -> None:
    held = await daemon.spawn("s", "cat")
    assert not os.get_inheritable(held.master_fd)
    await daemon.end()
    await daemon.connect(keeper.socket)
    assert not os.get_inheritable(daemon.held["s"].master_fd)


# How a session ends


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", ExitStatus(0, None)),
        ("exit 255", ExitStatus(255, None)),
        ("kill -KILL $$", ExitStatus(None, signal.SIGKILL)),
    ],
)
async def test_an_exit_is_told_with_its_code_or_signal(daemon: Daemon, script: str, status: ExitStatus) -> None:
    await daemon.spawn("s", "sh", "-c", script)
    assert await daemon.next_exit() == ("s", status)


async def test_a_command_that_ends_at_once_is_known_before_its_exit_is_told(daemon: Daemon) -> None:
    for number in range(30):
        held = await daemon.spawn(f"s{number}", "echo", "over")
        assert daemon.exits.empty()
        assert read_terminal(held.master_fd) == b"over\r\n"
        assert await daemon.next_exit() == (f"s{number}", ExitStatus(0, None))


async def test_an_exit_is_remembered_until_it_is_forgotten(daemon: Daemon, keeper: KeeperProcess) -> None:
    held = await daemon.spawn("s", "sh", "-c", "read line; printf 'last words'; exit 3")
    os.write(held.master_fd, b"\n")
    await daemon.end()
    wait_until(lambda: not is_there(held.pid))
    await daemon.connect(keeper.socket)
    again = daemon.held["s"]
    assert (again.pid, again.exit) == (held.pid, ExitStatus(3, None))
    assert read_terminal(again.master_fd).endswith(b"last words")
    await daemon.link.forget("s")
    await daemon.link.forget("s")
    await daemon.end()
    await daemon.connect(keeper.socket)
    assert daemon.held == {}


async def test_a_signal_reaches_the_shell_and_the_job_in_its_foreground(daemon: Daemon) -> None:
    script = "set -m; trap 'echo caught' TERM; echo ready; sleep 1000; echo over"
    held = await daemon.spawn("s", "bash", "-c", script)
    read_terminal(held.master_fd, b"ready")
    wait_until(lambda: os.tcgetpgrp(held.master_fd) != held.pid)
    await daemon.link.signal("s", signal.SIGTERM)
    output = read_terminal(held.master_fd)
    assert b"caught" in output
    assert b"over" in output


async def test_a_forgotten_session_without_another_copy_of_its_master_is_hung_up(daemon: Daemon) -> None:
    held = await daemon.spawn("s", "cat")
    os.close(daemon.held.pop("s").master_fd)
    await daemon.link.forget("s")
    wait_until(lambda: not is_there(held.pid))


# Commands that do not start


@pytest.fixture
def broken(folder: Path) -> Path:
    (folder / "plain").touch(mode=0o644)
    (folder / "no-format").touch(mode=0o755)
    (folder / "no-format").write_bytes(b"\x7fELF rubbish")
    (folder / "no-interpreter").touch(mode=0o755)
    (folder / "no-interpreter").write_text("#!/gone\n", encoding="ascii")
    return folder


@pytest.mark.parametrize(
    ("argv", "cwd", "stage", "number"),
    [
        (["gone-command"], "", "command", errno.ENOENT),
        (["./gone"], "", "command", errno.ENOENT),
        (["./plain"], "", "command", errno.EACCES),
        (["/"], "", "command", errno.EACCES),
        (["./no-format"], "", "command", errno.ENOEXEC),
        (["./no-interpreter"], "", "command", errno.ENOENT),
        (["sh", "x" * 200_000], "", "command", errno.E2BIG),
        (["sh", "x" * 2_000_000], "", "command", errno.E2BIG),
        (["sh"], "gone", "cwd", errno.ENOENT),
        (["sh"], "plain", "cwd", errno.ENOTDIR),
    ],
)
@needs_proc
async def test_a_command_that_cannot_start_says_why_and_leaves_nothing(  # noqa: PLR0917  # pytest fills them by name
    daemon: Daemon, keeper: KeeperProcess, broken: Path, argv: list[str], cwd: str, stage: str, number: int
) -> None:
    before = await daemon.descriptors(keeper)
    for _ in range(3):
        with pytest.raises(SpawnError) as caught:
            await daemon.spawn("s", *argv, cwd=str(broken / cwd))
        assert (caught.value.stage, caught.value.errno) == (stage, number)
        assert os.strerror(number) in str(caught.value)
    assert await daemon.descriptors(keeper) == before
    await daemon.spawn("s", "true")
    assert await daemon.next_exit() == ("s", ExitStatus(0, None))


@needs_proc
async def test_a_keeper_short_of_descriptors_refuses_sessions_and_serves_on(
    daemon: Daemon, keeper: KeeperProcess
) -> None:
    await daemon.spawn("old", "cat")
    before = await daemon.descriptors(keeper)
    resource.prlimit(
        keeper.pid, resource.RLIMIT_NOFILE, (len(before) + 16, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    with pytest.raises(SpawnError) as caught:
        await daemon.spawn("s", "true")
    assert (caught.value.stage, caught.value.errno) == ("fork", errno.EMFILE)
    with pytest.raises(KeeperError, match="Too many open files"):
        await daemon.link.adopt("s", daemon.held["old"].pid, daemon.held["old"].master_fd)
    assert await daemon.descriptors(keeper) == before
    await daemon.end()
    await daemon.connect(keeper.socket)
    assert list(daemon.held) == ["old"]


@needs_proc
@pytest.mark.parametrize(
    ("setup", "call", "told"),
    [
        pytest.param(
            "os.getuid() or os.setuid(65534); resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))",
            "spawner.spawn(['/bin/true'], cwd='/', env={}, cols=80, rows=24)",
            ["fork", errno.EAGAIN],
            id="no process to be had",
        ),
        pytest.param(
            "import pty; pty.openpty = os.forkpty = lambda: (_ for _ in ()).throw(OSError(errno.ENOSPC, 'No space'))",
            "spawner.spawn(['/bin/true'], cwd='/', env={}, cols=80, rows=24)",
            ["fork", errno.ENOSPC],
            id="no terminal to be had",
        ),
        pytest.param(
            "spawning.check_directory = lambda path: None",
            "spawner.spawn(['/bin/true'], cwd='/gone', env={}, cols=80, rows=24)",
            ["cwd", errno.ENOENT],
            id="directory gone since it was checked",
        ),
        pytest.param(
            "spawning.find_command = lambda *_, **__: '/gone'",
            "spawner.spawn(['/gone'], cwd='/', env={}, cols=80, rows=24)",
            ["command", errno.ENOENT],
            id="command gone since it was found",
        ),
    ],
)
def test_a_fork_that_fails_leaves_no_descriptor_and_no_second_keeper(setup: str, call: str, told: list[Any]) -> None:
    code = f"""
import errno, json, os, resource
from holdfast.daemon.keeper import spawning
spawner = spawning.Spawner(umask=0o22, descriptor_limit=resource.getrlimit(resource.RLIMIT_NOFILE))
{setup}
before = os.listdir("/dev/fd")
try:
    {call}
except spawning.NotSpawnedError as error:
    print(json.dumps([error.stage, error.errno]))
assert os.listdir("/dev/fd") == before, os.listdir("/dev/fd")
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, timeout=DEADLINE_S, check=True)
    assert json.loads(done.stdout) == told


def test_a_child_that_fails_before_exec_never_comes_back_as_a_second_keeper() -> None:
    code = """
import os, resource
from holdfast.daemon.keeper import spawning
spawner = spawning.Spawner(umask=0o22, descriptor_limit=resource.getrlimit(resource.RLIMIT_NOFILE))
pid, master = spawner.spawn(["/bin/true"], cwd="/", env={"NOT=POSSIBLE": "for execve"}, cols=80, rows=24)
print("back in", os.getpid(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
    command = [sys.executable, "-P", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert (output.decode(), errors) == (f"back in {process.pid} {os.EX_SOFTWARE}\n", b"")


# Daemons come and go


async def test_a_new_daemon_gets_every_session_with_a_working_master(daemon: Daemon, keeper: KeeperProcess) -> None:
    pids = {f"s{number}": (await daemon.spawn(f"s{number}", "cat")).pid for number in range(5)}
    await daemon.end()
    await daemon.connect(keeper.socket)
    assert {session_id: held.pid for session_id, held in daemon.held.items()} == pids
    for held in daemon.held.values():
        assert held.exit is None
        os.write(held.master_fd, b"still here\n")
        read_terminal(held.master_fd, b"still here\r\nstill here\r\n")
    os.kill(pids["s3"], signal.SIGKILL)
    assert await daemon.next_exit() == ("s3", ExitStatus(None, signal.SIGKILL))


async def test_a_second_daemon_is_refused_and_the_first_does_not_notice(daemon: Daemon, keeper: KeeperProcess) -> None:
    with pytest.raises(KeeperError, match="another daemon"):
        await Daemon().connect(keeper.socket)
    await daemon.spawn("s", "true")
    assert await daemon.next_exit() == ("s", ExitStatus(0, None))
    assert not daemon.lost.is_set()


async def test_a_daemon_that_died_never_stands_in_the_way_of_its_successor(keeper: KeeperProcess) -> None:
    for number in range(30):
        raw = keeper.raw_connection()
        raw.sendall(b"\0\0\1\0half a message")
        raw.close()
        daemon = await Daemon().connect(keeper.socket)
        assert daemon.link.pid == keeper.pid
        await daemon.spawn(f"s{number}", "cat")
        await daemon.end()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param(b"\xff\xff\xff\xff", id="endless message"),
        pytest.param(b"\0\0\0\0", id="empty message"),
        pytest.param(b"\0\0\0\4null", id="not an object"),
        pytest.param(b'\0\0\0\x10{"type":"hello"}', id="message of a keeper"),
        pytest.param(encode(Adopt(1, "s", 7)), id="descriptor missing"),
        pytest.param(b'\0\0\0\x10{"type":"spawn"} and then some', id="fields missing"),
    ],
)
@needs_proc
async def test_a_malformed_message_closes_the_link_and_no_more(keeper: KeeperProcess, sent: bytes) -> None:
    daemon = await Daemon().connect(keeper.socket)
    pid = (await daemon.spawn("s", "cat")).pid
    before = await daemon.descriptors(keeper)
    await daemon.end()
    receiver, sender = os.pipe()
    with keeper.raw_connection() as raw:
        socket.send_fds(raw, [sent[:2]], [] if b"adopt" in sent else [sender])
        os.close(sender)
        raw.sendall(sent[2:])
        with contextlib.suppress(ConnectionResetError):
            while raw.recv(65536):
                pass
    assert select.select([receiver], [], [], DEADLINE_S)[0]  # its end: the keeper closed what came along
    os.close(receiver)
    await daemon.connect(keeper.socket)
    assert daemon.held["s"].pid == pid
    assert await daemon.descriptors(keeper) == before
    await daemon.end()


@needs_proc
async def test_another_user_is_refused(keeper: KeeperProcess, folder: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can be somebody else")
    folder.chmod(0o755)
    keeper.socket.chmod(0o666)
    code = """
import os, socket, sys
os.setuid(65534)
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
print(connection.recv(9))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(keeper.socket)], capture_output=True, timeout=DEADLINE_S, check=True
    )
    assert done.stdout == b"b''\n"
    await (await Daemon().connect(keeper.socket)).end()


async def test_a_cancelled_spawn_leaves_no_session_behind(daemon: Daemon, keeper: KeeperProcess) -> None:
    for rounds in range(6):  # cancelled before it is sent, while it waits, when the answer is there
        task = asyncio.create_task(daemon.link.spawn(f"s{rounds}", ["cat"], cwd="/", env=ENV, cols=80, rows=24))
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            held = await task
            os.close(held.master_fd)
            await daemon.link.forget(held.session_id)
    await daemon.spawn("last", "true")
    assert await daemon.next_exit() == ("last", ExitStatus(0, None))
    await daemon.end()
    await daemon.connect(keeper.socket)
    assert list(daemon.held) == ["last"]


async def test_a_session_id_is_held_once(daemon: Daemon) -> None:
    held = await daemon.spawn("s", "cat")
    with pytest.raises(KeeperError, match="already"):
        await daemon.link.spawn("s", ["cat"], cwd="/", env=ENV, cols=80, rows=24)
    with pytest.raises(KeeperError, match="already"):
        await daemon.link.adopt("s", held.pid, held.master_fd)
    with pytest.raises(KeeperError, match="no session"):
        await daemon.link.signal("other", signal.SIGTERM)


def test_the_link_works_on_uvloop(keeper: KeeperProcess) -> None:
    async def use() -> None:
        daemon = await Daemon().connect(keeper.socket)
        await daemon.spawn("s", "sh", "-c", "exit 4")
        assert await daemon.next_exit() == ("s", ExitStatus(4, None))
        keeper.kill()
        async with asyncio.timeout(DEADLINE_S):
            await daemon.lost.wait()
        with pytest.raises(KeeperError):
            await daemon.link.forget("s")
        await daemon.end()
        await start_keeper(keeper.socket, keeper.socket.with_suffix(".log"))
        again = await Daemon().connect(keeper.socket)
        os.kill(again.link.pid, signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S):
            await again.lost.wait()

    uvloop.run(use())


# Many sessions


CROWD = 500


@pytest.fixture
def room_for_a_crowd() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], min(2048, before[1])), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@needs_proc
@pytest.mark.usefixtures("room_for_a_crowd")
async def test_a_crowd_is_handed_over_to_a_daemon_whatever_one_that_did_not_read_left_behind(
    keeper: KeeperProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = await Daemon().connect(keeper.socket)
    empty_kib = keeper.rss_kib()
    for number in range(CROWD):
        await daemon.spawn(f"session-{number:032}", "cat")
    crowded_kib = keeper.rss_kib()
    pids = {session_id: held.pid for session_id, held in daemon.held.items()}
    await daemon.end()

    with keeper.raw_connection() as stuck:  # reads nothing of its hand-over
        first = f"session-{0:032}"
        os.kill(pids[first], signal.SIGKILL)
        wait_until(lambda: not is_there(pids[first]))  # reaped: the keeper does not wait for the stuck one
        with pytest.raises(KeeperError, match="another daemon"):
            await Daemon().connect(keeper.socket)
        assert len(keeper.descriptors()) < CROWD + 20  # copies are made for what the socket takes, not for all
        stuck.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                stuck.send(encode(Signal(1, "nobody", signal.SIGTERM)) * 100)
    assert keeper.rss_kib() < crowded_kib + 4096

    started = time.perf_counter()
    await daemon.connect(keeper.socket)
    seconds = time.perf_counter() - started
    assert {session_id: held.pid for session_id, held in daemon.held.items()} == pids
    assert daemon.held[first].exit == ExitStatus(None, signal.SIGKILL)
    with capsys.disabled():
        sys.stdout.write(
            f" keeper {empty_kib} KiB, with {CROWD} sessions {crowded_kib} KiB; hand-over {seconds * 1000:.0f} ms "
        )
    assert crowded_kib - empty_kib < 4 * CROWD
    await daemon.end()


@needs_proc
async def test_requests_of_a_daemon_that_reads_no_answers_do_not_fill_the_keeper(keeper: KeeperProcess) -> None:
    daemon = await Daemon().connect(keeper.socket)
    await daemon.spawn("s", "cat")
    await daemon.end()
    before = keeper.rss_kib()
    requests = encode(Forget(1, "nobody")) * 1000
    with keeper.raw_connection() as stuck:
        sent = 0
        stuck.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while sent < 50_000_000:
                sent += stuck.send(requests)
        assert sent < 50_000_000
        cpu_s = keeper.cpu_s()
        with contextlib.suppress(TimeoutError):
            stuck.send(requests)
        assert keeper.cpu_s() < cpu_s + 0.25  # of the 0.5 that were waited
        stuck.setblocking(False)
        for _ in range(100):  # each makes the keeper look whether the one it has is still there
            with contextlib.suppress(BlockingIOError):
                stuck.send(requests)
            with pytest.raises(KeeperError, match="another daemon"):
                await daemon.connect(keeper.socket)
    assert keeper.rss_kib() < before + 4096
    await daemon.connect(keeper.socket)
    assert list(daemon.held) == ["s"]
    await daemon.end()


# Keepers come and go


async def test_a_new_keeper_takes_over_from_a_killed_one(keeper: KeeperProcess, folder: Path) -> None:
    daemon = await Daemon().connect(keeper.socket)
    held = await daemon.spawn("s", "sh", "-c", "while read line; do echo $line; done; exit 7")
    ended = await daemon.spawn("ended", "sleep", "1000")
    keeper.kill()
    async with asyncio.timeout(DEADLINE_S):
        await daemon.lost.wait()
    with pytest.raises(KeeperAbsent):
        await Daemon().connect(keeper.socket)
    assert keeper.socket.exists()
    os.kill(ended.pid, signal.SIGKILL)

    successor = KeeperProcess(folder)
    again = await Daemon().connect(successor.socket)
    assert again.held == {}
    await again.link.adopt("s", held.pid, held.master_fd)
    await daemon.end()
    await again.end()
    await again.connect(successor.socket)
    assert (again.held["s"].pid, again.held["s"].exit) == (held.pid, None)
    os.write(again.held["s"].master_fd, b"alive\n\x04")
    read_terminal(again.held["s"].master_fd, b"alive\r\nalive\r\n")
    session_id, status = await again.next_exit()
    assert session_id == "s"
    assert status in {ExitStatus(7, None), UNKNOWN_EXIT}  # the true one where the kernel and init play along
    await again.end()
    successor.stop()


async def test_an_adopted_process_that_is_another_one_by_now_counts_as_gone(daemon: Daemon) -> None:
    held = await daemon.spawn("s", "sh", "-c", "trap : TERM; echo ready; while :; do read line; done")
    read_terminal(held.master_fd, b"ready")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, process_group=0) as stranger:
        for pid in (stranger.pid, 2**22 + 1):
            await daemon.link.adopt(f"adopted-{pid}", pid, held.master_fd)
            assert await daemon.next_exit() == (f"adopted-{pid}", UNKNOWN_EXIT)
            await daemon.link.signal(f"adopted-{pid}", signal.SIGTERM)
            await daemon.link.forget(f"adopted-{pid}")
    assert stranger.returncode == 0  # at the end of its input, and not by the signal


async def test_only_terminals_are_adopted(daemon: Daemon) -> None:
    receiver, sender = os.pipe()
    with pytest.raises(KeeperError, match="not a terminal"):
        await daemon.link.adopt("s", os.getpid(), sender)
    os.close(sender)
    assert os.read(receiver, 1) == b""
    os.close(receiver)


@pytest.mark.skipif(
    sys.platform != "linux" or tuple(map(int, platform.release().split(".")[:2])) < (6, 15),
    reason="before Linux 6.15 nobody but the parent learns the exit status",
)
@pytest.mark.parametrize(
    ("script", "status"), [("exit 7", ExitStatus(7, None)), ("kill -USR1 $$", ExitStatus(None, signal.SIGUSR1))]
)
def test_the_kernel_tells_how_an_adopted_process_ended_once_it_is_reaped(script: str, status: ExitStatus) -> None:
    with subprocess.Popen(
        ["sh", "-c", f"read line; {script}"], stdin=subprocess.PIPE, start_new_session=True
    ) as process:
        adopted = AdoptedProcess(process.pid)
        assert adopted.poll(0.0) is None
        assert process.stdin is not None
        process.stdin.close()
        assert adopted.pidfd is not None
        select.select([adopted.pidfd], [], [])
        assert adopted.poll(1.0) is None
        process.wait()
        assert adopted.poll(1.1) == status
        adopted.close()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs a pidfd")
def test_an_adopted_process_that_nobody_reaps_is_unknown_in_the_end() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as process:
        adopted = AdoptedProcess(process.pid)
        assert adopted.pidfd is not None
        select.select([adopted.pidfd], [], [])
        assert adopted.poll(10.0) is None
        assert adopted.poll(11.0) == UNKNOWN_EXIT
        adopted.close()


def test_without_a_pidfd_the_pid_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)  # as on macOS
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as process:
        adopted = AdoptedProcess(process.pid)
        assert adopted.pidfd is None
        assert adopted.poll(0.0) is None
        assert adopted.look_again_s == 1.0
    assert adopted.poll(1.0) == UNKNOWN_EXIT


async def test_a_socket_file_without_a_living_keeper_is_replaced(folder: Path) -> None:
    KeeperProcess(folder).kill()
    keeper = KeeperProcess(folder)
    await (await Daemon().connect(keeper.socket)).end()
    keeper.stop()


async def test_a_second_keeper_leaves_the_socket_to_the_first(daemon: Daemon, keeper: KeeperProcess) -> None:
    second = subprocess.run([*COMMAND, "--socket", str(keeper.socket)], stderr=subprocess.PIPE, check=False)
    assert second.returncode == os.EX_TEMPFAIL
    assert b"another keeper" in second.stderr
    await start_keeper(keeper.socket, keeper.socket.with_suffix(".log"))
    await daemon.spawn("s", "cat")
    await daemon.end()
    await daemon.connect(keeper.socket)
    assert daemon.link.pid == keeper.pid
    assert list(daemon.held) == ["s"]


async def test_a_started_keeper_is_nobodys_child_and_private(folder: Path) -> None:
    path, log = folder / "keeper.sock", folder / "keeper.log"
    await asyncio.gather(*(start_keeper(path, log) for _ in range(3)))
    daemon = await Daemon().connect(path)
    pid = daemon.link.pid
    assert os.getsid(pid) not in {os.getsid(0), pid}
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    assert [entry.stat().st_mode & 0o777 for entry in (path, path.with_name("keeper.sock.lock"), log)] == [0o600] * 3
    os.kill(pid, signal.SIGTERM)
    async with asyncio.timeout(DEADLINE_S):
        await daemon.lost.wait()
    assert not path.exists()


async def test_a_keeper_that_cannot_start_says_why(folder: Path) -> None:
    with pytest.raises(KeeperError, match="No such file"):
        await start_keeper(folder / "gone" / "keeper.sock", folder / "keeper.log")
    with pytest.raises(KeeperError, match="No such file"):
        await start_keeper(folder / "keeper.sock", folder / "gone" / "keeper.log")
    with pytest.raises(KeeperError, match="too long"):
        await start_keeper(folder / ("x" * 120), folder / "keeper.log")


async def test_hang_up_and_interrupt_do_not_end_a_keeper(daemon: Daemon, keeper: KeeperProcess) -> None:
    for signum in (signal.SIGHUP, signal.SIGINT):
        keeper.process.send_signal(signum)
    await daemon.spawn("s", "true")
    assert await daemon.next_exit() == ("s", ExitStatus(0, None))


IMPATIENT = """
import functools, sys
from holdfast.daemon.keeper import process
process.Keeper = functools.partial(process.Keeper, first_daemon_s={first}, idle_exit_s={idle})
sys.exit(process.main(sys.argv[1:]))
"""


def test_a_keeper_that_no_daemon_comes_to_ends(folder: Path) -> None:
    keeper = KeeperProcess(folder, code=IMPATIENT.format(first=0.1, idle=1000))
    assert keeper.process.wait(DEADLINE_S) == 0
    assert not keeper.socket.exists()


async def test_a_keeper_ends_when_it_keeps_nothing_for_nobody_and_not_before(folder: Path) -> None:
    keeper = KeeperProcess(folder, code=IMPATIENT.format(first=1000, idle=0.1))
    daemon = await Daemon().connect(keeper.socket)
    await daemon.spawn("s", "true")
    await daemon.next_exit()
    with pytest.raises(subprocess.TimeoutExpired):
        keeper.process.wait(0.3)
    await daemon.end()
    with pytest.raises(subprocess.TimeoutExpired):
        keeper.process.wait(0.3)
    await daemon.connect(keeper.socket)
    await daemon.link.forget("s")
    await daemon.end()
    assert keeper.process.wait(DEADLINE_S) == 0


@contextlib.asynccontextmanager
async def keeper_of_the_test(folder: Path) -> AsyncIterator[tuple[asyncio.Task[Daemon], socket.socket]]:
    """A daemon that connects, and the keeper's end of its connection."""
    path = folder / "keeper.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.setblocking(False)
        connecting = asyncio.create_task(Daemon().connect(path))
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        with connection:
            yield connecting, connection


async def test_a_keeper_that_ends_before_its_greeting_counts_as_absent(folder: Path) -> None:
    async with keeper_of_the_test(folder) as (connecting, connection):
        connection.close()
        with pytest.raises(KeeperAbsent):
            await connecting


async def test_a_keeper_of_another_version_is_named(folder: Path) -> None:
    async with keeper_of_the_test(folder) as (connecting, connection):
        connection.sendall(encode(Hello(VERSION + 1, 1234)))
        with pytest.raises(KeeperError, match=f"version {VERSION + 1}"):
            await connecting


async def test_a_spawn_cancelled_in_the_round_its_answer_comes_in_is_undone(folder: Path) -> None:
    async with keeper_of_the_test(folder) as (connecting, connection):
        connection.sendall(encode(Hello(VERSION, 1234)) + encode(HandedOver()))
        daemon = await connecting
        receiver, master = os.pipe()
        os.set_blocking(receiver, False)
        spawning = asyncio.create_task(daemon.spawn("s", "cat"))
        await asyncio.sleep(0)
        daemon.link._on_message(Spawned(1, 1234), master)
        spawning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spawning
        assert os.read(receiver, 1) == b""
        os.close(receiver)
        assert connection.recv(65536).endswith(encode(Forget(2, "s")))
        await daemon.end()


async def test_no_exit_is_told_before_the_hand_over_is_complete(folder: Path) -> None:
    async with keeper_of_the_test(folder) as (connecting, connection):
        connection.sendall(encode(Hello(VERSION, 1234)) + encode(HandedOver()) + encode(Exited("s", 1, None)))
        daemon = await connecting
        assert await daemon.next_exit() == ("s", ExitStatus(1, None))
        await daemon.end()

"""Whatever a session switched on, who detaches has the terminal from before: the real command on a real terminal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.cli import Cli
from support.switches import SWITCHES, USERS_OWN, USERS_TEXT, Terminal
from support.window import COLS, ROWS, Window

CTRL_BACKSLASH = b"\x1c"
ALL_AT_ONCE = b"".join(SWITCHES.values())
# What replaces or hides the rest, so that each is seen alone in a real terminal, too.
APART = ["alternate screen, without the cursor", "alternate screen, the oldest", "kitty keyboard, set", "margins"]


@pytest.fixture
def cli(environ: dict[str, str]) -> Iterator[Cli]:
    """The command in an empty home."""
    with Cli.for_home(environ) as one:
        yield one


@pytest.fixture
def window(cli: Cli) -> Iterator[Callable[..., Window]]:
    """Open windows."""
    with Window.opener(cli) as open_one:
        yield open_one


@pytest.fixture(params=["all at once", *APART])
def switched_on(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with what a program prints to switch it on."""
    file = tmp_path / "switches"
    file.write_bytes(SWITCHES.get(request.param, ALL_AT_ONCE))
    return file


def users_terminal() -> Terminal:
    terminal = Terminal(COLS, ROWS)
    terminal.feed(USERS_OWN)
    return terminal


def test_what_is_switched_on_before_the_eyes_is_switched_off(window: Callable[..., Window], switched_on: Path) -> None:
    terminal = users_terminal()
    before = terminal.state
    one = window("new", "--", "sh", "-c", f"echo READY; read go; cat {switched_on}; echo DO''NE; read wait")
    one.until(b"READY")
    one.type(b"\r")
    one.until(b"DONE")
    one.type(CTRL_BACKSLASH)
    assert one.exit_code() == 0
    terminal.feed(bytes(one.received))
    assert terminal.state == before
    assert terminal.text[:3] == USERS_TEXT


def test_what_a_restored_screen_switches_on_is_switched_off(
    cli: Cli, window: Callable[..., Window], switched_on: Path
) -> None:
    """The session was detached all the time; what it shows is restored, and the user's own text scrolled away, kept."""
    terminal = users_terminal()
    before = terminal.state
    program = f"echo; echo; echo; echo FIRST; cat {switched_on}; echo DO''NE; read go; echo LA''TER; read wait"
    session_id = cli("new", "-d", "--", "sh", "-c", program).strip()
    cli.until(lambda: b"DONE" in cli.run("log", session_id).stdout, "the program")
    one = window("attach", session_id)
    one.until(b"FIRST")
    one.type(b"\r")
    one.until(b"LATER")  # so all of the screen was painted
    assert cli.session(session_id)["clients"] == 1
    one.type(CTRL_BACKSLASH)
    assert one.exit_code() == 0
    terminal.feed(bytes(one.received))
    assert terminal.state == before
    assert terminal.text[:3] == USERS_TEXT


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGTERM])
def test_a_command_that_is_ended_leaves_no_more_behind(
    window: Callable[..., Window], signum: int, tmp_path: Path
) -> None:
    file = tmp_path / "switches"
    file.write_bytes(ALL_AT_ONCE)
    terminal = users_terminal()
    before = terminal.state
    one = window("new", "--", "sh", "-c", f"cat {file}; echo DO''NE; read wait")
    one.until(b"DONE")
    os.kill(one.pid, signum)
    assert one.exit_code() == 128 + signum
    terminal.feed(bytes(one.received))
    assert terminal.state == before


def test_a_session_that_ends_leaves_no_more_behind(window: Callable[..., Window], tmp_path: Path) -> None:
    file = tmp_path / "switches"
    file.write_bytes(ALL_AT_ONCE)
    terminal = users_terminal()
    before = terminal.state
    one = window("new", "--", "cat", str(file))
    assert one.exit_code() == 0
    terminal.feed(bytes(one.received))
    assert terminal.state == before

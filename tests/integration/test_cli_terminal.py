"""`holdfast` in a real pseudo-terminal: the two commands of the README, and what they survive."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.cli import Cli
from support.switches import Terminal
from support.window import COLS, ROWS, Window

CTRL_BACKSLASH = b"\x1c"
EDITOR = shutil.which("vim") or shutil.which("vi")


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


def test_holdfast_alone_makes_a_shell_and_comes_back_to_it(cli: Cli, window: Callable[..., Window]) -> None:
    """Detached, or with its window closed, the shell lives on, and the next `holdfast` is in it again."""
    first = window()
    first.type(b"here=there; echo one-$((1+1))\r")
    first.until(b"one-2\r\n")
    (session,) = cli.json("ls")
    assert (session["cols"], session["rows"], session["clients"]) == (100, 30, 1)
    first.type(CTRL_BACKSLASH)
    assert first.exit_code() == 0
    second = window()
    second.until(b"one-2\r\n")
    second.close()
    third = window("attach", "--no-history")
    third.type(b"echo still-$here\r")
    third.until(b"still-there\r\n")
    assert [one["pid"] for one in cli.json("ls")] == [session["pid"]]


def test_a_daemon_that_crashes_under_an_attached_window_is_brought_back(
    cli: Cli, window: Callable[..., Window]
) -> None:
    one = window("new", "-n", "work")
    one.type(b"here=there; echo one-$((1+1))\r")
    one.until(b"one-2\r\n")
    for times in range(2):
        os.kill(cli.json("daemon", "status")["pid"], signal.SIGKILL)
        one.type(b"echo %d-still-$here\r" % times)
        one.until(b"%d-still-there\r\n" % times)
    one.type(b"exit 7\r")
    assert one.exit_code() == 7


@pytest.mark.skipif(shutil.which("less") is None, reason="less is not installed")
def test_less_is_left_and_found_again_in_another_size(cli: Cli, window: Callable[..., Window], tmp_path: Path) -> None:
    """A pager goes on where it stood when its window was left, fills a larger one, and ends with its own exit code."""
    text = tmp_path / "text"
    text.write_text("".join(f"line {number}.\n" for number in range(1, 301)))
    first = window("new", "-n", "pager", "--", "less", str(text), LESS="", TERM="xterm-256color")
    first.until(b"line 29.")
    first.type(b" ")
    first.until(b"line 58.")
    first.type(CTRL_BACKSLASH)
    first.until(b"\x1b[?1049l")  # the user's own screen is back
    assert first.exit_code() == 0
    second = window("attach", "pager")
    second.until(b"line 58.")
    second.resize(90, 50)  # while it is attached
    second.until(b"line 78.")
    (session,) = cli.json("ls")
    assert (session["cols"], session["rows"]) == (90, 50)
    second.type(b"q")
    assert second.exit_code() == 0


@pytest.mark.skipif(EDITOR is None, reason="no vi is installed")
def test_vi_survives_the_crash_of_the_daemon_with_its_text(
    cli: Cli, window: Callable[..., Window], tmp_path: Path
) -> None:
    """What was typed into an editor before its window was left and the daemon was killed is written afterwards."""
    text = tmp_path / "text"
    first = window("new", "-n", "edit", "--", str(EDITOR), "-u", "NONE", str(text))
    first.until(b"\x1b[?1049h")  # it is there; before, the terminal itself would echo
    first.type(b"ibefore \x1b")
    first.until(b"before")
    first.type(CTRL_BACKSLASH)
    assert first.exit_code() == 0
    os.kill(cli.json("daemon", "status")["pid"], signal.SIGKILL)
    second = window("attach", "edit")
    second.until(b"before")
    second.type(b"Aafter\x1b:wq\r")
    assert second.exit_code() == 0
    assert text.read_text() == "before after\n"


def test_a_daemon_that_was_stopped_stays_so_and_the_window_waits(cli: Cli, window: Callable[..., Window]) -> None:
    one = window("new")
    one.type(b"echo one-$((1+1))\r")
    one.until(b"one-2\r\n")
    cli("daemon", "stop")
    one.type(b"echo two-$((2+2))\r")
    assert cli.run("daemon", "status").returncode == 69
    cli("daemon", "start")
    one.until(b"two-4\r\n")


def test_a_session_inside_a_session_is_refused_with_a_hint(cli: Cli, window: Callable[..., Window]) -> None:
    inner = window("new", HOLDFAST_SESSION="11111111-1111-4111-8111-111111111111")
    inner.until(b"detach first")
    assert inner.exit_code() == 2
    assert cli.json("ls") == []


def test_attaching_needs_a_terminal(cli: Cli) -> None:
    done = cli.run("new")
    assert done.returncode == 2
    assert b"terminal" in done.stderr
    assert cli.json("ls") == []


def test_the_detach_key_is_the_users_choice(window: Callable[..., Window], home: Path) -> None:
    (home / "config.toml").write_text("[client]\ndetach_key = 'ctrl-]'\n")
    one = window("new")
    one.type(b"echo one-$((1+1))\r")
    one.until(b"one-2\r\n")
    one.type(b"\x1d")
    assert one.exit_code() == 0


def test_a_log_on_a_terminal_has_no_effect_on_it(cli: Cli, window: Callable[..., Window]) -> None:
    program = r"printf '\033[31mred\033[0m\007 \033]52;c;eA==\007 \033[6n\033[c done\n'"
    session_id = cli("new", "-d", "--", "sh", "-c", program).strip()
    cli.until_ended(session_id)
    shown = window("log", session_id)
    assert shown.exit_code() == 0
    assert b"\x1b[31mred" in shown.output
    assert b"done" in shown.output
    for effect in (b"\x07", b"\x1b]52", b"\x1b[6n", b"\x1b[c"):
        assert effect not in shown.output
    assert b"\x1b]52;c;eA==\x07" in cli.run("log", session_id).stdout
    listed = window("ls", "--all")
    listed.until(b"\x1b[1mSESSION")
    listed.exit_code()
    plain = window("ls", "--all", NO_COLOR="1")
    plain.exit_code()
    assert b"\x1b" not in plain.output


def test_a_window_that_stood_still_is_moved_ahead(cli: Cli, window: Callable[..., Window], tmp_path: Path) -> None:
    """Ctrl-S over 30 MB of output: what comes then is the screen of now, and not all that was missed."""
    go = tmp_path / "go"
    os.mkfifo(go)
    program = f"printf 'first\\033[?1000h'; read x < {go}; seq 1 4000000; printf '\\033[?1000lLA''ST'; read wait"
    one = window("new", "-n", "flood", "--", "sh", "-c", program)
    one.until(b"first")
    go.write_text("\n")  # nobody reads from the window now
    cli.until(lambda: cli.json("ls")[0]["tail"] > 30_000_000, "all output")
    one.until(b"LAST")
    assert len(one.received) < 20_000_000
    terminal = Terminal(COLS, ROWS)
    terminal.feed(bytes(one.received))
    assert terminal.text[-ROWS:] == [b"%d" % number for number in range(4_000_002 - ROWS, 4_000_001)] + [b"LAST"]
    assert terminal.state["mouse_event"] == 0
    one.type(CTRL_BACKSLASH)
    assert one.exit_code() == 0


def test_attaching_shows_the_screen_and_as_much_of_what_left_it_as_is_wanted(
    cli: Cli, window: Callable[..., Window]
) -> None:
    """A thousand lines, or with --no-history none; not all that was ever printed."""
    session_id = cli("new", "-d", "--", "sh", "-c", "seq 1 5000; read wait").strip()
    cli.until(lambda: cli("log", session_id).endswith("5000\r\n"), "all output")
    for options, lines in (((), 1000), (("--no-history",), 0)):
        one = window("attach", *options, session_id)
        one.until(b"5000\r\n")
        numbers = [int(number) for number in re.findall(rb"(?<!\d)(\d{4})\r\n", one.received)]
        assert numbers == list(range(5001 - len(numbers), 5001))
        assert lines < len(numbers) < lines + ROWS
        one.type(CTRL_BACKSLASH)
        assert one.exit_code() == 0


def test_the_terminal_of_an_attached_window_answers_for_the_session(window: Callable[..., Window]) -> None:
    """Where the cursor stands is asked of it, and of nobody else: a single answer is what the program reads."""
    program = r"stty raw -echo; printf 'where\033[6n'; head -c 12 | od -An -c"
    one = window("new", "--", "sh", "-c", program)
    one.until(b"\x1b[6n")
    one.type(b"\x1b[7;7Rtyped-")
    one.until(b"033   [   7   ;   7   R   t   y   p   e   d   -")
    assert one.exit_code() == 0

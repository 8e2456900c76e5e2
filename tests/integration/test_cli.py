"""The `holdfast` command, as a user and a script run it: real processes, a real daemon, a home of its own."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.cli import DEADLINE_S, HOLDFAST, Cli

UUID_CHARS = 36


@pytest.fixture
def cli(environ: dict[str, str]) -> Iterator[Cli]:
    """The command in an empty home."""
    with Cli.for_home(environ) as one:
        yield one


# A home without a daemon


@pytest.mark.parametrize(
    "case",
    [
        (("nosuch",), {}, 2, "No such command"),
        (("ls", "--nosuch"), {}, 2, "No such option"),
        (("new", "--linger", "soon"), {}, 2, "not a duration"),
        (("new", "-d", "--expires", "7y"), {}, 2, "not a duration"),
        (("log", "x", "--from", "-1"), {}, 2, "--from"),
        (("attach", "--read-only", "--steal"), {}, 2, "--read-only"),
        (("ls", "--host", "http://somewhere"), {}, 2, "unix:PATH"),
        (("--host", "unix:/nosuch.sock", "ls"), {}, 69, "no daemon answers at unix:/nosuch.sock"),
        (("ls",), {"HOLDFAST_HOST": "unix:/nosuch.sock"}, 69, "no daemon answers"),
        (("ls", "--host", "ws://127.0.0.1:1"), {}, 2, "HOLDFAST_TOKEN_FILE"),
        (("ls", "--host", "ws://127.0.0.1:1"), {"HOLDFAST_TOKEN": "t"}, 69, "no daemon answers"),
        (("daemon", "start", "--host", "ws://127.0.0.1:1"), {}, 2, "its own machine"),
        (("daemon", "status"), {}, 69, "no daemon answers"),
        (("token", "--host", "unix:/nosuch.sock"), {}, 2, "own machine"),
        (("ls",), {"HOLDFAST_HOME": "relative"}, 2, "absolute"),
        (("ls",), {"HOLDFAST_HOME": "/dev/null"}, 2, "/dev/null"),
    ],
)
def test_what_cannot_be_is_said_in_a_line_with_its_exit_code(
    environ: dict[str, str], home: Path, case: tuple[tuple[str, ...], dict[str, str], int, str]
) -> None:
    arguments, environ_more, code, says = case
    done = Cli(environ).run(*arguments, more=environ_more)
    assert done.returncode == code, done
    assert says in done.stderr.decode()
    assert done.stdout == b""
    assert not (home / "run").exists()  # nothing was started for it


def test_looking_starts_no_daemon(environ: dict[str, str], home: Path) -> None:
    """Neither help, nor the version, nor completion, nor asking for the daemon's state."""
    cli = Cli(environ)
    assert "Commands:" in cli("--help")
    assert cli("--version").startswith("holdfast ")
    assert "holdfast" in cli("completions", "bash")
    completion = {"_HOLDFAST_COMPLETE": "bash_complete", "COMP_WORDS": "holdfast attach ", "COMP_CWORD": "2"}
    assert cli("", more=completion) == "\n"
    assert cli.run("daemon", "stop").stderr == b"no daemon runs\n"
    assert list(home.iterdir()) == [home / "user"]


def test_a_bad_setting_is_named_by_file_and_key(environ: dict[str, str], home: Path) -> None:
    (home / "config.toml").write_text("[session]\nidle_expiry = 'soon'\n")
    done = Cli(environ).run("ls")
    assert done.returncode == 2
    assert "config.toml: session.idle_expiry" in done.stderr.decode()


def test_commands_that_come_at_once_start_one_daemon(cli: Cli) -> None:
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        pids = set(pool.map(lambda _: cli("new", "-d") and cli.json("daemon", "status")["pid"], range(6)))
    assert len(pids) == 1
    assert len(cli.json("ls")) == 6


# Sessions


def test_an_empty_list_is_empty_for_scripts_and_a_hint_for_people(cli: Cli) -> None:
    done = cli.run("ls")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"no sessions" in done.stderr
    assert cli.json("ls") == []


def test_a_session_from_birth_to_history(cli: Cli, tmp_path: Path) -> None:
    """`new -d` prints the id alone; ls, rename, send, log and kill find it by id, its beginning and its name."""
    session_id = cli("new", "-d", "-n", "work", "--cwd", str(tmp_path), "--linger", "1h", "--expires", "never").strip()
    assert len(session_id) == UUID_CHARS
    session = cli.session(session_id)
    known = {"session_id", "name", "pid", "state", "command", "cwd", "cols", "rows", "clients", "created_at"}
    assert known | {"last_activity_at", "head", "tail"} <= session.keys()
    assert (session["name"], session["cwd"], session["state"]) == ("work", str(tmp_path), "running")
    assert (session["linger"], session["expires"]) == (3600, None)
    assert "work" in cli("ls")
    cli("rename", session_id[:8], "play")
    cli("send", "play", "echo one-$((1+1))\n")
    cli.until(lambda: "one-2\r\n" in cli("log", "play"), "what was sent, in the log")
    cli("kill", "play")
    assert cli.json("ls") == []
    assert cli.session(session_id)["state"] == "ended"
    assert "one-2\r\n" in cli("log", session_id)
    assert "ended" in cli("ls", "--all")
    for arguments in (("kill", "play"), ("send", "play", "x"), ("attach", "play"), ("attach",), ("log", "nosuch")):
        assert cli.run(*arguments).returncode == 3, arguments


def test_a_new_session_starts_here_unless_told_otherwise(cli: Cli, tmp_path: Path) -> None:
    done = subprocess.run(
        [HOLDFAST, "new", "-d"], cwd=tmp_path, env=cli.environ, capture_output=True, timeout=DEADLINE_S, check=True
    )
    assert cli.session(done.stdout.decode().strip())["cwd"] == str(tmp_path)
    assert cli.run("new", "-d", "--cwd", "/nosuch").returncode == 2


def test_a_name_is_given_once_and_must_not_pass_for_an_id(cli: Cli) -> None:
    session_id = cli("new", "-d", "-n", "work").strip()
    assert cli.run("new", "-d", "-n", "work").returncode == 1
    assert cli.run("new", "-d", "-n", session_id).returncode == 2
    assert cli.run("new", "-d", "-n", "\x1b[31m").returncode == 2


def test_a_command_keeps_its_own_options_and_its_exit_code(cli: Cli) -> None:
    session_id = cli("new", "-d", "sh", "-c", "echo $0; exit 5", "--name").strip()
    session = cli.until_ended(session_id)
    assert (session["argv"], session["exit_code"], session["state"]) == (
        ["sh", "-c", "echo $0; exit 5", "--name"],
        5,
        "dead",
    )
    assert cli("log", session_id) == "--name\r\n"


def test_a_command_that_does_not_exist_says_so_as_a_shell_would(cli: Cli) -> None:
    session_id = cli("new", "-d", "--", "nosuch-command").strip()
    assert cli.until_ended(session_id)["exit_code"] == 127
    assert "nosuch-command: command not found" in cli("log", session_id)


def test_names_and_commands_do_not_reach_the_terminal_raw(cli: Cli) -> None:
    cli("new", "-d", "--", "sh", "-c", "sleep 100 # \x1b]52;c;eA==\x07\x1b[31m")
    assert "\x1b" not in cli("ls")
    assert "\x1b" not in cli("ls", "--json")
    completion = {"_HOLDFAST_COMPLETE": "zsh_complete", "COMP_WORDS": "holdfast attach ", "COMP_CWORD": "2"}
    assert "\x1b" not in cli("", more=completion)


def test_completion_knows_sessions(cli: Cli) -> None:
    cli("new", "-d", "-n", "work")
    cli("new", "-d", "-n", "$(reboot)")
    completion = {"_HOLDFAST_COMPLETE": "bash_complete", "COMP_CWORD": "2"}
    offered = cli("", more={**completion, "COMP_WORDS": "holdfast attach "})
    assert "plain,work\n" in offered
    assert "reboot" not in offered
    assert cli("", more={**completion, "COMP_WORDS": "holdfast kill wo"}) == "plain,work\n"


# Input and output


def test_all_of_stdin_is_typed_in_order(cli: Cli, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(300_000)
    copy = tmp_path / "copy"
    program = f"stty raw -echo; echo ready; head -c {len(data)} > {copy}; echo all; sleep 1000"
    session_id = cli("new", "-d", "--", "sh", "-c", program).strip()
    cli.until(lambda: "ready" in cli("log", session_id), "raw mode")
    cli("send", session_id, "-", stdin=data)
    cli.until(lambda: "all" in cli("log", session_id), "the last byte")
    assert hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(data).digest()


def test_a_log_is_printed_to_the_byte(cli: Cli, tmp_path: Path) -> None:
    data = b"".join(b"%d \x1b[31mcolour\x1b[0m \xff\xe2\x94\x80\n" % number for number in range(40_000))
    file = tmp_path / "data"
    file.write_bytes(data)
    session_id = cli("new", "-d", "--", "cat", str(file)).strip()
    cli.until_ended(session_id)
    expected = data.replace(b"\n", b"\r\n")
    assert cli.run("log", session_id).stdout == expected
    assert cli.run("log", session_id, "--from", "700001").stdout == expected[700_001:]
    assert cli.run("log", session_id, "--from", "99999999").stdout == b""


def test_following_a_log_ends_with_its_session(cli: Cli, tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    session_id = cli("new", "-d", "--", "sh", "-c", f"echo before; read x < {go}; seq 1 20000; echo after").strip()
    cli.until(lambda: "before" in cli("log", session_id), "the first line")
    with subprocess.Popen([HOLDFAST, "log", "-f", session_id], env=cli.environ, stdout=subprocess.PIPE) as follower:
        cli.until(lambda: cli.session(session_id)["clients"], "the follower")
        go.write_text("\n")
        output, _ = follower.communicate(timeout=DEADLINE_S)
    lines = "".join(f"{number}\r\n" for number in range(1, 20_001))
    assert output.decode() == f"before\r\n{lines}after\r\n"
    assert follower.returncode == 0


def test_a_reader_that_has_enough_is_no_error_to_shout_about(cli: Cli) -> None:
    session_id = cli("new", "-d", "--", "seq", "1", "200000").strip()
    cli.until_ended(session_id)
    with subprocess.Popen(
        [HOLDFAST, "log", session_id], env=cli.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as log:
        assert log.stdout is not None
        assert log.stderr is not None
        log.stdout.read(10)
        log.stdout.close()
        assert log.stderr.read() == b""
        assert log.wait(DEADLINE_S) != 0
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [HOLDFAST, "log", session_id], env=cli.environ, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"holdfast: No space left on device\n"


# The daemon


def test_daemon_start_status_restart_stop(cli: Cli) -> None:
    """A restart keeps ports and shells; a stop leaves the shells in the keeper, for the next command."""
    cli("daemon", "start", "--listen", "127.0.0.1:0")
    status = cli.json("daemon", "status")
    assert {"pid", "keeper_pid", "version", "listen", "socket", "sessions"} <= status.keys()
    (listening,) = status["listen"]
    assert listening.startswith("ws://127.0.0.1:")
    assert listening.endswith("/ws")
    assert listening in cli("daemon", "status")
    assert cli.run("daemon", "start", "--listen", "127.0.0.1:0").returncode == 1
    session_id = cli("new", "-d").strip()
    shell = cli.session(session_id)["pid"]
    cli("daemon", "restart")
    after = cli.json("daemon", "status")
    assert after["pid"] != status["pid"]
    assert (after["listen"], after["keeper_pid"]) == (status["listen"], status["keeper_pid"])
    assert cli.session(session_id)["pid"] == shell
    assert b"left alive in the keeper" in cli.run("daemon", "stop").stderr
    assert cli.run("daemon", "status").returncode == 69
    assert psutil.pid_exists(shell)
    assert cli.session(session_id)["pid"] == shell


def test_after_a_crash_the_shells_can_still_be_ended(cli: Cli) -> None:
    session_id = cli("new", "-d").strip()
    shell = psutil.Process(cli.session(session_id)["pid"])
    os.kill(cli.json("daemon", "status")["pid"], signal.SIGKILL)
    assert b"every session ended" in cli.run("daemon", "stop", "--end-sessions").stderr
    psutil.wait_procs([shell], DEADLINE_S)
    assert not shell.is_running()
    assert cli.session(session_id)["state"] == "ended"


def test_a_port_in_use_is_named(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = cli.run("daemon", "start", "--listen", address)
    assert done.returncode == 69
    assert address in done.stderr.decode()


def test_the_token_opens_the_tcp_port_and_rotating_shuts_out_the_old_one(cli: Cli, tmp_path: Path) -> None:
    cli("daemon", "start", "--listen", "127.0.0.1:0")
    url = cli.json("daemon", "status")["listen"][0]
    old = cli("token").strip()
    assert old.isprintable()
    assert " " not in old
    session_id = cli("new", "-d", "--host", url, more={"HOLDFAST_TOKEN": old}).strip()
    assert session_id in cli("--host", url, "ls", "--json", more={"HOLDFAST_TOKEN": old})
    cli("send", session_id, "echo hi\n", more={"HOLDFAST_HOST": url, "HOLDFAST_TOKEN": old})
    new = cli("token", "--rotate").strip()
    assert new == cli("token").strip() != old
    refused = cli.run("ls", "--host", url, more={"HOLDFAST_TOKEN": old})
    assert refused.returncode == 1
    file = tmp_path / "token"
    file.write_text(new + "\n")
    assert session_id in cli("ls", "--json", "--host", url, more={"HOLDFAST_TOKEN_FILE": str(file)})

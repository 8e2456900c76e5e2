"""`holdfast log --plain` and `--last`: what a person saw, from a daemon that renders it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from support.cli import Cli
from support.window import Window

SESSION_ID = "11111111-1111-4111-8111-111111111111"
PROGRESS = r"""
printf 'start\n'; for i in 10 50 100; do printf '\r%d%%' $i; done; printf '\n'
printf '\033[31mred\033[0m and \033]8;;https://example.org\007linked\033]8;;\007\n'
printf 'wrong\033[5D\033[Kright\n'
printf '\033[?1049h\033[2Jan editor\033[?1049l'; printf 'end\n'
"""
SEEN = "start\n100%\nred and linked\nright\nend\n"


@pytest.fixture
def cli(environ: dict[str, str]) -> Iterator[Cli]:
    """The command in an empty home."""
    with Cli.for_home(environ) as one:
        yield one


class RenderingDaemon:
    """Answers over TCP as a daemon does that has 25,000 lines, or whatever the test says instead.

    Attributes:
        answer: status, media type and body instead.
        asked: queries of the route `lines`.
    """

    def __init__(self) -> None:
        self.answer: tuple[int, str, bytes] | None = None
        self.asked: list[dict[str, str]] = []
        daemon = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                route = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(route.query).items()}
                status, kind, body = daemon.respond(route.path.rpartition("/")[2], query)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("X-Holdfast-Offset", "0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def respond(self, what: str, query: dict[str, str]) -> tuple[int, str, bytes]:
        if what == "sessions":
            sessions = [{"session_id": SESSION_ID, "name": "work", "state": "ended", "tail": 9}]
            return 200, "application/json", json.dumps({"sessions": sessions}).encode()
        self.asked.append(query)
        if self.answer is not None:
            return self.answer
        end = min(25_000, int(query.get("before", 25_000)))
        lines = [
            {"line": number, "offset": number, "text": f"{number}", "wraps": number % 10 == 0}
            for number in range(max(0, end - int(query["max"])), end)
        ]
        body = {"first_line": 0, "end_line": 25_000, "lines": lines}
        return 200, "application/json", json.dumps(body).encode()

    def run(self, cli: Cli, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of `holdfast log work ARGUMENTS`."""
        host = {"HOLDFAST_HOST": f"ws://127.0.0.1:{self.server.server_port}", "HOLDFAST_TOKEN": "t"}
        done = cli.run("log", "work", *arguments, more=host)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def rendering() -> Iterator[RenderingDaemon]:
    one = RenderingDaemon()
    serving = threading.Thread(target=one.server.serve_forever)
    serving.start()
    yield one
    one.server.shutdown()
    serving.join()
    one.server.server_close()


def test_the_text_is_the_daemons(cli: Cli, rendering: RenderingDaemon) -> None:
    rendering.answer = 200, "text/plain; charset=utf-8", "as seen ─\n".encode()
    assert rendering.run(cli, "--plain") == (0, "as seen ─\n", "")
    assert rendering.asked == [{"plain": "1"}]


def test_the_last_lines_come_in_order_however_many_requests_they_take(cli: Cli, rendering: RenderingDaemon) -> None:
    """At most 10,000 are asked for at once; rows that wrapped are one line, and what is printed ends with one."""
    code, text, _ = rendering.run(cli, "--last", "24000")
    expected = "".join(f"{number}" if number % 10 == 0 else f"{number}\n" for number in range(1000, 25_000))
    assert (code, text) == (0, expected)
    assert rendering.asked == [
        {"max": "10000", "styled": "0"},
        {"max": "10000", "styled": "0", "before": "15000"},
        {"max": "4000", "styled": "0", "before": "5000"},
    ]
    rendering.asked.clear()
    assert rendering.run(cli, "-n", "99999")[1].startswith("01\n2\n")
    assert [query["max"] for query in rendering.asked] == ["10000"] * 4
    assert rendering.run(cli, "-n", "1")[1] == "24999\n"


@pytest.mark.parametrize("option", ["--plain", "--last=5"])
def test_a_daemon_without_an_emulator_is_told_from_one(cli: Cli, rendering: RenderingDaemon, option: str) -> None:
    """The reason is the daemon's; the command says what can be had instead."""
    body = json.dumps({"code": "no_screen", "message": "no terminal emulator: no wheel for this machine"})
    rendering.answer = 501, "application/json", body.encode()
    code, text, error = rendering.run(cli, option)
    assert (code, text) == (1, "")
    assert error.startswith("holdfast: no terminal emulator: no wheel for this machine; 'holdfast log' without")


def test_an_older_daemon_is_not_taken_for_one_that_renders(cli: Cli, rendering: RenderingDaemon) -> None:
    """It would ignore `plain` and send the bytes of the log."""
    rendering.answer = 200, "application/octet-stream", b"\x1b[31mred"
    code, text, error = rendering.run(cli, "--plain")
    assert (code, text) == (1, "")
    assert "older than this command" in error


def test_lines_that_cannot_be_read_are_no_traceback(cli: Cli, rendering: RenderingDaemon) -> None:
    rendering.answer = 200, "application/json", b'{"first_line":0,"end_line":1,"lines":[{"text":"x"}]}'
    code, text, error = rendering.run(cli, "-n", "1")
    assert (code, text) == (1, "")
    assert "lines[0].line is missing" in error


@pytest.mark.parametrize(
    "options",
    [
        ("--plain", "--follow"),
        ("--plain", "--from", "0"),
        ("--last", "5", "-f"),
        ("-n", "5", "--from", "7"),
        ("-n", "0"),
    ],
)
def test_what_was_seen_has_no_byte_to_begin_at_and_does_not_go_on(cli: Cli, options: tuple[str, ...]) -> None:
    done = cli.run("log", "work", *options)
    assert done.returncode == 2
    assert b"--last" in done.stderr


# With a real daemon


def test_plain_text_is_what_was_seen(cli: Cli) -> None:
    """Of a progress bar its end, of a correction what it became, of an editor nothing; also when it has ended."""
    session_id = cli("new", "-d", "--", "sh", "-c", f"{PROGRESS}read wait").strip()
    cli.until(lambda: cli("log", session_id).endswith("end\r\n"), "all output")
    assert cli("log", session_id, "--plain") == SEEN
    assert cli("log", session_id, "--last", "2") == "right\nend\n"
    cli("kill", session_id)
    cli.until_ended(session_id)
    assert cli("log", session_id, "--plain") == SEEN
    assert cli("log", session_id, "-n", "99") == SEEN


def test_plain_text_of_a_long_log_is_all_there(cli: Cli) -> None:
    session_id = cli("new", "-d", "--", "seq", "1", "60000").strip()
    cli.until_ended(session_id)
    numbers = [f"{number}\n" for number in range(1, 60_001)]
    assert cli("log", session_id, "--plain") == "".join(numbers)
    assert cli("log", session_id, "--last", "12000") == "".join(numbers[-12_000:])


def test_the_last_lines_have_their_colours_on_a_terminal_alone(cli: Cli) -> None:
    session_id = cli("new", "-d", "--", "sh", "-c", PROGRESS).strip()
    cli.until_ended(session_id)
    with Window.opener(cli) as window:
        styled, plain = window("log", "-n", "3", session_id), window("log", "-n", "3", "--plain", session_id)
        assert (styled.exit_code(), plain.exit_code()) == (0, 0)
    assert b"\x1b[0;31mred\x1b[0m and \x1b]8;;https://example.org" in styled.received
    assert plain.received == b"red and linked\r\nright\r\nend\r\n"
    assert cli("log", "-n", "3", session_id) == "red and linked\nright\nend\n"

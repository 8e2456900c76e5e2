"""`holdfast web`, as a user and a script run it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.cli import DEADLINE_S, HOLDFAST, Cli

LINK = re.compile(r"(http://127\.0\.0\.1:\d+/)#login=([A-Za-z0-9_-]{32})(?:&session=([0-9a-f-]{36}))?\n")


@pytest.fixture
def cli(environ: dict[str, str]) -> Iterator[Cli]:
    """The command in an empty home; no daemon runs yet."""
    with Cli.for_home(environ) as one:
        one("daemon", "start", "--listen", "127.0.0.1:0")
        yield one


def logs_in(link: str) -> bool:
    """Whether the code of a link can be traded for a cookie, as the page does."""
    url = urlsplit(link)
    code = url.fragment.partition("login=")[2].partition("&")[0].strip()
    with closing(HTTPConnection(url.netloc, timeout=20)) as connection:
        connection.request("POST", "/api/login", headers={"Authorization": f"Holdfast-Login {code}"})
        return connection.getresponse().status == 204


def test_a_link_is_printed_that_logs_in_once(cli: Cli) -> None:
    """A script gets the link alone on stdout, what it is on stderr; it works once in a browser, then never again."""
    done = cli.run("web")
    assert done.returncode == 0
    link = LINK.fullmatch(done.stdout.decode())
    assert link is not None
    assert done.stderr == b"Open this link within five minutes; it logs in one browser, once.\n"
    assert link[1].removesuffix("/").removeprefix("http://") in cli.json("daemon", "status")["listen"][0]
    assert logs_in(link[0])
    assert not logs_in(link[0])


def test_a_session_is_named_as_anywhere(cli: Cli) -> None:
    """By name, id or the beginning of one, running or ended; one that is not there gives no link."""
    session_id = cli("new", "-d", "--name", "build").strip()
    for word in ("build", session_id, session_id[:8]):
        link = LINK.fullmatch(cli("web", "--print", word))
        assert link is not None
        assert link[3] == session_id
    cli("kill", "build")
    link = LINK.fullmatch(cli("web", session_id))
    assert link is not None
    assert link[3] == session_id
    done = cli.run("web", "nosuch")
    assert (done.returncode, done.stdout) == (3, b"")
    assert "there is no session 'nosuch'" in done.stderr.decode()
    completion = {"_HOLDFAST_COMPLETE": "bash_complete", "COMP_WORDS": "holdfast web bui", "COMP_CWORD": "2"}
    assert "build" in cli("", more=completion)


def test_a_browser_is_opened_by_a_person_who_has_one(cli: Cli, tmp_path: Path) -> None:
    """At a terminal the link goes to the browser and is not shown; without a browser, or with --print, it is."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" > {opened}\n')
    browser.chmod(0o755)
    shown = at_terminal(cli, "web", BROWSER=str(browser))
    link = LINK.fullmatch(opened.read_text())
    assert link is not None
    assert f"opened {link[1]} in your browser" in shown
    assert link[2] not in shown
    assert logs_in(link[0])
    opened.unlink()
    assert LINK.search(at_terminal(cli, "web", "--print", BROWSER=str(browser)))
    assert LINK.search(at_terminal(cli, "web", BROWSER="/bin/false"))
    assert LINK.search(at_terminal(cli, "web"))
    assert not opened.exists()


def test_a_daemon_elsewhere_is_opened_by_its_own_address(cli: Cli) -> None:
    """With --host the link has that host, port and prefix."""
    port = cli.json("daemon", "status")["listen"][0].rpartition(":")[2].removesuffix("/ws")
    token = {"HOLDFAST_TOKEN": cli("token").strip()}
    assert cli("web", "--host", f"ws://localhost:{port}", more=token).startswith(f"http://localhost:{port}/#login=")
    socket = cli.json("daemon", "status")["socket"]
    assert LINK.fullmatch(cli("web", "--host", f"unix:{socket}"))
    done = cli.run("web", "--host", f"ws://localhost:{port}")
    assert (done.returncode, done.stdout) == (2, b"")
    assert "HOLDFAST_TOKEN_FILE" in done.stderr.decode()


def test_without_a_tcp_port_there_is_no_page(environ: dict[str, str], home: Path) -> None:
    """What to do is said, and no code is made."""
    (home / "config.toml").write_text("[daemon]\nlisten = []\n")
    with Cli.for_home(environ) as cli:
        done = cli.run("web")
        assert (done.returncode, done.stdout) == (1, b"")
        assert "holdfast daemon restart --listen" in done.stderr.decode()
        cli("daemon", "restart", "--listen", "127.0.0.1:0")
        assert LINK.fullmatch(cli("web"))


def at_terminal(cli: Cli, *arguments: str, **environ: str) -> str:
    """Run a command with a terminal as its output; returns what it shows there, lines as a script would have them."""
    master, slave = pty.openpty()
    try:
        command = [HOLDFAST, *arguments]
        done = subprocess.run(
            command, env={**cli.environ, **environ}, stdout=slave, stderr=slave, timeout=DEADLINE_S, check=False
        )
        os.close(slave)
        shown = b""
        while part := _read(master):
            shown += part
    finally:
        os.close(master)
    assert done.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:  # EIO: nobody has the other end
        return b""

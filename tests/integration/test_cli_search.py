"""`holdfast search`: lines in which something was seen, in print."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.cli import Cli
from support.window import Window

PRINTS = r"printf '\033[31mneed\033[32mle\033[m one\nother\nNeedle 🙂 needle\n'; seq 1 2500"


@pytest.fixture
def cli(environ: dict[str, str]) -> Iterator[Cli]:
    """The command in an empty home."""
    with Cli.for_home(environ) as one:
        yield one


def test_lines_are_printed_with_their_numbers_newest_last(cli: Cli) -> None:
    """Marked on a terminal alone; nothing found is exit code 1, and a pattern that is none one clear line."""
    session_id = cli("new", "-d", "--", "sh", "-c", PRINTS).strip()
    cli.until_ended(session_id)
    assert cli("search", session_id, "needle") == "0: needle one\n2: Needle 🙂 needle\n"
    assert cli("search", session_id, "needle", "-n", "1") == "2: Needle 🙂 needle\n"
    assert cli("search", session_id, "Needle") == cli("search", session_id, "NEEDLE one|^n.*🙂", "-E", "-i")[14:]
    assert cli("search", session_id, "1", "-E").count("\n") == sum("1" in str(number) for number in range(1, 2501))
    assert cli("search", session_id, "--case", "needle").count("\n") == 2
    none = cli.run("search", session_id, "no such words")
    assert (none.returncode, none.stdout, none.stderr) == (1, b"", b"")
    bad = cli.run("search", session_id, "-E", "(")
    assert bad.returncode != 0
    assert b"regular expression" in bad.stderr
    with Window.opener(cli) as window:
        shown = window("search", session_id, "needle")
        assert shown.exit_code() == 0
    assert "2: \x1b[1;31mNeedle\x1b[0m 🙂 \x1b[1;31mneedle\x1b[0m\r\n".encode() in shown.received

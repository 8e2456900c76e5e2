"""How fast everything that a session printed is searched: the first time, when it is rendered, and again.

A search is asked for as the page does it, one call after the other until nothing is left.
"""

# ruff: noqa: T201  # the figures are half of what it is for

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from support.daemons import Daemon
from support.wire_client import attach

HISTORY_BYTES = 50_000_000
CALL_CEILING_S = 3.0
AGAIN_CEILING_S = 10.0
"""Far above what it takes, so that a busy machine does not fail it: the figure is what counts."""


def listing(size: int) -> str:
    """Coloured lines of about `size` bytes."""
    line = "\x1b[32m{:07d}\x1b[0m \x1b[1;34m{}\x1b[0m and some words that make it as long as a line is\n"
    return "".join(line.format(number, "x" * (number % 17)) for number in range(size // 85))


def search(daemon: Daemon, session_id: str, **query: Any) -> tuple[list[dict[str, Any]], float, list[float]]:
    """All matches, how long that took, and how long each call."""
    matches: list[dict[str, Any]] = []
    calls = []
    began = time.perf_counter()
    before: int | None = None
    while True:
        asked = time.perf_counter()
        code, answer = daemon.request(
            "GET",
            f"/api/sessions/{session_id}/search?{urlencode(query | ({} if before is None else {'before': before}))}",
        )
        calls.append(time.perf_counter() - asked)
        assert code == 200, answer
        matches += answer["matches"]
        before = answer["next_before"]
        if before is None:
            return matches, time.perf_counter() - began, calls


async def test_the_second_search_over_a_long_history_is_quick(daemon: Daemon, tmp_path: Path) -> None:
    """The first one goes at the speed of rendering, and each call is short."""
    file = tmp_path / "listing"
    file.write_text(listing(HISTORY_BYTES))
    async with attach(daemon, argv=["sh", "-c", f"cat {file}; printf READY; read wait"], cols=80, rows=24) as early:
        await early.until_output(b"READY")
        session_id = early.session["session_id"]
    print()
    for name, query in (
        ("a text that is not there, the first time", {"q": "no such words"}),
        ("another one", {"q": "none such"}),
        ("one that matters by case", {"q": "None Such"}),
        ("one line", {"q": "0300001"}),
        ("the last 100", {"q": "words", "max": 100}),
        ("a regular expression", {"q": r"\b0*300123\b.*long", "regex": 1}),
    ):
        matches, took, calls = (
            search(daemon, session_id, **query) if "max" not in query else first(daemon, session_id, **query)
        )
        print(f"{name:42}: {took:5.2f} s, {len(calls):2} calls of {max(calls):.2f} s at most, {len(matches)} found")
        assert max(calls) < CALL_CEILING_S
    assert took < AGAIN_CEILING_S


def first(daemon: Daemon, session_id: str, **query: Any) -> tuple[list[dict[str, Any]], float, list[float]]:
    """What one call finds."""
    began = time.perf_counter()
    _, answer = daemon.request("GET", f"/api/sessions/{session_id}/search?{urlencode(query)}")
    took = time.perf_counter() - began
    return answer["matches"], took, [took]

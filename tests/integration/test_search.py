"""Search over everything that a session ever printed: what is found, and where, whatever became of the session."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
from support.daemons import Daemon, UnixHttp
from support.streams import set_limits
from support.waiting import wait_until
from support.wire_client import WireClient, attach

COLS, ROWS = 80, 24


def ask(daemon: Daemon, session_id: str, **query: Any) -> tuple[int, dict[str, Any]]:
    return daemon.request("GET", f"/api/sessions/{session_id}/search?{urlencode(query)}")


def search(daemon: Daemon, session_id: str, **query: Any) -> list[dict[str, Any]]:
    """All matches, newest first, gathered as the page does."""
    matches: list[dict[str, Any]] = []
    while True:
        code, answer = ask(daemon, session_id, **query)
        assert code == 200, answer
        assert answer["first_line"] <= answer["scanned_to"] <= answer["end_line"]
        matches += answer["matches"]
        if answer["next_before"] is None:
            numbers = [match["line"] for match in matches]
            assert numbers == sorted(set(numbers), reverse=True), "each row once, newest first"
            return matches
        assert answer["next_before"] == answer["scanned_to"]
        query["before"] = answer["next_before"]


def found(matches: list[dict[str, Any]]) -> list[tuple[int, list[str]]]:
    """Numbers of rows, and what was found in them."""
    return [(match["line"], [match["text"][start:end] for start, end in match["spans"]]) for match in matches]


def numbered(count: int, *, first: int = 0) -> bytes:
    """Lines that show their own number."""
    return b"".join(b"%07d %s\r\n" % (number, b"x" * (number % 60)) for number in range(first, first + count))


@asynccontextmanager
async def printed(daemon: Daemon, *parts: bytes, cols: int = COLS) -> AsyncIterator[WireClient]:
    """A client of a session that prints the parts as they are; it waits for a line before each but the first."""
    for number, part in enumerate(parts):
        (daemon.home / f"part{number}").write_bytes(part)
    steps = "; read go; ".join(f"cat {daemon.home}/part{number}" for number in range(len(parts)))
    script = f"stty -opost -echo; {steps}; read end"
    async with attach(daemon, argv=["sh", "-c", script], cols=cols, rows=ROWS) as client:
        await client.until(lambda one: one.offset == len(parts[0]))
        yield client


async def test_what_was_seen_is_found_however_it_was_printed(daemon: Daemon) -> None:
    """Text in several colours, across a wrap, behind redraws; not what was overwritten, or drawn by an editor."""
    output = (
        b"\x1b[31mneed\x1b[1;32mle\x1b[0m one\r\nprogress 10%\rneedle done \r\n"
        b"a needle that goes\r\x1b[Kaway\r\n"
        + b"x" * 77
        + b"needle wraps\r\n"
        + b"\x1b[?1049hneedle in an editor\x1b[?1049l"
        + b"Needle \xf0\x9f\x99\x82 needle\r\n"
        + b"n\x1b[3Ceedle, n\x08needle\r\n"
    )
    async with printed(daemon, output) as client:
        session_id = client.session["session_id"]
        matches = search(daemon, session_id, q="needle")
        assert [match["line"] for match in matches] == [6, 5, 3, 1, 0]
        assert matches[2]["text"] == "x" * 77 + "needle"
        assert matches[2]["spans"] == [[77, 83]]
        assert matches[1]["text"] == "Needle 🙂 needle"
        assert matches[1]["spans"] == [[0, 6], [10, 16]], "counted as JavaScript counts"
        assert [match["line"] for match in search(daemon, session_id, q="Needle")] == [5]
        assert [match["line"] for match in search(daemon, session_id, q="NEEDLE", case=0)] == [6, 5, 3, 1, 0]
        assert len(search(daemon, session_id, q="needle", case=1)[1]["spans"]) == 1
        assert found(search(daemon, session_id, q=r"n\w*le\b", regex=1))[-1] == (0, ["needle"])
        assert search(daemon, session_id, q="goes") == []
        assert search(daemon, session_id, q="editor") == []
        lines = daemon.request("GET", f"/api/sessions/{session_id}/lines?styled=0")[1]["lines"]
        for match in matches:
            row = lines[match["line"]]
            assert match["text"].startswith(row["text"])
            assert row["offset"] - 16384 < match["offset"] <= row["offset"]


async def test_a_long_history_is_searched_whole(daemon: Daemon) -> None:
    """Each match once, with the number that the line has, in few or many calls, running and ended, after a restart."""
    count = 500_000  # five checkpoints
    async with printed(daemon, numbered(count)) as client:
        session_id = client.session["session_id"]
        expected = [number for number in range(count - 1, -1, -1) if "999" in f"{number:07d}"]
        wanted = [number for number in range(count - 1, -1, -1) if number % 25_000 == 77]
        assert [match["line"] for match in search(daemon, session_id, q="999", max=1000)] == expected
        for how in ("running", "ended", "after a restart"):
            some = search(daemon, session_id, q=r"^\d\d(00|25|50|75)077\b", regex=1, max=3)
            assert [match["line"] for match in some] == wanted, how
            assert all(match["text"].startswith(f"{match['line']:07d}") for match in some)
            code, answer = ask(daemon, session_id, q="0123456", before=123_457)
            assert (code, found(answer["matches"])) == (200, [(123_456, ["0123456"])])
            assert (answer["first_line"], answer["end_line"]) == (0, count)
            assert ask(daemon, session_id, q="0123456", before=123_456)[1]["matches"] == []
            if how == "running":
                assert daemon.request("POST", f"/api/sessions/{session_id}/end")[0] == 200
            elif how == "ended":
                daemon.restart()


async def test_a_line_without_end_is_found_in(daemon: Daemon) -> None:
    """A match is found across any wrap of a line of millions of characters, which has neither beginning nor end."""
    words = b"".join(b"<%d>" % number for number in range(700_000))
    async with printed(daemon, words) as client:
        session_id = client.session["session_id"]
        for number in (0, 1, 77_777, 140_000, 333_333, 421_000, 699_998, 699_999):
            at = words.index(b"<%d>" % number)
            for query in ({"q": f"<{number}>"}, {"q": rf"<{number}\>", "regex": 1}):
                (match,) = search(daemon, session_id, **query)
                assert (match["line"], match["spans"][0][0]) == divmod(at, COLS)
        every = search(daemon, session_id, q="1111>", max=1000)
        assert sum(len(match["spans"]) for match in every) == words.count(b"1111>")


async def test_lines_wrap_at_every_border(daemon: Daemon) -> None:
    """Where every line wraps, some do so at a border between stretches that are rendered apart: none is missed."""
    count = 60_000
    output = b"".join(b"%s<%06d>%s\r\n" % (b"-" * 75, number, b"=" * 70) for number in range(count))
    async with printed(daemon, output) as client:
        matches = search(daemon, client.session["session_id"], q="<", max=1000)
        assert len(matches) == count
        numbers = search(daemon, client.session["session_id"], q=r"<\d{6}>", regex=1, max=1000)
        assert [match["text"][slice(*match["spans"][0])] for match in numbers] == [
            f"<{number:06d}>" for number in range(count - 1, -1, -1)
        ]


async def test_output_that_goes_on_is_found_by_the_next_search(daemon: Daemon) -> None:
    """And a resize, which makes other rows without any output, gives other numbers."""
    long = b"y" * 100 + b" marker\r\n"
    async with printed(daemon, long, b"marker two\r\n") as client:
        session_id = client.session["session_id"]
        assert [match["line"] for match in search(daemon, session_id, q="marker")] == [1]
        await client.type("\n")
        await client.until_output(b"two")
        assert [match["line"] for match in search(daemon, session_id, q="marker")] == [2, 1]
        await client.send(type="resize", cols=40, rows=ROWS)
        await client.settle()
        assert [match["line"] for match in search(daemon, session_id, q="marker")] == [3, 2]


async def test_trimmed_history_is_not_found_and_the_rest_keeps_its_numbers(stopped_daemon: Daemon) -> None:
    """What can be searched is what can be had as lines."""
    daemon = stopped_daemon
    set_limits(daemon, session_bytes=6_000_000, total_bytes=100_000_000)
    daemon.start()
    count = 200_000
    first, rest, more = numbered(count), numbered(count, first=count), numbered(300, first=2 * count)
    async with printed(daemon, first, rest, more) as client:
        session_id = client.session["session_id"]
        assert [match["line"] for match in search(daemon, session_id, q="0150001")] == [150_001]
        await client.type("\n")
        await client.until(lambda one: one.offset == len(first) + len(rest))

        ask(daemon, session_id, q="all", max=1)  # until its lines are counted output is kept
        await client.type("\n")
        await client.until_output(more)

        def head() -> int:
            return int(daemon.request("GET", f"/api/sessions/{session_id}")[1]["head"])

        await wait_until(lambda: client.offset - head() < 6_300_000, "old history is trimmed")
        oldest = daemon.request("GET", f"/api/sessions/{session_id}/lines?max=1")[1]["first_line"]
        code, answer = ask(daemon, session_id, q="none of them")
        assert (code, answer["first_line"], answer["end_line"]) == (200, oldest, 2 * count + 300)
        for number in (oldest, oldest + 1000, oldest + 50_000, 2 * count - 1):
            assert [match["line"] for match in search(daemon, session_id, q=f"{number:07d}")] == [number]
        assert search(daemon, session_id, q=f"{oldest - 1:07d}") == []


async def test_a_pattern_that_takes_for_ever_hurts_nobody(daemon: Daemon) -> None:
    """It is refused with its reason; meanwhile the daemon answers others, and searches go on afterwards."""
    async with printed(daemon, b"a" * 70 + b"\r\n" + numbered(1000)) as client:
        session_id = client.session["session_id"]
        assert len(search(daemon, session_id, q="0000999")) == 1
        slow = asyncio.create_task(asyncio.to_thread(ask, daemon, session_id, q="(a+)+b", regex=1))
        answers = 0
        while not slow.done():
            await asyncio.to_thread(daemon.request, "GET", "/healthz")
            answers += 1
        code, answer = await slow
        assert (code, answer["code"]) == (400, "bad_query")
        assert "too long" in answer["message"]
        assert answers > 10, "a quarter of a second is long"
        for bad in ("(", "[z-a]"):
            code, answer = ask(daemon, session_id, q=bad, regex=1)
            assert (code, answer["code"]) == (400, "bad_query")
            assert "regular expression" in answer["message"]
        assert len(search(daemon, session_id, q="(", case=1)) == 0
        assert len(search(daemon, session_id, q="0000999")) == 1


async def test_who_hangs_up_is_searched_for_no_more(daemon: Daemon) -> None:
    """The turn goes to the next one, and too many who wait are told."""
    async with printed(daemon, b"a" * 70 + b"\r\n" + numbered(1000)) as client:
        session_id = client.session["session_id"]
        assert len(search(daemon, session_id, q="0000999")) == 1
        began = time.perf_counter()
        assert ask(daemon, session_id, q="(a+)+b", regex=1)[0] == 400
        one_takes_s = time.perf_counter() - began
        path = f"/api/sessions/{session_id}/search?" + urlencode({"q": "(a+)+b", "regex": 1})
        impatient = [UnixHttp(daemon.socket) for _ in range(12)]
        for connection in impatient:
            connection.request("GET", path)
        refused = impatient[-1].getresponse()
        assert (refused.status, json.loads(refused.read())["code"]) == (429, "limit")
        for connection in impatient:
            connection.close()
        began = time.perf_counter()
        code, answer = ask(daemon, session_id, q="0000999")
        while code == 429:  # until the daemon has seen them go
            code, answer = ask(daemon, session_id, q="0000999")
        assert len(answer["matches"]) == 1
        assert time.perf_counter() - began < 5 * one_takes_s, "nine of them were there"


@pytest.mark.parametrize(
    "query", [{}, {"q": ""}, {"q": "x" * 501}, {"q": "a", "max": 0}, {"q": "a", "max": 1001}, {"q": "a", "before": -1},
              {"q": "a", "case": 2}, {"q": "a", "regex": "yes"}, {"q": "a\nb"}],
)  # fmt: skip
async def test_what_cannot_be_asked_for_is_refused(daemon: Daemon, query: dict[str, Any]) -> None:
    async with attach(daemon, argv=["cat"]) as client:
        code, answer = ask(daemon, client.session["session_id"], **query)
        assert (code, answer["code"]) == (400, "bad_query")


async def test_a_session_that_is_not_there_has_no_lines(daemon: Daemon) -> None:
    assert ask(daemon, "7e0d1c3a-58f2-4c1e-9b1a-2f6d0a9c4e11", q="a")[0] == 404


async def test_without_an_emulator_nothing_can_be_searched(stopped_daemon: Daemon) -> None:
    """The answer says so, at once."""
    daemon = stopped_daemon
    (daemon.home / "shadow").mkdir()
    (daemon.home / "shadow" / "pyghostty.py").write_text("raise ImportError('none here')\n")
    daemon.environ["PYTHONPATH"] = str(daemon.home / "shadow")
    daemon.start()
    async with attach(daemon, argv=["cat"]) as client:
        code, answer = ask(daemon, client.session["session_id"], q="a")
        assert (code, answer["code"]) == (501, "no_screen")


async def test_a_search_is_answered_where_the_screens_process_was_killed(daemon: Daemon) -> None:
    """What is kept outlives it, and it is started again."""
    async with printed(daemon, numbered(2000)) as client:
        session_id = client.session["session_id"]
        expected = search(daemon, session_id, q="00017")
        for child in psutil.Process(daemon.status()["pid"]).children():
            if "screens" in " ".join(child.cmdline()):
                child.kill()
        assert search(daemon, session_id, q="00017") == expected
        with closing(UnixHttp(daemon.socket)) as connection:
            connection.request("GET", f"/api/sessions/{session_id}/lines?max=1")
            assert connection.getresponse().status == 200

"""Older lines on demand: with the restored screen they are the whole history, whatever became of daemon and session."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import psutil
import pytest
from support.daemons import Daemon, UnixHttp
from support.streams import set_limits
from support.waiting import wait_until
from support.wire_client import WireClient, attach

from holdfast.daemon.screens.screen import Screen
from holdfast.wire.messages import Lines, parse_server_message

COLS, ROWS = 80, 24
UNLIMITED = {"scrollback_lines": 10_000_000, "scrollback_bytes": 1 << 30}


class Seen(NamedTuple):
    """A row as a terminal shows it."""

    text: str
    wraps: bool


def seen(data: bytes, *, styled: bool = False, cols: int = COLS, rows: int = ROWS) -> list[Seen]:
    """All that a terminal with unlimited scrollback shows that was sent `data`, but for blank rows at its end."""
    screen = Screen(cols, rows, **UNLIMITED)
    try:
        screen.feed(data)
        shown = screen.rows(0, screen.scrollback_rows + rows, styled=styled)
    finally:
        screen.close()
    found = [Seen(row.text.decode(), row.wraps) for row in shown]
    while found and not found[-1].text:
        found.pop()
    return found


def joined(rows: Sequence[Seen]) -> str:
    """Text with the rows joined that are one line."""
    return "".join(row.text if row.wraps else f"{row.text}\n" for row in rows)


def get(daemon: Daemon, session_id: str, **query: Any) -> dict[str, Any]:
    """One answer, in which the numbers ascend one by one and the offsets do not descend."""
    code, answer = daemon.request("GET", f"/api/sessions/{session_id}/lines?{urlencode(query)}")
    assert code == 200, answer
    return checked(answer)


def checked(answer: dict[str, Any]) -> dict[str, Any]:
    lines = answer["lines"]
    for line, after in itertools.pairwise(lines):
        assert after["line"] == line["line"] + 1
        assert after["offset"] >= line["offset"]
    if lines:
        assert answer["first_line"] <= lines[0]["line"] <= lines[-1]["line"] < answer["end_line"]
    return answer


def all_lines(
    daemon: Daemon, session_id: str, *, before: int | None = None, styled: bool = False, most: int = 1000
) -> list[dict[str, Any]]:
    """Every line before a number, gathered backwards as a client does that scrolls."""
    found: list[dict[str, Any]] = []
    while True:
        query = {"max": most, "styled": int(styled)} | ({} if before is None else {"before": before})
        answer = get(daemon, session_id, **query)
        if not answer["lines"]:
            assert before is None or before <= answer["first_line"]
            return found
        found = answer["lines"] + found
        before = answer["lines"][0]["line"]


def rows_of(lines: Sequence[dict[str, Any]]) -> list[Seen]:
    return [Seen(line["text"], line["wraps"]) for line in lines]


@asynccontextmanager
async def printed(daemon: Daemon, *parts: bytes, cols: int = COLS, rows: int = ROWS) -> AsyncIterator[WireClient]:
    """A client of a session that prints the parts as they are; it waits for a line before each but the first."""
    for number, part in enumerate(parts):
        (daemon.home / f"part{number}").write_bytes(part)
    steps = "; read go; ".join(f"cat {daemon.home}/part{number}" for number in range(len(parts)))
    async with attach(
        daemon, argv=["sh", "-c", f"stty -opost -echo; {steps}; read end"], cols=cols, rows=rows
    ) as client:
        await client.until(lambda one: one.offset == len(parts[0]))
        yield client


def numbered(count: int, *, first: int = 0) -> bytes:
    """Lines that show their own number."""
    return b"".join(b"%07d %s\r\n" % (number, b"x" * (number % 60)) for number in range(first, first + count))


MIXED = b"".join(
    b"\x1b[3%dm%05d\x1b[0m plain \x1b[1;48;5;%dmbold\x1b[m %s\r\n"
    % (
        number % 8,
        number,
        number % 256,
        ("漢字 and e\u0301 " * (number % 9)).encode() + b"=" * (number * 7 % 190),
    )
    for number in range(3000)
)
"""Colours, wide and combining characters, lines that wrap."""


async def test_lines_and_a_restored_screen_are_the_whole_history(daemon: Daemon) -> None:
    """What lies before a restored screen goes on where its scrollback begins, without a seam, with every colour."""
    for styled in (True, False):
        async with printed(daemon, MIXED) as client:
            session_id = client.session["session_id"]
            async with attach(daemon, session_id=session_id, replay="restore:100", cols=COLS, rows=ROWS) as late:
                await late.until(lambda one: one.screen is not None)
                assert late.screen is not None
                before = all_lines(daemon, session_id, before=late.session["first_line"], styled=styled, most=700)
                assert rows_of(before) + seen(late.screen, styled=styled) == seen(MIXED, styled=styled)
            assert rows_of(all_lines(daemon, session_id, styled=styled)) == seen(MIXED, styled=styled)
            assert all(line["text"].isprintable() for line in before) != styled


async def test_styled_lines_paint_what_was_printed(daemon: Daemon) -> None:
    """An emulator that is fed styled lines shows them as one does that was fed the output."""
    async with printed(daemon, MIXED) as client:
        lines = rows_of(all_lines(daemon, client.session["session_id"], styled=True))
    fed = "".join(row.text if row.wraps else f"{row.text}\r\n" for row in lines).encode()
    assert seen(fed, styled=True) == seen(MIXED, styled=True)


async def test_a_lines_offset_is_where_it_begins_in_the_log(daemon: Daemon) -> None:
    """The log read from a line's offset begins with its text; of a row that was wrapped too."""
    words = b"".join(b"%d:%s\r\n" % (number, b"abcdefghij" * (number % 30)) for number in range(2500))
    async with printed(daemon, words) as client:
        lines = all_lines(daemon, client.session["session_id"])
        assert [line["offset"] for line in lines] == sorted({line["offset"] for line in lines})
        for line in lines:
            assert words[line["offset"] :].startswith(line["text"].encode()), line
        for line in (lines[7], lines[len(lines) // 2], lines[-1]):
            log = daemon.fetch(f"/api/sessions/{client.session['session_id']}/log?from={line['offset']}")
            assert log == words[line["offset"] :]


async def test_a_long_history_asked_at_random_places(daemon: Daemon) -> None:
    """Lines between any two of many checkpoints are right, of a running session and of one that has ended."""
    count = 300_000
    async with printed(daemon, numbered(count)) as client:
        session_id = client.session["session_id"]
        for _ in ("running", "ended"):
            for before in (1, 500, 100_000, 177_777, 234_567, count - 1100, count - 10, count, count + 5, None):
                answer = get(daemon, session_id, max=300, styled=0, **({} if before is None else {"before": before}))
                stop = count if before is None else min(before, count)
                assert (answer["first_line"], answer["end_line"]) == (0, count)
                assert [line["line"] for line in answer["lines"]] == list(range(max(0, stop - 300), stop))
                for line in answer["lines"]:
                    assert line["text"] == f"{line['line']:07d} {'x' * (line['line'] % 60)}".rstrip()
            daemon.request("POST", f"/api/sessions/{session_id}/end")


@pytest.mark.parametrize("how", ["restart", "kill -9", "end"])
async def test_lines_stay_what_they_were(daemon: Daemon, how: str) -> None:
    """After a restart of the daemon, a crash of it, and the session's end, the same lines have the same numbers."""
    output = numbered(150_000) + MIXED * 2
    async with printed(daemon, output) as client:
        session_id = client.session["session_id"]
        queries = [{"before": before, "max": 50} for before in (100, 4000, 100_000, 152_000)] + [{"max": 100}]
        before = [get(daemon, session_id, **query) for query in queries]
        text = daemon.fetch(f"/api/sessions/{session_id}/log?plain=1")
        assert text.decode() == joined(seen(output))
        if how == "end":
            assert daemon.request("POST", f"/api/sessions/{session_id}/end")[0] == 200
    if how == "restart":
        daemon.restart()
    elif how == "kill -9":
        daemon.kill()
        daemon.start()
    assert [get(daemon, session_id, **query) for query in queries] == before
    assert daemon.fetch(f"/api/sessions/{session_id}/log?plain=1") == text


async def test_other_widths(daemon: Daemon) -> None:
    """What was printed at other widths flows as on the screen; lines and restored screen are one history."""
    parts = [
        b"".join(b"%05d %s\r\n" % (number, b"abcdefghi " * (number % 14)) for number in range(first, first + 1500))
        for first in (0, 1500, 3000, 4500)
    ]
    async with printed(daemon, *parts) as client:
        session_id = client.session["session_id"]
        end = len(parts[0])
        for (cols, rows), part in zip([(132, 40), (40, 10), (100, 30)], parts[1:], strict=True):
            await client.send(type="resize", cols=cols, rows=rows)
            end += len(part)
            await client.type("\n")
            await client.until(lambda one, end=end: one.offset == end)  # type: ignore[misc]  # a default is no type
        text = joined(seen(b"".join(parts)))
        for cols, rows in ((100, 30), (50, 20)):  # the last time without any output behind it
            await client.send(type="resize", cols=cols, rows=rows)
            await client.settle()
            lines = all_lines(daemon, session_id)
            assert joined(rows_of(lines)) == text
            assert daemon.fetch(f"/api/sessions/{session_id}/log?plain=1").decode() == text
            async with attach(daemon, session_id=session_id, replay="restore:100") as late:
                await late.until(lambda one: one.screen is not None)
                assert late.screen is not None
                first = late.session["first_line"]
                assert rows_of(lines[first:]) == seen(late.screen, cols=cols, rows=rows)
        for at in (0, 1600, 3200, first - 10):
            some = get(daemon, session_id, before=at + 10, max=10, styled=0)["lines"]  # offsets are shared out anew
            assert (some[0]["line"], rows_of(some)) == (at, rows_of(lines[at : at + 10]))


async def test_an_answer_has_a_bounded_size(daemon: Daemon) -> None:
    """Of long lines an answer has fewer than were asked for: those right before the line, the rest by asking again."""
    output = b"".join(b"%05d %s\r\n" % (number, b"x" * 900) for number in range(4000))
    async with printed(daemon, output, cols=1000) as client:
        answer = get(daemon, client.session["session_id"], max=4000, styled=0)
        assert 1000 < len(answer["lines"]) < 4000
        assert sum(len(line["text"]) for line in answer["lines"]) <= 2 << 20
        assert answer["lines"][-1]["line"] == 3999
        lines = all_lines(daemon, client.session["session_id"], most=4000)
        assert rows_of(lines) == seen(output, cols=1000)
        assert checked(await client.lines(max=4000, styled=False))["lines"] == answer["lines"]


async def test_what_a_program_cleared_is_history(daemon: Daemon) -> None:
    """Scrollback that was erased (CSI 3 J, as `clear` does) and what a reset forgot can be had; numbers go on."""
    first, second = numbered(100), numbered(80, first=100)
    output = first + b"\x1b[H\x1b[2J\x1b[3J" + second + b"\x1bc" + b"after"
    async with printed(daemon, output) as client:
        session_id = client.session["session_id"]
        lines = all_lines(daemon, session_id)
        texts = [line["text"] for line in lines]
        scrolled_out = 100 - ROWS + 1
        assert texts[:scrolled_out] == [row.text for row in seen(first)][:scrolled_out]
        assert f"{100 + 80 - ROWS:07d} {'x' * ((180 - ROWS) % 60)}".rstrip() in texts
        assert texts[-1] == "after"
        assert daemon.fetch(f"/api/sessions/{session_id}/log?plain=1").decode().splitlines() == texts


async def test_full_screen_programs_leave_no_lines(daemon: Daemon) -> None:
    """What was drawn on the alternate screen is in no line, neither while it shows nor afterwards."""
    before, after = numbered(50), numbered(50, first=50)
    drawn = b"\x1b[?1049h" + b"".join(b"\x1b[%d;1H~drawn %d\r\n" % (n % ROWS + 1, n) for n in range(5000))
    async with printed(daemon, before + drawn, b"\x1b[?1049l" + after) as client:
        session_id = client.session["session_id"]
        assert rows_of(all_lines(daemon, session_id)) == seen(before)
        assert daemon.fetch(f"/api/sessions/{session_id}/log?plain=1").decode() == joined(seen(before))
        await client.type("\n")
        await client.until_output(after)
        assert rows_of(all_lines(daemon, session_id)) == seen(before + after)
        assert daemon.fetch(f"/api/sessions/{session_id}/log?plain=1").decode() == joined(seen(before + after))


async def test_trimmed_history(stopped_daemon: Daemon) -> None:
    """Lines of trimmed history keep their numbers; the first that can be had is told, and the text begins at head."""
    daemon = stopped_daemon
    set_limits(daemon, session_bytes=6_000_000, total_bytes=100_000_000)
    daemon.start()
    count = 400_000
    output = numbered(count)
    cuts = [*range(0, len(output) - 8000, 4_000_000), len(output) - 8000, len(output)]
    async with printed(daemon, *(output[at:end] for at, end in itertools.pairwise(cuts))) as client:
        session_id = client.session["session_id"]
        for end in cuts[2:]:  # until its lines are counted output is kept, but not much beyond the limit
            assert get(daemon, session_id, max=10)["lines"]
            await client.type("\n")
            await client.until(lambda one, end=end: one.offset == end)  # type: ignore[misc]  # a default is no type
        last = get(daemon, session_id, max=10, styled=0)
        assert last["lines"][-1]["text"].startswith(f"{count - 1:07d}")

        def head() -> int:
            return int(daemon.request("GET", f"/api/sessions/{session_id}")[1]["head"])

        await wait_until(lambda: len(output) - head() < 6_300_000, "what nobody needs any more is trimmed")
        first = get(daemon, session_id, max=1)["first_line"]
        assert 0 < first < count
        assert get(daemon, session_id, before=first)["lines"] == []
        for before in (first + 5, first + 3000, count - 20_000):
            lines = get(daemon, session_id, before=before, max=50, styled=0)["lines"]
            assert [line["line"] for line in lines] == list(range(max(first, before - 50), before))
            assert [int(line["text"][:7]) for line in lines] == [line["line"] for line in lines]
        with closing(UnixHttp(daemon.socket)) as connection:
            connection.request("GET", f"/api/sessions/{session_id}/log?plain=1")
            answer = connection.getresponse()
            assert answer.getheader("X-Holdfast-Offset") == str(head())
            assert answer.read().decode() == joined(seen(output[head() :]))


async def test_attached_clients_ask_by_message(daemon: Daemon) -> None:
    """Clients of either kind, also those that only watch, get the answer of the HTTP route, with their id in it."""
    async with printed(daemon, MIXED) as client:
        session_id = client.session["session_id"]
        expected = get(daemon, session_id, before=2000, max=500)
        async with (
            attach(daemon, session_id=session_id, replay="none", mode="ro") as watcher,
            attach(daemon, session_id=session_id, replay="none", binary=False) as json_client,
        ):
            for one in (client, watcher, json_client):
                answer = checked(await one.lines(before=2000, max=500))
                assert isinstance(parse_server_message(json.dumps(answer)), Lines)
                assert (answer.pop("type"), answer.pop("id")[:6]) == ("lines", "lines-")
                assert answer == expected
                assert (await one.lines(styled=False, max=1))["lines"][0]["text"] == seen(MIXED)[-1].text


async def test_lines_and_live_output_do_not_wait_for_each_other(stopped_daemon: Daemon) -> None:
    """A client in a flood gets the lines it asks for, and every byte of the flood (offsets are checked)."""
    daemon = stopped_daemon
    set_limits(daemon, session_bytes=4 << 30, total_bytes=16 << 30)  # a flood outruns the counting of what is trimmed
    daemon.start()
    (daemon.home / "lines").write_bytes(numbered(20_000))
    script = f"stty -opost -echo; while :; do cat {daemon.home}/lines; sleep 0.1; done"
    async with attach(daemon, argv=["sh", "-c", script], cols=COLS, rows=ROWS) as client:
        await client.until(lambda one: one.offset > 1_000_000)
        before: dict[str, int] = {}
        for _ in range(3):
            offset = client.offset
            answer = await client.lines(max=100, styled=False, **before)
            lines = answer["lines"]
            assert lines, answer
            assert [line["line"] % 20_000 for line in lines[:-1]] == [int(line["text"][:7]) for line in lines[:-1]]
            await client.until(lambda one, end=lines[-1]["offset"] + 100: one.offset > end)  # type: ignore[misc]  # a default is no type
            assert client.offset > offset
            assert len(lines) == 100
            for line in lines:
                assert client.output[line["offset"] :].startswith(line["text"].encode()), line
            before = {"before": answer["end_line"] - 5000}
        await client.send(type="end")
        assert await client.until_closed() == 4000


async def test_a_pile_of_requests_is_refused(daemon: Daemon) -> None:
    """A client that asks on and on without waiting gets the first answers and errors `limit`; it stays attached."""
    async with printed(daemon, MIXED * 3) as client:
        for number in range(60):
            await client.send(type="lines", max=1000, id=f"pile-{number}")

        def told(kind: str) -> list[dict[str, Any]]:
            return [message for message in client.messages if message["type"] == kind]

        await client.until(lambda _: len(told("lines")) + len(told("error")) == 60)
        assert {error["code"] for error in told("error")} == {"limit"}
        assert len(told("lines")) >= 8
        assert [line["id"] for line in told("lines")][:8] == [f"pile-{number}" for number in range(8)]
        assert (await client.lines(max=5))["lines"]


def test_a_bad_request_is_told_what_is_wrong(daemon: Daemon) -> None:
    """Numbers out of range and unknown sessions are refused with a text that names them."""
    code, status = daemon.request("POST", "/api/sessions?" + urlencode({"argv": json.dumps(["sh", "-c", "read end"])}))
    assert code == 201
    there, unknown = status["session_id"], "3f2b8c1e-0000-4000-8000-000000000000"
    assert get(daemon, there) == {"first_line": 0, "end_line": 0, "lines": []}
    assert get(daemon, there, before=7) == {"first_line": 0, "end_line": 0, "lines": []}
    assert daemon.fetch(f"/api/sessions/{there}/log?plain=1") == b""
    for path, status_code, error, word in [
        (f"{there}/lines?before=-1", 400, "bad_query", "before"),
        (f"{there}/lines?before=x", 400, "bad_query", "before"),
        (f"{there}/lines?before=99999999999999999", 400, "bad_query", "before"),
        (f"{there}/lines?max=0", 400, "bad_query", "max"),
        (f"{there}/lines?max=99999", 400, "bad_query", "max"),
        (f"{there}/lines?max=", 400, "bad_query", "max"),
        (f"{there}/lines?styled=yes", 400, "bad_query", "styled"),
        (f"{there}/log?plain=2", 400, "bad_query", "plain"),
        (f"{there}/log?plain=1&from=5", 400, "bad_query", "from"),
        (f"{there}/log?plain=1&to=5", 400, "bad_query", "to"),
        (f"{unknown}/lines", 404, "not_found", unknown),
        (f"{unknown}/log?plain=1", 404, "not_found", unknown),
    ]:
        got, answer = daemon.request("GET", f"/api/sessions/{path}")
        assert (path, got, answer["code"]) == (path, status_code, error)
        assert word in answer["message"], answer
    assert "Traceback" not in daemon.log


@pytest.mark.parametrize(
    ("emulator", "status"),
    [("raise ImportError('not for this machine')", 501), ("import os; os.kill(os.getpid(), 11)", 503)],
    ids=["missing", "crashing"],
)
async def test_without_an_emulator(stopped_daemon: Daemon, tmp_path: Path, emulator: str, status: int) -> None:
    """Where nothing can be rendered the error says so, by HTTP and by message; raw log and typing go on."""
    daemon = stopped_daemon
    (tmp_path / "pyghostty").mkdir()
    (tmp_path / "pyghostty" / "__init__.py").write_text(f"{emulator}\n")
    daemon.environ["PYTHONPATH"] = str(tmp_path)
    daemon.start()
    async with printed(daemon, b"hello", b" again") as client:
        session_id = client.session["session_id"]
        for _ in ("first", "second"):
            for path in ("lines", "log?plain=1"):
                code, answer = daemon.request("GET", f"/api/sessions/{session_id}/{path}")
                assert (code, answer["code"]) == (status, "no_screen"), answer
        await client.send(type="lines")
        assert (await client.until_message("error"))["code"] == "no_screen"
        assert daemon.fetch(f"/api/sessions/{session_id}/log") == b"hello"
        await client.type("\n")
        await client.until_output(b"hello again")


async def test_the_emulator_is_started_again_when_it_dies(daemon: Daemon) -> None:
    """Neither the next request nor a text that is half read notices that the process was killed in between."""
    output = numbered(150_000)  # more than all buffers on the way hold
    async with printed(daemon, output) as client:
        session_id = client.session["session_id"]
        with text_of(daemon, session_id) as answer:
            text = answer.read(100_000)
            kill_emulators(daemon)
            text += await asyncio.to_thread(answer.read)
        assert text == output.replace(b"\r\n", b"\n").replace(b" \n", b"\n")
        kill_emulators(daemon)
        last = get(daemon, session_id, max=10_000, styled=0)
        assert last["lines"][-1]["text"].startswith("0149999")
        request = asyncio.create_task(asyncio.to_thread(get, daemon, session_id, max=10_000, styled=0))
        kill_emulators(daemon)
        assert await request == last


async def test_readers_of_text_that_stall_or_hang_up_harm_nobody(daemon: Daemon) -> None:
    """Readers that do not read on keep nobody else from the text, nor from lines; when they hang up, all is freed."""
    output = numbered(60_000)
    async with printed(daemon, output) as client:
        session_id = client.session["session_id"]
        expected = output.replace(b"\r\n", b"\n").replace(b" \n", b"\n")
        with text_of(daemon, session_id) as first, text_of(daemon, session_id) as second:
            assert first.read(1000) == second.read(1000) == expected[:1000]
            assert await asyncio.to_thread(daemon.fetch, f"/api/sessions/{session_id}/log?plain=1") == expected
            assert get(daemon, session_id, max=1)["lines"]
        assert get(daemon, session_id, max=1)["lines"]
    assert "Traceback" not in daemon.log


@pytest.mark.parametrize("how", ["kill -9", "stop"])
async def test_a_text_that_is_cut_off_is_not_taken_for_the_whole(daemon: Daemon, how: str) -> None:
    """A reader whose daemon ends in the middle of a text can tell from how it ends; the daemon does not wait for it."""
    async with printed(daemon, numbered(150_000)) as client:
        with text_of(daemon, client.session["session_id"]) as answer:
            answer.read(1000)
            if how == "stop":
                assert daemon.stop() == 0
            else:
                daemon.kill()
            with pytest.raises((HTTPException, ConnectionError)):
                answer.read()
    daemon.start()


@contextmanager
def text_of(daemon: Daemon, session_id: str) -> Iterator[Any]:
    """The text of a session, on its way."""
    with closing(UnixHttp(daemon.socket)) as connection:
        connection.request("GET", f"/api/sessions/{session_id}/log?plain=1")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (200, "text/plain; charset=utf-8")
        yield answer


def emulators(daemon: Daemon) -> list[psutil.Process]:
    """The screens processes of a daemon."""
    assert daemon.process is not None
    children = psutil.Process(daemon.process.pid).children()
    return [child for child in children if any("screens" in word for word in child.cmdline())]


def kill_emulators(daemon: Daemon) -> None:
    """SIGKILL to every screens process of a daemon."""
    for child in emulators(daemon):
        os.kill(child.pid, signal.SIGKILL)

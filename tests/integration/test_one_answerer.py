"""One answer reaches the program: 0, 1 and 3 clients, every query, live and replayed, in a real session."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from support.asking import AnsweringTerminal, Asker, fence
from support.daemons import Daemon
from support.queries import EXAMPLES, Example
from support.streams import fetch_log, spawn, status_of
from support.waiting import wait_until
from support.wire_client import WireClient, attach

from holdfast.daemon.sessions.queries import TABLE
from holdfast.daemon.sessions.replies import BlankScreen

ROWS = {row.name: row for row in TABLE}
BY_QUERY = {example.query: b"".join(example.reports) for example in EXAMPLES}
SOUND, SOUND_QUERY = b"\x1b[0n", b"\x1b[5n"
MOVES = ("DSR 6 (CPR)", "DECXCPR")
DEVICE, DEVICE_QUERY = b"\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c", b"\x1b[c"
END = b"</asked>"


@pytest.fixture
def asker(home: Path) -> Iterator[Asker]:
    one = Asker(home / "asker")
    yield one
    one.close()


async def terminals(
    stack: AsyncExitStack, daemon: Daemon, session_id: str, answers: list[bool], *, replay: str = "none"
) -> list[AnsweringTerminal]:
    """Attach a terminal for each of `answers`, one after the other, all of which answer whatever they say."""
    attached: list[AnsweringTerminal] = []
    for number, says_so in enumerate(answers):
        attaching = attach(daemon, session_id=session_id, client_id=f"t{number}", answers=int(says_so), replay=replay)
        attached.append(AnsweringTerminal(await stack.enter_async_context(attaching), BY_QUERY))
    return attached


def mirrors_answer(example: Example) -> re.Pattern[bytes]:
    """What the daemon answers itself."""
    if example.mirror is None:
        return re.compile(b"")
    return re.compile(ROWS[example.name].report if example.name in MOVES else re.escape(example.mirror))


# Live


async def test_without_a_client_the_daemon_answers_every_query_once(daemon: Daemon, asker: Asker) -> None:
    await asker.start(daemon)
    for example in EXAMPLES:
        before = len(asker.record)
        asker.print(b"\x1b[H" + example.query + DEVICE_QUERY)  # answered behind it, in order
        read = await asker.until_read(b"\x1b[?62;22c", before, count=1 + (example.name == "DA1"))
        assert mirrors_answer(example).fullmatch(read.removesuffix(b"\x1b[?62;22c")), (example, read)


async def test_a_query_that_comes_in_pieces_is_answered_once(daemon: Daemon, asker: Asker) -> None:
    session_id = await asker.start(daemon)
    for number in range(1, len(DEVICE_QUERY)):
        asker.print(b"<%d>" % number + DEVICE_QUERY[:number])
        await until_printed(daemon, session_id, b"<%d>" % number + DEVICE_QUERY[:number])
        asker.print(DEVICE_QUERY[number:])
        await asker.until_read(b"\x1b[?62;22c", count=number)
    asker.print(SOUND_QUERY)
    assert await asker.until_read(SOUND) == b"\x1b[?62;22c" * 2 + SOUND


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [([True], 0), ([False], None), ([True, True, True], 0), ([False, True, False], 1), ([False] * 3, None)],
)
async def test_one_of_the_clients_answers_every_query_or_the_daemon_does(
    daemon: Daemon, asker: Asker, answers: list[bool], chosen: int | None
) -> None:
    """All terminals report; what the program reads comes from the chosen one, or from the daemon."""
    session_id = await asker.start(daemon)
    async with AsyncExitStack() as stack:
        attached = await terminals(stack, daemon, session_id, answers)
        for example in EXAMPLES:
            before = len(asker.record)
            asker.print(example.query + END)
            reports = BY_QUERY[example.query]
            for number in sorted(range(len(attached)), key=lambda one: one == chosen):  # the chosen one last
                await attached[number].answer(fence(number), until=END)
            for number in range(len(attached)):
                await asker.until_read(fence(number), before)
            if chosen is None:
                await sound(asker, attached, before, 1 + (example.query == SOUND_QUERY))
            read = asker.record[before:]
            assert_once(example, read, reports, chosen)


async def sound(asker: Asker, attached: list[AnsweringTerminal], after: int, count: int) -> None:
    """Have the daemon answer one more query, behind all others, and the terminals report to it in vain."""
    asker.print(SOUND_QUERY + b"</sound>")
    for number, terminal in enumerate(attached, start=10):
        await terminal.answer(fence(number), until=b"</sound>")
        await asker.until_read(fence(number), after)
    await asker.until_read(SOUND, after, count=count)


def without_fences(read: bytes) -> bytes:
    return re.sub(rb"\x1b\[\?997;1[0-9][0-9]n", b"", read)


def assert_once(example: Example, read: bytes, reports: bytes, chosen: int | None) -> None:
    if chosen is None:
        answer = without_fences(read).removesuffix(SOUND)  # of what was asked behind it
        assert mirrors_answer(example).fullmatch(answer), (example, read)
    else:
        assert reports + fence(chosen) in read, (example, read)
        assert without_fences(read) == reports, (example, read)


async def test_a_client_of_a_new_session_answers_what_its_program_asked_first(daemon: Daemon, asker: Asker) -> None:
    """All of its output is live to the client, also what was printed, and perhaps answered, before it was attached."""
    async with attach(daemon, argv=asker.argv(DEVICE_QUERY), answers=1, client_id="t0") as client:
        await AnsweringTerminal(client, BY_QUERY).answer(fence(0), until=b"READY")
        read = without_fences(await asker.until_read(fence(0)))
        assert read in (DEVICE, b"\x1b[?62;22c")


async def test_who_typed_last_answers_and_when_it_goes_who_typed_before(daemon: Daemon, asker: Asker) -> None:
    session_id = await asker.start(daemon)
    async with AsyncExitStack() as stack:
        one, two, three = await terminals(stack, daemon, session_id, [True, True, True])

        async def answerer(*attached: AnsweringTerminal) -> int:
            before = len(asker.record)
            asker.print(DEVICE_QUERY + END)
            for number, terminal in enumerate(attached):
                await terminal.answer(fence(number), until=END)
                await asker.until_read(fence(number), before)
            read = asker.record[before:]
            assert without_fences(read) == DEVICE, read
            return next(number for number in range(3) if DEVICE + fence(number) in read)

        assert await answerer(one, two, three) == 0
        await two.client.type("x")
        await asker.until_read(b"x")
        assert await answerer(one, two, three) == 1
        await three.client.type("\x1b[A")
        await asker.until_read(b"\x1b[A")
        assert await answerer(one, two, three) == 2
        await three.client.send(type="detach")
        assert await three.client.until_closed() == 1000
        await one.client.until(lambda client: len(present(client)) == 2, "that it has gone")
        assert await answerer(one, two) == 1


def present(client: WireClient) -> list[dict[str, Any]]:
    """Return the clients that the session has told of last."""
    told = [message for message in client.messages if message["type"] == "presence"]
    return list(told[-1]["clients"]) if told else []


async def test_what_a_client_leaves_open_the_daemon_answers(daemon: Daemon, asker: Asker) -> None:
    """The connection breaks between query and report; the report, sent again behind the next one, is dropped."""
    session_id = await asker.start(daemon)
    async with AsyncExitStack() as stack:
        (terminal,) = await terminals(stack, daemon, session_id, [True])
        asker.print(DEVICE_QUERY + END)
        await terminal.client.until_output(END)
        terminal.client.cut()
        await asker.until_read(b"\x1b[?62;22c")
        (back,) = await terminals(stack, daemon, session_id, [True], replay="all")
        await back.client.type(DEVICE + fence(0))
        assert without_fences(await asker.until_read(fence(0))) == b"\x1b[?62;22c"


async def test_a_query_printed_as_a_client_comes_has_one_answer(daemon: Daemon, asker: Asker) -> None:
    """Whether it becomes history to the client or is live, which answers both: the daemon answers, or the client."""
    session_id = await asker.start(daemon)
    for number in range(30):
        asker.print(DEVICE_QUERY + b"<%d>" % number)
        if number % 3 == 2:
            await until_printed(daemon, session_id, b"<%d>" % number)
        async with AsyncExitStack() as stack:
            (terminal,) = await terminals(stack, daemon, session_id, [True], replay="all")
            await terminal.answer(fence(number), until=b"<%d>" % number)
            await asker.until_read(fence(number))
            await terminal.client.send(type="detach")
            await terminal.client.until_closed()
    before = len(asker.record)
    asker.print(SOUND_QUERY)
    await asker.until_read(SOUND, before)
    read = asker.record
    assert read.count(DEVICE) + read.count(b"\x1b[?62;22c") == 30, read


async def test_what_a_slow_client_is_not_shown_the_daemon_answers(daemon: Daemon, asker: Asker) -> None:
    """It is the only one that answers, but it is moved ahead of the query, to the screen behind it."""
    session_id = await asker.start(daemon)
    async with attach(daemon, session_id=session_id, answers=1, replay="restore") as slow:
        for _ in range(12):
            await asyncio.to_thread(asker.print, b"flood\r\n" * 75_000)
        await asyncio.to_thread(asker.print, DEVICE_QUERY + END)
        await until_printed(daemon, session_id, END)
        assert asker.record == b""
        await slow.until_message("skipped")
        assert await asker.until_read(b"\x1b[?62;22c") == b"\x1b[?62;22c"


async def test_without_an_emulator_what_needs_no_screen_is_answered(
    stopped_daemon: Daemon, asker: Asker, home: Path
) -> None:
    """Programs that ask do not wait in vain, but for where the cursor is and for the palette."""
    (home / "broken").mkdir()
    (home / "broken" / "pyghostty.py").write_text("raise ImportError('not for this machine')\n")
    stopped_daemon.environ["PYTHONPATH"] = str(home / "broken")
    stopped_daemon.start()
    await asker.start(stopped_daemon)
    for example in EXAMPLES:
        before, blind = len(asker.record), ROWS[example.name].blind
        asker.print(example.query + SOUND_QUERY)
        count = 1 + (example.query == SOUND_QUERY)
        read = await asker.until_read(SOUND, before, count=count)
        answer = blind(example.query, BlankScreen(80, 24)) if blind is not None else b""
        assert read == answer + SOUND, example


# Replayed


async def ask_all(asker: Asker) -> int:
    """Ask everything, with no client; returns how many bytes of answers there are once all are."""
    asker.print(b"".join(example.query for example in EXAMPLES) + SOUND_QUERY + END)
    await wait_until(lambda: asker.record.endswith(SOUND) and asker.record.count(SOUND) == 2, "the last answer")
    return len(asker.record)


@pytest.mark.parametrize("answers", [[True], [False], [True, True, True], [False, True, False]])
async def test_nothing_that_is_replayed_is_answered(daemon: Daemon, asker: Asker, answers: list[bool]) -> None:
    """The terminals answer to everything, history as well: all of it again, and nothing of that is read."""
    session_id = await asker.start(daemon)
    before = await ask_all(asker)
    async with AsyncExitStack() as stack:
        attached = await terminals(stack, daemon, session_id, answers, replay="all")
        for number, terminal in enumerate(attached):
            await terminal.answer(fence(number), until=END)
            assert without_fences(await asker.until_read(fence(number), before)) == b""
        asker.print(b"<live>" + DEVICE_QUERY + b"</live>")
        for number, terminal in enumerate(attached, start=10):
            await terminal.answer(fence(number), until=b"</live>")
            await asker.until_read(fence(number), before)
        if not any(answers):
            await asker.until_read(b"\x1b[?62;22c", before)
        answer = DEVICE if any(answers) else b"\x1b[?62;22c"
        assert without_fences(asker.record[before:]) == answer


@pytest.mark.parametrize("replay", ["all", "restore", "none"])
async def test_nothing_is_answered_again_after_a_restart_of_the_daemon(
    daemon: Daemon, asker: Asker, replay: str
) -> None:
    session_id = await asker.start(daemon)
    before = await ask_all(asker)
    daemon.restart()
    async with attach(daemon, session_id=session_id, replay=replay) as client:
        await client.until_message("replay_done")
    asker.print(DEVICE_QUERY)
    assert await asker.until_read(b"\x1b[?62;22c", before) == b"\x1b[?62;22c"


# What clients type


async def test_keys_pass_and_dropped_reports_count_as_input(daemon: Daemon, asker: Asker) -> None:
    """A client that does not answer: its report is dropped, and acknowledged; keys that look like one are typed."""
    session_id = await asker.start(daemon)
    async with AsyncExitStack() as stack:
        (terminal,) = await terminals(stack, daemon, session_id, [False])
        client = terminal.client
        await client.type("\x1b[1;2R")
        await asker.until_read(b"\x1b[1;2R")
        asker.print(b"\x1b[6n" + END)
        await asker.until_read(b"\x1b[1;6R")
        await client.until_output(END)
        await client.type("\x1b[24;80R")
        await client.until(lambda one: acknowledged(one) == one.seq, "that all was applied")
        await client.type("\x1b[1;2R.")
        read = await asker.until_read(b".")
        assert read == b"\x1b[1;2R" + b"\x1b[1;6R" + b"\x1b[1;2R."
        client.cut()
    async with attach(daemon, session_id=session_id, client_id="t0") as again:
        assert again.session["input_seq"] == client.seq
        assert again.session["input_unknown"] == 0


async def test_a_report_does_not_change_the_size(daemon: Daemon, asker: Asker) -> None:
    """The size is that of the client that typed last; answering is not typing."""
    session_id = await asker.start(daemon)
    async with (
        attach(daemon, session_id=session_id, answers=1, client_id="a", cols=100, rows=30) as one,
        attach(daemon, session_id=session_id, answers=1, client_id="b", cols=120, rows=40) as two,
        attach(daemon, session_id=session_id, client_id="c", cols=90, rows=25) as three,
    ):
        await three.type("x")
        await asker.until_read(b"x")
        asker.print(DEVICE_QUERY + END)
        for client in (two, one):
            await AnsweringTerminal(client, BY_QUERY).answer(b"", until=END)
            await client.until(lambda one: acknowledged(one) == one.seq, "that all was applied")
        assert asker.record == b"x" + DEVICE
        status = status_of(daemon, session_id)
        assert (status["cols"], status["rows"]) == (90, 25)


async def test_a_client_that_comes_back_while_its_connection_seems_alive_answers(daemon: Daemon, asker: Asker) -> None:
    session_id = await asker.start(daemon)
    async with (
        attach(daemon, session_id=session_id, answers=1, client_id="a"),
        attach(daemon, session_id=session_id, answers=1, client_id="a") as again,
    ):
        asker.print(DEVICE_QUERY + END)
        await AnsweringTerminal(again, BY_QUERY).answer(fence(0), until=END)
        assert without_fences(await asker.until_read(fence(0))) == DEVICE


def acknowledged(client: WireClient) -> int:
    return max((message["seq"] for message in client.messages if message["type"] == "input_ack"), default=0)


# Programs


async def test_what_neovim_asks_at_its_start_is_answered_without_a_client(
    daemon: Daemon, asker: Asker, home: Path
) -> None:
    """It asks for modes, capabilities, colours and the keyboard, and waits for DA1, which comes behind all of them."""
    queries = [
        b"\x1b[?2026$p", b"\x1b[?2027$p", b"\x1b[?2031$p", b"\x1b[?2048$p", b"\x1b[?u",
        b"\x1bP+q5463;524742;73657472676266;73657472676262\x1b\\", b"\x1bP+q4d73\x1b\\", b"\x1b]11;?\x07",
        b"\x1b[0m\x1b[48:2::1:2:3m\x1bP$qm\x1b\\\x1b[0m", b"\x1b[>q", b"\x1b[c",
    ]  # fmt: skip
    program = home / "program.py"
    program.write_text(
        f"import os, time, tty\ntty.setraw(0)\nbegan = time.monotonic()\nos.write(1, {b''.join(queries)!r})\n"
        "read = b''\nwhile b'\\x1b[?62;' not in read:\n    read += os.read(0, 4096)\n"
        "print(repr((time.monotonic() - began, read)), flush=True, end='DONE')\nos.read(0, 1)\n"
    )
    await asker.start(daemon)  # the first need of all starts the emulator
    session_id = spawn(daemon, [sys.executable, "-S", "-E", str(program)], cols=80, rows=24)["session_id"]
    log = await until_printed(daemon, session_id, b"DONE")
    waited, read = eval(log[log.index(b"(") : log.index(b"DONE")])  # noqa: S307  # a tuple that the program above printed
    assert waited < 1.0, waited  # as long as neovim waits
    for name in ("DECRQM, private", "kitty keyboard", "XTGETTCAP", "OSC 10 to 19", "DECRQSS", "XTVERSION", "DA1"):
        assert re.search(ROWS[name].report, read), (name, read)
    assert b"\x1b[?2026;2$y" in read
    assert b"48:2:" in read.replace(b";", b":")


async def test_vim_has_its_answer_and_fish_its_prompt_without_a_client(daemon: Daemon, home: Path) -> None:
    response = home / "response"
    vim = ["vim", "-N", "-u", "NONE", "--cmd", f"autocmd TermResponse * call writefile([v:termresponse], '{response}')"]
    in_vim = spawn(daemon, vim, cols=80, rows=24)["session_id"]
    await wait_until(lambda: response.exists() and response.stat().st_size, "vim's answer")
    assert response.read_bytes() == b"\x1b[>1;0;0c\n"
    in_fish = spawn(daemon, ["fish", "--no-config"], cols=80, rows=24)["session_id"]
    await until_printed(daemon, in_fish, b"\x1b[K\r\x1b[")
    for session_id, farewell in ((in_vim, ":q!\r"), (in_fish, "exit\r")):
        async with attach(daemon, session_id=session_id, answers=1, replay="restore") as client:
            await client.type(farewell)
            assert await client.until_closed() == 4000


async def until_printed(daemon: Daemon, session_id: str, what: bytes) -> bytes:
    """Wait until a session has printed `what`, and return its log."""
    log = b""
    async with asyncio.timeout(20):
        while what not in log:
            log = await fetch_log(daemon, session_id)
    return log

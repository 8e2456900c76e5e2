"""The restored screen is the screen: a client that attaches late sees what one sees that was there from the start."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from zlib import crc32

import pytest
from support.daemons import Daemon
from support.streams import set_limits
from support.waiting import wait_until
from support.wire_client import WireClient, attach

from holdfast.daemon.screens.lines import Line, line
from holdfast.daemon.screens.screen import Screen

COLS, ROWS = 80, 24
SCROLLBACK = {"scrollback_lines": 2000, "scrollback_bytes": 4 << 20}


def shown(screen: Screen, rows: int, *, styled: bool) -> list[Line]:
    """The rows on a screen."""
    visible = screen.snapshot().active.last_rows(rows)
    return [line(row, after, styled=styled) for row, after in zip_longest(visible, visible[1:])]


def seen(data: bytes, cols: int = COLS, rows: int = ROWS) -> tuple[object, ...]:
    """What a terminal shows that was sent `data`."""
    screen = Screen(cols, rows, **SCROLLBACK)
    try:
        screen.feed(data)
        snapshot = screen.snapshot()
        cursor = snapshot.active.cursor
        return (snapshot.is_alternate, cursor.x, cursor.y, snapshot.title, shown(screen, rows, styled=True))
    finally:
        screen.close()


async def screen_of(client: WireClient) -> bytes:
    """The screen that a client attached with restore was sent, with what was printed since."""
    await client.until(lambda one: one.screen is not None, "the screen")
    assert client.screen is not None
    return client.screen + bytes(client.output)


def text_of(data: bytes, cols: int = COLS, rows: int = ROWS) -> str:
    """The text on a terminal that was sent `data`."""
    screen = Screen(cols, rows, **SCROLLBACK)
    try:
        screen.feed(data)
        return b"\n".join(one.text for one in shown(screen, rows, styled=False)).decode()
    finally:
        screen.close()


@pytest.mark.parametrize(
    "script",
    [
        r"printf 'plain\r\n\033[1;31mred\033[0m \033]2;a title\007 prompt$ '",
        r"seq 1 300; printf '\033[5;10Hhere\033[7mreverse'",
        r"seq 1 50; printf '\033[?1049h\033[2J\033[3;4Halternate\033[?25l'",
        r"printf '\033[3;10r\033[?6h\033[4hinsert'; seq 1 40",
        r"printf 'half a sequence \033[1;3'",
        r"printf 'wide \344\270\255\346\226\207 and cut \344\270'",
    ],
)
async def test_late_client_sees_what_an_early_one_sees(daemon: Daemon, script: str) -> None:
    """Text, attributes, cursor, title and active screen are those of a terminal that got every byte."""
    argv = ["sh", "-c", f"{script}; read wait; printf 'm and more'; read wait"]
    async with attach(daemon, argv=argv, cols=COLS, rows=ROWS) as early:
        await early.until(lambda one: len(one.output) > 5)
        await early.settle()
        async with attach(
            daemon, session_id=early.session["session_id"], replay="restore", cols=COLS, rows=ROWS
        ) as late:
            assert late.session["attach"] == "restore"
            await early.until(lambda one: one.offset >= late.offset, "as much as the late one stands for")
            assert seen(await screen_of(late)) == seen(bytes(early.output))
            await early.type("\n")
            for client in (early, late):
                await client.until_output(b"and more")
            assert seen(await screen_of(late)) == seen(bytes(early.output))


async def test_the_screen_is_restored_after_a_crash_of_the_daemon(daemon: Daemon) -> None:
    """A daemon that has never seen the session's output shows its screen all the same."""
    script = r"seq 1 2000; printf '\033[?1049h\033[2J\033[3;4Halternate'; read wait"
    async with attach(daemon, argv=["sh", "-c", script], cols=COLS, rows=ROWS) as early:
        await early.until_output(b"alternate")
    daemon.kill()
    daemon.start()
    async with attach(daemon, session_id=early.session["session_id"], replay="restore", cols=COLS, rows=ROWS) as late:
        assert seen(await screen_of(late)) == seen(bytes(early.output))


async def test_a_long_history_is_restored_from_a_checkpoint(daemon: Daemon, tmp_path: Path) -> None:
    """However much was printed, the screen comes from a checkpoint and the last few MB, with its scrollback."""
    lines = tmp_path / "lines"
    lines.write_text("".join(f"{number} {'x' * 60}\n" for number in range(150_000)))
    script = f"cat {lines}; printf READY; read wait"
    async with attach(daemon, argv=["sh", "-c", script], cols=COLS, rows=ROWS) as early:
        await early.until_output(b"READY")
    daemon.kill()
    daemon.start()
    async with attach(
        daemon, session_id=early.session["session_id"], replay="restore:500", cols=COLS, rows=ROWS
    ) as late:
        restored = await screen_of(late)
    screen = Screen(COLS, ROWS, **SCROLLBACK)
    screen.feed(restored)
    assert screen.scrollback_rows == 500
    oldest = screen.rows(0, 1, styled=False)[0]
    assert f"{150_000 - 500 - ROWS + 1} xxx" in str(oldest)
    screen.close()


async def test_the_terminal_gets_the_clients_size_before_its_screen_is_made(daemon: Daemon) -> None:
    """A client with a wider window is sent the screen as wide as its window."""
    argv = ["sh", "-c", "stty size; read wait; stty size; read wait"]
    async with attach(daemon, argv=argv, cols=COLS, rows=ROWS) as early:
        await early.until_output(b"24 80")
        await early.send(type="detach")
        await early.until_closed()
    async with attach(daemon, session_id=early.session["session_id"], replay="restore", cols=100, rows=30) as late:
        assert (late.session["cols"], late.session["rows"]) == (100, 30)
        restored = await screen_of(late)
        assert seen(restored, 100, 30) == seen(bytes(early.output), 100, 30)
        await late.type("\n")
        await late.until_output(b"30 100")


async def test_an_exact_resume_paints_nothing(daemon: Daemon) -> None:
    """A client that already shows the right bytes is not sent a screen."""
    async with attach(daemon, client_id="me", argv=["sh", "-c", "printf hello; read wait"]) as first:
        await first.until_output(b"hello")
    async with attach(
        daemon, session_id=first.session["session_id"], client_id="me", since=first.offset, replay="restore"
    ) as second:
        await second.until_message("replay_done")
        assert (second.session["attach"], second.screen) == ("exact", None)


async def test_json_clients_get_the_screen_as_text(daemon: Daemon) -> None:
    """In JSON the screen is one output that is replay and ends where it begins."""
    async with attach(daemon, argv=["sh", "-c", "printf hello; read wait"]) as first:
        await first.until_output(b"hello")
        async with attach(daemon, binary=False, session_id=first.session["session_id"], replay="restore") as second:
            message = json.loads(await second.connection.recv())
    assert (message["type"], message["is_replay"], message["offset"], message["end"]) == ("output", True, 5, 5)
    assert "hello" in message["text"]


async def test_a_client_too_far_behind_is_moved_ahead(daemon: Daemon, tmp_path: Path) -> None:
    """A client that looks at a screen and missed many MB is told what was skipped, and sent the screen of now."""
    lines = tmp_path / "lines"
    lines.write_text("".join(f"{number} {'x' * 90}\n" for number in range(120_000)))
    script = f"printf first; read go; cat {lines}; printf LAST; read wait"
    async with attach(daemon, client_id="me", argv=["sh", "-c", script]) as first:
        await first.until_output(b"first")
    session_id, offset = first.session["session_id"], first.offset
    async with attach(daemon, session_id=session_id, replay="none") as other:
        await other.type("\n")
        await other.until_output(b"LAST")
    async with attach(daemon, session_id=session_id, client_id="me", since=offset, replay="restore") as back:
        skipped = await back.until_message("skipped")
        assert (skipped["from_offset"], skipped["reason"]) == (offset, "behind")
        assert b"LAST" in await screen_of(back)
    async with attach(daemon, session_id=session_id, client_id="all", since=offset) as whole:
        await whole.until_output(b"LAST")
        assert "skipped" not in [message["type"] for message in whole.messages]


async def test_without_an_emulator_history_is_replayed(daemon: Daemon, tmp_path: Path) -> None:
    """Where the emulator is missing, sessions live on, and a client that wants a screen gets raw history."""
    (tmp_path / "pyghostty").mkdir()
    (tmp_path / "pyghostty" / "__init__.py").write_text("raise ImportError('not for this machine')\n")
    daemon.stop()
    daemon.environ["PYTHONPATH"] = str(tmp_path)
    daemon.start()
    async with attach(daemon, argv=["sh", "-c", "printf hello; read wait; printf bye; read wait"]) as first:
        await first.until_output(b"hello")
        async with attach(daemon, session_id=first.session["session_id"], replay="restore") as second:
            assert second.session["attach"] == "replay"
            await second.until_output(b"hello")
            await first.type("\n")
            await second.until_output(b"bye")
    assert "not for this machine" in daemon.log


async def test_checkpoints_of_another_emulator_are_made_again(daemon: Daemon, tmp_path: Path) -> None:
    """An upgrade that reads checkpoints differently costs time, and no screen."""
    file = tmp_path / "lines"
    file.write_text("".join(f"{number} {'x' * 60}\n" for number in range(80_000)))
    async with attach(daemon, argv=["sh", "-c", f"cat {file}; printf READY; read wait"], cols=COLS, rows=ROWS) as early:
        await early.until_output(b"READY")
    session_id = early.session["session_id"]
    async with attach(daemon, session_id=session_id, replay="restore") as late:
        before = seen(await screen_of(late))
    daemon.stop()
    with closing(sqlite3.connect(daemon.home / "data" / "sessions.db")) as database:
        rows = database.execute("SELECT at_offset, blob FROM checkpoints").fetchall()
        assert rows
        for offset, blob in rows:
            other = b"\xff" + blob[1:]
            database.execute(
                "UPDATE checkpoints SET blob = ?, crc32 = ? WHERE at_offset = ?", (other, crc32(other), offset)
            )
        database.commit()
    daemon.start()
    async with attach(daemon, session_id=session_id, replay="restore") as late:
        assert late.session["attach"] == "restore"
        assert seen(await screen_of(late)) == before


CRASH = "\x1b[?69h\x1b[11;17s\x1b[;6r\x1b[?2027hक\x1b[9d漢字漢字漢字the quic漢字漢字漢字漢字漢字क्ष"
"""In 20x12 it kills libghostty-vt 0.1.3 (SIGSEGV)."""


async def test_output_that_kills_the_emulator_costs_nobody_else_anything(daemon: Daemon, tmp_path: Path) -> None:
    """The session lives and its clients get raw history; other sessions have their screens, also right behind it."""
    poison = tmp_path / "poison"
    poison.write_text(CRASH)
    script = f"cat {poison}; read wait; printf alive; read wait"
    async with (
        attach(daemon, argv=["sh", "-c", "printf good; read wait"], cols=COLS, rows=ROWS) as good,
        attach(daemon, argv=["sh", "-c", script], cols=20, rows=12) as bad,
    ):
        await good.until_output(b"good")
        await bad.until_output("क्ष".encode())
        for _ in range(2):
            async with attach(daemon, session_id=good.session["session_id"], replay="restore") as late:
                assert "good" in text_of(await screen_of(late))
            async with attach(daemon, session_id=bad.session["session_id"], replay="restore", cols=20, rows=12) as late:
                assert late.session["attach"] == "replay"
                await late.until_output("क्ष".encode())
        await bad.type("\n")
        await bad.until_output(b"alive")
    assert daemon.log.count(f"session {bad.session['session_id']} goes on without a mirror") == 1


PROGRAMS = {
    "vim": (["vim", "-u", "NONE", "-N", "FILE"], "line 7 of", "G", "line 400 of"),
    "less": (["less", "FILE"], "line 7 of", "G", "line 400 of"),
    "htop": (["htop"], "F10", "h", "Arrows"),
    "top": (["top"], "load average", "h", "Help"),
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_full_screen_programs_come_back_after_a_crash(daemon: Daemon, tmp_path: Path, name: str) -> None:
    """The screen of a program is there at once after the daemon was killed, and its keys work."""
    argv, shown, key, answer = PROGRAMS[name]
    if shutil.which(argv[0]) is None:
        pytest.skip(f"needs {argv[0]}")
    file = tmp_path / "file"
    file.write_text("".join(f"line {number} of the file\n" for number in range(1, 401)))
    argv = [str(file) if word == "FILE" else word for word in argv]
    async with attach(daemon, argv=argv, cols=COLS, rows=ROWS) as early:
        await early.until(lambda one: shown in text_of(bytes(one.output)), shown)
        await early.settle()
    daemon.kill()
    daemon.start()
    async with attach(daemon, session_id=early.session["session_id"], replay="restore", cols=COLS, rows=ROWS) as late:
        restored = await screen_of(late)
        assert shown in text_of(restored)
        if name in ("vim", "less"):  # the others draw something new every second
            assert seen(restored) == seen(bytes(early.output))
        await late.type(key)
        await late.until(lambda one: answer in text_of((one.screen or b"") + bytes(one.output)), answer)


async def test_the_mirror_is_not_overtaken_by_trimming(stopped_daemon: Daemon, tmp_path: Path) -> None:
    """Modes that were set before a flood longer than what is kept are still known behind it."""
    daemon = stopped_daemon
    set_limits(daemon, session_bytes=16_000_000, total_bytes=100_000_000)
    daemon.start()
    file = tmp_path / "file"
    file.write_text("".join(f"{number} {'x' * 90}\n" for number in range(60_000)))
    script = rf"printf '\033[?2004h\033[4h\033]2;kept\007'; cat {file} {file} {file} {file}; printf READY; read wait"
    async with attach(daemon, argv=["sh", "-c", script], cols=COLS, rows=ROWS) as early:
        await early.until_output(b"READY")
        session = f"/api/sessions/{early.session['session_id']}"
        async with attach(daemon, session_id=early.session["session_id"], replay="restore") as late:
            restored = await screen_of(late)
        await early.send(type="resize", cols=COLS, rows=ROWS + 1)  # something to store
        await wait_until(lambda: daemon.request("GET", session)[1]["head"] > 0, "history to be trimmed")
    assert b"\x1b]2;kept" in restored
    assert seen(restored) == seen(bytes(early.output))

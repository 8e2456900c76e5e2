"""The language of ttyd's clients: what they send, what they are sent, and which session they mean."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Literal

import pytest

from holdfast.daemon.front.ttyd import Hello, Hold, Keys, NewSize, TtydEncoding, TtydMessage, notice, parse
from holdfast.daemon.front.ttyd_connection import session_name
from holdfast.daemon.sessions.attachment import Restored
from holdfast.wire.errors import MessageError, QueryError
from holdfast.wire.messages import Exit, InputAck, ReplayDone, Session

SESSION = Session(
    session_id="7e0d1c3a-58f2-4c1e-9b1a-2f6d0a9c4e11", reconnected=True, age_seconds=1.0, created_at=1.0,
    attach="restore", offset=10, input_seq=0, cols=80, rows=24, fallback=None, previous_session_id=None, client_id="c",
    name="build", trimmed_bytes=0, replay_until=12, input_unknown=0, exclusive=None, first_line=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"AuthToken":"","columns":80,"rows":24}', Hello(80, 24)),
        ('{"AuthToken":"","columns":80,"rows":24}', Hello(80, 24)),
        (b"{}", Hello(None, None)),
        (b'{"columns":0,"rows":-1}', Hello(None, None)),
        (b'{"columns":70000,"rows":"24"}', Hello(1000, None)),
        (b"0ls\r", Keys(b"ls\r")),
        (b"0", Keys(b"")),
        ("0é", Keys("é".encode())),
        (b"0\xff\x1b", Keys(b"\xff\x1b")),
        (b'1{"columns":100,"rows":30}', NewSize(100, 30)),
        (b'1{"columns":100}', None),
        (b"2", Hold(is_held=True)),
        (b"3", Hold(is_held=False)),
        (b"", None),
        (b"9", None),
        (b"\x01", None),
    ],
)
def test_what_a_client_sends(data: str | bytes, message: TtydMessage | None) -> None:
    assert parse(data) == message


@pytest.mark.parametrize("data", [b"{", b"1", b"1[]", b"1" + b"[" * 5000, b'{"columns"', b"1\xff"])
def test_a_size_that_makes_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises(MessageError):
        parse(data)


def begun(attach: Literal["fresh", "replay", "restore"]) -> TtydEncoding:
    encoding = TtydEncoding(lambda message: f"{message.name}\x1b\n here")
    title, preferences = encoding.message(replace(SESSION, attach=attach))
    assert title == b"1build  here"
    assert isinstance(preferences, bytes)
    assert preferences[:1] == b"2"
    assert json.loads(preferences[1:]) == {"disableLeaveAlert": True}
    return encoding


def output(encoding: TtydEncoding, data: bytes, *, is_replay: bool) -> str | bytes:
    return encoding.output(0, memoryview(data), is_replay=is_replay, prompt=lambda _: True)


def test_it_gets_title_preferences_screen_and_output() -> None:
    """Behind the screen also what was printed while that was made; what it has no place for is left out."""
    encoding = begun("restore")
    assert encoding.screen(Restored(10, b"screen", 0)) == b"0screen"
    assert output(encoding, b"more", is_replay=True) == b"0more"
    assert output(encoding, b"\xff\x00", is_replay=False) == b"0\xff\x00"
    assert [list(encoding.message(one)) for one in (ReplayDone(3), InputAck(3), Exit(0, None))] == [[], [], []]
    assert encoding.rest() == b""


def test_a_terminal_that_shows_something_is_reset_before_the_screen() -> None:
    encoding = begun("restore")
    encoding.screen(Restored(10, b"one", 0))
    assert encoding.screen(Restored(90, b"two", 0)) == b"0\x1bctwo"
    encoding = begun("fresh")
    output(encoding, b"x", is_replay=False)
    assert encoding.screen(Restored(90, b"two", 0)) == b"0\x1bctwo"


def test_history_as_it_was_printed_is_left_out() -> None:
    """It would ring and ask again; there is only that where no screen can be made."""
    encoding = begun("replay")
    assert output(encoding, b"\x07\x1b[c", is_replay=True) == b""
    assert output(encoding, b"live", is_replay=False) == b"0live"


@pytest.mark.parametrize(
    ("code", "told"),
    [(1000, 1000), (1001, 1001), (1011, 1011), *((code, 1000) for code in (4000, 4001, 4002, 4003, 4004, 4008))],
)
def test_its_page_comes_back_only_where_that_helps(code: int, told: int) -> None:
    assert begun("fresh").close_code(code) == told


def test_a_notice_is_a_line_that_can_do_nothing() -> None:
    assert notice("no\x1b]52;\x07\r\nway \x9b31m é") == b"0\x1b[0;31mholdfast: no ]52; way  31m \xc3\xa9\x1b[0m\r\n"


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/tty/ws", ""),
        ("/tty/ws?arg=build", "build"),
        ("/tty/ws?x=1&arg=a%20b&arg=c", "a b"),
        ("/tty/build/ws", "build"),
        ("/tty/build/ws?arg=other", "build"),
        ("/tty/gr%C3%BC%C3%9Fe%2F1/ws", "grüße/1"),
        ("/tty/ws/ws", "ws"),
        ("/tty/token/token", "token"),
    ],
)
def test_which_session_is_meant(target: str, name: str) -> None:
    assert session_name(target) == name


@pytest.mark.parametrize("target", ["/tty/%ff/ws", "/tty/ws?arg=%ff"])
def test_a_name_that_is_no_text_is_refused(target: str) -> None:
    with pytest.raises(QueryError):
        session_name(target)

"""`holdfast log --plain`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.client.cli.plain import PlainText


def plain(*parts: bytes) -> bytes:
    text = PlainText()
    return b"".join([*(text.feed(part) for part in parts), text.finish()])


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain\r\ntext\r\n", b"plain\ntext\n"),
        (b"\x1b[1;31mred\x1b[0m", b"red"),
        (b"\x1b[?2004l\rhello\r\n", b"hello\n"),
        (b"\x1b]0;title\x07a\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", b"alink"),
        (b"\x1bP+q544e\x1b\\a\x1b_Gf=100;AAAA\x1b\\b\x1b^x\x1b\\c", b"abc"),
        (b"\x1b(B\x1b7a\x1bMb\x1b#8", b"ab"),
        (b"10%\r20%\r\r\n", b"10%\n20%\n"),
        (b"a\r\n\rb\r\n\r\nc", b"a\nb\n\nc"),
        (b"bell\x07 back\x08 nul\x00 tab\tend", b"bell back nul tab\tend"),
        ("─ é 名 \u0085x".encode(), "─ é 名 x".encode()),
        (b"\xff\xfe", "\ufffd\ufffd".encode()),
        (b"\xc2\x1b[m\x9b31m", b"31m"),  # what a sequence kept apart does not become a control
        (b"cut off\x1b[3", b"cut off"),
        (b"cut off\x1b]0;title", b"cut off"),
        (b"aborted\x1b]0;ti\x1b[1mtle", b"abortedtle"),
    ],
)
def test_text_stays_and_sequences_go(raw: bytes, text: bytes) -> None:
    assert plain(raw) == text
    assert plain(*(raw[at : at + 1] for at in range(len(raw)))) == text


@given(
    st.lists(
        st.sampled_from([b"\x1b", b"[", b"]", b"0", b";", b"m", b"\x07", b"\\", b"\r", b"\n", b"\xc2", b"\x9b", b"P"])
    ),
    st.data(),
)
def test_cuts_change_nothing_and_no_control_is_left(pieces: list[bytes], data: st.DataObject) -> None:
    raw = b"".join(pieces)
    cut = data.draw(st.integers(0, len(raw)))
    text = plain(raw[:cut], raw[cut:])
    assert text == plain(raw)
    assert all(char == "\n" or char.isprintable() for char in text.decode())


@pytest.mark.parametrize("piece", [b"\r", b"\x1b[1", b"\x1b]a", b"\x1b", b"\x1b] ", b"\xc2"])
def test_hostile_output_takes_linear_time_and_no_memory(piece: bytes) -> None:
    text = PlainText()
    for _ in range(64):
        text.feed(piece * 1000)
    assert len(text._held) < 64 * 1000 * len(piece) + 1
    text.finish()

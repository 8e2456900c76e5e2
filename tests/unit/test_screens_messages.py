"""The language between daemon and screens process: its messages as frames, whole, cut and broken."""

from __future__ import annotations

import io
import json
import struct
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.daemon.screens.codec import (
    MAX_PAYLOAD_BYTES,
    BadMessageError,
    Frames,
    encode,
    pack_matches,
    pack_rows,
    read_message,
    unpack_matches,
    unpack_rows,
)
from holdfast.daemon.screens.messages import (
    Answer,
    Ask,
    Blank,
    Checkpoint,
    Checkpointed,
    Collect,
    Done,
    Drop,
    Failed,
    Feed,
    FeedChunk,
    Finish,
    FinishText,
    Found,
    Load,
    Match,
    Message,
    Painted,
    Ready,
    Resize,
    Restore,
    Row,
    Rows,
    Search,
    Skip,
    Take,
    TakeText,
    Text,
)

NUMBERS = st.integers(0, 2**63 - 1)
SIDES = st.integers(1, 65535)
DATA = st.binary(max_size=40)
PARTS = st.integers(0, 255)
COLOURS = st.none() | st.tuples(PARTS, PARTS, PARTS)
TEXTS = st.text(max_size=20)

MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Blank, NUMBERS, SIDES, SIDES),
    st.builds(Load, NUMBERS, DATA),
    st.builds(Feed, NUMBERS, DATA),
    st.builds(FeedChunk, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, DATA),
    st.builds(Skip, NUMBERS, NUMBERS),
    st.builds(Resize, NUMBERS, SIDES, SIDES),
    st.builds(Restore, NUMBERS, NUMBERS),
    st.builds(Checkpoint, NUMBERS),
    st.builds(Ask, NUMBERS, DATA),
    st.builds(Collect, NUMBERS, NUMBERS, NUMBERS, st.booleans(), st.booleans()),
    st.builds(Take, NUMBERS),
    st.builds(Finish, NUMBERS),
    st.builds(TakeText, NUMBERS, NUMBERS),
    st.builds(FinishText, NUMBERS, NUMBERS),
    st.builds(Search, NUMBERS, NUMBERS, NUMBERS, TEXTS, st.booleans(), st.booleans(), NUMBERS, DATA),
    st.builds(Drop, NUMBERS),
    st.builds(Ready, NUMBERS, st.none() | TEXTS),
    st.builds(Done, NUMBERS),
    st.builds(Failed, TEXTS),
    st.builds(Painted, DATA, NUMBERS),
    st.builds(Checkpointed, DATA, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Answer, DATA, NUMBERS, NUMBERS, SIDES, SIDES, COLOURS, COLOURS, COLOURS),
    st.builds(Rows, DATA),
    st.builds(Text, NUMBERS, NUMBERS, DATA),
    st.builds(Found, NUMBERS, st.none() | TEXTS, DATA),
)
ROWS = st.lists(st.builds(Row, NUMBERS, NUMBERS, DATA, st.booleans()), max_size=6)


def frame(head: object, payload: bytes = b"") -> bytes:
    body = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack(">II", len(body), len(payload)) + body + payload


@given(NUMBERS, MESSAGES)
def test_a_message_comes_back_as_it_was_and_nothing_behind_it_is_read(number: int, message: Message) -> None:
    stream = io.BytesIO(b"".join(encode(number, message)) + b"next")
    assert read_message(stream) == (number, message)
    assert stream.read() == b"next"


@given(st.lists(MESSAGES, max_size=5), st.data())
def test_messages_come_out_of_a_stream_however_it_is_cut(messages: list[Message], data: st.DataObject) -> None:
    stream = b"".join(part for number, message in enumerate(messages) for part in encode(number, message))
    frames, received, at = Frames(), [], 0
    while at < len(stream):
        count = data.draw(st.integers(1, 200))
        received += list(frames.take(stream[at : at + count]))
        at += count
    assert received == list(enumerate(messages))


def test_every_message_is_tried() -> None:
    """A kind that is new must be in the strategies above."""
    assert len(get_args(Message)) == 25


def test_the_end_of_the_stream_is_told_from_a_message_that_is_cut_off() -> None:
    whole = b"".join(encode(1, Feed(1, b"output")))
    assert read_message(io.BytesIO(b"")) is None
    for length in range(1, len(whole)):
        with pytest.raises(BadMessageError, match="cut off"):
            read_message(io.BytesIO(whole[:length]))


@pytest.mark.parametrize(
    "bad",
    [
        frame(b"{"),
        frame(b"\xff"),
        frame(b"[" * 60_000),
        frame({"number": 1}),
        frame([]),
        frame([1]),
        frame([1, "Nothing"]),
        frame([1, ["Take"], 1]),
        frame([-1, "Take", 1]),
        frame([True, "Take", 1]),
        frame([1, "Take"]),
        frame([1, "Take", 1, 2]),
        frame([1, "Take", -1]),
        frame([1, "Take", 2**63]),
        frame([1, "Take", 1.0]),
        frame([1, "Take", "1"]),
        frame([1, "Take", 1], b"payload"),
        frame([1, "Blank", 1, 0, 24]),
        frame([1, "Blank", 1, 65536, 24]),
        frame([1, "Collect", 1, 0, 9, 1, True]),
        frame([1, "Ready", 1, 5]),
        frame([1, "Failed", "x" * 2001]),
        frame([1, "Answer", 0, 0, 80, 24, [1, 2], None, None]),
        frame([1, "Answer", 0, 0, 80, 24, [1, 2, 256], None, None]),
        frame([1, "Answer", 0, 0, 80, 24, [1, 2, True], None, None]),
        frame([1, "Answer", 0, 0, 80, 24, "red", None, None]),
    ],
)
def test_what_makes_no_sense_is_refused_by_both_ends(bad: bytes) -> None:
    with pytest.raises(BadMessageError):
        read_message(io.BytesIO(bad))
    with pytest.raises(BadMessageError):
        list(Frames().take(bad))


@pytest.mark.parametrize("lengths", [(1 << 17, 0), (2, MAX_PAYLOAD_BYTES + 1)])
def test_a_frame_that_says_it_is_too_long_is_not_waited_for(lengths: tuple[int, int]) -> None:
    with pytest.raises(BadMessageError):
        list(Frames().take(struct.pack(">II", *lengths)))


def test_a_message_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(BadMessageError):
        encode(1, Feed(1, bytes(MAX_PAYLOAD_BYTES + 1)))
    with pytest.raises(BadMessageError):
        encode(1, Failed("x" * 70_000))


@pytest.mark.parametrize(
    "bad", [Blank(1, 0, 24), Restore(1, -1), Collect(1, 0, 2**63, styled=True, exact=True), Skip(-1, 0)]
)
def test_a_message_that_makes_no_sense_is_not_sent(bad: Message) -> None:
    with pytest.raises(BadMessageError, match="range"):
        encode(1, bad)


@given(ROWS)
def test_rows_come_back_as_they_were(rows: list[Row]) -> None:
    assert unpack_rows(pack_rows(rows)) == rows


@given(ROWS.filter(bool), st.data())
def test_rows_that_are_cut_off_are_refused(rows: list[Row], data: st.DataObject) -> None:
    packed = pack_rows(rows)
    last = pack_rows(rows[-1:])
    cut = data.draw(st.integers(len(packed) - len(last) + 1, len(packed) - 1))
    with pytest.raises(BadMessageError):
        unpack_rows(packed[:cut])


@given(
    st.lists(
        st.builds(Match, NUMBERS, NUMBERS, TEXTS, st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3).map(tuple)),
        max_size=4,
    )
)
def test_matches_come_back_as_they_were(matches: list[Match]) -> None:
    assert unpack_matches(pack_matches(matches)) == matches


@pytest.mark.parametrize("data", [b"", b"{", b"1", b"[1]", b'[[1,2,"text"]]', b'[[1,2,"text",[[1]]]]', b"\xff"])
def test_matches_that_make_no_sense_are_refused(data: bytes) -> None:
    with pytest.raises(BadMessageError):
        unpack_matches(data)

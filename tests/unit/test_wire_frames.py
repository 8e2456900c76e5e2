"""Binary frames: what is encoded is decoded again, and nothing but FrameError comes of rubbish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.wire.errors import FrameError
from holdfast.wire.frames import FRAME_HEADER_BYTES, MAX_NUMBER, FrameKind, decode_frame, encode_frame

numbers = st.integers(0, MAX_NUMBER)


@given(kind=st.sampled_from(FrameKind), number=numbers, payload=st.binary(max_size=300))
def test_every_frame_comes_back_as_it_was_sent(kind: FrameKind, number: int, payload: bytes) -> None:
    frame = decode_frame(encode_frame(kind, number, payload))
    assert (frame.kind, frame.number, bytes(frame.payload)) == (kind, number, payload)


@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_a_frame_or_a_frame_error(data: bytes) -> None:
    try:
        frame = decode_frame(data)
    except FrameError:
        return
    assert encode_frame(*frame) == data


@given(kind=st.integers(5, 255), number=numbers)
def test_unknown_kinds_are_refused_by_their_number(kind: int, number: int) -> None:
    data = bytes([kind]) + number.to_bytes(8, "big")
    with pytest.raises(FrameError, match=f"0x{kind:02x}"):
        decode_frame(data)


@given(st.integers(MAX_NUMBER + 1, 2**64 - 1))
def test_numbers_that_json_could_not_carry_are_refused(number: int) -> None:
    with pytest.raises(FrameError, match=str(number)):
        decode_frame(encode_frame(FrameKind.OUTPUT, number, b"x"))


def test_the_payload_is_a_view_and_no_copy() -> None:
    data = encode_frame(FrameKind.REPLAY, 7, b"history")
    assert decode_frame(data).payload.obj is data


def test_a_view_can_be_sent_without_copying_it_first() -> None:
    assert encode_frame(FrameKind.OUTPUT, 1, memoryview(b"abc")[1:]) == b"\x01" + (1).to_bytes(8, "big") + b"bc"


def test_the_header_has_nine_bytes() -> None:
    assert FRAME_HEADER_BYTES == len(encode_frame(FrameKind.INPUT, 0, b"")) == 9

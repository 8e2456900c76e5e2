from __future__ import annotations

import pytest
import zstandard

from holdfast.client.output import MAX_CHUNK_BYTES, Output, OutputCursor, Screen
from holdfast.wire.errors import FrameError
from holdfast.wire.frames import FrameKind, encode_frame


class Cursor(OutputCursor):
    def __init__(self, expected: int = 0) -> None:
        self.holes: list[tuple[int, int]] = []
        super().__init__(lambda first, end: self.holes.append((first, end)))
        self.expected = expected


def test_the_three_kinds_of_output() -> None:
    cursor = Cursor()
    packed = zstandard.ZstdCompressor().compress(b"old\n")
    assert cursor.decode(encode_frame(FrameKind.REPLAY_ZSTD, 0, packed)) == Output(0, b"old\n", True)
    assert cursor.decode(encode_frame(FrameKind.REPLAY, 4, b"not so old\n")) == Output(4, b"not so old\n", True)
    assert cursor.decode(encode_frame(FrameKind.OUTPUT, 15, b"new")) == Output(15, b"new", False)
    assert cursor.expected == 18
    assert cursor.holes == []


def test_what_was_delivered_before_is_dropped() -> None:
    cursor = Cursor(10)
    assert cursor.decode(encode_frame(FrameKind.REPLAY, 4, b"abcdef")) is None
    assert cursor.decode(encode_frame(FrameKind.REPLAY, 4, b"abcdefgh")) == Output(10, b"gh", True)
    assert cursor.decode(encode_frame(FrameKind.OUTPUT, 0, b"x")) is None
    assert (cursor.expected, cursor.holes) == (12, [])


def test_a_hole_is_reported_and_output_goes_on_behind_it() -> None:
    cursor = Cursor(5)
    assert cursor.decode(encode_frame(FrameKind.OUTPUT, 9, b"x")) == Output(9, b"x", False)
    assert (cursor.expected, cursor.holes) == (10, [(5, 9)])


def test_a_screen_stands_for_all_before_it_and_counts_nothing() -> None:
    """Output goes on at its very offset, whatever its length, and neither overlap nor a hole is made of it."""
    cursor = Cursor(100)
    screen = cursor.decode(encode_frame(FrameKind.RESTORE, 100, b"\x1b[H\x1b[2Jshown\x1b["))
    assert isinstance(screen, Screen)
    assert (screen, screen.end) == ((100, b"\x1b[H\x1b[2Jshown\x1b[", True), 100)
    more = cursor.decode(encode_frame(FrameKind.OUTPUT, 100, b"1mmore"))
    assert more == Output(100, b"1mmore", False)
    assert more is not None
    assert (more.end, type(more), cursor.holes) == (106, Output, [])


def test_a_screen_that_comes_unannounced_is_a_hole() -> None:
    """A screen ahead of the output is preceded by `skipped`; where it is not, that is reported. One behind is taken."""
    cursor = Cursor(5)
    assert cursor.decode(encode_frame(FrameKind.RESTORE, 9, b"x")) == Screen(9, b"x", True)
    assert (cursor.expected, cursor.holes) == (9, [(5, 9)])
    assert cursor.decode(encode_frame(FrameKind.RESTORE, 7, b"y")) == Screen(7, b"y", True)
    assert cursor.decode(encode_frame(FrameKind.OUTPUT, 7, b"again")) == Output(7, b"again", False)
    assert cursor.holes == [(5, 9)]


def test_an_empty_frame_is_no_output() -> None:
    assert Cursor().decode(encode_frame(FrameKind.OUTPUT, 0, b"")) is None


GOOD = zstandard.ZstdCompressor().compress(b"x" * 1000)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"rubbish",
        GOOD[:-1],
        zstandard.ZstdCompressor(write_content_size=False).compress(b"x"),
        zstandard.ZstdCompressor().compress(bytes(MAX_CHUNK_BYTES + 1)),
    ],
    ids=["empty", "rubbish", "cut off", "without its size", "a bomb"],
)
def test_a_compressed_frame_that_cannot_be_trusted_is_refused(payload: bytes) -> None:
    with pytest.raises(FrameError, match="compressed frame"):
        Cursor().decode(encode_frame(FrameKind.REPLAY_ZSTD, 0, payload))


def test_a_frame_of_another_kind_is_refused() -> None:
    with pytest.raises(FrameError, match="does not belong here"):
        Cursor().decode(encode_frame(FrameKind.INPUT, 0, b"x"))

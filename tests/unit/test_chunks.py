"""Chunks: cut where a reader can begin, packed so that they come back as they were."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from holdfast.store.chunks import (
    COMPRESS_FROM_BYTES,
    RAW,
    ZSTD,
    Chunk,
    checksum,
    cut_length,
    decode_chunk,
    encode_chunk,
    is_sound,
)
from holdfast.store.errors import StoreError


@pytest.mark.parametrize(
    ("data", "limit", "kept"),
    [
        (b"one\ntwo\nthr", 11, b"one\ntwo\n"),
        (b"one\ntwo\nthr", 6, b"one\n"),
        (b"one\n", 4, b"one\n"),
        (b"no line feed", 5, b"no li"),
        (b"abc\xe2\x94\x80", 5, b"abc"),
        (b"abc\xe2\x94\x80", 6, b"abc\xe2\x94\x80"),
        (b"ab\xf0\x9f\x98", 5, b"ab"),
        (b"ab\xc3", 3, b"ab"),
        (b"ab\xff", 3, b"ab\xff"),
        (b"\x80\x80\x80\x80", 4, b"\x80\x80\x80\x80"),
        (b"text\x1b", 5, b"text"),
        (b"text\x1b[", 6, b"text"),
        (b"text\x1b[38;5;1", 11, b"text"),
        (b"text\x1b[38;5;1m", 13, b"text\x1b[38;5;1m"),
        (b"text\x1b[?25", 9, b"text"),
        (b"text\x1b(", 6, b"text"),
        (b"text\x1b(B", 7, b"text\x1b(B"),
        (b"text\x1b]0;a title", 14, b"text"),
        (b"text\x1b]0;a title\x07", 16, b"text\x1b]0;a title\x07"),
        (b"text\x1b]0;title\x1b", 13, b"text"),
        (b"text\x1b]0;title\x1b\\", 15, b"text\x1b]0;title\x1b\\"),
        (b"\x1bPq#0;2;0;0;0", 12, b"\x1bPq#0;2;0;0;"),
        (b"\xe2\x94", 2, b"\xe2\x94"),
    ],
)
def test_a_cut_is_where_the_parser_rests(data: bytes, limit: int, kept: bytes) -> None:
    assert data[: cut_length(data, limit)] == kept


@given(st.binary(min_size=1, max_size=9000), st.integers(1, 10_000))
def test_a_cut_always_goes_on_and_keeps_to_its_limit(data: bytes, limit: int) -> None:
    assert 1 <= cut_length(data, limit) <= min(limit, len(data))


@given(st.text(min_size=8, max_size=3000).filter(lambda text: "\n" not in text and "\x1b" not in text), st.data())
def test_no_character_is_cut_in_two(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    limit = data.draw(st.integers(4, len(raw)))
    assert raw[: cut_length(raw, limit)].decode()


@given(st.binary(max_size=30_000))
def test_a_chunk_comes_back_as_it_was(raw: bytes) -> None:
    assert decode_chunk(*encode_chunk(raw), len(raw)) == raw


def test_packing_begins_at_ten_kilobytes() -> None:
    assert encode_chunk(b"a" * (COMPRESS_FROM_BYTES - 1))[0] == RAW
    codec, blob = encode_chunk(b"a" * COMPRESS_FROM_BYTES)
    assert codec == ZSTD
    assert zstandard.frame_content_size(blob) == COMPRESS_FROM_BYTES, "a client can be sent the frame as it is"


def test_what_does_not_get_smaller_stays_raw() -> None:
    noise = os.urandom(20_000)
    assert encode_chunk(noise) == (RAW, noise)


@pytest.mark.parametrize(
    ("codec", "blob", "raw_length"),
    [
        (RAW, b"abc", 4),
        (ZSTD, b"not a frame", 100),
        (ZSTD, zstandard.compress(b"a" * 1000), 999),
        (ZSTD, zstandard.compress(b"a" * 1000)[:-3], 1000),
        (7, b"abc", 3),
    ],
    ids=["short", "no frame", "bomb", "truncated", "unknown codec"],
)
def test_a_blob_that_does_not_hold_what_it_says_is_an_error(codec: int, blob: bytes, raw_length: int) -> None:
    with pytest.raises(StoreError):
        decode_chunk(codec, blob, raw_length)


@pytest.mark.parametrize("raw", [b"short", b"long" * 10_000])
def test_a_changed_row_is_not_sound(raw: bytes) -> None:
    codec, blob = encode_chunk(raw)
    chunk = Chunk(100, len(raw), codec, blob, lines=0, cols=80, rows=24, started_at=0.0, ended_at=0.0)
    assert is_sound(chunk, checksum(blob))
    assert chunk.raw() == raw
    assert chunk.end_offset == 100 + len(raw)
    assert not is_sound(chunk, checksum(blob) ^ 1)
    assert not is_sound(replace(chunk, blob=blob[:-1]), checksum(blob))
    assert not is_sound(replace(chunk, raw_length=len(raw) + 1), checksum(blob))
    assert not is_sound(replace(chunk, codec=1 - codec), checksum(blob))
    assert not is_sound(replace(chunk, codec=9), checksum(blob))

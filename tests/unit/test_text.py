"""Output as text: whole characters, and offsets that a client can come back with."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from holdfast.daemon.front.text import Text, TextStream


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_any_split_gives_the_same_text(data: bytes, cuts: list[int]) -> None:
    """However the bytes are split, the texts join to the same whole and their offsets are seamless."""
    stream = TextStream()
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [stream.feed(1000 + start, data[start:stop]) for start, stop in pairwise(bounds)]
    rest = stream.finish()
    pieces += [rest] if rest else []
    assert "".join(piece.text for piece in pieces) == data.decode(errors="replace")
    assert pieces[0].offset == 1000
    assert pieces[-1].end == 1000 + len(data)
    assert all(first.end == second.offset for first, second in pairwise(pieces))


def test_coming_back_at_end_repeats_nothing() -> None:
    """A character whose first byte has come counts as not yet sent."""
    stream = TextStream()
    assert stream.feed(0, "aé".encode()[:2]) == Text("a", 0, 1)
    assert stream.feed(2, "é".encode()[1:]) == Text("é", 1, 3)


def test_after_a_gap_nothing_old_is_joined() -> None:
    """Half a character before a gap does not spoil what comes behind it."""
    stream = TextStream()
    stream.feed(0, b"a\xc3")
    assert stream.feed(50, b"b") == Text("b", 50, 51)

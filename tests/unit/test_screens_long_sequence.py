"""A sequence too long to be remembered: where it ends, and what stands for it."""

from __future__ import annotations

import re

import pytest
from support.equivalence import blank

from holdfast.daemon.screens.long_sequence import LongSequence
from holdfast.daemon.screens.screen import available

OSC, DCS, APC, PM, SOS, CSI, ESC = b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX", b"\x1b[", b"\x1b "
KINDS = (OSC, DCS, APC, PM, SOS, CSI, ESC)


@pytest.mark.parametrize(
    ("begun", "data", "left"),
    [
        (OSC + b"0;x", b"more\x07after", b"after"),
        (OSC + b"0;x", b"more\x1b\\after", b"\x1b\\after"),
        (OSC + b"0;x", b"more\x18after", b"after"),
        (OSC + b"0;x", b"\xe2\x82\xac\n more", b""),
        (DCS + b"q", b"mo\x07re\x1b\\after", b"\x1b\\after"),
        (APC + b"G", b"mo\x07re\x1aafter", b"after"),
        (PM, b"more\x1b[mafter", b"\x1b[mafter"),
        (SOS, b"more\x1b\\", b"\x1b\\"),
        (CSI + b"1;1;1", b";1;1;1Hafter", b"after"),
        (CSI + b"1", b"\x1bcafter", b"\x1bcafter"),
        (ESC + b"  ", b" / Fafter", b"after"),
        (OSC, b"", b""),
    ],
)
def test_what_lies_behind_its_end_is_left(begun: bytes, data: bytes, left: bytes) -> None:
    """It ends by its terminator, by CAN or SUB, and where another sequence begins."""
    long = LongSequence()
    long.begin(begun)
    assert long.skip(data) == left
    assert bool(long) == (not left)
    assert long.skip(b"text") == (b"text" if left else b"")


def test_what_comes_in_pieces_ends_where_it_ends_whole() -> None:
    long = LongSequence()
    long.begin(OSC)
    assert b"".join(long.skip(bytes([byte])) for byte in b"abc\x07text") == b"text"


def test_without_one_nothing_is_passed_over() -> None:
    long = LongSequence()
    assert not long
    assert long.stub == b""
    assert long.skip(b"\x1b]x") == b"\x1b]x"


@pytest.mark.parametrize("begun", KINDS)
@pytest.mark.skipif(available() is not None, reason="there is no terminal emulator here")
def test_its_stub_puts_a_terminal_into_one_of_the_kind_that_has_no_effect(begun: bytes) -> None:
    """Text is swallowed until it ends, and then shown."""
    long = LongSequence()
    long.begin(begun)
    screen, untouched = blank(20, 2), blank(20, 2)
    screen.feed(long.stub)
    assert not screen.at_rest
    assert re.search(rb"P[+$]q|\]\d{1,3};|_G", long.stub) is None
    screen.feed({CSI: b"1m", ESC: b"F", OSC: b"text\x07"}.get(begun, b"text\x1b\\"))
    screen.feed(b"shown")
    untouched.feed(b"shown")
    assert screen.restore(0) == untouched.restore(0)
    assert screen.take_replies() == b""


@pytest.mark.parametrize("begun", KINDS)
def test_another_goes_on_from_its_stub(begun: bytes) -> None:
    """A checkpoint keeps the stub alone."""
    long = LongSequence()
    long.begin(begun)
    assert LongSequence(long.stub).stub == long.stub
    assert LongSequence(long.stub).skip(b"\x18text") == b"text"

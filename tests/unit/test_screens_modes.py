"""What a restore asserts of modes."""

from __future__ import annotations

import pytest

from holdfast.daemon.screens.modes import assert_modes, bit_of, is_set, save_modes

NONE, NORMAL, BUTTON, ANY = 0, 2, 3, 4
PLAIN, SGR, URXVT, PIXELS = 0, 2, 3, 4


def bits(*numbers: int) -> int:
    return sum(1 << bit_of(number) for number in numbers)


def test_a_mode_has_its_bit() -> None:
    assert is_set(bits(2004), 2004)
    assert not is_set(bits(2004), 2026)


def test_synchronized_output_and_the_choice_of_the_screen_are_never_asserted() -> None:
    """Only its program can end a frame; which screen shows is said by painting it."""
    said = assert_modes(bits(2026, 47, 1047, 1049, 3), NONE, PLAIN) + save_modes(bits(2026, 47, 1047, 1049, 3), 0)
    for number in (b"2026", b"47", b"1047", b"1048", b"1049", b"?3h", b"?3l", b";3;"):
        assert number not in said


def test_no_sequence_has_more_parameters_than_a_small_terminal_reads() -> None:
    every = bits(
        1, 4, 5, 7, 8, 12, 25, 40, 45, 67, 1004, 1007, 1035, 1036, 1039, 1045, 2004, 2027, 2031, 2033, 2048, 5522
    )
    for modes in (0, every):
        for sequence in assert_modes(modes, NONE, PLAIN).split(b"\x1b"):
            assert sequence.count(b";") < 16


@pytest.mark.parametrize(
    ("modes", "event", "form", "ends_with"),
    [
        ((), NONE, PLAIN, b"\x1b[?9;1000;1002;1003l\x1b[?1005;1006;1015;1016l"),
        ((1000,), NORMAL, PLAIN, b"\x1b[?9;1002;1003l\x1b[?1000h\x1b[?1005;1006;1015;1016l"),
        ((1000, 1003), ANY, PLAIN, b"\x1b[?1000;1003h\x1b[?1005;1006;1015;1016l"),
        ((1000, 1003), NORMAL, PLAIN, b"\x1b[?1003;1000h\x1b[?1005;1006;1015;1016l"),
        ((1002, 1006), BUTTON, SGR, b"\x1b[?1002h\x1b[?1005;1015;1016l\x1b[?1006h"),
        ((1006, 1016), NONE, PIXELS, b"\x1b[?1005;1015l\x1b[?1006;1016h"),
        ((1006, 1015), NONE, SGR, b"\x1b[?1015;1006h"),
        ((1003,), NONE, PLAIN, b"\x1b[?9;1000;1002l\x1b[?1003h\x1b[?9l\x1b[?1005;1006;1015;1016l"),
    ],
)
def test_of_modes_that_exclude_each_other_the_one_in_force_comes_last(
    modes: tuple[int, ...], event: int, form: int, ends_with: bytes
) -> None:
    """And where one was switched off while another stayed on, nothing is in force."""
    assert assert_modes(bits(*modes), event, form).endswith(ends_with)


@pytest.mark.parametrize(
    ("saved", "default", "said"),
    [
        ((), (), b""),
        ((7,), (7,), b""),
        ((2004,), (), b"\x1b[?2004h\x1b[?2004s"),
        ((), (25,), b"\x1b[?25l\x1b[?25s"),
        ((1, 1049, 2048), (7,), b"\x1b[?1h\x1b[?7l\x1b[?1;7s"),
    ],
)
def test_only_what_was_saved_otherwise_than_usual_is_saved_again(
    saved: tuple[int, ...], default: tuple[int, ...], said: bytes
) -> None:
    assert save_modes(bits(*saved), bits(*default)) == said

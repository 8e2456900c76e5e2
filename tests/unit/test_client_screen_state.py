from __future__ import annotations

import pytest

from holdfast.client.screen_state import ScreenState


def state_after(*pieces: bytes) -> ScreenState:
    state = ScreenState()
    for piece in pieces:
        state.track(piece)
    return state


def test_an_alternate_screen_is_left_only_where_there_is_one() -> None:
    """Leaving one that is not there would move the cursor."""
    assert b"1049" not in state_after(b"\x1b[?25l").leave()
    assert b"1049" not in state_after(b"\x1b[?1049h...\x1b[?1049l").leave()
    assert state_after(b"\x1b[?1049h").leave().startswith(b"\x1b[?1049l")
    assert state_after(b"\x1b[?47h").leave().startswith(b"\x1b[?47l")


def test_modes_that_nobody_listed_are_switched_back_too() -> None:
    left = state_after(b"\x1b[?2031;69h", b"\x1b[?7l", b"\x1b[?1007l").leave()
    for sequence in (b"\x1b[?2031l", b"\x1b[?69l", b"\x1b[?7h", b"\x1b[?1007h"):
        assert sequence in left


def test_the_usual_modes_are_switched_off_even_unseen() -> None:
    left = ScreenState().leave()
    for mode in (1000, 1002, 1003, 1004, 1006, 2004):
        assert b"%d" % mode in left
    assert b"\x1b[?7;25h" in left


@pytest.mark.parametrize(
    ("output", "popped"),
    [
        (b"\x1b[>1u\x1b[>5u", b"\x1b[<2u"),
        (b"\x1b[>1u\x1b[<u", b""),
        (b"\x1b[<9u", b""),
        (b"\x1b[=5u", b"\x1b[=0u"),
        (b"\x1b[>1u\x1b[=5;2u", b"\x1b[<1u"),
    ],
)
def test_keyboard_flags_are_popped_as_often_as_they_were_pushed(output: bytes, popped: bytes) -> None:
    """Popping more would break the keys of whoever pushed before us."""
    left = state_after(output).leave()
    assert left.startswith(popped)
    assert (b"u" in left) == bool(popped)


def test_each_screen_has_its_own_keyboard_flags() -> None:
    state = state_after(b"\x1b[>1u\x1b[?1049h\x1b[>3u\x1b[>7u")
    assert state.leave().startswith(b"\x1b[<2u\x1b[?1049l\x1b[<1u")
    assert state.enter() == b"\x1b[22;0t\x1b[>1u\x1b[?1049h\x1b[>3u\x1b[>7u"


def test_origin_mode_leaves_the_cursor_at_the_bottom_and_not_over_the_text() -> None:
    left = state_after(b"\x1b[?6h").leave()
    assert left.index(b"\x1b[?6l") < left.index(b"\x1b[999;1H")


def test_cursor_style_colours_and_key_encodings() -> None:
    left = state_after(b"\x1b[5 q", b"\x1b]11;#000000\x07", b"\x1b[>4;2m", b"\x1b]12;?\x07").leave()
    for sequence in (b"\x1b[0 q", b"\x1b]111\x1b\\", b"\x1b[>4m"):
        assert sequence in left
    assert b"\x1b]112" not in left
    assert b" q" not in ScreenState().leave()


def test_after_a_suspension_the_modes_come_back() -> None:
    entered = state_after(b"\x1b[?1049h\x1b[?1003;1006h\x1b[?25l\x1b=\x1b[>4;2m\x1b[2 q\x1b[?2004h\x1b[?2004l").enter()
    for sequence in (
        b"\x1b[?1049h",
        b"\x1b[?1003h",
        b"\x1b[?1006h",
        b"\x1b[?25l",
        b"\x1b=",
        b"\x1b[>4;2m",
        b"\x1b[2 q",
    ):
        assert sequence in entered
    assert b"2004" not in entered


def test_a_full_reset_forgets_everything() -> None:
    assert state_after(b"\x1b[?1049h\x1b[>1u\x1b[5 q\x1b=", b"\x1bc").leave() == ScreenState().leave()


def test_rubbish_is_survived() -> None:
    state_after(b"\x1b[?;h\x1b[?99999999999999h\x1b[>99999999999u\x1b[=;9u\x1b[?h\x1b[<;;u").leave()

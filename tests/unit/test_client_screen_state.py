from __future__ import annotations

import re

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
    ("output", "shown"),
    [
        (b"\x1b[>1u", [1]),
        (b"\x1b[>1u\x1b[>5u\x1b[<u\x1b[<u", [1, 5, 1, 0]),
        (b"\x1b[>1u\x1b[>5u\x1b[<2u", [1, 5, 0]),
        (b"\x1b[=5u\x1b[>u\x1b[<u", [5, 0, 5]),
        (b"\x1b[=5u\x1b[<9u", [5, 0]),
        (b"\x1b[>1u\x1b[=6;2u\x1b[=2;3u\x1b[=8;1u\x1b[=1;7u", [1, 7, 5, 8, 8]),
    ],
)
def test_of_keyboard_flags_the_terminal_is_told_the_outcome(output: bytes, shown: list[int]) -> None:
    """Its own stack is the user's, and too short for some programs."""
    assert ScreenState().track(output) == b"".join(b"\x1b[=%du" % flags for flags in shown)


@pytest.mark.parametrize(
    ("output", "left"),
    [
        (b"", [b"\x1b[<1u"]),
        (b"\x1b[>1u\x1b[>5u", [b"\x1b[=0u", b"\x1b[<1u"]),
        (b"\x1bc\x1b[>1u", [b"\x1b[=0u"]),
        (b"\x1bc", []),
    ],
)
def test_keyboard_flags_are_those_from_before(output: bytes, left: list[bytes]) -> None:
    """One entry was pushed for the session, and is popped, unless the terminal was reset and has forgotten it."""
    assert re.findall(rb"\x1b\[[<=>]\d*u", state_after(output).leave()) == left


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (b"\x1b[22;2t\x1b[23;2t\x1b[23;1t", b"\x1b[22;2t\x1b[23;2t"),
        (b"\x1b[23t", b""),
        (b"\x1b[14t\x1b[2;3t", b"\x1b[14t\x1b[2;3t"),
        (b"\x1b[22t" * 9 + b"\x1b[23t" * 10, b"\x1b[22t" * 8 + b"\x1b[23t" * 8),
    ],
)
def test_a_session_takes_only_titles_that_it_saved(output: bytes, shown: bytes) -> None:
    """vim, left by `:q` in a terminal that was attached after its start, would take the user's own title."""
    assert ScreenState().track(output) == shown


def test_titles_that_the_session_saved_are_not_the_users() -> None:
    state = state_after(b"\x1b[22;2t\x1b[22;1t")
    assert state.leave().endswith(b"\x1b[23;0t" * 3)
    assert ScreenState().leave().count(b"\x1b[23;0t") == 1
    assert state_after(b"\x1b[22t" * 20).leave().count(b"\x1b[23;0t") == 9


def test_saved_modes_are_kept_here_and_not_in_the_users_terminal() -> None:
    """What the terminal has saved of modes that no two agree on is the user's own."""
    state = ScreenState()
    assert state.track(b"\x1b[?1000h\x1b[?1000;2027s\x1b[?1000l") == b"\x1b[?1000h\x1b[?1000l"
    assert state.track(b"\x1b[?1000;2027;7r") == b"\x1b[?1000h\x1b[?2027l"
    entered, left = state.enter(), state.leave()
    assert (entered.count(b"s"), left.count(b"r")) == (1, 2)  # the other one is DECSTBM
    assert b"\x1b[?1000h" in entered


def test_each_screen_has_its_own_keyboard_flags() -> None:
    state = state_after(b"\x1b[>1u\x1b[?1049h\x1b[>3u\x1b[>7u")
    assert state.leave().startswith(b"\x1b[=0u\x1b[?1049l\x1b[=0u")
    assert state.enter().endswith(b"\x1b[>1u\x1b[?1049h\x1b[=7u")
    assert state.track(b"\x1b[<u\x1b[?1049l\x1b[=2;2u") == b"\x1b[=3u\x1b[?1049l\x1b[=3u"


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
    state = state_after(b"\x1b[?1049h\x1b[>1u\x1b[5 q\x1b=\x1b[3g\x1b]22;wait\x07", b"\x1bc")
    assert state.leave() == ScreenState().leave().replace(b"\x1b[<1u", b"")


def test_a_terminal_is_cleared_for_a_screen_and_stays_the_sessions() -> None:
    """What was on is off, and forgotten; the entries that keep the user's title and keys stay."""
    state = state_after(b"\x1b[>1u\x1b[?1049h\x1b[?1003h\x1b[=3u\x1b]11;red\x07\x1b[22t\x1b[3g")
    cleared = state.clear()
    for sequence in (b"\x1b[?1003l", b"\x1b]111\x1b\\", b"\x1b[3g\x1b[8C\x1bH"):
        assert sequence in cleared
    assert cleared.startswith(b"\x1b[=0u\x1b[?1049l\x1b[=0u\x1b")
    for sequence in (b"\x1b[23;0t", b"\x1b[<", b"\x1b[?8;"):
        assert sequence not in cleared
    left = state.leave()
    assert b"\x1b[=0u" not in left
    assert left.endswith(b"\x1b[23;0t" * 2)
    assert b"1003l" not in left


@pytest.mark.parametrize(
    ("output", "undone"),
    [
        (b"\x1b[4;20h\x1b[12l", b"\x1b[12h"),
        (b"\x1b[2h", b"\x1b[2l"),
        (b"\x1b[?2l", b"\x1b<\x1b"),
        (b"\x1b[>1;2m", b"\x1b[>1m"),
        (b"\x1b[>4n", b"\x1b[>4m"),
        (b"\x1b[>4;1f", b"\x1b[>4f"),
        (b"\x1bH", b"\x1b[?5W"),
        (b"\x1b[g", b"\x1b[?5W"),
        (b"\x1b)0", b"\x1b)B"),
        (b"\x1b|", b"\x1b}"),
        (b"\x1b]22;crosshair\x07", b"\x1b]22;text\x1b\\"),
        (b"\x1b]9;4;1;50\x07", b"\x1b]9;4;0\x1b\\"),
        (b"\x1b[>1s", b"\x1b[>0s"),
        (b"\x1b[1$}", b"\x1b[0$}"),
        (b"\x1b G", b"\x1b F"),
        (b"\x1b%@", b"\x1b%G"),
        (b"\x1bV", b"\x1bW"),
        (b"\x1b]4;1;red\x07", b"\x1b]104\x1b\\"),
        (b"\x1b]21;foreground=red\x07", b"\x1b]110\x1b\\"),
    ],
)
def test_what_is_rare_is_undone_where_it_was_seen(output: bytes, undone: bytes) -> None:
    assert undone in state_after(output).leave()
    assert undone not in ScreenState().leave()


def test_c1_controls_mean_nothing() -> None:
    """Whatever a terminal makes of them, nothing is switched on by them."""
    assert ScreenState().track("é\u00a0\u009b?1000h\u009d52;c;eA==\u009c".encode()) == "é\u00a0?1000h52;c;eA==".encode()


def test_colours_and_cursor_moves_pass_unnoticed() -> None:
    """They are nearly all of what is printed."""
    data = b"\x1b[1;38;5;7mx\x1b[0m\x1b[2J\x1b[3;4H\x1b[2;5r\x1b[4d\x1b(B\x1b[0$}\x1b%G\x1b]9;4;0\x07\x1b]10;?\x07"
    state = ScreenState()
    assert state.track(data) == data
    assert state.leave() == ScreenState().leave()


def test_hostile_output_takes_no_memory() -> None:
    """Each kind of thing that is remembered is bounded."""
    state = ScreenState()
    for number in range(0, 200_000, 7):
        state.track(b"\x1b[?%dh\x1b[?%ds\x1b[%dh\x1b[>1u\x1b[22t\x1b[>%dm" % (number, number, number, number))
    assert len(state.leave()) < 100_000
    assert max(len(stack) for stack in state._keyboards.values()) < 100
    assert max(len(state._modes), len(state._saved_modes), len(state._key_encodings)) < 10_000


def test_rubbish_is_survived() -> None:
    state_after(b"\x1b[?;h\x1b[?99999999999999h\x1b[>99999999999u\x1b[=;9u\x1b[?h\x1b[<;;u").leave()

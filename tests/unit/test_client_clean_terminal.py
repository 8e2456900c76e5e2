"""A terminal that a session was left in is the user's own again: each thing alone, and many at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.switches import SWITCHES, USERS_OWN, Terminal

from holdfast.client.screen_state import ScreenState
from holdfast.daemon.screens.screen import Screen


def users_terminal() -> Terminal:
    terminal = Terminal(80, 24)
    terminal.feed(USERS_OWN)
    return terminal


@pytest.mark.parametrize("name", SWITCHES)
def test_what_was_switched_on_is_switched_off(name: str) -> None:
    terminal = users_terminal()
    before = terminal.state
    state = ScreenState()
    terminal.feed(state.enter())
    terminal.feed(state.track(SWITCHES[name]))
    terminal.feed(state.leave())
    assert terminal.state == before


def shown(terminal: Terminal, *outputs: bytes, anew: bool = False) -> None:
    """Attach, show these, and detach; `anew`: each of them is a screen."""
    state = ScreenState()
    terminal.feed(state.enter())
    for output in outputs:
        terminal.feed((state.clear() if anew else b"") + state.track(output))
    terminal.feed(state.leave())


def restored(*outputs: bytes) -> bytes:
    """What the daemon restores a screen with on which these were printed."""
    mirror = Screen(80, 24, scrollback_lines=100, scrollback_bytes=1 << 20)
    mirror.feed(b"".join(outputs))
    return mirror.restore(10)


@pytest.mark.parametrize("name", SWITCHES)
def test_what_a_restored_screen_switched_on_is_switched_off(name: str) -> None:
    terminal = users_terminal()
    before = terminal.state
    shown(terminal, restored(SWITCHES[name]), anew=True)
    assert terminal.state == before


some = st.lists(st.sampled_from(list(SWITCHES.values())), max_size=12)


@settings(deadline=None)
@given(some)
def test_many_at_once_are_switched_off(outputs: list[bytes]) -> None:
    """Whatever a session did in whatever order, live or by a restored screen, and also where screens followed on it."""
    terminal = users_terminal()
    before = terminal.state
    shown(terminal, *outputs)
    assert terminal.state == before
    shown(terminal, restored(*outputs), anew=True)
    assert terminal.state == before
    shown(terminal, *(restored(output) + output for output in outputs), anew=True)
    assert terminal.state == before


@settings(deadline=None)
@given(some, some)
def test_a_screen_finds_the_terminal_as_it_was_at_first(before: list[bytes], after: list[bytes]) -> None:
    """A terminal that was moved ahead is in the same state as one that was attached now."""
    ahead, late = users_terminal(), users_terminal()
    state = ScreenState()
    ahead.feed(state.enter() + state.track(b"".join(before)) + state.clear() + state.track(restored(*after)))
    state = ScreenState()
    late.feed(state.enter() + state.clear() + state.track(restored(*after)))
    assert {**ahead.state, "title": None} == {**late.state, "title": None}


def test_a_suspended_terminal_is_the_users_meanwhile() -> None:
    """Ctrl-Z gives it back, and what was on comes back with `fg`."""
    terminal = users_terminal()
    before = terminal.state
    state = ScreenState()
    terminal.feed(
        state.enter() + state.track(b"\x1b[?1049h\x1b[>5u\x1b[?1003;1006h\x1b[?25l\x1b=\x1b[3 q\x1b]2;vim\x07")
    )
    during = terminal.state
    terminal.feed(state.leave())
    assert terminal.state == before
    terminal.feed(state.enter())
    assert {**terminal.state, "title": None} == {**during, "title": None}
    terminal.feed(state.leave())
    assert terminal.state == before

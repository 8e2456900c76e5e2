"""One session in two windows of different size."""

from __future__ import annotations

from support.browser import WindowMaker, new_session
from support.daemons import Daemon


def test_both_see_the_same_and_the_size_follows_the_typist(new_window: WindowMaker, daemon: Daemon) -> None:
    """What one types both see, unbroken; the session has the size of who typed last, and the other shows all of it."""
    session = new_session(daemon, "name=pair")
    large = new_window(viewport={"width": 1200, "height": 760}).open(session)
    small = new_window(viewport={"width": 640, "height": 420}).open(session)
    small.type("stty size\n")
    cols, rows = small.size
    small.wait_for_line(f"{rows} {cols}")
    large.wait_for_line(f"{rows} {cols}")
    assert large.size == (cols, rows)
    assert large.page.locator("#terminal.letterbox").count() == 1
    assert small.page.locator("#terminal.letterbox").count() == 0
    for tab in (large, small):
        tab.page.locator("#sharing", has_text="2 here").wait_for()
    large.type("clear; stty size\n")
    large.until("([cols]) => window.holdfast.pane.terminal.cols > cols", [cols])
    wide, high = large.size
    large.wait_for_line(f"{high} {wide}")
    small.until("([cols]) => window.holdfast.pane.terminal.cols === cols", [wide])
    small.wait_for_line(f"{high} {wide}")
    assert small.page.locator("#terminal.letterbox").count() == 1
    assert large.screen == small.screen
    small.page.close()
    large.page.locator("#sharing", has_text="1 away").wait_for()  # its place is kept for a while


def test_tabs_of_one_window_are_two_clients(new_window: WindowMaker, daemon: Daemon) -> None:
    """A second tab takes nothing from the first: both stay connected, each with an identity of its own."""
    window = new_window()
    one = window.open(new_session(daemon))
    other = window.open(one.session_id)
    other.type("echo from-$((1+1))\n")
    one.wait_for_line("from-2")
    one.type("echo back-$((1+2))\n")
    other.wait_for_line("back-3")
    assert (one.phase, other.phase) == ("connected", "connected")
    _, status = daemon.request("GET", f"/api/sessions/{one.session_id}")
    assert len({client["client_id"] for client in status["present"]}) == 2

"""Getting in and out: one-time links, the cookie, logging out."""

from __future__ import annotations

from support.browser import WAIT_MS, Tab, Window, WindowMaker, login_code, new_session
from support.daemons import Daemon


def login_is_asked_for(tab: Tab) -> bool:
    tab.page.get_by_role("heading", name="Open Holdfast from a terminal").wait_for()
    return tab.page.locator(".command code").text_content() == "holdfast web"


def test_a_link_lets_one_in_and_leaves_no_trace(window: Window, daemon: Daemon) -> None:
    """The code leaves the address bar, no script can read the cookie, and nothing is kept where scripts find it."""
    session = new_session(daemon)
    code = login_code(daemon)
    tab = window.tab()
    tab.page.goto(f"{window.origin}/#login={code}&session={session}")
    tab.until_ready()
    assert tab.page.url == f"{window.origin}/#{session}"
    assert tab.session_id == session
    (cookie,) = (dict(one) for one in window.context.cookies())
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    kept = tab.evaluate("document.cookie + JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})")
    assert str(cookie["value"]) not in kept
    assert code not in kept
    assert code not in daemon.log


def test_a_used_link_lets_nobody_in(window: Window, new_window: WindowMaker, daemon: Daemon) -> None:
    """A link works once. Its own browser may open it again; a second one is refused, and both are out: it was seen."""
    code = login_code(daemon)
    first = window.tab()
    first.page.goto(f"{window.origin}/#login={code}")
    first.until_ready()
    session = first.session_id
    first.page.goto("about:blank")
    first.page.goto(f"{window.origin}/#login={code}&session={session}")
    first.until_ready()
    assert first.session_id == session
    stranger = new_window().tab()
    stranger.page.goto(f"{window.origin}/#login={code}")
    assert login_is_asked_for(stranger)
    assert "used by another browser" in (stranger.page.locator("#welcome").text_content() or "")
    assert login_is_asked_for(first)


def test_nobody_sees_anything_without_a_login(new_window: WindowMaker, daemon: Daemon) -> None:
    """A page that is not logged in says so, in the address of a session too, and a link in the same tab lets it in."""
    session = new_session(daemon, "name=secret")
    window = new_window()
    for address in (None, session):
        tab = window.tab()
        tab.open(address, ready=False)
        assert login_is_asked_for(tab)
        assert "secret" not in tab.page.content()
    tab.evaluate(f"location.hash = 'login={login_code(daemon)}&session={session}'")
    tab.until_ready()
    assert tab.session_id == session


def test_logging_out_ends_every_tab(window: Window, daemon: Daemon) -> None:
    """Who logs out is out in all tabs at once; the session goes on, and its name is nowhere on the page."""
    one = window.open(new_session(daemon, "name=quiet"))
    other = window.open(one.session_id)
    one.page.click("#open-menu")
    one.page.get_by_role("menuitem", name="Log out").click()
    for tab in (one, other):
        assert login_is_asked_for(tab)
    one.reload(ready=False)
    assert login_is_asked_for(one)
    status, answer = daemon.request("GET", "/api/sessions")
    assert status == 200
    assert [session["name"] for session in answer["sessions"]] == ["quiet"]


def test_a_rotated_token_ends_logins(tab: Tab, daemon: Daemon) -> None:
    """When the token is rotated, who came by a link is out, at once."""
    status, _ = daemon.request("POST", "/api/token/rotate")
    assert status == 200
    tab.page.locator("#welcome[data-kind=login]").wait_for(timeout=WAIT_MS)

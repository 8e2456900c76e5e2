"""What the page opens with: where this tab was, what was seen last, what runs, or what has gone."""

from __future__ import annotations

from support.browser import Tab, Window, new_session, running
from support.daemons import Daemon


def heading(tab: Tab) -> str:
    return tab.page.locator("#welcome h2").first.text_content() or ""


def wait_for_view(tab: Tab, kind: str) -> None:
    tab.page.locator(f"#welcome[data-kind={kind}]").wait_for()


def test_nothing_runs_so_a_session_is_made(window: Window, daemon: Daemon) -> None:
    """The first visit is a shell at once; a reload is the same shell, and a second tab by its address too."""
    tab = window.open()
    session = tab.session_id
    assert tab.page.url.endswith(f"#{session}")
    tab.type("echo one-$((1+1))\n")
    tab.wait_for_line("one-2")
    tab.reload()
    assert tab.session_id == session
    tab.wait_for_line("one-2")
    second = window.open(session)
    second.wait_for_line("one-2")
    _, answer = daemon.request("GET", "/api/sessions")
    assert len(answer["sessions"]) == 1


def test_a_fresh_visit_offers_the_last_session(window: Window, daemon: Daemon) -> None:
    """The session seen last is offered, with when that was and how long it lingers; Rejoin and New do so."""
    session = new_session(daemon, "name=build&linger=30")
    window.open(session).page.close()
    tab = window.open(login=False, ready=False)
    wait_for_view(tab, "offer")
    assert heading(tab) == "“build” is still running"
    said = tab.page.locator(".offer-text p").text_content() or ""
    assert said.startswith("Last seen")
    assert "It ends in 1 min" in said
    assert tab.evaluate("document.activeElement.textContent") == "Rejoin"
    tab.press("Enter")
    tab.until_ready()
    assert tab.session_id == session
    another = window.open(login=False, ready=False)
    wait_for_view(another, "offer")
    another.page.get_by_role("button", name="New", exact=True).click()
    another.until_ready()
    assert another.session_id != session


def test_others_run_so_there_is_a_choice(window: Window, daemon: Daemon) -> None:
    """Sessions that this browser has never seen are listed; Enter opens the one with the focus."""
    new_session(daemon, "name=older")
    newer = new_session(daemon, "name=newer")
    tab = window.open(ready=False)
    wait_for_view(tab, "choice")
    tab.until("document.activeElement.classList.contains('row-main')")
    assert tab.page.locator(".row-name").all_text_contents() == ["newer", "older"]
    tab.press("Enter")
    tab.until_ready()
    assert tab.session_id == newer


def test_a_session_that_ends_says_how(window: Window, daemon: Daemon) -> None:
    """The terminal stays, the state says with which code it ended, and one button starts the same again."""
    session = new_session(daemon, "name=job&" + running("sh"))
    tab = window.open(session)
    tab.type("echo last words; exit 3\n")
    tab.wait_for_phase("ended")
    pill = tab.page.locator("#situation")
    assert pill.locator("strong").text_content() == "The process has ended with code 3"
    assert tab.page.locator("#connection-label").text_content() == "Ended"
    assert "last words" in tab.screen
    pill.get_by_role("button", name="New session").click()
    tab.until_ready()
    assert tab.session_id != session
    _, fresh = daemon.request("GET", f"/api/sessions/{tab.session_id}")
    assert (fresh["name"], fresh["argv"]) == ("job", ["sh"])


def test_a_session_that_has_gone_shows_why_and_its_history(window: Window, daemon: Daemon) -> None:
    """Its address tells how it ended, when, and everything it printed, read-only; a fresh one is one button away."""
    again = daemon.home / "again"
    command = running("sh", "-c", f"seq 300; test -e {again} && exec cat; touch {again}; exit 7")
    session = new_session(daemon, f"name=count&{command}")
    tab = window.open(session, ready=False)
    wait_for_view(tab, "gone")
    tab.page.locator(".history-view.shown").wait_for()
    assert heading(tab) == "“count” has ended"
    assert "Ended with code 7" in (tab.page.locator("#welcome p").text_content() or "")
    assert tab.evaluate("JSON.stringify({...localStorage, ...sessionStorage})").find(session) == -1
    tab.page.get_by_role("button", name="New session").click()
    tab.until_ready()
    assert tab.session_id not in {"", session}


def test_ends_are_told_apart(window: Window, daemon: Daemon) -> None:
    """Expired, ended on demand, and never there are three different things."""
    expired = new_session(daemon, "name=idle&expires=0.1")
    ended = new_session(daemon, "name=stopped")
    assert daemon.request("POST", f"/api/sessions/{ended}/end")[0] == 200
    tab = window.open(ended, ready=False)
    wait_for_view(tab, "gone")
    assert "Ended on demand" in (tab.page.locator("#welcome p").text_content() or "")
    tab.open("00000000-0000-4000-8000-000000000000", ready=False)
    wait_for_view(tab, "problem")
    assert heading(tab) == "This session is not there"
    tab.open(expired, ready=False)
    tab.until(
        "/idle/.test(document.querySelector('#welcome h2')?.textContent) || document.body.dataset.restored === 'yes'"
    )
    if tab.evaluate("document.body.dataset.restored") != "yes":  # else it came before the expiry's own clock
        assert "Expired" in (tab.page.locator("#welcome p").text_content() or "")


def test_the_machine_cannot_be_reached(window: Window, daemon: Daemon) -> None:
    """A visit while the daemon is away says so, and goes on when it is back."""
    window.open().page.close()
    tab = window.tab()
    tab.page.goto(f"{window.origin}/")
    wait_for_view(tab, "offer")
    daemon.stop()
    tab.page.get_by_role("button", name="New", exact=True).click()
    tab.page.locator(".notice.bad").wait_for()
    assert "cannot be reached" in (tab.page.locator(".notice.bad").first.text_content() or "")
    daemon.start()
    tab.page.get_by_role("button", name="Rejoin").click()
    tab.until_ready()

"""The drawer: everything that runs, found, named, opened and ended by keys alone."""

from __future__ import annotations

import pytest
from support.browser import Tab, Window, new_session, running
from support.daemons import Daemon


@pytest.fixture
def drawer(window: Window, daemon: Daemon) -> Tab:
    """The drawer, open over `here`; `logs` and `build` run beside it."""
    new_session(daemon, "name=logs")
    new_session(daemon, "name=build&" + running("sh", "-c", "printf hello; exec cat"))
    tab = window.open(new_session(daemon, "name=here"))
    tab.press("Control+Shift+KeyL")
    tab.until("document.querySelectorAll('.drawer .row').length === 3")
    return tab


def names(tab: Tab) -> list[str]:
    return tab.page.locator(".drawer .row:visible .row-name").all_text_contents()


def focused(tab: Tab) -> str:
    return str(tab.evaluate("document.activeElement.closest('.row')?.querySelector('.row-name').textContent ?? ''"))


def test_all_sessions_are_there_with_what_they_do(drawer: Tab) -> None:
    """Each row has name, program, folder, age, size and who is there, and a picture of what it shows."""
    assert names(drawer) == ["here", "build", "logs"]
    drawer.until("document.querySelectorAll('.drawer canvas[data-drawn]').length === 3")
    row = drawer.page.locator(".row", has_text="build")
    text = row.text_content() or ""
    for part in ("cat", "/user", "active", "5 B", "nobody attached"):
        assert part in text
    assert "open here" in (drawer.page.locator(".row", has_text="here").first.text_content() or "")
    inked = """(name) => { const row = [...document.querySelectorAll(".drawer .row")]
        .find((one) => one.querySelector(".row-name").textContent === name);
      const { width, height } = row.querySelector("canvas");
      const data = row.querySelector("canvas").getContext("2d").getImageData(0, 0, width, height).data;
      return data.some((value, at) => at % 4 === 0 && Math.abs(value - data[data.length - 4]) > 60); }"""
    drawer.until(inked, "build")
    requests: list[str] = []
    drawer.page.on("request", lambda request: requests.append(request.url))
    with drawer.page.expect_response(lambda response: "all=1" in response.url):
        pass  # the next look at the list
    with drawer.page.expect_response(lambda response: "all=1" in response.url):
        pass
    assert not [url for url in requests if url.endswith("/screen")], "nothing was printed, so no picture is new"


def test_typing_filters_and_arrows_move(drawer: Tab) -> None:
    """Typing narrows the list wherever the focus is; arrows walk it, Enter opens, Escape leads back to the terminal."""
    assert drawer.evaluate("document.activeElement.classList.contains('filter')")
    drawer.press("ArrowDown")
    assert focused(drawer) == "here"
    drawer.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp")
    assert focused(drawer) == "build"
    drawer.page.keyboard.type("log")
    assert names(drawer) == ["logs"]
    drawer.press("Escape", "Escape")  # the first empties the filter, as in any search field
    drawer.until("!document.querySelector('.drawer').open")
    drawer.until("document.activeElement.classList.contains('xterm-helper-textarea')")
    drawer.press("Control+Shift+KeyL")
    drawer.page.keyboard.type("build")
    drawer.press("Enter")
    drawer.wait_for_text("hello")
    assert drawer.page.locator("#session-name").text_content() == "build"


def test_a_session_is_renamed_in_its_row(drawer: Tab, daemon: Daemon) -> None:
    """F2 edits the name in its place, Enter keeps it, Escape does not; a name that is taken is said to be."""
    drawer.press("ArrowDown", "ArrowDown", "F2")
    drawer.page.keyboard.type("nightly")
    drawer.press("Enter")
    drawer.until("[...document.querySelectorAll('.row-name')].some((one) => one.textContent === 'nightly')")
    assert focused(drawer) == "nightly"
    drawer.press("F2")
    drawer.page.keyboard.type("forgotten")
    drawer.press("Escape")
    assert names(drawer) == ["here", "nightly", "logs"]
    assert drawer.page.locator(".drawer").is_visible()
    drawer.press("F2")
    drawer.page.keyboard.type("logs")
    drawer.press("Enter")
    drawer.page.locator(".notice.bad").wait_for(state="attached")
    _, answer = daemon.request("GET", "/api/sessions")
    assert {one["name"] for one in answer["sessions"]} == {"here", "nightly", "logs"}


def test_ending_asks_and_lists_what_runs(drawer: Tab, daemon: Daemon, window: Window) -> None:
    """Delete asks first, names the processes that would be lost, and Enter on the first button changes nothing."""
    busy = new_session(daemon, "name=busy&" + running("sh", "-c", "sleep 4321; true"))
    drawer.until("document.querySelector('.drawer .row .row-name').textContent === 'busy'")
    drawer.press("ArrowDown", "ArrowUp", "ArrowDown", "Home", "Delete")
    dialog = drawer.page.locator("dialog.confirm")
    dialog.wait_for()
    assert "sleep 4321" in (dialog.text_content() or "")
    drawer.press("Enter")
    dialog.wait_for(state="detached")
    assert daemon.request("GET", f"/api/sessions/{busy}")[1]["state"] == "running"
    drawer.press("Delete")
    dialog.get_by_role("button", name="End session").click()
    dialog.wait_for(state="detached")
    drawer.until("document.querySelectorAll('.row.ended').length === 1")
    assert daemon.request("GET", f"/api/sessions/{busy}")[1]["state"] == "ended"
    drawer.page.get_by_text("Recently ended").click()
    drawer.page.locator(".row.ended .row-main").click()
    drawer.page.locator("#welcome[data-kind=gone]").wait_for()
    assert len(window.tabs) == 1


def test_a_new_session_has_what_was_asked_for(drawer: Tab, daemon: Daemon) -> None:
    """Command, folder and name are taken as typed; what cannot be done is said in the dialog, which stays."""
    drawer.page.get_by_role("button", name="New", exact=True).click()
    dialog = drawer.page.get_by_role("dialog", name="New session")
    assert drawer.evaluate("document.activeElement.name") == "command"
    drawer.page.keyboard.type('sh -c "echo made; exec cat"')
    dialog.get_by_label("Folder").fill("/nowhere/at/all")
    dialog.get_by_label("Name").fill("made here")
    drawer.press("Enter")
    dialog.get_by_role("alert").wait_for()
    assert "/nowhere/at/all" in (dialog.get_by_role("alert").text_content() or "")
    dialog.get_by_label("Folder").fill(str(daemon.home))
    drawer.press("Enter")
    drawer.wait_for_line("made")
    _, session = daemon.request("GET", f"/api/sessions/{drawer.session_id}")
    assert (session["name"], session["cwd"]) == ("made here", str(daemon.home))
    assert session["argv"] == ["sh", "-c", "echo made; exec cat"]

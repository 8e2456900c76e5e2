"""For everybody: axe-core in the main states, the order of the focus, what a screen reader hears."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from support.browser import REPOSITORY, Tab, Window, WindowMaker, new_session
from support.daemons import Daemon

AXE = REPOSITORY / "scripts" / "web" / "node_modules" / "axe-core" / "axe.min.js"


def violations(tab: Tab) -> list[str]:
    """What axe-core finds that is serious or worse."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE.read_text())
    tab.until("document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity)")
    found = tab.evaluate(
        """async () => (await axe.run({ resultTypes: ["violations"] })).violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) =>
          `${id}: ` + nodes.map((one) => one.html.slice(0, 160) + one.failureSummary).join(" | "))"""
    )
    return list(found)


@pytest.fixture(autouse=True)
def axe_is_there() -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run scripts/web/check")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_serious(new_window: WindowMaker, daemon: Daemon, scheme: str) -> None:
    """No serious violation in any main state."""
    window = new_window(color_scheme=scheme)
    stranger = window.open(login=False, ready=False)
    stranger.page.locator(".command").wait_for()
    found = {"login": violations(stranger)}
    stranger.page.close()
    session = new_session(daemon, "name=build")
    new_session(daemon, "name=logs")
    tab = window.tab()
    tab.open(session, login=True)
    found["terminal"] = violations(tab)

    def look(name: str, *keys: str, ready: Callable[[], object] = lambda: None) -> None:
        tab.press(*keys)
        ready()
        found[name] = violations(tab)
        tab.press("Escape")

    drawn = "document.querySelectorAll('.drawer canvas[data-drawn]').length === 2"
    look("drawer", "Control+Shift+KeyL", ready=lambda: tab.until(drawn))
    look("settings", "Control+Shift+Comma")
    look("help", "Control+Shift+Slash")
    look("new", "Control+Shift+Enter")
    look("search", "Control+Shift+KeyF")
    tab.page.click("#open-menu")
    look("menu")
    tab.page.click("#open-menu")
    tab.page.get_by_role("menuitem", name="End session").click()
    look("end", ready=tab.page.locator("dialog.confirm").wait_for)
    tab.type("exit\n")
    tab.wait_for_phase("ended")
    found["ended"] = violations(tab)
    tab.open(session, ready=False)
    tab.page.locator(".history-view.shown").wait_for()
    found["gone"] = violations(tab)
    tab.open(ready=False)
    tab.page.locator("#welcome[data-kind=choice] .row:not(.ended)").wait_for()
    found["choice"] = violations(tab)
    assert {state: what for state, what in found.items() if what} == {}


def test_the_focus_goes_where_it_should(window: Window, daemon: Daemon) -> None:
    """The terminal has it at first; from it one leaves by keys, walks the bar in order, and dialogs give it back."""
    tab = window.open(new_session(daemon))
    where = "document.activeElement.id || document.activeElement.className"
    assert tab.evaluate(where) == "xterm-helper-textarea"
    tab.page.locator("#open-sessions").focus()
    order = []
    for _ in range(4):
        order.append(tab.evaluate(where))
        tab.press("Tab")
    assert order == ["open-sessions", "connection", "open-search", "open-menu"]
    tab.page.locator("#open-menu").focus()
    tab.press("Enter")
    tab.until("document.activeElement.role === 'menuitem'")
    tab.press("ArrowUp")
    assert tab.evaluate("document.activeElement.textContent") == "Log out"
    tab.press("Escape")
    tab.until("document.activeElement.id === 'open-menu'")
    tab.focus()
    tab.press("Control+Shift+Comma")
    assert tab.evaluate("document.activeElement.closest('dialog') !== null")
    tab.press("Escape")
    tab.until("document.activeElement.className === 'xterm-helper-textarea'")


def test_a_screen_reader_hears_each_change_once(window: Window, daemon: Daemon) -> None:
    """The state is announced when it changes, the countdown never, and a replay not at all."""
    session = new_session(daemon)
    tab = window.open(session)
    tab.type("seq 500\n")
    tab.wait_for_line("500")
    tab.evaluate(
        """() => { window.heard = [];
        const look = (changes) => { for (const { target, type, addedNodes } of changes) {
          if (type === "childList" && addedNodes.length === 0) continue; // what goes is not read out
          const element = target instanceof Element ? target : target.parentElement;
          const region = element?.closest("[role=status],[role=alert],[aria-live]");
          const text = region?.getAttribute("aria-live") === "off" ? "" : region?.textContent.trim();
          if (text) window.heard.push(text);
        } };
        new MutationObserver(look).observe(document.body, { childList: true, characterData: true, subtree: true }); }"""
    )
    daemon.kill()
    tab.wait_for_phase("reconnecting")
    tab.page.locator("#situation", has_text=re.compile("attempt [3-9]")).wait_for()
    assert tab.evaluate("window.heard") == ["Reconnecting"]
    daemon.start()
    tab.evaluate("window.holdfast.attachment.retryNow()")
    tab.wait_for_phase("connected")
    tab.until("window.heard.length >= 3")
    heard = tab.evaluate("window.heard")
    assert heard.count("Connected") == 1
    assert len(heard) == 3, heard
    assert heard[2].startswith("Restored")


def test_reduced_motion_is_respected(new_window: WindowMaker, daemon: Daemon) -> None:
    """Where the system asks for calm, nothing on the page keeps moving."""
    tab = new_window(reduced_motion="reduce").open(new_session(daemon))
    daemon.kill()
    tab.page.locator("#situation").wait_for()
    moving = """document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 1
        || one.effect.getComputedTiming().iterations > 1).length"""
    assert tab.evaluate(moving) == 0

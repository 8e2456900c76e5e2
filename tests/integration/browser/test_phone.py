"""The page on a phone: keys that its keyboard lacks, room above the soft keyboard, fingers that scroll and select."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from support.browser import Tab, Window, WindowMaker, new_session
from support.daemons import Daemon

_HELD = "document.activeElement.classList.contains('xterm-helper-textarea')"


@pytest.fixture
def phone(new_window: WindowMaker) -> Window:
    """A small screen with touch, as phones have it."""
    return new_window(viewport={"width": 390, "height": 760}, has_touch=True, is_mobile=True, device_scale_factor=2)


def _session(window: Window, daemon: Daemon, *argv: str) -> Tab:
    return window.open(new_session(daemon, f"argv={quote(json.dumps(argv))}"))


class Finger:
    """One on the page, moved by Chromium's own input, as a person's."""

    def __init__(self, tab: Tab) -> None:
        self._session = tab.page.context.new_cdp_session(tab.page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def down(self, *points: tuple[float, float]) -> None:
        self._send("touchStart", *points)

    def move(self, *points: tuple[float, float]) -> None:
        self._send("touchMove", *points)

    def up(self) -> None:
        self._send("touchEnd")

    def drag(self, x: float, start: float, end: float) -> None:
        """Put it down at (x, start), move it to (x, end), hold it there, lift it."""
        self.down((x, start))
        for step in range(1, 11):
            self.move((x, start + (end - start) * step / 10))
        self.up()


def _key(tab: Tab, name: str) -> Any:
    return tab.page.get_by_role("toolbar", name="Keys").get_by_role("button", name=name, exact=True)


def test_the_key_bar_types_what_the_keyboard_lacks(phone: Window, daemon: Daemon) -> None:
    """Its keys are typed without taking the focus; Ctrl and Alt count for the next key, or stay when tapped twice."""
    tab = _session(phone, daemon, "sh", "-c", "stty -echo -icanon -isig; echo ready; cat -v")
    tab.wait_for_line("ready")
    tab.page.locator("#terminal").tap()
    assert tab.evaluate(_HELD)
    for name in ("Escape", "Tab", "Up", "Left"):
        _key(tab, name).tap()
    _key(tab, "Control").tap()
    expect(_key(tab, "Control")).to_have_attribute("aria-pressed", "true")
    tab.page.keyboard.insert_text("c")  # as soft keyboards do: no key events
    expect(_key(tab, "Control")).to_have_attribute("aria-pressed", "false")
    tab.page.keyboard.insert_text("d")
    _key(tab, "Alt").tap()
    _key(tab, "Right").tap()
    _key(tab, "Control").tap()
    _key(tab, "Control").tap()
    tab.page.keyboard.insert_text("x")
    tab.page.keyboard.insert_text("y")
    expect(_key(tab, "Control")).to_have_attribute("aria-pressed", "true")
    _key(tab, "Control").tap()
    tab.page.keyboard.insert_text("z.")
    tab.wait_for_text("^[      ^[[A^[[D^Cd^[[1;3C^X^Yz.")
    assert tab.evaluate(_HELD)
    tab.screenshot("phone")


def test_the_terminal_stays_above_the_soft_keyboard(phone: Window, daemon: Daemon) -> None:
    """Where the keyboard only covers the page, the terminal ends above it, with the key bar, and its size follows."""
    tab = _session(phone, daemon, "bash", "--norc", "--noprofile")
    rows = tab.size[1]
    tab.evaluate(
        """() => { Object.defineProperty(visualViewport, "height", { value: 430, configurable: true });
        visualViewport.dispatchEvent(new Event("resize")); }"""
    )
    tab.until("(rows) => window.holdfast.pane.terminal.rows < rows - 10", rows)
    bar = tab.page.get_by_role("toolbar", name="Keys").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= 431
    tab.type("stty size\n")
    tab.wait_for_line(f"{tab.size[1]} {tab.size[0]}")
    tab.evaluate("delete visualViewport.height; visualViewport.dispatchEvent(new Event('resize'))")
    tab.until("(rows) => window.holdfast.pane.terminal.rows === rows", rows)


def test_fingers_scroll(phone: Window, daemon: Daemon) -> None:
    """A drag scrolls as far as the finger goes, into the history too; a full-screen program gets it as a wheel."""
    tab = _session(phone, daemon, "sh", "-c", "seq 1 3000; cat -v")
    tab.wait_for_line("3000")
    tab.reload()
    finger = Finger(tab)
    top = "window.holdfast.pane.terminal.buffer.active.viewportY"
    height = tab.evaluate("document.querySelector('#terminal .xterm-screen').offsetHeight") / tab.size[1]
    before = tab.evaluate(top)
    finger.down((200, 200))
    for step in range(1, 11):
        finger.move((200, 200 + step * height * 2))
    tab.until(f"(before) => Math.abs(before - 20 - {top}) <= 1", before)
    finger.up()

    tab.evaluate("window.holdfast.pane.terminal.scrollToTop()")
    tab.until(f"{top} === 0")
    finger.drag(200, 200, 400)
    tab.until("window.holdfast.history?.terminal")
    line = tab.until("window.holdfast.history.topLine")
    finger.drag(200, 200, 400)
    tab.until("(line) => window.holdfast.history.topLine < line - 5", line)
    tab.page.get_by_role("button", name="Back to live").tap()
    tab.until("window.holdfast.history === null")

    tab.evaluate(
        """window.events = "";
        window.holdfast.pane.addEventListener("input", ({ detail }) => (window.events += detail.data));"""
    )
    write = "(text) => new Promise((done) => window.holdfast.pane.write(new TextEncoder().encode(text), false, done))"
    tab.evaluate(write, "\x1b[?1049h")
    finger.drag(200, 400, 300)
    tab.until("/(\\x1b\\[B){4,}/.test(window.events)")  # the drag before may still run on
    tab.evaluate("window.events = ''")
    tab.evaluate(write, "\x1b[?1002h\x1b[?1006h")
    finger.drag(200, 300, 400)
    tab.until("/(\\x1b\\[<64;\\d+;\\d+M){4,}/.test(window.events)")


def test_a_long_press_selects(phone: Window, daemon: Daemon) -> None:
    """It takes the word, dragging on or a handle takes more, a button copies. Two fingers change the font."""
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = _session(phone, daemon, "sh", "-c", "clear; echo one two three; echo four; cat")
    tab.wait_for_line("four")
    screen = tab.page.locator("#terminal .xterm-screen").first.bounding_box()
    assert screen is not None
    cell = screen["width"] / tab.size[0]
    y = screen["y"] + screen["height"] / tab.size[1] / 2
    finger = Finger(tab)
    finger.down((screen["x"] + 5.5 * cell, y))
    tab.until("window.holdfast.pane.terminal.getSelection() === 'two'")
    finger.move((screen["x"] + 10.5 * cell, y))
    tab.until("window.holdfast.pane.terminal.getSelection() === 'two thr'")
    finger.up()
    handle = tab.page.locator(".selection-handle.end").bounding_box()
    assert handle is not None
    x, below = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    finger.down((x, below))
    finger.move((screen["x"] + 12.5 * cell, y + 20))
    finger.up()
    tab.until("window.holdfast.pane.terminal.getSelection() === 'two three'")
    tab.page.locator(".selection-tools").get_by_role("button", name="Copy").tap()
    tab.until("navigator.clipboard.readText().then((text) => text === 'two three')")
    expect(tab.page.locator(".selection-handle.end")).to_be_hidden()

    font = tab.evaluate("window.holdfast.pane.terminal.options.fontSize")
    finger.down((150, 300), (250, 300))
    finger.move((125, 300), (275, 300))
    finger.up()
    tab.until("(font) => window.holdfast.pane.terminal.options.fontSize === Math.round(font * 1.5)", font)

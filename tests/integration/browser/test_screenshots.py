"""Pictures of the page's main states, in artefacts/browser: to look at, and two of them for the documentation.

`HOLDFAST_DOCS_PICTURES=1` puts those two into docs/.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from support.browser import REPOSITORY, Tab, Window, WindowMaker, new_session, running
from support.daemons import Daemon

SCENES = REPOSITORY / "tests" / "support" / "scenes"
WIDE = {"width": 1180, "height": 720}
PHONE = {"width": 390, "height": 780}
NO_WEBGL = """const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest); };"""
"""xterm.js's WebGL renderer does not know of the density that Playwright makes believe."""

AT_REST = "document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity)"


@pytest.fixture
def release(daemon: Daemon) -> str:
    """Four believable sessions; the id of the one to show, in which a release was built and tested."""
    folder = daemon.home / "user" / "orchard"
    folder.mkdir()
    here = f"cols=120&rows=36&cwd={quote(str(folder))}"

    def scene(name: str, file: str, program: str) -> str:
        stays = daemon.home / program  # what the foreground program is called
        stays.symlink_to(Path(str(shutil.which("cat"))))
        command = running("sh", "-c", f". {SCENES / file}; exec {stays}")
        return new_session(daemon, f"{here}&name={name}&{command}")

    scene("logs", "logs.sh", "tail")
    scene("monitor", "monitor.sh", "htop")
    new_session(daemon, f"{here}&name=notes")
    return scene("release", "build.sh", "zsh")


def shown(window: Window, session: str) -> Tab:
    """The session in a dense window, without notices."""
    window.context.add_init_script(NO_WEBGL)
    tab = window.open(session)
    tab.wait_for_text("346 passed")
    tab.page.locator("#session-program", has_text="zsh").wait_for()
    tab.page.locator(".notice button").last.click()
    tab.page.locator(".notice").first.wait_for(state="detached")
    return tab


def take(tab: Tab, name: str, *keys: str, ready: str = "true") -> Path:
    """Press keys, wait until it is so, take the picture, and go back by Escape where keys were pressed."""
    tab.press(*keys)
    tab.until(f"({ready}) && {AT_REST}")
    path = tab.screenshot(name)
    if keys:
        tab.press("Escape")
    return path


def test_wide_states(release: str, new_window: WindowMaker) -> None:
    """The terminal, the drawer and every dialog have a picture, dark and light."""
    drawn = "document.querySelectorAll('.drawer canvas[data-drawn]').length === 4"
    for scheme in ("dark", "light"):
        tab = shown(new_window(viewport=WIDE, device_scale_factor=2, color_scheme=scheme), release)
        picture = take(tab, f"wide-{scheme}")
        if os.environ.get("HOLDFAST_DOCS_PICTURES") == "1":
            shutil.copy(picture, REPOSITORY / "docs" / f"page-{scheme}.png")
        take(tab, f"drawer-{scheme}", "Control+Shift+KeyL", ready=drawn)
        take(tab, f"settings-{scheme}", "Control+Shift+Comma")
        take(tab, f"help-{scheme}", "Control+Shift+Slash")
        tab.page.locator("#open-menu").focus()
        take(tab, f"menu-{scheme}", "Enter", ready="document.activeElement.role === 'menuitem'")
        tab.press("Control+Shift+KeyF")
        tab.page.keyboard.type("store")
        tab.page.locator(".search-head", has_text="3 lines").wait_for()
        take(tab, f"search-{scheme}")
        tab.page.locator(".result").first.click()
        take(tab, f"history-{scheme}", ready="document.querySelector('.history-view.shown') !== null")


def test_other_screens(release: str, new_window: WindowMaker) -> None:
    """A phone, high contrast, and a browser that nobody has logged in."""
    phone = new_window(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    take(shown(phone, release), "phone")
    take(shown(new_window(viewport=WIDE, contrast="more"), release), "contrast")
    stranger = new_window(viewport=WIDE).open(login=False, ready=False)
    stranger.page.locator(".command").wait_for()
    take(stranger, "login")


def test_ways_back_and_ends(release: str, new_window: WindowMaker, daemon: Daemon) -> None:
    """The offer to rejoin, a lost connection with keys that wait, the question before an end, and what is left."""
    window = new_window(viewport=WIDE, device_scale_factor=2)
    tab = shown(window, release)
    fresh = window.open(ready=False)
    take(fresh, "offer", ready="document.querySelectorAll('canvas[data-drawn]').length === 5")
    fresh.page.close()
    daemon.kill()
    tab.wait_for_phase("reconnecting")
    tab.focus()
    tab.page.keyboard.type("git status")
    tab.page.get_by_role("button", name="Discard").wait_for()
    take(tab, "reconnecting")
    tab.page.get_by_role("button", name="Discard").click()
    daemon.start()
    tab.evaluate("window.holdfast.attachment.retryNow()")
    tab.wait_for_phase("connected")
    tab.page.locator("#open-menu").click()
    tab.page.get_by_role("menuitem", name="End session").click()
    tab.page.locator("dialog.confirm").wait_for()
    take(tab, "end")
    tab.page.locator("dialog.confirm").get_by_role("button", name="End session").click()
    tab.wait_for_phase("ended")
    take(tab, "ended")
    tab.reload(ready=False)
    take(tab, "gone", ready="document.querySelector('.history-view.shown') !== null")

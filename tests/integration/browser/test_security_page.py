"""The page against others: its policy, other sites, and what sessions and programs call themselves."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from support.browser import Tab, Window, new_session, running
from support.daemons import Daemon

MARKUP = "<img src=x onerror=window.pwned=1><b>bold</b>"


@pytest.fixture
def other_site(tmp_path: Path) -> Iterator[str]:
    """Another site on this machine, with an empty page; `frame.html` has the page in a frame."""
    (tmp_path / "index.html").write_text("<!doctype html><title>other</title>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_policy_is_kept_in_every_main_state(window: Window, daemon: Daemon) -> None:
    """Nothing the page does is against its own policy: terminal, pictures, drawer, dialogs, search, history."""
    tab = window.tab()
    tab.page.add_init_script(
        "window.violations = []; addEventListener('securitypolicyviolation',"
        " (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));"
    )
    session = new_session(daemon, running("sh", "-c", "seq 5000; exec cat"))
    tab.open(session, login=True)
    tab.press("Control+Shift+KeyL")
    tab.page.locator(".drawer canvas[data-drawn]").wait_for()
    tab.press("Escape")
    for keys in ("Control+Shift+Comma", "Control+Shift+Slash", "Control+Shift+Enter"):
        tab.press(keys)
        tab.page.locator("dialog.dialog").wait_for()
        tab.press("Escape")
    tab.press("Control+Shift+KeyF")
    tab.page.keyboard.type("4321")
    tab.page.locator(".result").click()
    tab.page.locator(".history-view.shown").wait_for()
    assert tab.evaluate("window.violations") == []
    tab.evaluate(
        """() => { const one = document.createElement("script"); one.textContent = "window.pwned = 1";
        document.body.append(one); }"""
    )
    assert tab.evaluate("window.pwned ?? null") is None
    tab.problems.clear()  # that was made on purpose


def test_another_site_can_neither_connect_nor_frame(window: Window, daemon: Daemon, other_site: str) -> None:
    """With the user logged in, another site's page gets no socket, no answer and no frame, and can start nothing."""
    window.open(new_session(daemon))
    other = window.tab()
    other.page.goto(other_site)
    outcome = """async (origin) => {
      const socket = new WebSocket(origin.replace("http", "ws") + "/ws", ["holdfast.v1"]);
      const address = origin + "/api/sessions";
      const until = (target, good) => new Promise((resolve) => {
        target.addEventListener(good, () => resolve(good));
        target.addEventListener("error", () => resolve("refused"));
      });
      const opened = await until(socket, "open");
      const read = await fetch(address, { credentials: "include" }).then(() => "read", () => "refused");
      await fetch(address, { method: "POST", mode: "no-cors", credentials: "include" }).catch(() => null);
      const script = document.createElement("script");
      script.src = address;
      document.head.append(script);
      return [opened, read, await until(script, "load")];
    }"""
    assert other.evaluate(outcome, window.origin) == ["refused", "refused", "refused"]
    _, answer = daemon.request("GET", "/api/sessions")
    assert len(answer["sessions"]) == 1, "the request without a readable answer made nothing"
    other.evaluate(
        """(origin) => new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.src = origin + "/";
          frame.onload = () => resolve(undefined);
          document.body.append(frame);
        })""",
        window.origin,
    )
    assert not [
        frame
        for frame in other.page.frames
        if frame.url.startswith(window.origin) and frame.query_selector("#terminal")
    ]
    other.problems.clear()  # Chromium says on the console that the frame was refused


def test_names_and_titles_are_text(window: Window, daemon: Daemon) -> None:
    """Markup in a name, a title, a folder, a command or what was printed is shown, and does nothing."""
    folder = daemon.home / "user" / "<i>folder<"
    folder.mkdir()
    prints = r"""printf '\033]2;<u>title</u>\007%s\n' '<img src=y onerror=window.pwned=2>'; exec cat"""
    session = new_session(daemon, f"name={quote(MARKUP)}&cwd={quote(str(folder))}&{running('sh', '-c', prints)}")
    tab = window.open(session)
    tab.wait_for_text("onerror=window.pwned=2")
    tab.page.locator("#session-name", has_text=MARKUP).wait_for()
    tab.until("document.title.includes('<u>title</u>')")
    assert MARKUP in tab.page.title()
    tab.press("Control+Shift+KeyL")
    tab.page.locator(".row-name", has_text=MARKUP).wait_for()
    assert "<i>folder<" in (tab.page.locator(".row-runs").text_content() or "")
    tab.press("ArrowDown", "Delete")
    tab.page.locator("dialog.confirm").wait_for()
    tab.press("Escape", "Escape")
    tab.press("Control+Shift+KeyF")
    tab.page.keyboard.type("onerror")
    tab.page.locator(".result").first.wait_for()
    assert _made_of_data(tab) == 0
    assert daemon.request("POST", f"/api/sessions/{session}/end")[0] == 200
    tab.wait_for_phase("ended")
    tab.reload(ready=False)
    tab.page.locator("#welcome h2", has_text=MARKUP).wait_for()
    assert _made_of_data(tab) == 0
    assert tab.evaluate("window.pwned ?? null") is None


def _made_of_data(tab: Tab) -> int:
    return int(
        tab.evaluate("document.querySelectorAll('img[src=x], img[src=y], .row b, .row i, h1 b, h2 b, u').length")
    )

"""The page in a real Chromium: windows logged in by a real one-time link, and what a person does and sees in them.

Synchronous, for Playwright's event loop runs in the test's own thread: no asyncio test may share a module with these.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from .daemons import Daemon

__all__ = ["ARTEFACTS", "REPOSITORY", "Tab", "Window", "chromium", "fixed_port", "login_code", "new_session", "running"]

REPOSITORY = Path(__file__).parents[2]
ARTEFACTS = REPOSITORY / "artefacts" / "browser"
WAIT_MS = 15_000
"""What takes longer has failed; nothing waits this long that works."""

_FUNCTION = re.compile(r"(async )?\([^)]*\) =>")


def chromium() -> Iterator[Browser]:
    """Give a running Chromium; skip, or fail where HOLDFAST_REQUIRE_BROWSER=1, when there is none."""
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    if found is None:
        line = "the page is not tested: no chromium on PATH (Debian: apt-get install chromium)"
        if os.environ.get("HOLDFAST_REQUIRE_BROWSER") == "1":
            pytest.fail(line)
        pytest.skip(line)
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox refuses root
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        try:
            yield browser
        finally:
            browser.close()


def fixed_port() -> int:
    """Return a port that is free now: a page comes back to the address it knows, also after a restart."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def login_code(daemon: Daemon) -> str:
    """Return the code of a new one-time link, made as `holdfast web` makes it."""
    status, answer = daemon.request("POST", "/api/logins")
    assert status in {200, 201}, answer
    return str(answer["code"])


def new_session(daemon: Daemon, query: str = "") -> str:
    """Make a session over HTTP, `query` as in `POST /api/sessions`; returns its id."""
    status, answer = daemon.request("POST", f"/api/sessions?{query}")
    assert status == 201, answer
    return str(answer["session_id"])


def running(*argv: str) -> str:
    """Return the part of a query that makes a new session run this."""
    return f"argv={quote(json.dumps(argv))}"


@dataclass
class Window:
    """A browser profile of its own: cookies and storage are shared by its tabs, and by nobody else.

    Attributes:
        origin: of the daemon (or a proxy before it), without a slash at the end.
    """

    browser: Browser
    daemon: Daemon
    origin: str
    context: BrowserContext
    tabs: list[Tab] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, daemon: Daemon, *, origin: str | None = None, **options: Any) -> Window:
        """Make one; `options` are those of Playwright's `new_context`."""
        defaults: dict[str, Any] = {"viewport": {"width": 1000, "height": 640}, "color_scheme": "dark"}
        context = browser.new_context(**{**defaults, **options})
        context.set_default_timeout(WAIT_MS)
        return cls(browser, daemon, origin or f"http://127.0.0.1:{daemon.port}", context)

    def tab(self) -> Tab:
        """Open an empty tab."""
        one = Tab(self, self.context.new_page())
        self.tabs.append(one)
        return one

    def open(self, session: str | None = None, *, login: bool = True, ready: bool = True) -> Tab:
        """Open the page in a new tab, logged in by a one-time link unless this window already is or `login` is false.

        Args:
            session: id of the session to open; None: the page decides.
            login: come by a one-time link.
            ready: wait until the terminal shows the session.
        """
        tab = self.tab()
        tab.open(session, login=login and len(self.tabs) == 1, ready=ready)
        return tab

    def close(self) -> None:
        self.context.close()


class Tab:
    """One tab with the page, driven as a person does.

    Attributes:
        page: Playwright's.
        problems: uncaught errors and violations of the content security policy; the fixture fails on any.
    """

    def __init__(self, window: Window, page: Page) -> None:
        self.window = window
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"{error.message}\n{error.stack or ''}"))
        page.on("console", lambda message: self._note(message.type, message.text))

    def _note(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text or (kind == "error" and "integrity" in text):
            self.problems.append(text)

    def open(self, session: str | None = None, *, login: bool = False, ready: bool = True) -> None:
        """Go to the page; see `Window.open`."""
        parts = [f"login={login_code(self.window.daemon)}"] if login else []
        if session is not None:
            parts.append(f"session={session}" if login else session)
        self.page.goto("about:blank")  # to change the fragment alone would not load the page
        self.page.goto(f"{self.window.origin}/" + (f"#{'&'.join(parts)}" if parts else ""))
        if ready:
            self.until_ready()

    def until_ready(self) -> None:
        """Wait until the session is attached and everything replayed has been parsed."""
        self.until("document.documentElement.dataset.phase === 'connected' && document.body.dataset.restored === 'yes'")

    def until(self, script: str, argument: object = None) -> Any:
        """Wait until a JavaScript expression, or a function of `argument`, is true; returns its value.

        Playwright's own `wait_for_function` evaluates a string in the page, which its security policy forbids.
        """
        holds = script if _FUNCTION.match(script) else f"() => {script}"
        waiting = f"""async (argument) => {{
            const holds = {holds};
            const deadlineMs = performance.now() + {WAIT_MS};
            for (;;) {{
                const value = await holds(argument);
                if (value) return value;
                if (performance.now() > deadlineMs) return null;
                await new Promise((resolve) => setTimeout(resolve, 20));
            }} }}"""
        try:
            value = self.page.evaluate(waiting, argument)
        except Error as error:
            if "context was destroyed" not in error.message:
                raise
            self.page.wait_for_load_state()  # it went to another page meanwhile: ask that one
            value = self.page.evaluate(waiting, argument)
        assert value is not None, f"not within {WAIT_MS} ms: {script}"
        return value

    def reload(self, *, ready: bool = True) -> None:
        self.page.reload()
        if ready:
            self.until_ready()

    def type(self, text: str) -> None:
        """Type into the terminal with the keyboard; a line feed is Enter."""
        self.focus()
        for part in re.split("(\n)", text):
            if part == "\n":
                self.page.keyboard.press("Enter")
            elif part:
                self.page.keyboard.type(part)

    def press(self, *keys: str) -> None:
        """Press keys one after the other, as `Control+c`, wherever the focus is."""
        for key in keys:
            self.page.keyboard.press(key)

    def focus(self) -> None:
        """Put the focus into the terminal."""
        self.page.evaluate("window.holdfast.pane.focus()")

    def evaluate(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)

    @property
    def screen(self) -> list[str]:
        """The rows that xterm.js shows, without blanks at their ends."""
        rows: list[str] = self.page.evaluate(
            """() => { const buffer = window.holdfast.pane.terminal.buffer.active;
            return Array.from({ length: window.holdfast.pane.terminal.rows },
              (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? ""); }"""
        )
        return rows

    @property
    def text(self) -> str:
        """Everything that xterm.js holds, scrollback included; rows that wrap are joined."""
        return str(self.page.evaluate(f"() => {_ALL_TEXT}"))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of xterm.js."""
        cols, rows = self.page.evaluate("[window.holdfast.pane.terminal.cols, window.holdfast.pane.terminal.rows]")
        return cols, rows

    @property
    def session_id(self) -> str:
        return str(self.page.evaluate("window.holdfast.attachment.session?.session_id ?? ''"))

    @property
    def phase(self) -> str:
        """Of the connection, as `ConnectionState` has it."""
        return str(self.page.evaluate("window.holdfast.attachment.state.phase"))

    def wait_for_text(self, text: str) -> None:
        """Wait until the terminal holds this text, screen or scrollback."""
        self.until(f"(wanted) => {_ALL_TEXT}.includes(wanted)", text)

    def wait_for_line(self, line: str) -> None:
        """Wait until the terminal holds a line that is exactly this: output, not the command that was typed."""
        self.until(f"(wanted) => {_ALL_TEXT}.split('\\n').includes(wanted)", line)

    def wait_for_phase(self, phase: str) -> None:
        self.until("(phase) => document.documentElement.dataset.phase === phase", phase)

    def screenshot(self, name: str) -> Path:
        """Keep what the page shows as artefacts/browser/NAME.png."""
        path = ARTEFACTS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)
        return path


_ALL_TEXT = """(() => { const buffer = window.holdfast?.pane?.terminal.buffer.active; let text = "";
  for (let row = 0; row < (buffer?.length ?? 0); row++) {
    const line = buffer.getLine(row);
    text += (row && !line.isWrapped ? "\\n" : "") + line.translateToString(!buffer.getLine(row + 1)?.isWrapped);
  }
  return text; })()"""

WindowMaker = Callable[..., Window]

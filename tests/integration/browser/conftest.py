"""Fixtures of the tests in a real browser. The daemon has a port of its own that it keeps over restarts."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error
from support.browser import Tab, Window, WindowMaker, chromium, fixed_port
from support.daemons import Daemon
from support.network import Network, network

_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for one module: Playwright's event loop must have gone before another module's asyncio tests."""
    yield from chromium()


@pytest.fixture
def daemon(home: Path, environ: dict[str, str]) -> Iterator[Daemon]:
    """A running daemon."""
    one = Daemon(home, environ, ["--listen", f"127.0.0.1:{fixed_port()}"])
    try:
        one.start()
        yield one
    finally:
        one.close()


@pytest.fixture
def net(daemon: Daemon) -> Iterator[Network]:
    """A network before the daemon, which the test can break: `new_window(origin=net.origin)`."""
    with network(daemon.port) as one:
        yield one


@pytest.fixture
def new_window(browser: Browser, daemon: Daemon, request: pytest.FixtureRequest) -> Iterator[WindowMaker]:
    """Make windows (browser profiles): `new_window(viewport=..., color_scheme=..., origin=...)`.

    A failed test leaves a screenshot of every tab in artefacts/browser/failed. An uncaught error in any page fails.
    """
    made: list[Window] = []

    def make(**options: object) -> Window:
        made.append(Window.of(browser, daemon, **options))  # type: ignore[arg-type]  # Playwright's own options
        return made[-1]

    yield make
    tabs = [tab for window in made for tab in window.tabs]
    if request.node.stash.get(_FAILED, False):
        _keep_pictures(tabs, request.node.name)
    problems = [problem for tab in tabs for problem in tab.problems]
    for window in made:
        window.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def window(new_window: WindowMaker) -> Window:
    """One window, 1000 x 640, dark."""
    return new_window()


@pytest.fixture
def tab(window: Window) -> Tab:
    """The page, logged in, with a new session that is attached."""
    return window.open()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test has failed, for the fixture that takes the pictures."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[_FAILED] = True
    return report


def _keep_pictures(tabs: list[Tab], name: str) -> None:
    for number, tab in enumerate(tabs):
        try:
            tab.screenshot(f"failed/{re.sub('[^a-zA-Z0-9_-]+', '-', name)}-{number}")
        except Error:  # a page that hangs or has gone has no picture, and the test has its own story
            continue

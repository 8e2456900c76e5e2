"""How fast the page shows a session, whatever came before it, and what it holds in memory then.

The clock runs in the page itself, from the `open` event of its WebSocket until the frame behind the last restored byte
has been painted. Medians over several loads, long and empty sessions in turn; what is shown is checked.
"""

# ruff: noqa: T201  # the figures are half of what it is for

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser
from support.browser import Tab, Window, chromium, new_session
from support.daemons import Daemon

ROUNDS = 15
CEILING_MS = 1000.0
"""Far above what it takes, so that a busy machine does not fail it: the figure is what counts."""

HEAP_CEILING_BYTES = 100_000_000

STOPWATCH = """
    const Native = WebSocket;
    window.WebSocket = class extends Native {
        constructor(...given) {
            super(...given);
            this.addEventListener("open", () => (window.openedAt ??= performance.now()));
        }
    };
    addEventListener("DOMContentLoaded", () => {
        const watch = new MutationObserver(() => {
            if (document.body.dataset.restored !== "yes") return;
            watch.disconnect();
            requestAnimationFrame(() => requestAnimationFrame(() => (window.paintedAt = performance.now())));
        });
        watch.observe(document.body, { attributes: true, attributeFilter: ["data-restored"] });
    });
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of this file's own."""
    yield from chromium()


def session_with(daemon: Daemon, tmp_path: Path, size: int) -> str:
    """A session that has printed about `size` bytes of coloured lines, and waits."""
    line = "\x1b[32m{:07d}\x1b[0m \x1b[1;34m{}\x1b[0m and some words that make it as long as a line is\n"
    file = tmp_path / f"listing-{size}"
    file.write_text("".join(line.format(number, "x" * (number % 17)) for number in range(size // 85)))
    query = {"argv": json.dumps(["sh", "-c", f"cat {file}; printf READY; read wait"]), "cols": 100, "rows": 30}
    return new_session(daemon, urlencode(query))


def time_load(tab: Tab) -> tuple[float, float]:
    """Milliseconds from the page's navigation, and from its socket's opening, until the screen is painted."""
    tab.reload()
    painted_ms, opened_ms = tab.until("window.paintedAt && [window.paintedAt, window.openedAt]")
    tab.wait_for_text("READY")
    return painted_ms, painted_ms - opened_ms


def test_the_page_shows_a_long_history_as_soon_as_none(browser: Browser, daemon: Daemon, tmp_path: Path) -> None:
    """50 MB of history cost the page no time to its first paint, and no memory."""
    window = Window.of(browser, daemon)
    window.context.add_init_script(STOPWATCH)
    tabs = {}
    for name, size in (("empty", 0), ("50 MB", 50_000_000)):
        session_id = session_with(daemon, tmp_path, size)
        tabs[name] = window.open(session_id)
        tabs[name].wait_for_text("READY")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in tabs}
    for _ in range(ROUNDS):
        for name, tab in tabs.items():
            tab.page.bring_to_front()
            times[name].append(time_load(tab))
    print()
    medians = {name: statistics.median(since_open for _, since_open in took) for name, took in times.items()}
    for name, took in times.items():
        since_open = [one for _, one in took]
        print(
            f"page with {name:>5} of history: painted {medians[name]:5.1f} ms after its socket opened "
            f"({min(since_open):.0f} to {max(since_open):.0f}), {statistics.median(one for one, _ in took):.0f} ms "
            f"after it began to load; JavaScript heap {heap_bytes(tabs[name]) / 1e6:.1f} MB"
        )
    print(f"50 MB against empty: {medians['50 MB'] / medians['empty']:.2f}")
    assert max(medians.values()) < CEILING_MS
    assert heap_bytes(tabs["50 MB"]) < HEAP_CEILING_BYTES
    window.close()


def heap_bytes(tab: Tab) -> int:
    """What the page's JavaScript holds, after collecting what nobody uses."""
    devtools = tab.window.context.new_cdp_session(tab.page)
    devtools.send("HeapProfiler.collectGarbage")
    used: int = devtools.send("Runtime.getHeapUsage")["usedSize"]
    devtools.detach()
    return used

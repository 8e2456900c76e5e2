"""A flood neither freezes the page nor fills its memory, and Ctrl-C ends it at once."""

from __future__ import annotations

from support.browser import Tab, Window, new_session
from support.daemons import Daemon

FLOOD_BYTES = 100_000_000
HEAP_GROWTH_BYTES = 48 << 20
"""xterm.js's own scrollback of 5,000 lines takes some 10 MB; a window of output that waits is half a megabyte."""


def heap_bytes(tab: Tab) -> int:
    """What the page's JavaScript holds, garbage gone."""
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("HeapProfiler.collectGarbage")
    used = int(session.send("Runtime.getHeapUsage")["usedSize"])
    session.detach()
    return used


def test_a_flood_of_100_mb_leaves_memory_flat_and_ctrl_c_ends_one_at_once(window: Window, daemon: Daemon) -> None:
    tab = window.open(new_session(daemon))
    tab.evaluate(
        "() => { window.worst = 0; let last = performance.now(); const look = () => { const now = performance.now();"
        " window.worst = Math.max(window.worst, now - last); last = now; requestAnimationFrame(look); }; look(); }"
    )
    before = heap_bytes(tab)
    tab.type(f"yes 'a line of the flood' | head -c {FLOOD_BYTES}; echo; echo do''ne\n")
    for part in range(1, 11):
        tab.until("(offset) => window.holdfast.attachment.offset > offset", part * FLOOD_BYTES // 10)
    tab.wait_for_line("done")
    grown = heap_bytes(tab) - before
    assert grown < HEAP_GROWTH_BYTES
    tab.type("yes\n")
    offset = tab.evaluate("window.holdfast.attachment.offset")
    tab.until("(offset) => window.holdfast.attachment.offset > offset + 3_000_000", offset)
    tab.evaluate("() => { window.pressedMs = performance.now(); }")
    tab.press("Control+c")
    tab.type("echo st''opped\n")
    tab.wait_for_line("stopped")
    took_ms = tab.evaluate("performance.now() - window.pressedMs")
    assert took_ms < 3000
    assert tab.evaluate("window.worst") < 1000  # milliseconds without a frame

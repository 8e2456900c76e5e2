"""What the terminal has no more: the history, scrolled through without a jump, equal to the daemon's lines."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from support.browser import Tab, Window, new_session
from support.daemons import Daemon

_ROWS = """() => { const { terminal } = window.holdfast.history; const buffer = terminal.buffer.active;
  return Array.from({ length: terminal.rows },
    (_, row) => buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? ""); }"""
_PANE_ROWS = """() => { const { terminal } = window.holdfast.pane; const buffer = terminal.buffer.active;
  return Array.from({ length: terminal.rows },
    (_, row) => buffer.getLine(buffer.viewportY + row).translateToString(true)); }"""
_OPEN = "window.holdfast.history?.terminal && document.querySelector('.history-view.shown .history-sheet.shown')"


def _session(window: Window, daemon: Daemon, script: str) -> Tab:
    """Open a session that runs a script, in the size that the page would give it: no line flows into another width."""
    tab = window.open(new_session(daemon))
    cols, rows = tab.size
    tab.open(new_session(daemon, f"argv={quote(json.dumps(['sh', '-c', script]))}&cols={cols}&rows={rows}"))
    return tab


def _lines(daemon: Daemon, tab: Tab, before: int, most: int) -> list[dict[str, Any]]:
    status, answer = daemon.request("GET", f"/api/sessions/{tab.session_id}/lines?before={before}&max={most}&styled=0")
    assert status == 200, answer
    lines: list[dict[str, Any]] = answer["lines"]
    return lines


def _wheel(tab: Tab, rows: int) -> None:
    """Turn the wheel by so many rows; negative: up."""
    tab.page.mouse.move(300, 300)
    height = tab.evaluate("document.querySelector('#terminal .xterm-screen').offsetHeight") / tab.size[1]
    tab.page.mouse.wheel(0, rows * height)


def _to_top(tab: Tab) -> None:
    tab.evaluate("window.holdfast.pane.terminal.scrollToTop()")
    tab.until("window.holdfast.pane.terminal.buffer.active.viewportY === 0")


def test_scrolling_goes_on_past_the_oldest_line_without_a_jump(window: Window, daemon: Daemon) -> None:
    """A turn of the wheel above the oldest loaded line shows the lines before it, and so on to the first."""
    tab = _session(window, daemon, "seq -f 'number %.0f' 0 29999; cat")
    tab.wait_for_line("number 29999")
    tab.reload()
    _to_top(tab)
    rows = tab.evaluate(_PANE_ROWS)
    cell = "document.querySelector('{} .xterm-screen').getBoundingClientRect().toJSON()"
    place = tab.evaluate(cell.format("#terminal"))
    _wheel(tab, -3)
    tab.until(_OPEN)
    top = int(rows[0].split()[1]) - 3
    tab.until("(line) => window.holdfast.history.topLine === line", top)
    seen = tab.evaluate(_ROWS)
    assert seen[3:] == rows[: len(seen) - 3]
    assert tab.evaluate(cell.format(".history-sheet.shown")) == place, "the same cells at the same place"

    # Older lines are loaded while one scrolls; what is shown is always where it should be.
    for _ in range(12):
        _wheel(tab, -1000)
        tab.until("(before) => window.holdfast.history.topLine < before", top)
        top = tab.evaluate("window.holdfast.history.topLine")
        seen = tab.evaluate(_ROWS)
        first = int(seen[0].split()[1])
        assert first <= top
        assert seen == [f"number {number}" for number in range(first, first + len(seen))]
    tab.press("Home")
    tab.until("window.holdfast.history.topLine === 0")
    assert tab.evaluate(_ROWS)[:30] == [line["text"] for line in _lines(daemon, tab, 30, 30)]
    assert tab.evaluate("window.holdfast.history.terminal.buffer.active.length") <= 10_000 + 40


def test_the_history_ends_in_the_live_terminal(window: Window, daemon: Daemon) -> None:
    """Scrolling down past its end, Escape, the button and typing close it; what was typed reaches the program."""
    tab = _session(window, daemon, "stty -echo; seq 1 3000; cat")
    tab.wait_for_line("3000")
    tab.reload()

    def open_at_top() -> None:
        _to_top(tab)
        tab.focus()
        tab.press("Shift+PageUp")
        tab.until(_OPEN)

    def until_closed() -> None:
        tab.until("window.holdfast.history === null && document.activeElement.closest('#terminal')")

    open_at_top()
    tab.press("Escape")
    until_closed()
    open_at_top()
    tab.page.get_by_role("button", name="Back to live").click()
    until_closed()
    open_at_top()
    tab.press("x")
    until_closed()
    tab.press("y", "Enter")
    tab.wait_for_line("xy")
    open_at_top()
    # It loads what is newer on the way.
    tab.until(
        """async () => { const { history } = window.holdfast; const { buffer } = history.terminal;
        history.terminal.scrollLines(30); await new Promise((done) => setTimeout(done, 20));
        return buffer.active.viewportY === buffer.active.baseY && history.terminal.buffer === buffer; }"""
    )
    for _ in range(20):
        if tab.evaluate("window.holdfast.history === null"):
            break
        _wheel(tab, 200)
        tab.evaluate("new Promise((done) => setTimeout(done, 50))")
    until_closed()


def test_wide_wrapped_and_coloured_lines_are_whole(window: Window, daemon: Daemon) -> None:
    """Rows that wrap are one line again when copied; colours, wide characters and links are there."""
    script = (
        "seq 1 2000; i=0; while [ $i -lt 300 ]; do "
        "printf '\\033[1;31mred\\033[0m %0200d 日本語 \\033]8;;https://a.example\\033\\\\link\\033]8;;\\033\\\\\\n' "
        "$i; i=$((i+1)); done; seq 1 2000; cat"
    )
    tab = _session(window, daemon, script)
    tab.wait_for_line("2000")
    tab.reload()
    _to_top(tab)
    _wheel(tab, -1)
    tab.until(_OPEN)
    tab.until(
        """async () => { const { history } = window.holdfast; history.terminal.scrollLines(-20);
        await new Promise((done) => setTimeout(done, 20));
        const buffer = window.holdfast.history.terminal.buffer.active;
        return buffer.getLine(buffer.viewportY + 9).translateToString().startsWith("red"); }"""
    )
    top = tab.evaluate("window.holdfast.history.topLine")
    rows = tab.evaluate(_ROWS)
    assert rows == [line["text"].rstrip() for line in _lines(daemon, tab, top + len(rows), len(rows))]
    row = next(number for number, text in enumerate(rows) if text.startswith("red"))
    cell = tab.evaluate(
        """(row) => { const { terminal } = window.holdfast.history;
        const buffer = terminal.buffer.active;
        const at = buffer.viewportY + row;
        terminal.selectLines(at, at + 1);
        const cell = buffer.getLine(at).getCell(0);
        return [cell.isBold() > 0, cell.getFgColor(), terminal.getSelection()]; }""",
        row,
    )
    assert cell[:2] == [True, 1]
    assert "\n" not in cell[2].strip()


def test_a_result_is_shown_and_marked(window: Window, daemon: Daemon) -> None:
    """Opened at a line with a query, that line is in view and its match chosen; all matches are marked."""
    tab = _session(window, daemon, "seq -f 'number %.0f needle' 0 20000; cat")
    tab.wait_for_line("number 20000 needle")
    _to_top(tab)
    _wheel(tab, -1)
    tab.until(_OPEN)
    tab.evaluate("window.holdfast.history.open({ line: 7777, query: { text: 'NEEDLE', caseSensitive: false } })")
    tab.until("window.holdfast.history.terminal.getSelection() === 'needle'")
    assert "number 7777 needle" in tab.evaluate(_ROWS)
    position = tab.evaluate("window.holdfast.history.terminal.getSelectionPosition().start")
    row = tab.evaluate(
        "(y) => window.holdfast.history.terminal.buffer.active.getLine(y).translateToString(true)", position["y"]
    )
    assert row == "number 7777 needle"
    tab.until("document.querySelectorAll('.history-sheet.shown .xterm-decoration').length > 5")


def test_what_was_opened_last_is_shown(window: Window, daemon: Daemon) -> None:
    """Places asked for while others, and more lines, are still on their way: the last one is there, whole."""
    tab = _session(window, daemon, "seq -f 'number %.0f' 0 20000; cat")
    tab.wait_for_line("number 20000")
    _to_top(tab)
    _wheel(tab, -1)
    tab.until(_OPEN)
    for line in (5000, 12_345, 777):
        tab.evaluate(
            """(line) => { const { history } = window.holdfast;
            history.open({ line: line + 3000 }); history.terminal.scrollToTop();
            history.open({ line: line + 1500 }); history.open({ line }); }""",
            line,
        )
        tab.until("(line) => Math.abs(window.holdfast.history.topLine + 18 - line) <= 1", line)
        first = tab.evaluate("window.holdfast.history.topLine")
        rows = tab.evaluate(_ROWS)
        assert rows == [f"number {number}" for number in range(first, first + len(rows))]


def test_fifty_megabytes_are_at_hand(window: Window, daemon: Daemon) -> None:
    """However long the history, its first line is two keys away, and the page holds no more than its window of it."""
    tab = _session(
        window,
        daemon,
        "seq -f 'number %.0f of a history that is about fifty megabytes long, all of it kept' 0 599999; echo end; cat",
    )
    tab.wait_for_line("end")
    tab.reload()
    _to_top(tab)
    tab.focus()
    tab.press("Shift+PageUp")
    tab.until(_OPEN)
    tab.press("Home")
    first = tab.until("window.holdfast.history.topLine < 100_000 && [window.holdfast.history.topLine]")[0]
    rows = tab.evaluate(_ROWS)
    assert rows == [line["text"] for line in _lines(daemon, tab, first + len(rows), len(rows))]
    assert tab.evaluate("window.holdfast.history.terminal.buffer.active.length") <= 10_000 + 40

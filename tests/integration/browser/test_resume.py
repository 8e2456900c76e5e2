"""Losing the connection loses nothing: the page goes on at the byte where it stopped, whatever breaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from support.browser import Tab, WindowMaker, new_session
from support.daemons import Daemon
from support.network import Network

RECORD = """() => {
  const { pane } = window.holdfast;
  const write = pane.write.bind(pane);
  const reset = pane.reset.bind(pane);
  window.taken = { pieces: [], resets: 0, sessions: 0 };
  window.holdfast.attachment.addEventListener("session", () => { window.taken.sessions += 1; });
  pane.write = (data, inert, done) => {
    window.taken.pieces.push({ end: window.holdfast.attachment.offset, data: data.slice(), inert });
    write(data, inert, done);
  };
  pane.reset = () => { window.taken.resets += 1; reset(); };
}"""
"""Has the page note what its parser is given, and for which offset."""

TAKEN = """async () => {
  const { pieces, resets } = window.taken;
  const gaps = pieces.filter(({ end, data }, index) => index && end - data.length !== pieces[index - 1].end).length;
  const bytes = new Uint8Array(await new Blob(pieces.map(({ data }) => data)).arrayBuffer());
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { from: pieces[0].end - pieces[0].data.length, to: pieces.at(-1).end, length: bytes.length, gaps, resets,
    sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}"""


def lines_of(daemon: Daemon, session_id: str) -> tuple[int, list[str]]:
    """Every line of a session as the daemon renders it: the number of the first, and their text."""
    status, answer = daemon.request("GET", f"/api/sessions/{session_id}/lines?styled=0&max=10000")
    assert status == 200, answer
    return answer["lines"][0]["line"], [line["text"] for line in answer["lines"]]


def rows_of(tab: Tab) -> list[str]:
    """Every row that xterm.js holds."""
    return list(
        tab.evaluate(
            """() => { const buffer = window.holdfast.pane.terminal.buffer.normal;
            return Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row).translateToString(true)); }"""
        )
    )


def test_a_reload_shows_screen_and_scrollback_as_the_daemon_has_them(new_window: WindowMaker, daemon: Daemon) -> None:
    script = (
        r"for i in $(seq 1500); do printf '\033[3%dmline %d\033[m %0*d\n' $((i % 8)) $i $((i % 150)) 0; done; exec cat"
    )
    session_id = new_session(daemon, urlencode({"argv": json.dumps(["sh", "-c", script])}))
    tab = new_window().open(session_id)
    tab.wait_for_text("line 1500")
    screen = tab.screen
    tab.reload()
    assert tab.session_id == session_id
    assert tab.screen == screen
    tab.evaluate(
        "window.typed = []; window.holdfast.pane.addEventListener('input', (event) => typed.push(event.detail))"
    )
    tab.until("window.holdfast.pane.terminal.buffer.active.length > 500")  # more comes when nothing is printed
    tab.until("!window.holdfast.pane.terminal.modes.synchronizedOutputMode")
    assert tab.screen == screen
    assert tab.evaluate("typed") == []
    first, lines = lines_of(daemon, session_id)
    first_line = tab.evaluate("window.holdfast.attachment.firstLine")
    rows = rows_of(tab)
    wanted = lines[first_line - first :]
    assert len(wanted) > 500
    assert rows[: len(wanted)] == wanted
    assert not any(rows[len(wanted) :])


def cut(net: Network, _daemon: Daemon, _tab: Tab) -> None:
    net.cut()


def freeze_and_wake(net: Network, _daemon: Daemon, tab: Tab) -> None:
    net.freeze()
    tab.evaluate("window.dispatchEvent(new Event('focus'))")


def kill(_net: Network, daemon: Daemon, _tab: Tab) -> None:
    daemon.kill()
    daemon.start()


def restart(_net: Network, daemon: Daemon, _tab: Tab) -> None:
    daemon.restart()


@pytest.mark.parametrize("breaks", [cut, freeze_and_wake, kill, restart])
def test_nothing_is_lost_or_doubled_while_a_flood_prints(
    new_window: WindowMaker, daemon: Daemon, net: Network, breaks: Callable[[Network, Daemon, Tab], None]
) -> None:
    tab = new_window(origin=net.origin).open(new_session(daemon))
    tab.evaluate(RECORD)
    tab.type("for i in $(seq 1 30); do seq $((i * 10000)) $((i * 10000 + 9999)); sleep 0.03; done; echo e''nd\n")
    for number, offset in enumerate((300_000, 900_000), 1):
        tab.until("(offset) => window.holdfast.attachment.offset > offset", offset)
        breaks(net, daemon, tab)
        tab.until("(number) => window.taken.sessions >= number", number)
    tab.wait_for_line("end")
    taken = tab.evaluate(TAKEN)
    assert (taken["gaps"], taken["resets"]) == (0, 0)
    assert taken["length"] == taken["to"] - taken["from"] > 1_500_000
    log = daemon.fetch(f"/api/sessions/{tab.session_id}/log?from={taken['from']}&to={taken['to']}")
    assert hashlib.sha256(log).hexdigest() == taken["sha256"]

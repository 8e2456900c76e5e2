"""What is typed without a connection waits in sight of the user, and is typed once, in order, or not at all."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.browser import Tab, Window, WindowMaker, new_session
from support.daemons import Daemon
from support.network import Network

SOCKET = """(query) => new Promise((resolve) => {
  const url = new URL("ws", document.baseURI);
  url.protocol = "ws:";
  url.hash = "";
  url.search = new URLSearchParams(query);
  const socket = new WebSocket(url, ["holdfast.v1"]);
  socket.addEventListener("message", () => resolve(), { once: true });
  socket.addEventListener("close", ({ code }) => { window.closedWith = code; });
})"""
"""A bare WebSocket of the page's own, beside its attachment."""


@pytest.fixture
def tab(new_window: WindowMaker, daemon: Daemon, net: Network) -> Tab:
    """A session in a page whose network can be broken, and whose clock can be turned."""
    window = new_window(origin=net.origin)
    one = window.tab()
    one.page.clock.install()
    one.open(new_session(daemon), login=True)
    return one


def go_down(tab: Tab, net: Network) -> None:
    """The network is gone, and the browser knows."""
    net.down()
    tab.window.context.set_offline(True)
    tab.wait_for_phase("offline")


def come_up(tab: Tab, net: Network) -> None:
    net.up()
    tab.window.context.set_offline(False)
    tab.wait_for_phase("connected")


def test_keys_typed_offline_are_counted_and_typed_once_in_order(tab: Tab, net: Network) -> None:
    go_down(tab, net)
    tab.type("echo of''fline; ")
    tab.type("n=$((n+1)); echo n=$n.\n")
    situation = tab.page.locator("#situation")
    expect(situation).to_contain_text("39 keys waiting")
    expect(tab.page.get_by_role("status").filter(has_text="Offline")).to_be_visible()
    come_up(tab, net)
    tab.wait_for_line("offline")
    tab.wait_for_line("n=1.")
    expect(situation).to_be_hidden()
    tab.type("echo n=$((n+1)).\n")
    tab.wait_for_line("n=2.")
    assert tab.text.split("\n").count("offline") == 1


def test_discarded_keys_are_never_typed_and_later_ones_are(tab: Tab, net: Network) -> None:
    go_down(tab, net)
    tab.type("echo b''ad\n")
    tab.page.get_by_role("button", name="Discard").click()
    tab.type("echo go''od\n")
    come_up(tab, net)
    tab.wait_for_line("good")
    assert "bad" not in tab.text
    assert "b''ad" not in tab.text


@pytest.mark.parametrize("answer", ["Type them", "Discard"])
def test_keys_older_than_30_s_are_asked_about(tab: Tab, net: Network, answer: str) -> None:
    go_down(tab, net)
    tab.type("echo o''ld\n")
    tab.page.clock.fast_forward(31_000)
    come_up(tab, net)
    question = tab.page.locator("#situation")
    expect(question).to_contain_text("Type the 11 keys")
    assert "o''ld" not in tab.text
    question.get_by_role("button", name=answer).click()
    tab.type("echo ne''w\n")
    tab.wait_for_line("new")
    assert ("old" in tab.text.split("\n")) == (answer == "Type them")


def test_keys_that_wait_survive_a_reload_and_are_typed_once(tab: Tab, daemon: Daemon) -> None:
    daemon.stop()
    tab.wait_for_phase("reconnecting")
    tab.type("n=$((n+1)); echo n=$n.\n")
    assert tab.evaluate("window.holdfast.attachment.state.waitingKeys") == 23
    tab.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    kept = tab.evaluate("Object.entries(sessionStorage)")
    daemon.start()
    tab.reload()
    tab.wait_for_line("n=1.")
    tab.type("echo n=$((n+1)).\n")
    tab.wait_for_line("n=2.")
    assert any("unsent" in key for key, _ in kept)
    assert not tab.evaluate("Object.keys(sessionStorage).some((key) => key.includes('unsent'))")


def test_after_sleep_a_half_open_connection_is_replaced_within_2_s(tab: Tab, net: Network) -> None:
    tab.type("echo aw''ake\n")
    tab.wait_for_line("awake")
    tab.evaluate(
        """() => { const { attachment } = window.holdfast;
        attachment.addEventListener("state", () => { window.lostMs ??= Date.now() - window.wokenMs; });
        attachment.addEventListener("session", () => { window.isReplaced = true; }); }"""
    )
    net.freeze()
    tab.page.clock.fast_forward(3_600_000)  # the laptop was closed for an hour
    tab.evaluate("() => { window.wokenMs = Date.now(); }")
    tab.page.clock.run_for(2_100)
    tab.until("window.isReplaced")
    assert tab.evaluate("window.lostMs") <= 2_100
    tab.type("echo ag''ain\n")
    tab.wait_for_line("again")


def test_a_place_that_another_takes_can_be_taken_back(window: Window, daemon: Daemon) -> None:
    tab = window.open(new_session(daemon))
    client_id = tab.evaluate("JSON.parse(sessionStorage.getItem('holdfast:/:client'))")
    thief = window.open(new_session(daemon))
    thief.evaluate(SOCKET, {"session_id": tab.session_id, "client_id": client_id, "create": "0"})
    tab.wait_for_phase("taken-over")
    tab.page.get_by_role("button", name="Take back").click()
    tab.wait_for_phase("connected")
    thief.until("window.closedWith === 4001")
    tab.type("echo ba''ck\n")
    tab.wait_for_line("back")


def test_a_duplicated_tab_is_a_client_of_its_own(window: Window, daemon: Daemon) -> None:
    tab = window.open(new_session(daemon))
    with tab.page.expect_popup() as opened:
        tab.evaluate(
            "void window.open(location.href)"
        )  # takes a copy of sessionStorage along, as a duplicated tab does
    copy = Tab(window, opened.value)
    copy.until_ready()
    own = "JSON.parse(sessionStorage.getItem('holdfast:/:client'))"
    assert copy.evaluate(own) != tab.evaluate(own)
    assert copy.session_id == tab.session_id
    copy.type("echo to''gether\n")
    tab.wait_for_line("together")
    assert tab.phase == copy.phase == "connected"

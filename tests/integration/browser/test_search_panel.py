"""Search: in what the terminal holds, and in everything that the session ever printed."""

from __future__ import annotations

import pytest
from support.browser import Tab, Window, new_session
from support.daemons import Daemon

LINES = 30_000


@pytest.fixture
def searched(window: Window, daemon: Daemon) -> Tab:
    """The panel, open over a session with more lines than a terminal keeps."""
    tab = window.open(new_session(daemon, "name=long"))
    tab.type(f"seq -f 'item-%g.' {LINES}; echo all-$((1+1))\n")
    tab.wait_for_line("all-2")
    tab.press("Control+Shift+KeyF")
    return tab


def results(tab: Tab) -> list[str]:
    return tab.page.locator(".result-text").all_text_contents()


def test_everything_it_printed_is_found(searched: Tab) -> None:
    """A line far above what is loaded is found as one types; Enter on it opens the history there, Escape goes back."""
    searched.page.keyboard.type("item-137.")
    searched.page.locator(".search-head", has_text="1 line").wait_for()
    assert results(searched) == ["item-137."]
    assert searched.page.locator(".search-count").text_content() == "none loaded"
    searched.press("ArrowDown", "Enter")
    searched.page.locator(".history-view.shown").wait_for()
    assert "Line 1" in (searched.page.locator(".history-back").text_content() or "")
    searched.press("Escape")
    searched.page.locator(".history-view").wait_for(state="detached")
    searched.type("echo live-$((2+2))\n")
    searched.wait_for_line("live-4")


def test_what_is_loaded_is_counted_and_stepped_through(searched: Tab) -> None:
    """Matches in the terminal are counted, and Enter goes from one to the next; results come newest first."""
    searched.page.keyboard.type(f"item-{LINES - 1}")
    searched.page.locator(".search-count", has_text="1 of 1").wait_for()
    searched.page.get_by_role("textbox", name="Search").fill("item-2999")
    searched.page.locator(".search-count", has_text="of 10").wait_for()
    before = searched.page.locator(".search-count").text_content()
    searched.press("Enter")
    searched.until("(before) => document.querySelector('.search-count').textContent !== before", before)
    searched.page.locator(".search-head", has_text="11 lines").wait_for()
    assert results(searched)[:2] == ["item-29999.", "item-29998."]
    assert results(searched)[-1] == "item-2999."


def test_case_and_regular_expressions(searched: Tab) -> None:
    """Case counts where one says so; a regular expression finds by its rules, and a broken one is said to be."""
    searched.page.keyboard.type("ITEM-42.")
    searched.page.locator(".search-head", has_text="1 line").wait_for()
    searched.page.get_by_label("Match case").click()
    searched.page.locator(".search-head", has_text="0 lines").wait_for()
    searched.page.get_by_label("Match case").click()
    searched.page.get_by_label("Regular expression").click()
    searched.page.get_by_role("textbox", name="Search").fill(r"^item-1{4}\.$")
    searched.page.locator(".search-head", has_text="1 line").wait_for()
    assert results(searched) == ["item-1111."]
    searched.page.get_by_role("textbox", name="Search").fill("item-(")
    searched.until("!/line/.test(document.querySelector('.search-head .faint').textContent || 'line')")
    assert results(searched) == []


def test_the_log_can_be_taken_away(searched: Tab) -> None:
    """Text and raw bytes are downloads with the session's name."""
    for label, ending in (("Text", ".txt"), ("Raw", ".log")):
        with searched.page.expect_download() as download:
            searched.page.get_by_role("link", name=label).click()
        assert download.value.suggested_filename == f"long{ending}"
        text = download.value.path().read_text()
        assert "item-1." in text
        assert f"item-{LINES}." in text

"""The terminal of the page: what it shows, types, copies and opens, and what it does not do for history."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Route, expect
from support.browser import Tab, Window, WindowMaker, new_session
from support.daemons import Daemon

_CELLS = """() => { const { terminal } = window.holdfast.pane; const buffer = terminal.buffer.active;
  return [buffer.type, buffer.cursorX, buffer.cursorY, JSON.stringify(terminal.modes),
    Array.from({ length: terminal.rows }, (_, row) => Array.from({ length: terminal.cols }, (_, col) => {
      const cell = buffer.getLine(buffer.baseY + row).getCell(col);
      return [cell.getChars() || " ", cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(),
        cell.getBgColor(), cell.isBold(), cell.isInverse(), cell.isUnderline()].join(); }))]; }"""
_GRAPHICS_CARD = """const told = WebGL2RenderingContext.prototype.getParameter;
  WebGL2RenderingContext.prototype.getParameter = function (name) {
    const value = told.call(this, name); return /swiftshader/i.test(String(value)) ? "a graphics card" : value; };"""
_IS_PRIMARY = "window.holdfast.pane.terminal.buffer.active.type === 'normal'"
_RECORD = """() => { const { pane } = window.holdfast; window.events = [];
  for (const type of ["input", "bell", "notice", "title", "zoom", "leave"]) pane.addEventListener(type, ({ detail }) =>
    window.events.push(type === "notice" ? [type, detail.text] : [type, detail])); }"""
_SETTINGS = {"theme": "system", "fontSize": 14, "clipboardWrite": False, "screenReader": False, "bell": "visual"}
# Everything that xterm.js answers, and all that has an effect outside the screen.
_QUERIES = (
    "\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[?6n\x1b[?996n\x1b[4$p\x1b[?2004$p\x1b[14t\x1b[16t\x1b[18t\x1b[?1;1S"
    "\x1b[>q\x1b[?u\x1b[?1004h\x1bP$qm\x1b\\\x1bP$q q\x1b\\\x1bP+q544e\x1b\\\x1b]4;1;?;2;?\x1b\\\x1b]10;?\x1b\\"
    "\x1b]11;?\x07\x1b]12;?\x1b\\\x1b]52;c;?\x1b\\\x05"
)
_EFFECTS = (
    "\x07\x1b]52;c;aGlzdG9yeQ==\x1b\\\x1b]9;ding\x1b\\\x1b]777;notify;a;b\x1b\\\x1b]0;one\x07\x1b[22t\x1b]2;two\x07"
)


def _open(window: Window, daemon: Daemon, *argv: str) -> Tab:
    """Open a session that runs a command; its size is the page's before it can ask for it."""
    return window.open(new_session(daemon, f"argv={quote(json.dumps(argv))}&cols=123&rows=37"))


def _bash(window: Window, daemon: Daemon) -> Tab:
    tab = _open(window, daemon, "bash", "--norc", "--noprofile")
    tab.wait_for_text("bash")
    return tab


def _apply(tab: Tab, **settings: object) -> None:
    tab.evaluate("(settings) => window.holdfast.pane.applySettings(settings)", {**_SETTINGS, **settings})


def _write(tab: Tab, text: str, *, inert: bool) -> None:
    """Show text, and wait until it is parsed."""
    tab.evaluate(
        """([text, inert]) => new Promise((done) =>
        window.holdfast.pane.write(new TextEncoder().encode(text), inert, done))""",
        [text, inert],
    )


def _events(tab: Tab, *types: str) -> list[Any]:
    return [detail for kind, detail in tab.evaluate("window.events") if kind in types]


def _typed(tab: Tab) -> str:
    return "".join(detail["data"] for detail in _events(tab, "input"))


def _click_cell(tab: Tab, text: str) -> None:
    """Click on the first cell of a text on the screen."""
    tab.until("(text) => window.holdfast.pane.terminal.buffer.active.getLine(0) && true", text)
    row = next(number for number, line in enumerate(tab.screen) if text in line)
    col = tab.screen[row].index(text)
    box = tab.page.locator("#terminal .xterm-screen").first.bounding_box()
    assert box is not None
    cols, rows = tab.size
    x, y = box["x"] + (col + 0.5) * box["width"] / cols, box["y"] + (row + 0.5) * box["height"] / rows
    tab.page.mouse.move(x - 3, y)
    tab.page.mouse.move(x, y)
    tab.until("document.querySelector('#terminal .xterm-cursor-pointer')")
    tab.page.mouse.click(x, y)


def test_what_is_typed_is_run_and_seen(window: Window, daemon: Daemon) -> None:
    """Keys reach the program, its output the screen, by WebGL, and by the DOM when the graphics card is lost."""
    window.context.add_init_script(_GRAPHICS_CARD)
    tab = _bash(window, daemon)
    tab.type("echo sum=$((40 + 2)) ünïcödé 日本 👩‍👩‍👧\n")
    tab.wait_for_line("sum=42 ünïcödé 日本 👩‍👩‍👧")
    tab.type("sleep 60\n")
    tab.press("Control+c")
    tab.wait_for_text("^C")
    assert tab.evaluate("document.querySelector('#terminal .xterm-rows') === null")
    tab.evaluate(
        """() => { for (const canvas of document.querySelectorAll("#terminal canvas"))
          canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext(); }"""
    )
    tab.until("document.querySelector('#terminal .xterm-rows')?.textContent.includes('sum=42')")
    tab.type("echo sti''ll\n")
    tab.wait_for_line("still")


def test_without_a_graphics_card_the_dom_draws(window: Window, daemon: Daemon) -> None:
    """WebGL that the processor would have to do is left alone: the DOM is faster."""
    tab = _bash(window, daemon)
    assert tab.evaluate("document.querySelector('#terminal .xterm-rows') !== null")


def test_full_screen_programs_are_restored_by_a_reload(window: Window, daemon: Daemon) -> None:
    """After a reload vim and htop look as before, cell by cell, colours, cursor and modes too."""
    tab = _bash(window, daemon)
    tab.type("vim -u NONE -N +'syntax on' +'set nu nowrap' +'help quickref' /etc/passwd\n")
    tab.wait_for_text("quickref.txt [Help]")
    tab.press("Control+d", "j", "j")
    tab.until("window.holdfast.attachment.offset > 2000")
    _settle(tab)
    before = tab.evaluate(_CELLS)
    tab.reload()
    after = tab.evaluate(_CELLS)
    assert before[0] == "alternate"
    assert after == before
    tab.type("\x1b:qa!\n")
    tab.until(_IS_PRIMARY)  # vim takes with it what is typed too soon
    tab.type("htop --no-color -d 100\n")
    tab.wait_for_text("PID")
    _settle(tab)
    before = tab.evaluate(_CELLS)
    tab.reload()
    assert tab.evaluate(_CELLS) == before
    tab.type("q")
    tab.until(_IS_PRIMARY)


def _settle(tab: Tab) -> None:
    """Wait until nothing has been printed for a third of a second."""
    tab.until(
        """async () => { const { attachment } = window.holdfast; const before = attachment.offset;
        await new Promise((resolve) => setTimeout(resolve, 350)); return attachment.offset === before; }"""
    )


def test_history_has_no_effect(window: Window, daemon: Daemon) -> None:
    """Replayed queries get no answer; nothing rings, is copied or told but the last title; keys pass meanwhile."""
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = _open(window, daemon, "sh", "-c", "stty -echo; echo ready; cat -v")
    tab.wait_for_line("ready")
    _apply(tab, clipboardWrite=True)
    tab.evaluate("navigator.clipboard.writeText('mine')")
    tab.focus()
    tab.evaluate(_RECORD)
    _write(tab, (_QUERIES + _EFFECTS) * 3, inert=True)
    assert tab.evaluate("window.events") == []
    assert tab.evaluate("navigator.clipboard.readText()") == "mine"
    tab.until("window.events.length > 0")
    assert tab.evaluate("window.events") == [["title", {"title": "two"}]]
    assert tab.evaluate("window.holdfast.pane.terminal.modes.sendFocusMode"), "modes are applied"

    # Keys typed between two pieces of it pass, also one that looks like a cursor report.
    tab.evaluate("window.events = []")
    tab.evaluate(
        """(text) => { const bytes = new TextEncoder().encode(text.repeat(40_000)); const { pane } = window.holdfast;
        window.parsed = false; pane.write(bytes, true, () => (window.parsed = true)); }""",
        _QUERIES,
    )
    tab.press("a", "Shift+F3", "b")
    tab.until("window.parsed")
    assert _typed(tab) == "a\x1b[1;2Rb"

    # The same bytes, live: each is answered.
    tab.evaluate("window.events = []")
    _write(tab, _QUERIES + _EFFECTS, inert=False)
    answers = _typed(tab)
    assert re.match(r"\x1b\[\?[0-9;]+c\x1b\[>0;", answers), answers
    for answer in ("\x1b[0n", "\x1b[?2004;", "\x1b[8;37;", "\x1bP1$r0m", "\x1b]4;1;rgb:", "\x1b]11;rgb:", "\x1b[I"):
        assert answer in answers, answer
    assert "]52" not in answers, "the clipboard is never read"
    assert _events(tab, "bell"), "a live bell rings"
    tab.until("navigator.clipboard.readText().then((text) => text === 'history')")


def test_a_live_query_is_answered_once(window: Window, daemon: Daemon) -> None:
    """A program that asks gets one answer; a reload, with the question in its history, gives no other."""
    tab = _bash(window, daemon)
    tab.type("clear; IFS= read -rsd R -p $'\\e[6n' where; echo \"at=${where#*[}\"\n")
    tab.wait_for_line("at=1;1")
    tab.type("stty -echo; echo lis''tening; cat -v\n")
    tab.wait_for_line("listening")
    tab.reload()
    tab.type("typed\n")
    tab.wait_for_line("typed")
    assert not any("^[" in line or ";1R" in line for line in tab.screen), tab.screen


def test_programs_write_the_clipboard_if_they_may(window: Window, daemon: Daemon) -> None:
    """OSC 52 writes the clipboard with the setting on; with it off, a notice offers to, once."""
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = _bash(window, daemon)
    tab.evaluate("navigator.clipboard.writeText('mine')")
    tab.evaluate(_RECORD)
    copy = "printf '\\e]52;c;%s\\a' $(printf zug | base64)\n"
    tab.type(copy + copy)
    expect(tab.page.get_by_text("wants to write to the clipboard")).to_have_count(1)
    assert tab.evaluate("navigator.clipboard.readText()") == "mine"
    _apply(tab, clipboardWrite=True)
    tab.type(copy)
    tab.until("navigator.clipboard.readText().then((text) => text === 'zug')")


def test_links_open_apart_and_say_where_they_lead(window: Window, daemon: Daemon) -> None:
    """Links to http open in a tab without opener; one that names another target asks first; others are none."""
    opened: list[str] = []

    def answer(route: Route) -> None:
        opened.append(route.request.url)
        route.fulfill(body="there")

    window.context.route("https://*.example/**", answer)
    tab = _open(window, daemon, "sh", "-c", "cat; exec cat")
    _write(
        tab,
        "\x1b[2J\x1b[H plain https://one.example/a?b=c .\r\n"
        " marked \x1b]8;;https://two.example/x\x1b\\click here\x1b]8;;\x1b\\ .\r\n"
        " false \x1b]8;;https://three.example/x\x1b\\https://bank.example\x1b]8;;\x1b\\ .\r\n"
        " script \x1b]8;;javascript:alert(1)\x1b\\run\x1b]8;;\x1b\\ .\r\n",
        inert=False,
    )
    for text, url in (("https://one", "https://one.example/a?b=c"), ("click here", "https://two.example/x")):
        with window.context.expect_page() as new:
            _click_cell(tab, text)
        new.value.wait_for_url(url)
        assert new.value.evaluate("[window.opener, document.referrer]") == [None, ""]
        new.value.close()
    _click_cell(tab, "https://bank")
    expect(tab.page.get_by_text("leads to https://three.example/x")).to_be_visible()
    assert not any("three" in url for url in opened)
    with window.context.expect_page() as new:
        tab.page.get_by_role("button", name="Open", exact=True).click()
    new.value.wait_for_url("https://three.example/x")
    assert tab.evaluate("document.querySelectorAll('a[href^=javascript]').length") == 0


def test_copy_and_paste(window: Window, daemon: Daemon) -> None:
    """Copies have no blanks at line ends; pastes are bracketed where the shell asks for it; else lines ask first."""
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = _open(window, daemon, "sh", "-c", "stty -echo; cat -v")
    tab.evaluate(_RECORD)
    _write(tab, "\x1b[2J\x1b[Hone     \r\ntwo  \r\n", inert=False)
    tab.evaluate("window.holdfast.pane.terminal.selectLines(0, 1)")
    tab.focus()
    tab.press("Control+Shift+C")
    tab.until("navigator.clipboard.readText().then((text) => text === 'one\\ntwo')")

    tab.press("Control+Shift+V")
    paste = tab.page.get_by_role("button", name="Paste", exact=True).filter(visible=True)
    expect(tab.page.get_by_text("Paste and run 1 line?")).to_be_visible()
    assert _typed(tab) == ""
    tab.page.locator(".notice").get_by_role("button", name="Paste").click()
    assert _typed(tab) == "one\rtwo"
    assert paste.count() <= 1  # that of the key bar

    tab.evaluate("window.events = []")
    _write(tab, "\x1b[?2004h", inert=False)
    tab.evaluate("navigator.clipboard.writeText('a\\nb\\u001b[201~rm -rf\\n')")
    tab.press("Control+Shift+V")
    tab.until("window.events.length > 0")
    assert _typed(tab) == "\x1b[200~a\rb[201~rm -rf\r\x1b[201~"


def test_the_font_size_is_the_users(window: Window, daemon: Daemon) -> None:
    """Ctrl with +, - and 0 change the font, which is remembered; the session gets the size that then fits."""
    tab = _bash(window, daemon)
    cols, rows = tab.size
    tab.evaluate(_RECORD)
    tab.focus()
    tab.press("Control+=", "Control+=", "Control+-", "Control+=", "Control+=")
    assert _events(tab, "zoom")[-1] == {"fontSize": 17}
    assert _typed(tab) == ""
    tab.until("(cols) => window.holdfast.pane.terminal.cols < cols", cols)
    tab.type("stty size\n")
    tab.wait_for_line(f"{tab.size[1]} {tab.size[0]}")
    tab.reload()
    assert tab.evaluate("window.holdfast.pane.terminal.options.fontSize") == 17
    tab.focus()
    tab.press("Control+0")
    tab.until(
        "([cols, rows]) => window.holdfast.pane.terminal.cols === cols && window.holdfast.pane.terminal.rows === rows",
        [cols, rows],
    )


def test_colours_follow_the_system(window: Window, daemon: Daemon) -> None:
    """Light, dark and high contrast follow the system or the setting; reduced motion stops every blinking."""
    tab = _bash(window, daemon)

    def wait_for_background(colour: str) -> None:
        tab.until("(colour) => window.holdfast.pane.terminal.options.theme.background === colour", colour)

    wait_for_background("#14171c")
    assert tab.evaluate("window.holdfast.pane.terminal.options.minimumContrastRatio") == 4.5
    tab.page.emulate_media(color_scheme="light")
    wait_for_background("#fbfbfa")
    tab.page.emulate_media(color_scheme="dark", contrast="more")
    wait_for_background("#000000")
    _apply(tab, theme="light")
    wait_for_background("#fbfbfa")
    assert tab.evaluate("window.holdfast.pane.terminal.options.cursorBlink")
    tab.page.emulate_media(reduced_motion="reduce")
    tab.until("!window.holdfast.pane.terminal.options.cursorBlink")
    _write(tab, "\x1b[?12h\x1b[5 q", inert=False)
    names = ["cursorBlink", "cursorStyle", "smoothScrollDuration"]
    options = tab.evaluate("(names) => names.map((name) => window.holdfast.pane.terminal.options[name])", names)
    assert options == [False, "bar", 0]


def test_pictures_are_shown(window: Window, daemon: Daemon) -> None:
    """Sixel is drawn, once the page has loaded what draws it, which it does when it has nothing else to do."""
    tab = _open(window, daemon, "cat")
    tab.until(
        """() => { window.holdfast.pane.terminal.write("\\x1bPq#0;2;100;0;0#0~~~~~~~~\\x1b\\\\");
        return document.querySelector("#terminal canvas.xterm-image-layer") !== null; }"""
    )


def test_a_session_of_another_size_is_all_visible(window: Window, daemon: Daemon) -> None:
    """It keeps its size: in the middle, smaller where it is larger, scrollable where even 6 px are too much."""
    tab = _open(window, daemon, "cat")
    cols, rows = tab.size

    def shown(cols: int, rows: int) -> dict[str, float]:
        tab.evaluate("([cols, rows]) => window.holdfast.pane.resize(cols, rows)", [cols, rows])
        tab.until(
            """([cols, rows]) => window.holdfast.pane.terminal.cols === cols
            && window.holdfast.pane.terminal.rows === rows""",
            [cols, rows],
        )
        return dict(
            tab.evaluate(
                """() => { const screen = document.querySelector("#terminal .xterm-screen").getBoundingClientRect();
                const frame = document.querySelector("#terminal .terminal-frame");
                const box = frame.getBoundingClientRect();
                return { font: window.holdfast.pane.terminal.options.fontSize, left: screen.left - box.left,
                  right: box.right - screen.right, top: screen.top - box.top, bottom: box.bottom - screen.bottom,
                  scrolls: frame.scrollWidth > frame.clientWidth }; }"""
            )
        )

    large = shown(cols * 3 // 2, rows)
    assert 6 <= large["font"] < 14
    assert min(large["left"], large["right"], large["top"], large["bottom"]) >= 0
    assert abs(large["top"] - large["bottom"]) < 3
    small = shown(cols // 2, rows // 2)
    assert small["font"] == 14
    assert abs(small["left"] - small["right"]) < 3
    huge = shown(700, rows)
    assert huge["font"] == 6
    assert huge["scrolls"]
    own = shown(cols, rows)
    assert (own["font"], own["left"]) == (14, 0)


def test_a_reset_is_not_overtaken(window: Window, daemon: Daemon) -> None:
    """What was written before a reset, half a sequence with it, is gone; what is written behind it stands."""
    tab = _open(window, daemon, "cat")
    rows = tab.evaluate(
        """async () => { const { pane } = window.holdfast; const write = (text) =>
          new Promise((done) => pane.write(new TextEncoder().encode(text), true, done));
        write("old\\r\\n".repeat(100_000) + "\\x1b]11;#ff0000\\x07\\x1b[?1049h\\x1b[?2026h\\x1b[31mred\\x1b]0;title");
        pane.reset(); await write("new\\r\\n");
        const buffer = pane.terminal.buffer.active;
        return [buffer.type, buffer.length - pane.terminal.rows, buffer.getLine(0).translateToString(true),
          buffer.getLine(0).getCell(0).isFgDefault(), pane.terminal.modes.synchronizedOutputMode]; }"""
    )
    assert rows == ["normal", 0, "new", True, False]


def test_a_keyboard_user_gets_out(new_window: WindowMaker, daemon: Daemon) -> None:
    """Escape twice, then Tab, leaves; the program gets both Escapes. In screen-reader mode the second one leaves."""
    tab = _open(new_window(), daemon, "sh", "-c", "stty -echo; cat -v")
    tab.focus()
    tab.evaluate(_RECORD)
    tab.press("Escape", "Escape", "Tab")
    assert _typed(tab) == "\x1b\x1b"
    assert any("Press Tab" in text for text in _events(tab, "notice"))
    assert not tab.evaluate("document.activeElement.classList.contains('xterm-helper-textarea')")
    tab.focus()
    tab.press("Tab")
    assert _typed(tab) == "\x1b\x1b\t"
    _apply(tab, screenReader=True)
    tab.press("Escape", "Escape")
    assert _typed(tab) == "\x1b\x1b\t\x1b"
    assert not tab.evaluate("document.activeElement.classList.contains('xterm-helper-textarea')")
    # It reads out what is new, never a replay.
    tab.until("window.holdfast.pane.terminal.options.screenReaderMode")
    tab.evaluate("window.holdfast.pane.write(new TextEncoder().encode('long ago\\r\\n'.repeat(500)), true, () => {})")
    assert not tab.evaluate("window.holdfast.pane.terminal.options.screenReaderMode")
    tab.until("window.holdfast.pane.terminal.options.screenReaderMode")
    assert tab.evaluate("document.querySelector('#terminal .live-region').textContent") == ""

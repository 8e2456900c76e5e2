"""A restore: what it says, what it never says, and what it is known not to carry."""

from __future__ import annotations

import re

import pytest
from support.equivalence import blank, play
from support.restore_limits import LIMITS, Limit, Moment
from support.screen_facts import differences, restored_facts
from support.terminal_streams import PORTABLE, PROBE, Step, random_stream

from holdfast.daemon.screens.screen import Screen, available

pytestmark = pytest.mark.skipif(available() is not None, reason="there is no terminal emulator here")

HISTORY = 200
EVERYTHING = (
    b"\x1b]0;title\x07\x1b[?1;6;12;66;1000;1003;1004;1006;2004;2026;2027;2031;2048h\x1b[4h\x1b[2;5r\x1b[>5u\x1b[>4;2m"
    b"\x1b]8;id=a;http://x/\x07\x1b]10;#102030\x07\x1b]4;3;#405060\x07\x1b]22;pointer\x07\x1b[>1s\x1b[5 q\x1b[22;0t\x07"
    b"\x1b]52;c;QQ==\x07\x1b]9;done\x07\x1b]99;;done\x07\x1b]777;notify;a;b\x07\x1b[c\x1b[>c\x1b[6n\x1b[?6n\x1b[?1$p"
    b"\x1bP$qm\x1b\\\x1b[>q\x1bP+q544e\x1b\\\x1b]11;?\x07\x1b[?u\x1b[14t\x1b[?1049htext\x1b[1;31;44;4:3mmore\r\n"
)
QUERIES = re.compile(
    rb"\x1b\[[?>=]?[0-9;]*c|\x1b\[\??[0-9;]*n|\x1b\[\??[0-9;]*\$p|\x1b\[>[0-9]*q|\x1b\[\?[0-9]*u|\x1b\[[0-9;]*t"
    rb"|\x1bP[$+]q|\x1b\][0-9;]*\?|\x1bZ|\x05"
)
REPORTS = re.compile(rb"\x1b\[\?999;[0-9]n")
"""A terminal tells whether it is seen as soon as it may (mode 2033), as the program wants it to."""
EFFECTS = re.compile(rb"\x07|2026|\x1b\](52|9|99|777|7|133);|\x1bc|\x1b\[!p|\x1b\[3J|\x1b_|\x1b\^|\x1bX|\x1bP")
MODES: tuple[int, ...] = (
    1,
    5,
    7,
    8,
    9,
    12,
    25,
    45,
    67,
    1000,
    1002,
    1003,
    1004,
    1005,
    1006,
    1007,
    1015,
    1016,
    1035,
    1036,
    1039,
    1045,
)
MODES += (2004, 2027, 2031, 2033, 2048, 5522)


def screen_after(*steps: Step, cols: int = 20, rows: int = 6) -> Screen:
    screen = blank(cols, rows)
    play(screen, steps)
    return screen


def restored(screen: Screen) -> Screen:
    late = blank(*screen.size)
    late.feed(screen.restore(HISTORY))
    return late


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_what_is_known_to_be_lost_is_still_lost(limit: Limit) -> None:
    """Each limit's example shows a difference, and of the kind that is named."""
    early = screen_after(*limit.before, cols=10, rows=3)
    printed = [b"".join(step for step in steps if isinstance(step, bytes)) for steps in (limit.before, limit.after)]
    moment = Moment(early.snapshot(), printed[0], printed[1], any(not isinstance(step, bytes) for step in limit.after))
    assert limit.holds(moment)
    late = restored(early)
    if limit.now is None:
        assert differences_of(early, late) == []
    else:
        assert any(re.search(limit.now, one.split(":")[0]) for one in differences_of(early, late))
    if limit.after:
        play(early, limit.after)
        play(late, limit.after)
    assert differences_of(early, late) != []


def differences_of(one: Screen, other: Screen) -> list[str]:
    return differences(restored_facts(one.snapshot(), HISTORY), restored_facts(other.snapshot(), HISTORY))


def test_it_asks_nothing_and_nothing_in_it_has_an_effect() -> None:
    """Whatever the program asked, rang, copied, announced or pushed."""
    streams = [EVERYTHING, *(random_stream(seed).printed for seed in range(60))]
    for stream in streams:
        screen = screen_after(stream, cols=40, rows=12)
        said = screen.restore(HISTORY).removesuffix(screen.snapshot().continuation)
        assert QUERIES.search(said) is None
        assert EFFECTS.search(said) is None
        late = blank(*screen.size)
        late.feed(said)
        assert REPORTS.sub(b"", late.take_replies()) == b""


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_asserted_on_and_off(mode: int) -> None:
    """A terminal that comes late may have it the other way."""
    for letter in (b"h", b"l"):
        said = screen_after(b"\x1b[?%d%b" % (mode, letter)).restore(0)
        assert switched(said)[mode] == letter
        late = screen_after(b"\x1b[?%d%b" % (mode, b"l" if letter == b"h" else b"h"), said)
        assert differences_of(screen_after(b"\x1b[?%d%b" % (mode, letter)), late) == []


def switched(said: bytes) -> dict[int, bytes]:
    """Return how each DEC mode was switched last."""
    found = re.finditer(rb"\x1b\[\?([0-9;]+)([hl])", said)
    return {int(number): match[2] for match in found for number in match[1].split(b";")}


@pytest.mark.parametrize("mode", [2, 4, 12, 20])
def test_an_ansi_mode_is_asserted_on_and_off(mode: int) -> None:
    for letter in (b"h", b"l"):
        assert b"\x1b[%d%b" % (mode, letter) in screen_after(b"\x1b[%d%b" % (mode, letter)).restore(0)[60:]


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (b"", b"\x1b[0 q"),
        (b"\x1b[3 q", b"\x1b[3 q"),
        (b"\x1b[6 q", b"\x1b[6 q"),
        (b"\x1b[?25l", b"25"),
        (b"\x1b]2;a\x01b\x07", b"\x1b]2;ab\x1b\\"),
        (b"\x1b]11;rgb:01/02/03\x07", b"\x1b]11;rgb:01/02/03\x1b\\"),
        (b"\x1b]4;200;#0a0b0c\x07", b"\x1b]4;200;rgb:0a/0b/0c\x1b\\"),
        (b"\x1b[>1u\x1b[>3u", b"\x1b[=0;1u\x1b[>1u\x1b[>3u"),
        (b"\x1b[=5u", b"\x1b[=5;1u"),
        (b"\x1b[>4;2m", b"\x1b[>4;2m"),
        (b"\x1b=", b"\x1b="),
        (b"\x1b[2;4r", b"\x1b[2;4r"),
        (b"\x1b[?69h\x1b[3;9s", b"\x1b[?69h\x1b[3;9s"),
        (b"\x1b(0\x0e", b"\x1b(0\x0e"),
        (b"\x1b[3g\x1b[5G\x1bH", b"\x1b[3g\x1b[5G\x1bH"),
        (b"\x1b]22;pointer\x07", b"\x1b]22;pointer\x1b\\"),
        (b"\x1b[>1s", b"\x1b[>1s"),
        (b"\x1b[?2004h\x1b[?2004s\x1b[?2004l", b"\x1b[?2004h\x1b[?2004s"),
        (b"\x1b[1$}", b"\x1b[1$}"),
        (b"\x1b[?1003h\x1b[?1006h", b"\x1b[?1006h"),
        (b'\x1b[1"q', b'\x1b[1"q'),
        (b"\x1b]8;id=x;file:///y\x07", b"\x1b]8;id=x;file:///y\x1b\\"),
    ],
)
def test_state_is_said_in_the_usual_words(printed: bytes, said: bytes) -> None:
    """And a terminal that was told so is in that state."""
    early = screen_after(printed)
    assert said in early.restore(0)
    assert differences_of(early, restored(early)) == []


@pytest.mark.parametrize(
    "tail", [b"\xe6\xbc", b"\x1b", b"\x1b[38;5", b"\x1b]0;half a ti", b"\x1bP+q54", b"\x1b_Ga=T", b"\x1b(", b"\xf0"]
)
def test_it_ends_with_the_bytes_of_what_is_not_complete(tail: bytes) -> None:
    """So that the stream can go on at any byte."""
    assert screen_after(b"text" + tail).restore(0).endswith(tail)
    assert b"\x1b" not in screen_after(b"text").restore(0)[-1:]


def test_the_primary_screen_is_there_when_the_alternate_one_is_left() -> None:
    """With scrollback, cursor and shape, as the program that ends leaves it."""
    shell = b"\x1b[6 q" + b"".join(b"line %d\r\n" % number for number in range(20)) + b"$ vim"
    late = restored(screen_after(shell, b"\x1b[?1049h\x1b[2J\x1b[H~\x1b[2 q"))
    late.feed(b"\x1b[?1049l")
    early = screen_after(shell, b"\x1b[?1049h\x1b[2J\x1b[H~\x1b[2 q\x1b[?1049l")
    assert differences_of(early, late) == []


def test_it_paints_over_a_terminal_that_is_in_any_state() -> None:
    """A client that is moved ahead shows something else, and needs no reset. What it saved, it keeps."""
    early = screen_after(b"one\r\ntwo\x1b[2;3H")
    for state in (
        b"\x1b[4h\x1b[2;3r\x1b[?6h",
        b"\x1b[?69h\x1b[3;9s",
        b"\x1b[?7l\x1b(0\x1b[7m",
        b"\x1b[?1049h\x1b[41m\x1b[2J",
        b'\x1b[1"q~~',
        b"\x1b[1$}",
    ):
        late = screen_after(state)
        late.feed(early.restore(0))
        assert [one for one in differences_of(early, late) if "saved" not in one] == []


@pytest.mark.parametrize(
    "printed",
    [
        "x" * 20,
        "漢" * 10,
        "\x1b[?7l" + "x" * 25,
        "\x1b[?69h\x1b[3;9s\x1b[1;3Hxxxxxxx",
        "\x1b[?69h\x1b[3;9s\x1b[2;4r\x1b[?6h\x1b[2;2Hx",
        "x" * 20 + "\x1b7\x1b[H\x1b[2J",
        "\x1b[44m" + "x" * 20 + "\x1b7\x1b[H\x1b[2J\x1b[3;3H",
        "\x1b[3;3H\x1b[1;31m\x1b(0\x1b7\x1b[m\x1b(B\x1b[H",
        "\x1b[?6h\x1b[2;3H\x1b7\x1b[?6l",
        "\x1b]8;;http://x\x07a\x1b[?1049hb",
        "\x1b7\x1b[3;3H\x1b[4m\x1b[?47hb",
        "\x1b[?1049hb\x1b7\x1b[2;2H",
        "\x1b[>1u\x1b[?1049h\x1b[>3u",
        "\x1bVx\x1bWy",
        "\x1bVx",
        "\x1bVx\x1b[?1049hb",
        '\x1b[1"qx\x1b[0"qy',
        "a\x1bN",
        "\x1b[44m" + "x" * 50,
        "\x1b[44m" + "x" * 19 + "漢字",
        "\x1b[44m" + "x\r\n" * 9 + "x" * 30,
        "x" * 19 + "漢\x1b[2K",
        "x" * 19 + "漢\x1b[2;1Hab",
        "x" * 25 + "\x1b[A\x1b[20G\x1b[@\x1b[3;1H",
        "x" * 25 + "\x1b[A\x1b[20G\x1b[44m\x1b[@\x1b[3;1H",
        "x" * 25 + "\r\x1b[44m\x1b[2X\x1b[3;1H",
        "x" * 25 + "\r\x1b[2X\x1b[3;1H",
        "x\x1b[3;3H",
        "x\x1b[H\x1b[2J",
        "漢\x1b[H\x1b[44m\x1b[2J",
        "ab\x1b(0漢\x1b(Bc",
        "\x1b]8;;http://x\x07\x1b(0漢\x1b(Bc",
        "x" * 18 + " 漢",
        "a\x1b[44m\x1b[K\x1b[2;3Hb\x1b[1K",
        "a\x7fb",
        "8" * 21 + "\x1b[?2J",
        "\x1b[?2027h☺\ufe0e\x1b[?2027l\ufeff|",
        "x\r\n" * 9 + "\x1b[3A\x1b[44m" + "x" * 30 + "\x1b[m\r\n\n\n\n",
        "\x1b[38:2::1:2:3;48:2::1:2:3;58:2::1:2:3;1;2;3;4:5;5;7;8;9;53mx",
    ],
    ids=ascii,
)
def test_a_rare_state_is_restored_and_goes_on_alike(printed: str) -> None:
    """Each of these once came out otherwise."""
    early = screen_after(printed.encode())
    late = restored(early)
    assert differences_of(early, late) == []
    for screen in (early, late):
        screen.feed(PROBE)
    assert differences_of(early, late) == []


@pytest.mark.parametrize(
    "printed", ["x" * 25, "x" * 19 + "漢字", "x" * 19 + "漢\x1b[2K", "x" * 19 + "漢\r "], ids=ascii
)
def test_lines_flow_alike_into_another_width(printed: str) -> None:
    for size in ((30, 6), (7, 6), (25, 3)):
        early = screen_after(printed.encode())
        late = restored(early)
        for screen in (early, late):
            screen.resize(*size)
        assert differences_of(early, late) == []


@pytest.mark.parametrize("cols", [1, 2, 8, 9, 16, 17, 24, 25, 33])
def test_tab_stops_are_restored_at_any_width(cols: int) -> None:
    """The usual ones, which are not in the last column, as well as one there."""
    for printed in (b"", b"\x1b[%dG\x1bH\r" % cols):
        early = screen_after(printed, cols=cols)
        assert differences_of(early, restored(early)) == []


def test_a_restore_of_what_was_restored_is_the_same() -> None:
    """Nothing is lost by going through it twice."""
    for seed in range(30):
        stream = random_stream(seed, PORTABLE)
        early = screen_after(stream.printed, cols=stream.cols, rows=stream.rows)
        assert restored(early).restore(HISTORY) == early.restore(HISTORY)


def test_scrollback_is_as_much_as_was_asked_for() -> None:
    early = screen_after(b"".join(b"%d\r\n" % number for number in range(100)))
    late = blank(*early.size)
    late.feed(early.restore(7))
    assert late.scrollback_rows == 7
    assert [line.text for line in late.rows(0, 3, styled=False)] == [b"88", b"89", b"90"]


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 5), (500, 500)])
def test_any_size_is_restored(size: tuple[int, int]) -> None:
    """From one cell to more than any window has."""
    text = "漢字 and \x1b[31mred\r\nnext\ttab" if size[1] > 1 else "and \x1b[31mred\r\nnext"
    early = screen_after(text.encode(), b"\x1b[?1049hin front", cols=size[0], rows=size[1])
    assert differences_of(early, restored(early)) == []

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.queries import EXAMPLES, SHOWN, Example

from holdfast.client.escapes import MAX_HELD_BYTES, Carry, split_at_rest
from holdfast.client.inert import Inert, make_inert
from holdfast.daemon.screens.screen import Screen, available

REMOVED = {
    "DA1": b"\x1b[c",
    "DA1, with its parameter": b"\x1b[0c",
    "DA2": b"\x1b[>c",
    "DA3": b"\x1b[=0c",
    "DSR 5": b"\x1b[5n",
    "DSR 6, the cursor": b"\x1b[6n",
    "DECXCPR": b"\x1b[?6n",
    "the colour scheme": b"\x1b[?996n",
    "DECRQM": b"\x1b[?2026$p",
    "DECRQM of an ANSI mode": b"\x1b[4$p",
    "DECRQSS": b"\x1bP$q q\x1b\\",
    "XTVERSION": b"\x1b[>0q",
    "XTGETTCAP": b"\x1bP+q544e\x1b\\",
    "kitty keyboard query": b"\x1b[?u",
    "XTQMODKEYS": b"\x1b[?4m",
    "XTSMGRAPHICS": b"\x1b[?1;1;0S",
    "DECREQTPARM": b"\x1b[x",
    "DECREQTPARM 1": b"\x1b[1x",
    "DECRQCRA": b"\x1b[1;1;1;1;2;2*y",
    "DECRQPSR": b"\x1b[1$w",
    "DECID": b"\x1bZ",
    "ENQ": b"\x05",
    "window size report": b"\x1b[18t",
    "cell size report": b"\x1b[16t",
    "iconify": b"\x1b[2t",
    "title stack push": b"\x1b[22;0t",
    "title stack pop": b"\x1b[23t",
    "printing": b"\x1b[5i",
    "bell": b"\x07",
    "foreground query": b"\x1b]10;?\x07",
    "background query": b"\x1b]11;?\x1b\\",
    "palette query": b"\x1b]4;1;?;2;?\x1b\\",
    "notification": b"\x1b]9;done\x07",
    "progress": b"\x1b]9;4;1;50\x1b\\",
    "kitty notification": b"\x1b]99;i=1;done\x1b\\",
    "rxvt notification": b"\x1b]777;notify;title;body\x07",
    "clipboard write": b"\x1b]52;c;aGVsbG8=\x07",
    "clipboard query": b"\x1b]52;c;?\x1b\\",
    "iTerm2 attention": b"\x1b]1337;RequestAttention=yes\x07",
    "kitty graphics, which answers": b"\x1b_Gi=31,a=q;AAAA\x1b\\",
    "what tmux passes on": b"\x1bPtmux;\x1b\\",
    "tmux's control mode": b"\x1bP1000p%begin 1 2 0\r\n%end 1 2 0\r\n\x1b\\",
    "kitty's remote control": b'\x1bP@kitty-cmd{"cmd":"launch"}\x1b\\',
    "files by kitty": b"\x1b]5113;ac=send;id=1\x1b\\",
    "the clipboard by kitty": b"\x1b]5522;type=write\x1b\\",
    "a call of the vim or emacs around": b'\x1b]51;["drop","file"]\x07',
    "iTerm2 clipboard": b"\x1b]1337;Copy=:AAAA\x07",
    "iTerm2 report": b"\x1b]1337;ReportCellSize\x07",
    "iTerm2 notification, cut off by the next sequence": b"\x1b]9;done",
    "what is allowed": b"\x1b]60\x1b\\",
    "what is not allowed": b"\x1b]61;allowColorOps\x07",
    "font query": b"\x1b]50;?\x07",
    "pointer query": b"\x1b]22;?__current__\x1b\\",
    "XTQFMTKEYS": b"\x1b[?4g",
    "printing of a DEC terminal": b"\x1b[?4i",
    "with parameters that nothing has": b"\x1b[5;0n",
    "with sub-parameters": b"\x1b[5:1n",
    "with bells inside": b"\x1b\x07[?\x07996\x07n",
    "DA1 of a C1 control": b"\xc2\x9bc",
    "DECID as a C1 control": b"\xc2\x9a",
    "DECRQM of a C1 control": b"\xc2\x9b?2026$p",
    "DECRQSS of C1 controls": b"\xc2\x90$qm\xc2\x9c",
    "notification of C1 controls": b"\xc2\x9d9;done\xc2\x9c",
    "notification of a C1 control, ended by another ST": b"\xc2\x9d9;done\x1b\\",
    "graphics of C1 controls": b"\xc2\x9fGa=q;AAAA\xc2\x9c",
}
KEPT = {
    "text": "Größe 100 € — ok\r\n".encode(),
    "colours": b"\x1b[1;38;5;12mred\x1b[0m",
    "true colour": b"\x1b[38:2::1:2:3m",
    "cursor": b"\x1b[12;40H\x1b[2J\x1b[K\x1b[?25l",
    "alternate screen": b"\x1b[?1049h\x1b[?2004h\x1b[?1000;1006h",
    "cursor style": b"\x1b[5 q",
    "keyboard flags": b"\x1b[>1u\x1b[<u\x1b[=5;1u",
    "modifyOtherKeys": b"\x1b[>4;2m",
    "scroll region": b"\x1b[1;24r\x1b7\x1b8\x1bM",
    "scrolling": b"\x1b[3S\x1b[3T",
    "title, ended by BEL": b"\x1b]0;a title\x07",
    "title, ended by ST": b"\x1b]2;title with ? mark\x1b\\",
    "folder": b"\x1b]7;file://host/tmp\x07",
    "prompt mark": b"\x1b]133;A\x07",
    "link": b"\x1b]8;;https://example.org/?a=b\x1b\\text\x1b]8;;\x1b\\",
    "palette": b"\x1b]4;1;rgb:00/00/00\x07",
    "image": b"\x1bP0;1q#0;2;0;0;0#0~~\x1b\\",
    "iTerm2 image": b"\x1b]1337;File=inline=1:AAAA\x07",
    "soft reset": b"\x1b[!p\x1bc",
    "fill": b"\x1b[65;1;1;2;2$x",
    "bytes of C1 controls alone, which are no characters": b"\x9bc\x9d9;done\x9c\x90$qm\x9a",
    "letters of two bytes": "£5 Â ß §".encode(),
    "other C1 controls": b"\xc2\x85\xc2\x9b1m\xc2\x9d0;title\xc2\x9c",
}
ENDS = {"iTerm2 notification, cut off by the next sequence": b"\x1b[m"}  # what is needed behind it
STREAM = b"".join(b"<%d>%s\x1b[m" % numbered for numbered in enumerate([*REMOVED.values(), *KEPT.values()]))
CLEAN = b"".join(b"<%d>%s\x1b[m" % numbered for numbered in enumerate([b""] * len(REMOVED) + list(KEPT.values())))
SCRAPS = [
    *(example.query for example in EXAMPLES), *SHOWN, *REMOVED.values(),
    b"\x1b", b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b[1", b"\x1b[?", b"[", b"[c", b"]", b"P", b"c", b"n", b"5n",
    b"$p", b"$qm", b"4;1;?", b"11;?", b"0;t", b"9;", b"52;c;", b"\x07", b"\x05", b"\x00", b"\x18", b"\x1b\\", b"\r\n",
    b"?", b">", b" ", b"1;", b"x",
]  # fmt: skip
CUT_CHARACTERS = [b"\xc2", b"\xe2\x82", b"\x9b", b"\x9c", b"\xc2\x9b", b"\xc2\x9d", b"\xc2\x90", b"\xc2\x9c"]


@pytest.mark.parametrize("name", REMOVED)
def test_what_has_an_effect_is_removed(name: str) -> None:
    end = ENDS.get(name, b"")
    assert make_inert(b"before" + REMOVED[name] + end + b"after") == b"before" + end + b"after"


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{example.name} {example.query!r}" for example in EXAMPLES])
def test_every_query_that_the_daemon_knows_is_removed(example: Example) -> None:
    assert make_inert(b"before" + example.query + b"after") == b"beforeafter"


@pytest.mark.parametrize("name", KEPT)
def test_what_only_shows_is_kept(name: str) -> None:
    assert make_inert(b"before" + KEPT[name] + b"after") == b"before" + KEPT[name] + b"after"


@pytest.mark.parametrize("piece", [*REMOVED.values(), *KEPT.values()])
def test_every_split_of_every_sequence_gives_the_same(piece: bytes) -> None:
    data = b"x" + piece + b"\x1b[my"
    whole = make_inert(data)
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            inert = Inert()
            parts = [inert.feed(part) for part in (data[:first], data[first:second], data[second:])]
            assert b"".join(parts) + inert.finish() == whole, (first, second)


def test_one_byte_at_a_time_gives_the_same() -> None:
    inert = Inert()
    assert b"".join(inert.feed(STREAM[at : at + 1]) for at in range(len(STREAM))) + inert.finish() == CLEAN


def inert_in_pieces(data: bytes, cuts: list[int]) -> bytes:
    inert, ends = Inert(), sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return b"".join(inert.feed(data[start:stop]) for start, stop in pairwise(ends)) + inert.finish()


@settings(deadline=None)  # a busy machine takes its time
@given(st.lists(st.sampled_from([*SCRAPS, *CUT_CHARACTERS]), max_size=14), st.lists(st.integers(0, 500), max_size=12))
def test_random_scraps_give_the_same_however_they_are_cut(scraps: list[bytes], cuts: list[int]) -> None:
    data = b"".join(scraps)
    assert inert_in_pieces(data, cuts) == inert_in_pieces(data, [])


@settings(deadline=None)  # a busy machine takes its time
@given(st.lists(st.sampled_from(SCRAPS), max_size=14), st.lists(st.integers(0, 500), max_size=12))
def test_a_terminal_answers_nothing_and_shows_the_same(scraps: list[bytes], cuts: list[int]) -> None:
    """Scraps that were no query before do not become one by what was taken out between them."""
    data = b"".join(scraps) + b"\x18."
    inert = inert_in_pieces(data, cuts)
    assert is_thinned(inert, data)
    shown, answers = terminal(data)
    if b"\xc2" in data:  # some terminals act on C1 controls, this one shows them
        assert terminal(inert)[1] == b""
    else:
        assert terminal(inert) == (shown, b""), (inert, answers)


def terminal(data: bytes) -> tuple[tuple[list[bytes], tuple[int, int]], bytes]:
    """What a terminal shows then, where its cursor is, and what it has answered."""
    if (reason := available()) is not None:
        pytest.skip(reason)
    screen = Screen(80, 24, scrollback_lines=0, scrollback_bytes=0)
    screen.feed(data)
    cursor = screen.snapshot().active.cursor
    shown = [row.text for row in screen.rows(0, 24, styled=False)]
    return (shown, (cursor.x, cursor.y)), screen.take_replies()


def is_thinned(inert: bytes, data: bytes) -> bool:
    """Whether `inert` is `data` with parts taken out, and at most an ST where one was."""
    rest = iter(data)
    return all(byte in rest for byte in inert.replace(b"\x1b\\", b""))


def test_what_an_effect_breaks_off_does_not_go_on_behind_it() -> None:
    assert make_inert(b"\x1b\x1b[c[c") == b"\x1b\x1b\\[c"
    assert make_inert(b"\x1b[1;\x1b[c5n") == b"\x1b[1;\x1b\\5n"
    assert make_inert(b"\x1b]0;title\x1b[ctext\x07") == b"\x1b]0;title\x1b\\text"
    assert make_inert(b"\xc2\x07\x9bc") == b"\xc2\x1b\\\x9bc"


def test_a_title_of_a_c1_control_is_ended_without_a_bell() -> None:
    assert make_inert(b"\xc2\x9d0;title\x07text\x07") == b"\xc2\x9d0;title\x1b\\text"


@pytest.mark.parametrize(
    ("data", "left"),
    [(b"a\xe2\x82", b"\xe2\x82"), (b"a\x1b]0;t", b""), (b"a\xc2\x9b1", b""), (b"a\xe2\x82\x1b[1", b"\xe2\x82")],
)
def test_at_the_end_no_sequence_is_left_that_could_swallow_more(data: bytes, left: bytes) -> None:
    inert = Inert()
    assert inert.feed(data) == b"a"
    assert inert.finish() == left


def test_control_characters_inside_a_query_are_carried_out() -> None:
    assert make_inert(b"a\x1b[\r\n5\x07n") == b"a\r\n"


def test_live_output_passes_but_for_what_began_in_history_and_is_too_long_to_be_held() -> None:
    inert = Inert()
    assert inert.feed(b"a\x07\x1b[c\x1b[") == b"a"
    assert inert.feed(b"c\x07b", is_replay=False) == b"\x1b[c\x07b"
    assert inert.feed(b"\x1b]52;c;" + b"A" * MAX_HELD_BYTES) == b""
    assert inert.feed(b"AAA\x07b\x07", is_replay=False) == b"b\x07"
    assert inert.feed(b"\x1b]52;c;" + b"A" * MAX_HELD_BYTES, is_replay=False) == b"\x1b]52;c;" + b"A" * MAX_HELD_BYTES
    assert inert.feed(b"AAA\x07b\x07") == b"AAA\x07b"


def test_what_was_held_can_be_given_up() -> None:
    inert = Inert()
    assert inert.feed(b"\x1b]52;c;" + b"A" * MAX_HELD_BYTES) == b""
    assert inert.flush() == b""
    assert inert.feed(b"a\x1b[1") == b"a"
    assert inert.flush() == b"\x1b[1"
    assert inert.feed(b"c") == b"c"


@pytest.mark.parametrize(
    ("opener", "end"),
    [
        *((b"\x1b]52;c;", end) for end in (b"\x07", b"\x1b\\", b"\x18", b"\x1b[1m")),
        *((opener, end) for opener in (b"\x1bP$q", b"\x1b_Ga=t;", b"\x1bP@kitty-cmd") for end in (b"\x1b\\", b"\x1a")),
        *((opener, b"\xc2\x9c") for opener in (b"\xc2\x9d52;c;", b"\xc2\x90$q", b"\xc2\x9fG")),
    ],
)
def test_an_effect_longer_than_is_held_back_is_dropped_as_well(opener: bytes, end: bytes) -> None:
    data = b"before" + opener + b"QUFB" * (MAX_HELD_BYTES // 3) + end + b"after"
    expected = b"before" + (end if end == b"\x1b[1m" else b"") + b"after"
    for step in (65536, 65537, 100_000, len(data) - len(b"after") - 1):
        inert = Inert()
        parts = [inert.feed(data[at : at + step]) for at in range(0, len(data), step)]
        assert b"".join(parts) == expected


@pytest.mark.parametrize(
    ("opener", "end"),
    [(b"\x1bP0;1q", b"\x1b\\"), (b"\x1b]1337;File=inline=1:", b"\x07"), (b"\x1b]1337;File=inline=1:", b"\x1b\\")],
)
@pytest.mark.parametrize("step", [65536, 65537, MAX_HELD_BYTES + 70_010, 1 << 22])
def test_a_long_image_is_kept_with_its_end(opener: bytes, end: bytes, step: int) -> None:
    data = opener + b"~" * (MAX_HELD_BYTES + 70_000) + end + b"after"
    inert = Inert()
    parts = [inert.feed(data[at : at + step]) for at in range(0, len(data), step)]
    assert b"".join(parts) + inert.feed(b"\x07.") == data + b"."


@pytest.mark.parametrize(
    ("data", "held"),
    [
        (b"text", b""),
        (b"text\x1b", b"\x1b"),
        (b"text\x1b[12;", b"\x1b[12;"),
        (b"text\x1b[12;3H", b""),
        (b"\x1b(", b"\x1b("),
        (b"\x1b(B", b""),
        (b"\x1b]0;title", b"\x1b]0;title"),
        (b"\x1b]0;title\x1b", b"\x1b]0;title\x1b"),
        (b"\x1b]0;title\x1b\\", b""),
        (b"\x1b]0;title\x07", b""),
        (b"\x1b]0;title\x18", b""),
        (b"\x1bPq\x07", b"\x1bPq\x07"),
        (b"\x1b]0;title\x1b[", b"\x1b]0;title\x1b["),  # what an ESC breaks off belongs to it
        (b"text\x1b[1\x1b\x1b[2", b"\x1b[1\x1b\x1b[2"),
        (b"\x1b[1m\x1b", b"\x1b"),
        (b"\x1b[1\r\n", b"\x1b[1\r\n"),
        (b"\x1b[1 2", b"\x1b[1 2"),
        (b"\xc2\x9b1;", b"\xc2\x9b1;"),
        (b"\xc2\x9b1;2m", b""),
        (b"\xc2\x9d0;title\x1b", b"\xc2\x9d0;title\x1b"),
        (b"\xc2\x9d0;title\xc2\x9c", b""),
        (b"\xe2\x82\x1b[", b"\xe2\x82\x1b["),
        ("ä€".encode()[:4], "€".encode()[:2]),
        ("𝄞".encode()[:3], "𝄞".encode()[:3]),
        (b"\x80\x80\x80\x80", b""),
    ],
)
def test_where_a_stream_is_at_rest(data: bytes, held: bytes) -> None:
    assert data[split_at_rest(data) :] == held
    carry = Carry()
    assert carry.feed(data) + carry.flush() == data

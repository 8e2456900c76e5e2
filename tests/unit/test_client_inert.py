from __future__ import annotations

import random

import pytest

from holdfast.client.escapes import MAX_HELD_BYTES, Carry, split_at_rest
from holdfast.client.inert import Inert, make_inert

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
}
STREAM = b"".join(b"<%d>%s" % (number, piece) for number, piece in enumerate([*REMOVED.values(), *KEPT.values()]))
CLEAN = b"".join(b"<%d>%s" % (number, piece) for number, piece in enumerate([b""] * len(REMOVED) + list(KEPT.values())))


@pytest.mark.parametrize("name", REMOVED)
def test_what_has_an_effect_is_removed(name: str) -> None:
    assert make_inert(b"before" + REMOVED[name] + b"after") == b"beforeafter"


@pytest.mark.parametrize("name", KEPT)
def test_what_only_shows_is_kept(name: str) -> None:
    assert make_inert(b"before" + KEPT[name] + b"after") == b"before" + KEPT[name] + b"after"


@pytest.mark.parametrize("piece", [*REMOVED.values(), *KEPT.values()])
def test_every_split_of_every_sequence_gives_the_same(piece: bytes) -> None:
    data = b"x" + piece + b"y"
    whole = make_inert(data)
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            inert = Inert()
            parts = [inert.feed(part) for part in (data[:first], data[first:second], data[second:])]
            assert b"".join(parts) + inert.finish() == whole, (first, second)


def test_one_byte_at_a_time_gives_the_same() -> None:
    inert = Inert()
    assert b"".join(inert.feed(STREAM[at : at + 1]) for at in range(len(STREAM))) + inert.finish() == CLEAN


def test_random_pieces_of_random_streams_give_the_same() -> None:
    chance = random.Random(7)
    alphabet = [*REMOVED.values(), *KEPT.values(), b"\x1b", b"\x1b]", b"\x1bP", b"\x1b[", b"\x18", b"\xe2\x82", b"abc"]
    for _ in range(300):
        data = b"".join(chance.choices(alphabet, k=12)) + b"."
        inert, parts, at = Inert(), [], 0
        while at < len(data):
            step = chance.randint(1, 9)
            parts.append(inert.feed(data[at : at + step]))
            at += step
        whole = Inert()
        assert b"".join(parts) + inert.finish() == whole.feed(data) + whole.finish(), data


@pytest.mark.parametrize("end", [b"\x07", b"\x1b\\", b"\x18", b"\x1b[1m"])
def test_a_clipboard_write_longer_than_is_held_back_is_dropped_as_well(end: bytes) -> None:
    data = b"before\x1b]52;c;" + b"QUFB" * (MAX_HELD_BYTES // 3) + end + b"after"
    expected = b"before" + (end if end == b"\x1b[1m" else b"") + b"after"
    for step in (65536, 65537, 100_000):
        inert = Inert()
        parts = [inert.feed(data[at : at + step]) for at in range(0, len(data), step)]
        assert b"".join(parts) == expected


def test_a_long_image_is_kept() -> None:
    data = b"\x1bP0;1q" + b"~" * (MAX_HELD_BYTES + 70_000) + b"\x1b\\after"
    inert = Inert()
    assert b"".join(inert.feed(data[at : at + 65536]) for at in range(0, len(data), 65536)) == data


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
        (b"\x1b]0;title\x1b[", b"\x1b["),
        (b"\x1b[1m\x1b", b"\x1b"),
        ("ä€".encode()[:4], "€".encode()[:2]),
        ("𝄞".encode()[:3], "𝄞".encode()[:3]),
        (b"\x80\x80\x80\x80", b""),
    ],
)
def test_where_a_stream_is_at_rest(data: bytes, held: bytes) -> None:
    assert data[split_at_rest(data) :] == held
    carry = Carry()
    assert carry.feed(data) + carry.flush() == data

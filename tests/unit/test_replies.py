from __future__ import annotations

import pytest

from holdfast.daemon.sessions import replies
from holdfast.daemon.sessions.replies import BlankScreen

SCREEN = BlankScreen(132, 50, x=9, y=4, foreground=(1, 2, 3), background=(255, 250, 240), cursor_colour=(16, 32, 48))


def test_the_cursor_is_reported_from_one() -> None:
    assert replies.cursor_position(b"\x1b[?6n", SCREEN) == b"\x1b[?5;10R"


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        (b"\x1b]10;?\x07", b"\x1b]10;rgb:0101/0202/0303\x07"),
        (b"\x1b]11;?\x1b\\", b"\x1b]11;rgb:ffff/fafa/f0f0\x1b\\"),
        (b"\x1b]12;?\x07", b"\x1b]12;rgb:1010/2020/3030\x07"),
        (b"\x1b]10;#fff;?\x07", b"\x1b]11;rgb:ffff/fafa/f0f0\x07"),
        (b"\x1b]11;?;?;?\x07", b"\x1b]11;rgb:ffff/fafa/f0f0\x07\x1b]12;rgb:1010/2020/3030\x07"),
        (b"\x1b]17;?\x07", b""),
    ],
)
def test_colours_that_a_program_has_set_are_told(query: bytes, reply: bytes) -> None:
    assert replies.dynamic_colours(query, SCREEN) == reply


def test_the_cursor_has_the_colour_of_text_unless_told_otherwise() -> None:
    assert replies.dynamic_colours(b"\x1b]12;?\x07", SCREEN._replace(cursor_colour=None)).endswith(
        b"rgb:0101/0202/0303\x07"
    )


@pytest.mark.parametrize(("background", "scheme"), [(None, 1), ((0, 0, 0), 1), ((0, 43, 54), 1), ((253, 246, 227), 2)])
def test_the_colour_scheme_is_the_backgrounds(background: tuple[int, int, int] | None, scheme: int) -> None:
    reply = replies.colour_scheme(b"\x1b[?996n", SCREEN._replace(background=background))
    assert reply == b"\x1b[?997;%dn" % scheme


@pytest.mark.parametrize(
    ("names", "reply"),
    [
        (b"544E", b"\x1bP1+r544E=787465726D2D323536636F6C6F72\x1b\\"),
        (b"524742", b"\x1bP1+r524742=38\x1b\\"),
        (b"5463", b"\x1bP1+r5463\x1b\\"),
        (b"4D73", b"\x1bP0+r4D73\x1b\\"),
        (b"544", b"\x1bP0+r\x1b\\"),
        (b"\nrm x\n;5463", b"\x1bP0+r\x1b\\\x1bP1+r5463\x1b\\"),
        (b"", b"\x1bP0+r\x1b\\"),
    ],
)
def test_capabilities_are_those_of_the_sessions_term(names: bytes, reply: bytes) -> None:
    assert replies.capabilities(b"\x1bP+q" + names + b"\x1b\\", SCREEN) == reply


def test_sizes_are_those_of_the_terminal() -> None:
    assert replies.window(b"\x1b[18t", SCREEN) == b"\x1b[8;50;132t"
    assert replies.window(b"\x1b[14;2t", SCREEN) == b"\x1b[4;800;1056t"

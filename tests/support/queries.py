"""Queries as programs send them, and what an xterm (or kitty, or contour) reports."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """One query.

    Attributes:
        name: of its row in the daemon's table.
        query: in output.
        reports: of one terminal, in input.
        mirror: what the daemon answers alone, in an empty terminal of 80x24; None: nothing, only clients know.
    """

    name: str
    query: bytes
    reports: tuple[bytes, ...]
    mirror: bytes | None


def _colour(number: bytes, value: bytes, end: bytes = b"\x1b\\") -> bytes:
    return b"\x1b]" + number + b";rgb:" + value + end


_RED, _GREEN = b"cdcd/0000/0000", b"0000/cdcd/0000"
_BLACK, _WHITE = b"0000/0000/0000", b"ffff/ffff/ffff"
_INK, _PAPER = b"1111/2222/3333", b"eeee/eeee/eeee"

EXAMPLES = [
    Example("DA1", b"\x1b[c", (b"\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c",), b"\x1b[?62;22c"),
    Example("DA1", b"\x1b[0c", (b"\x1b[?1;2c",), b"\x1b[?62;22c"),
    Example("DA1", b"\x1bZ", (b"\x1b[?6c",), b"\x1b[?62;22c"),
    Example("DA2", b"\x1b[>c", (b"\x1b[>41;390;0c",), b"\x1b[>1;0;0c"),
    Example("DA2", b"\x1b[>0c", (b"\x1b[>0;276;0c",), b"\x1b[>1;0;0c"),
    Example("DA3", b"\x1b[=c", (b"\x1bP!|00000000\x1b\\",), b"\x1bP!|00000000\x1b\\"),
    Example("DSR 5", b"\x1b[5n", (b"\x1b[0n",), b"\x1b[0n"),
    Example("DSR 6 (CPR)", b"\x1b[6n", (b"\x1b[24;80R",), b"\x1b[1;1R"),
    Example("DSR 6 (CPR)", b"\x1b[006n", (b"\x1b[24;80R",), b"\x1b[1;1R"),
    Example("DECXCPR", b"\x1b[?6n", (b"\x1b[?24;80R",), b"\x1b[?1;1R"),
    Example("DECXCPR", b"\x1b[?6n", (b"\x1b[?24;80;1R",), b"\x1b[?1;1R"),
    Example("colour scheme", b"\x1b[?996n", (b"\x1b[?997;2n",), b"\x1b[?997;1n"),
    Example("DSR, private", b"\x1b[?15n", (b"\x1b[?13n",), None),
    Example("DSR, private", b"\x1b[?26n", (b"\x1b[?27;1;0;0n",), None),
    Example("DECRQM", b"\x1b[4$p", (b"\x1b[4;2$y",), b"\x1b[4;2$y"),
    Example("DECRQM", b"\x1b[20$p", (b"\x1b[20;2$y",), b"\x1b[20;2$y"),
    Example("DECRQM, private", b"\x1b[?2026$p", (b"\x1b[?2026;0$y",), b"\x1b[?2026;2$y"),
    Example("DECRQM, private", b"\x1b[?25$p", (b"\x1b[?25;1$y",), b"\x1b[?25;1$y"),
    Example("DECRQSS", b"\x1bP$qm\x1b\\", (b"\x1bP1$r0m\x1b\\",), b"\x1bP1$r0m\x1b\\"),
    Example("DECRQSS", b"\x1bP$q q\x1b\\", (b"\x1bP1$r2 q\x1b\\",), b"\x1bP1$r2 q\x1b\\"),
    Example("XTVERSION", b"\x1b[>q", (b"\x1bP>|XTerm(390)\x1b\\",), b"\x1bP>|libghostty\x1b\\"),
    Example("XTVERSION", b"\x1b[>0q", (b"\x1bP>|kitty(0.36.4)\x1b\\",), b"\x1bP>|libghostty\x1b\\"),
    Example(
        "XTGETTCAP",
        b"\x1bP+q544e;436f;4d73\x1b\\",
        (b"\x1bP1+r544E=787465726D\x1b\\", b"\x1bP1+r436F=323536\x1b\\", b"\x1bP0+r4d73\x1b\\"),
        b"\x1bP1+r544e=787465726D2D323536636F6C6F72\x1b\\\x1bP1+r436f=323536\x1b\\\x1bP0+r4d73\x1b\\",
    ),
    Example("XTGETTCAP", b"\x1bP+q5463\x1b\\", (b"\x1bP0+r5463\x1b\\",), b"\x1bP1+r5463\x1b\\"),
    Example(
        "OSC 4",
        b"\x1b]4;1;?;2;?\x1b\\",
        (_colour(b"4;1", _RED), _colour(b"4;2", _GREEN)),
        b"\x1b]4;1;rgb:cccc/6666/6666\x1b\\\x1b]4;2;rgb:b5b5/bdbd/6868\x1b\\",
    ),
    Example("OSC 4", b"\x1b]4;1;?\x07", (_colour(b"4;1", _RED, b"\x07"),), b"\x1b]4;1;rgb:cccc/6666/6666\x07"),
    Example("OSC 5", b"\x1b]5;0;?\x07", (_colour(b"5;0", _RED, b"\x07"),), None),
    Example("OSC 10 to 19", b"\x1b]10;?\x07", (_colour(b"10", _INK, b"\x07"),), _colour(b"10", _WHITE, b"\x07")),
    Example("OSC 10 to 19", b"\x1b]11;?\x1b\\", (_colour(b"11", _PAPER),), _colour(b"11", _BLACK)),
    Example("OSC 10 to 19", b"\x1b]12;?\x1b\\", (_colour(b"12", _INK),), _colour(b"12", _WHITE)),
    Example(
        "OSC 10 to 19",
        b"\x1b]10;?;?;?\x1b\\",
        (_colour(b"10", _INK), _colour(b"11", _PAPER), _colour(b"12", _INK)),
        _colour(b"10", _WHITE) + _colour(b"11", _BLACK) + _colour(b"12", _WHITE),
    ),
    Example(
        "OSC 21, kitty's colours",
        b"\x1b]21;foreground=?\x1b\\",
        (b"\x1b]21;foreground=rgb:dd/dd/dd\x1b\\",),
        b"\x1b]21;foreground=\x1b\\",
    ),
    Example("OSC 52, the clipboard", b"\x1b]52;c;?\x07", (b"\x1b]52;c;aGVsbG8=\x07",), None),
    Example("kitty keyboard", b"\x1b[?u", (b"\x1b[?0u",), b"\x1b[?0u"),
    Example("kitty graphics", b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\", (b"\x1b_Gi=31;OK\x1b\\",), None),
    Example("XTQMODKEYS", b"\x1b[?4m", (b"\x1b[>4;2m",), None),
    Example("XTQFMTKEYS", b"\x1b[?4g", (b"\x1b[>4;0f",), None),
    Example("XTSMGRAPHICS", b"\x1b[?1;1;0S", (b"\x1b[?1;0;256S",), None),
    Example("XTWINOPS 11, is it open", b"\x1b[11t", (b"\x1b[2t",), b"\x1b[1t"),
    Example("XTWINOPS 13, place", b"\x1b[13t", (b"\x1b[3;-10;25t",), b"\x1b[3;0;0t"),
    Example("XTWINOPS 13, place", b"\x1b[13;2t", (b"\x1b[3;10;25t",), b"\x1b[3;0;0t"),
    Example("XTWINOPS 14, size in pixels", b"\x1b[14t", (b"\x1b[4;600;800t",), b"\x1b[4;384;640t"),
    Example("XTWINOPS 14, size in pixels", b"\x1b[14;2t", (b"\x1b[4;620;810t",), b"\x1b[4;384;640t"),
    Example(
        "XTWINOPS 15, size of the whole screen in pixels", b"\x1b[15t", (b"\x1b[5;1080;1920t",), b"\x1b[5;384;640t"
    ),
    Example("XTWINOPS 16, size of a cell in pixels", b"\x1b[16t", (b"\x1b[6;20;10t",), b"\x1b[6;16;8t"),
    Example("XTWINOPS 18, size in cells", b"\x1b[18t", (b"\x1b[8;24;80t",), b"\x1b[8;24;80t"),
    Example("XTWINOPS 19, size of the whole screen in cells", b"\x1b[19t", (b"\x1b[9;60;200t",), b"\x1b[9;24;80t"),
    Example("XTWINOPS 20, icon's title", b"\x1b[20t", (b"\x1b]LXTerm\x1b\\",), b"\x1b]L\x1b\\"),
    Example("XTWINOPS 21, title", b"\x1b[21t", (b"\x1b]lvim: secret\x1b\\",), b"\x1b]l\x1b\\"),
]

KEYS = [
    b"\x1b[A",
    b"\x1b[1;5D",
    b"\x1bOP",
    b"\x1b[13;2~",
    b"\x1b[97;5u",
    b"\x1b[97;5:3u",
    b"\x1b[27;5;99~",
    b"\x1b[<35;10;20M",
    b"\x1b[<0;10;20m",
    b"\x1b[M !!",
    b"\x1b[I",
    b"\x1b[O",
    b"\x1b[200~pasted [6n text\x1b[201~",
    b"\x1b",
    b"\x1b[",
    b"\x1b]",
    b"\x1bP",
    b"\x1bc",
    b"\x1b[Z",
    b"\x1b[3~",
    b"\x1b[48;24;80;384;640t",
    b"hello\r",
]
"""What terminals send that is no report: keys in every protocol, mouse, focus, paste, the size within the band."""

SHOWN = [
    b"\x1b[1;31mred\x1b[0m",
    b"\x1b[38;2;1;2;3m",
    b"\x1b[m",
    b"\x1b[5;6H",
    b"\x1b[6;1f",
    b"\x1b[2J\x1b[0K",
    b"\x1b[?25l\x1b[?2026h\x1b[?1049h",
    b"\x1b[>4;2m\x1b[>1u\x1b[<u\x1b[=1;1u",
    b"\x1b[>4m",
    b"\x1b[10t",
    b"\x1b[22;0t\x1b[23;0t\x1b[8;24;80t",
    b'\x1b[!p\x1b[5 q\x1b[2"q',
    b"\x1b[?25;2004s\x1b[?25r",
    b"\x1b[1;24r\x1b[11S\x1b[6S",
    b"\x1b]0;what? \x1b[6\x07",
    b"\x1b]8;;http://x/?q\x1b\\a\x1b]8;;\x1b\\",
    b"\x1b]11;#000000\x07\x1b]4;1;rgb:00/00/00\x1b\\",
    b"\x1b]52;c;aGVsbG8=\x07",
    b"\x1b]133;A\x07",
    b"\x1bP0;1;0q#0;2;0;0;0~\x1b\\",
    b"\x1bP1$r0m\x1b\\",
    b"\x1b7\x1b8\x1bc\x1bM\x1b(B",
    b"[6n [c 6n ?u \xc2\x9b6n",
    "grüße → 終わり 🙂".encode(),
]
"""What programs print that asks nothing."""

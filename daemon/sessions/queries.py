"""The questions that programs ask their terminal: one table, and a fast search for them in output. Pure.

A row says what the query looks like in output, what its report looks like in input, and what the daemon answers while
no client can. Only queries in their plain form are looked for, which is what programs send: not with control characters
inside, not with 8-bit introducers, not without an end.
Sources: ctlseqs of xterm; the kitty keyboard, graphics, clipboard and colour protocols; contour's colour scheme query.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from . import replies
from .replies import Screen

__all__ = ["MAX_QUERY_BYTES", "TABLE", "Found", "Query", "find"]

MAX_QUERY_BYTES = 8192
"""Longest query that is waited for until its end has come: a piece of an image has 4 KB, one of all colours 1.5 KB."""

Reply: TypeAlias = Callable[[bytes, Screen], bytes]


def _one(_query: bytes) -> int:
    return 1


def _questions(query: bytes) -> int:
    return query.count(b"?")


def _names(query: bytes) -> int:
    return query.count(b";") + 1


def _always(reply: bytes) -> Reply:
    return lambda _query, _screen: reply


@dataclass(frozen=True, slots=True)
class Query:
    """One kind of query.

    Attributes:
        name: as the terminal's manual has it.
        asked: pattern of the query, in output.
        report: pattern of the answer, in input.
        reply: makes the daemon's answer from the mirror's screen; None: no screen is needed.
        blind: makes it without, or where there is no mirror; None: it takes a screen, or a client, to answer this.
        most: how many reports answer a query, at most.
        key: pattern of those reports that a key sends as well, or a terminal without being asked; None: there are none.
    """

    name: str
    asked: bytes
    report: bytes
    reply: Reply | None = None
    blind: Reply | None = None
    most: Callable[[bytes], int] = _one
    key: bytes | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the daemon answers it where no client does."""
        return self.reply is not None or self.blind is not None


_TEXT = rb"[^\x07\x18\x1a\x1b]*+"
_ASKING = rb"[^?\x07\x18\x1a\x1b]*+\?" + _TEXT
_ST = rb"\x1b\\"
_END = rb"(?:\x07|\x1b\\)"
_RGB = rb"rgba?:[0-9A-Fa-f/]++"


def _window(number: int, what: str, report: bytes) -> Query:
    asked = rb"\x1b\[%d(?:;[0-9]*)?t" % number
    return Query(f"XTWINOPS {number}, {what}", asked, report, blind=replies.window)


def _size(number: int) -> bytes:
    return rb"\x1b\[%d;[0-9]+;[0-9]+t" % number


_EMULATOR = replies.from_emulator

TABLE = (
    Query("DA1", rb"\x1b(?:\[0*c|Z)", rb"\x1b\[\?[0-9;]*c", blind=_always(b"\x1b[?62;22c")),
    Query("DA2", rb"\x1b\[>0*c", rb"\x1b\[>[0-9;]*c", blind=_always(b"\x1b[>1;0;0c")),
    Query("DA3", rb"\x1b\[=0*c", rb"\x1bP!\|[0-9A-Fa-f]*\x1b\\", blind=_always(b"\x1bP!|00000000\x1b\\")),
    Query("DSR 5", rb"\x1b\[0*5n", rb"\x1b\[[03]n", blind=_always(b"\x1b[0n")),
    Query(
        "DSR 6 (CPR)",
        rb"\x1b\[0*6n",
        rb"\x1b\[[0-9]+;[0-9]+R",
        _EMULATOR,
        key=rb"\x1b\[1;(?:[2-9]|1[0-6])R",  # F3 with modifiers
    ),
    Query("DECXCPR", rb"\x1b\[\?0*6n", rb"\x1b\[\?[0-9]+;[0-9]+(?:;[0-9]+)?R", replies.cursor_position),
    Query(
        "colour scheme",
        rb"\x1b\[\?996n",
        rb"\x1b\[\?997;[0-9]+n",
        replies.colour_scheme,
        replies.colour_scheme,
        key=rb"\x1b\[\?997;[0-9]+n",  # mode 2031 sends it when the scheme changes
    ),
    Query("DSR, private", rb"\x1b\[\?[0-9;]*n", rb"\x1b\[\?[0-9;]+n"),
    Query("DECRQM", rb"\x1b\[[0-9]+\$p", rb"\x1b\[[0-9]+;[0-9]+\$y", _EMULATOR, replies.ansi_mode_unknown),
    Query(
        "DECRQM, private",
        rb"\x1b\[\?[0-9]+\$p",
        rb"\x1b\[\?[0-9]+;[0-9]+\$y",
        _EMULATOR,
        replies.private_mode_unknown,
    ),
    Query(
        "DECRQSS",
        rb"\x1bP\$q" + _TEXT + _ST,
        rb"\x1bP[0-9]?\$r" + _TEXT + _ST,
        _EMULATOR,
        _always(b"\x1bP0$r\x1b\\"),
    ),
    Query("XTVERSION", rb"\x1b\[>0*q", rb"\x1bP>\|" + _TEXT + _ST, blind=_always(b"\x1bP>|libghostty\x1b\\")),
    Query(
        "XTGETTCAP",
        rb"\x1bP\+q" + _TEXT + _ST,
        rb"\x1bP[01]\+[rR]" + _TEXT + _ST,
        blind=replies.capabilities,
        most=_names,
    ),
    Query(
        "OSC 4",
        rb"\x1b\]4;" + _ASKING + _END,
        rb"\x1b\]4;[0-9]+;" + _RGB + _END,
        _EMULATOR,
        most=_questions,
    ),
    Query(
        "OSC 5",
        rb"\x1b\]5;" + _ASKING + _END,
        rb"\x1b\]5;[0-9]+;" + _RGB + _END,
        most=_questions,
    ),
    Query(
        "OSC 10 to 19",
        rb"\x1b\]1[0-9];" + _ASKING + _END,
        rb"\x1b\]1[0-9];" + _RGB + _END,
        replies.dynamic_colours,
        replies.dynamic_colours,
        most=_questions,
    ),
    Query(
        "OSC 21, kitty's colours",
        rb"\x1b\]21;" + _ASKING + _END,
        rb"\x1b\]21;" + _TEXT + _END,
        _EMULATOR,
    ),
    Query(
        "OSC 52, the clipboard",
        rb"\x1b\]52;[^;\x07\x18\x1a\x1b]*+;\?" + _END,
        rb"\x1b\]52;" + _TEXT + _END,
    ),
    Query("kitty keyboard", rb"\x1b\[\?[0-9]*u", rb"\x1b\[\?[0-9]+u", _EMULATOR, _always(b"\x1b[?0u")),
    Query("kitty graphics", rb"\x1b_G" + _TEXT + _ST, rb"\x1b_G" + _TEXT + _ST),
    Query("XTQMODKEYS", rb"\x1b\[\?[0-9;]+m", rb"\x1b\[>[0-9]+(?:;[0-9]*)?m"),
    Query("XTQFMTKEYS", rb"\x1b\[\?[0-9;]+g", rb"\x1b\[>[0-9]+(?:;[0-9]*)?f"),
    Query("XTSMGRAPHICS", rb"\x1b\[\?[0-9;]+S", rb"\x1b\[\?[0-9;]+S"),
    _window(11, "is it open", rb"\x1b\[[12]t"),
    _window(13, "place", rb"\x1b\[3;-?[0-9]+;-?[0-9]+t"),
    _window(14, "size in pixels", _size(4)),
    _window(15, "size of the whole screen in pixels", _size(5)),
    _window(16, "size of a cell in pixels", _size(6)),
    _window(18, "size in cells", _size(8)),
    _window(19, "size of the whole screen in cells", _size(9)),
    _window(20, "icon's title", rb"\x1b\]L" + _TEXT + _END),
    _window(21, "title", rb"\x1b\]l" + _TEXT + _END),
)
"""All of them; of two rows that fit, the first one counts. Constants are what the mirror's emulator answers."""


class Found(NamedTuple):
    """A query in output: the bytes [start, end), their text, and its kind."""

    start: int
    end: int
    query: Query
    text: bytes


# Begins with a character that `re` looks for by memchr(3), and decides by the next one or two of almost every sequence
# of coloured text. A superset of the table, but for DECRQM of ANSI modes, which costs half the speed to look for.
_CANDIDATE = (
    rb"\x1b(?:\[(?:c|0[056]*+[cn]|[56]n|1[1-9][0-9;]*+t|2[01][0-9;]*+t"
    rb"|\?[0-9;]*+(?:[gmnuS]|\$p)|[>=][0-9]*+[cq]%s)"
    rb"|P[$+]q|\](?:[45]|1[0-9]|21|52);[^?\x07\x18\x1a\x1b]*+\?|_G|Z)"
)
_CANDIDATES = re.compile(_CANDIDATE % b"")
_CANDIDATES_AND_ANSI_MODES = re.compile(_CANDIDATE % rb"|[0-9]++\$p")
_REQUEST_MODE = re.compile(rb"\$p")
_QUERIES = re.compile(b"|".join(b"(%s)" % row.asked for row in TABLE))

_UNFINISHED_STRING = rb"[\]P_][^\x07\x18\x1a\x1b]*+"
_UNFINISHED = re.compile(rb"\x1b(?:\[[?>=]?[0-9;]*+\$?|" + _UNFINISHED_STRING + rb"\x1b?)?")


def find(data: bytes, most: int) -> tuple[list[Found], int]:
    """Find queries in output. Hot path of sessions without clients: 400 MB/s of coloured text.

    Args:
        data: bytes printed.
        most: how many are looked for; a flood of them costs no more.

    Returns:
        What was found, in order, and where to go on when there is more output: before a query that is cut off.
    """
    candidates = _CANDIDATES if _REQUEST_MODE.search(data) is None else _CANDIDATES_AND_ANSI_MODES
    found: list[Found] = []
    for candidate in candidates.finditer(data):
        match = _QUERIES.match(data, candidate.start())
        if match is None or match.lastindex is None:
            continue
        found.append(Found(match.start(), match.end(), TABLE[match.lastindex - 1], match[0]))
        if len(found) == most:
            break
    return found, _at_rest(data)


def _at_rest(data: bytes) -> int:
    """Return where a sequence begins that may become a query; the length of `data` where none does."""
    oldest = max(0, len(data) - MAX_QUERY_BYTES)
    last = data.rfind(b"\x1b", oldest)
    if last == len(data) - 1 > oldest:  # maybe half of the ST that ends a string
        opener = data.rfind(b"\x1b", oldest, last)
        if opener >= 0 and _UNFINISHED.fullmatch(data, opener):
            return opener
    return last if last >= 0 and _UNFINISHED.fullmatch(data, last) else len(data)

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.queries import EXAMPLES, SHOWN, Example

from holdfast.daemon.screens.screen import Screen as EmulatedScreen
from holdfast.daemon.screens.screen import available
from holdfast.daemon.sessions.queries import MAX_QUERY_BYTES, TABLE, Found, Query, find
from holdfast.daemon.sessions.replies import BlankScreen

ROWS = {row.name: row for row in TABLE}
EMPTY = BlankScreen(80, 24)
IDS = [f"{example.name} {example.query!r}" for example in EXAMPLES]
PIECES = [*(example.query for example in EXAMPLES), *SHOWN, b"text", b"\x1b", b"\x1b[", b"\x1b]4;1;?", b"\x1bP$q"]


def reference(data: bytes) -> list[tuple[int, int, Query]]:
    """Every row tried at every ESC."""
    found: list[tuple[int, int, Query]] = []
    at = 0
    while (at := data.find(b"\x1b", at)) >= 0:
        tried = ((row, re.compile(row.asked).match(data, at)) for row in TABLE)
        hit = next(((match.end(), row) for row, match in tried if match is not None), None)
        if hit is not None:
            found.append((at, *hit))
        at = hit[0] if hit is not None else at + 1
    return found


def find_all(data: bytes, pieces: list[bytes]) -> list[Found]:
    """Find in pieces, as they come: what is not at rest is looked at again."""
    found: list[Found] = []
    start = come = 0
    for piece in pieces:
        come += len(piece)
        some, rest = find(data[start:come], 10**9)
        found += [Found(start + one.start, start + one.end, one.query, one.text) for one in some]
        start += rest
    return found


def test_every_row_has_an_example() -> None:
    assert {example.name for example in EXAMPLES} == set(ROWS)
    assert len(ROWS) == len(TABLE)


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_a_query_is_found_where_it_is_and_as_what_it_is(example: Example) -> None:
    data = b"before\x1b[0m" + example.query + b"after"
    start = len(b"before\x1b[0m")
    assert find(data, 10) == (
        [Found(start, start + len(example.query), ROWS[example.name], example.query)],
        len(data),
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_a_query_is_found_once_however_it_is_cut(example: Example) -> None:
    data = b"\x1b[31mbefore" + example.query + b"after"
    expected = find(data, 10)[0]
    for cut in range(len(data) + 1):
        assert find_all(data, [data[:cut], data[cut:]]) == expected, cut
    assert find_all(data, [bytes([byte]) for byte in data]) == expected


@pytest.mark.parametrize("shown", SHOWN)
def test_what_asks_nothing_is_not_found(shown: bytes) -> None:
    assert find(b"a" + shown + b"z", 10)[0] == []


def test_random_streams_in_random_pieces_give_what_every_row_tried_everywhere_gives() -> None:
    chance = random.Random(3)
    for _ in range(400):
        data = b"".join(chance.choices(PIECES, k=chance.randint(1, 25))) + b"."
        cuts = sorted({0, len(data), *(chance.randrange(len(data) + 1) for _ in range(chance.randint(0, 12)))})
        pieces = [data[start:stop] for start, stop in pairwise(cuts)]
        assert [one[:3] for one in find_all(data, pieces)] == reference(data), data


@given(st.lists(st.sampled_from([b"\x1b", b"[", b"]", b"P", b"?", b">", b"$", b"0", b"6", b"14", b";", b"c", b"n", b"t",
    b"p", b"q", b"u", b"m", b"4;1;?", b"\x07", b"\x1b\\", b"x", b"_G"]), max_size=12))  # fmt: skip
def test_any_scrap_of_a_sequence_gives_what_every_row_tried_everywhere_gives(scraps: list[bytes]) -> None:
    data = b"".join(scraps) + b"."
    assert [one[:3] for one in find(data, 1000)[0]] == reference(data)


def test_a_flood_of_queries_is_looked_at_up_to_a_limit_and_passed_over() -> None:
    data = b"\x1b[6n" * 1000
    found, rest = find(data, 7)
    assert (len(found), rest) == (7, len(data))


@pytest.mark.parametrize("opener", [b"\x1b]4;1;?", b"\x1bP$q", b"\x1b[", b"\x1b[?", b"\x1b_G"])
def test_a_sequence_that_never_ends_is_not_waited_for(opener: bytes) -> None:
    filler = b"1" * (MAX_QUERY_BYTES + 10)
    assert find(opener + b"12", 10)[1] == 0
    assert find(opener + filler, 10)[1] == len(opener + filler)


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_the_daemon_alone_answers_with_a_report_of_the_table(example: Example) -> None:
    """Emulator, formulas and constants give what is expected, in the form in which clients' reports are recognised."""
    row, emulators = ROWS[example.name], emulated(example.query)
    assert row.is_answered is (example.mirror is not None)
    if row.reply is not None:
        assert row.reply(example.query, EMPTY._replace(replies=emulators)) == example.mirror
    elif row.blind is not None:
        assert row.blind(example.query, EMPTY) == example.mirror
        # It says that the clipboard can be written, which holds for some clients only.
        assert emulators in (b"", example.mirror) or row.name == "XTGETTCAP"
    assert not re.compile(b"(?:%s)+" % row.report).sub(b"", example.mirror or b"")


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_without_an_emulator_the_answer_has_the_same_form(example: Example) -> None:
    row = ROWS[example.name]
    if row.blind is not None:
        reply = row.blind(example.query, EMPTY)
        assert reply
        assert not re.compile(b"(?:%s)+" % row.report).sub(b"", reply), reply
    else:
        assert example.mirror is None or row.name in ("DSR 6 (CPR)", "DECXCPR", "OSC 4", "OSC 21, kitty's colours")


def emulated(query: bytes) -> bytes:
    if (reason := available()) is not None:
        pytest.skip(reason)
    screen = EmulatedScreen(80, 24, scrollback_lines=0, scrollback_bytes=0)
    screen.feed(query)
    return screen.take_replies()

"""Screens that know where they are: numbers, rows and checkpoints, whatever is printed and however it comes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.terminal_streams import Step, random_stream

from holdfast.daemon.screens.errors import ScreenError
from holdfast.daemon.screens.messages import Painted, Row
from holdfast.daemon.screens.numbered import KEPT_LINES, NumberedScreen
from holdfast.daemon.screens.records import SnapshotError
from holdfast.daemon.screens.screen import MAX_UNFINISHED_BYTES, Screen, available
from holdfast.daemon.screens.trimming import trim

if available() is not None:
    pytest.skip(f"no terminal emulator: {available()}", allow_module_level=True)

EVER = 1 << 40
PLAIN = b"the quick brown fox\r\n"


def lines(count: int, first: int = 0) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(first, first + count))


def coloured(count: int) -> bytes:
    return b"".join(b"\x1b[3%dm%d\x1b[0m %s\r\n" % (at % 8, at, b"word " * (at % 23)) for at in range(count))


LISTINGS = st.one_of(
    st.builds(lines, st.integers(1, 3000)),
    st.builds(coloured, st.integers(1, 900)),
    st.builds(lambda count: b"\n" * count, st.integers(1, 5000)),
    st.builds(lambda count: b"0123456789" * count, st.integers(1, 6000)),
    st.builds(lambda count: "漢字é".encode() * count, st.integers(1, 3000)),
)
"""What fills the scrollback."""

_SEQUENCES = b"[2J [H [99;1H [5A [K D E M [3;9r [r [?1049h [?1049l [4S [22J [1;44m [L ]2;title\x07 ]8;;http://x\x07"
MOVES = st.sampled_from([b"\x1b" + sequence for sequence in _SEQUENCES.split()])
MOVES |= st.sampled_from([b"\x1b", b"\x1b[3", b"\x1b]0;never", b"3J", b"\t\x08\r", b"\x0b", b"\xe6\xbc", b"x\x1b[500b"])
"""What moves the cursor about, and what is not complete."""

CLEARS = st.sampled_from([b"\x1b[3J", b"\x1b[?3J", b"\x1bc", b"\x1b[H\x1b[2J\x1b[3J"])
SIZES = st.tuples(st.integers(1, 130), st.integers(1, 40))
WIDTHS = st.tuples(st.integers(20, 130), st.just(24))
EVERYTHING = st.lists(
    LISTINGS | MOVES | CLEARS | SIZES | st.builds(lambda seed: seed, st.integers(0, 10**6)), max_size=9
)


def steps_of(drawn: Sequence[Step | int]) -> list[Step]:
    """Numbers are seeds of adversarial output. Without side margins, with which the emulator is not exact."""
    steps: list[Step] = []
    for one in drawn:
        new = [one] if not isinstance(one, int) else random_stream(one, most=40).steps
        steps += [step for step in new if isinstance(step, tuple) or b"69" not in step]
    return steps


def go(screen: NumberedScreen, steps: Sequence[Step]) -> list[Row]:
    """Take the steps; return the rows collected meanwhile."""
    rows: list[Row] = []
    for step in steps:
        if isinstance(step, tuple):
            screen.resize(*step)
        else:
            screen.feed(step)
        rows += screen.take()
    return rows


def cut(steps: Sequence[Step], seed: int) -> Iterator[Step]:
    """Cut output into pieces, at most some thousand."""
    chance = random.Random(seed)
    longest = max(chance.choice((1, 7, 300, 9000)), sum(map(len, steps)) // 1500)
    for step in steps:
        at = 0
        while isinstance(step, bytes) and at < len(step):
            count = chance.randint(1, longest)
            yield step[at : at + count]
            at += count
        if isinstance(step, tuple):
            yield step


def state(screen: NumberedScreen) -> tuple[int, int, int, Painted]:
    made = screen.checkpoint()
    return made.offset, made.first_line, made.end_line, screen.restore(KEPT_LINES)


bounded = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,  # a rare fault of the emulator must not stop whoever changes something else
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


# What must hold for any output


@bounded
@given(EVERYTHING, SIZES, st.integers(0, 5000), st.integers(0, 10**6))
@example([3, 4, b"\n" * 5000], (80, 24), 0, 1)
def test_however_output_is_cut_numbers_rows_and_restores_are_the_same(
    drawn: list[Step | int], size: tuple[int, int], first: int, seed: int
) -> None:
    steps = steps_of(drawn)
    whole, pieces = NumberedScreen(*size), NumberedScreen(*size)
    for screen in (whole, pieces):
        screen.collect(first, EVER, styled=True)
    rows, others = go(whole, steps), go(pieces, list(cut(steps, seed)))
    assert rows + whole.finish() == others + pieces.finish()
    assert state(whole) == state(pieces)


@bounded
@given(EVERYTHING, SIZES, st.floats(0, 1), st.integers(-2000, 2000))
def test_a_loaded_checkpoint_goes_on_exactly_as_the_original(
    drawn: list[Step | int], size: tuple[int, int], part: float, ahead: int
) -> None:
    steps = list(cut(steps_of(drawn), 1))
    at = int(part * len(steps))
    original = NumberedScreen(*size)
    go(original, steps[:at])
    made = original.checkpoint()
    loaded = NumberedScreen.from_checkpoint(made.data)
    assert (loaded.offset, loaded.first_line, loaded.size) == (made.offset, made.first_line, original.size)
    for screen in (original, loaded):
        screen.collect(max(0, made.end_line + ahead), EVER, styled=True)
    rows, others = go(original, steps[at:]), go(loaded, steps[at:])
    assert rows + original.finish() == others + loaded.finish()
    assert state(original) == state(loaded)


@bounded
@given(st.lists(LISTINGS | WIDTHS, max_size=6), WIDTHS, st.lists(st.integers(0, 100_000), max_size=4))
def test_checkpoints_on_the_way_change_no_number_and_no_row(
    steps: list[Step], size: tuple[int, int], checkpoints: list[int]
) -> None:
    """Whatever pages the emulator then has: two ways to one offset, over several widths, come to the same rows."""
    straight, stopping = NumberedScreen(*size), NumberedScreen(*size)
    for screen in (straight, stopping):
        screen.collect(0, EVER, styled=True)
    rows, others = [], []
    for step in cut(steps, 3):
        rows += go(straight, [step])
        before = stopping.offset
        others += go(stopping, [step])
        if any(before < offset <= stopping.offset for offset in checkpoints):
            stopping.checkpoint()
    assert rows + straight.finish() == others + stopping.finish()
    assert straight.restore(KEPT_LINES // 4) == stopping.restore(KEPT_LINES // 4)


@bounded
@given(st.lists(LISTINGS | MOVES | st.integers(0, 10**6), max_size=9), SIZES, st.booleans())
def test_rows_collected_piece_by_piece_are_all_rows_there_were(
    drawn: list[Step | int], size: tuple[int, int], styled: bool
) -> None:
    clears = (b"3J", b"\x1bc", b"3\nJ")
    output = b"".join(step for step in steps_of(drawn) if isinstance(step, bytes))
    for clear in clears:
        output = output.replace(clear, b"")
    screen = NumberedScreen(*size)
    screen.collect(0, EVER, styled=styled)
    rows = go(screen, list(cut([output], 5))) + screen.finish()
    everything = Screen(*size, scrollback_lines=1 << 30, scrollback_bytes=1 << 40)
    everything.feed(output)
    wanted = everything.rows(0, EVER, styled=styled)
    assert [(row.text, row.wraps) for row in rows] == [(line.text, line.wraps) for line in wanted[: len(rows)]]
    assert not any(line.text.strip(b" ") for line in everything.rows(len(rows), EVER, styled=False))
    assert [row.line for row in rows] == list(range(len(rows)))
    offsets = [row.offset for row in rows]
    assert offsets == sorted(offsets)
    assert not offsets or offsets[-1] <= len(output)


def test_the_original_drops_the_same_rows_as_what_was_loaded() -> None:
    """Both go on from the checkpoint: in the emulator, a page that is loaded is not filled up."""
    original = NumberedScreen(80, 24)
    original.feed(lines(700))
    loaded = NumberedScreen.from_checkpoint(original.checkpoint().data)
    for screen in (original, loaded):
        screen.feed(lines(7000))
    assert original.first_line == loaded.first_line > 0


@pytest.mark.parametrize("at", [50_000, 100_000, 150_000])
def test_lines_that_flow_into_a_new_width_are_the_same_ones_whatever_was_dropped(at: int) -> None:
    output = b"".join(b"%d %s\r\n" % (number, b"x" * 100) for number in range(3000))
    straight, stopping = NumberedScreen(120, 24), NumberedScreen(120, 24)
    straight.feed(output)
    stopping.feed(output[:at])
    stopping.checkpoint()
    stopping.feed(output[at:])
    assert straight.first_line != stopping.first_line
    for screen in (straight, stopping):
        screen.resize(60, 24)
    assert straight.checkpoint().end_line == stopping.checkpoint().end_line
    assert straight.restore(KEPT_LINES) == stopping.restore(KEPT_LINES)


# Where rows begin


def collected(output: bytes, first: int, stop: int) -> list[Row]:
    screen = NumberedScreen(80, 24)
    screen.collect(first, stop, styled=False)
    return go(screen, list(cut([output], 2))) + screen.finish()


def test_rows_far_ahead_have_the_offset_of_the_line_feed_that_began_them() -> None:
    output = lines(20_000)
    begins = [at + 1 for at, byte in enumerate(output) if byte == ord("\n")]
    rows = collected(output, 17_000, 19_000)
    assert [row.offset for row in rows] == begins[16_999:18_999]
    assert [row.text for row in rows] == [b"line %d" % number for number in range(17_000, 19_000)]


def test_offsets_that_need_not_be_exact_are_at_most_a_step_too_low() -> None:
    output = lines(20_000)
    exact = collected(output, 3000, 19_000)
    screen = NumberedScreen(80, 24)
    screen.collect(3000, 19_000, styled=False, exact=False)
    rows = go(screen, list(cut([output], 3))) + screen.finish()
    assert [(row.line, row.text, row.wraps) for row in rows] == [(row.line, row.text, row.wraps) for row in exact]
    assert all(0 <= one.offset - other.offset < 16_384 for one, other in zip(exact, rows, strict=True))
    assert [row.offset for row in rows] == sorted(row.offset for row in rows)


def test_rows_of_a_line_that_wraps_have_the_offset_of_their_first_character() -> None:
    """In one, two and three bytes, and with a colour before it."""
    rows = collected(b"x" * 80 + b"y" * 80 + "é".encode() * 80 + b"\x1b[31m" + "漢".encode() * 41, 0, EVER)
    assert [row.offset for row in rows] == [0, 80, 160, 160 + 160 + 5, 160 + 160 + 5 + 40 * 3]
    assert [row.wraps for row in rows] == [True, True, True, True, False]


def test_a_row_begins_once() -> None:
    """The cursor goes up and comes down again: only what it had not reached begins."""
    rows = collected(lines(23) + b"\x1b[5;1H" + b"\r\n" * 21, 20, EVER)
    assert [row.line for row in rows] == [20, 21, 22]
    again = collected(lines(23) + b"\x1b[5;1H" + b"\r\n" * 21 + b"end", 20, EVER)
    assert [row.line for row in again] == [20, 21, 22, 23, 24, 25]
    came_down = len(lines(23)) + len(b"\x1b[5;1H") + 2 * 20
    assert [row.offset for row in again[3:]] == [len(lines(23)), came_down, came_down + 2]


@pytest.mark.parametrize(
    "output",
    [
        b"ab\xe6\xbc\xf0\x9f\x87\xa9\xc3" * 5,
        b"abc\x1b]0;never\x1b[9bx\x1b]0;never\x0b\x1b[9b",
        b"a\x1b[3\n\n\x0b\x0c\nmbcdef\x1b",
        "漢a漢e\u0301字".encode() * 3,
        b"\x1b[5;1Hab\x1b[31mcd\x1bD\x1bEef\x1b[3S",
    ],
)
def test_where_rows_begin_does_not_depend_on_cuts_within_characters_and_sequences(output: bytes) -> None:
    whole, pieces = NumberedScreen(2, 4), NumberedScreen(2, 4)
    for screen in (whole, pieces):
        screen.collect(0, EVER, styled=False)
    whole.feed(output + b"\r\n" * 5)
    for at in range(len(output)):
        pieces.feed(output[at : at + 1])
    pieces.feed(b"\r\n" * 5)
    rows = whole.finish()
    assert rows == pieces.finish()
    assert len({row.offset for row in rows}) > 3


def test_rows_that_had_begun_before_have_the_offset_of_the_call() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(lines(10))
    screen.collect(5, 12, styled=False)
    screen.feed(lines(10))
    assert [row.offset for row in screen.finish()] == [len(lines(10))] * 6 + [len(lines(10)) + len(b"line 0\r\n")]


def test_a_row_that_begins_in_a_sequence_that_had_begun_does_not_begin_before_others() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(b"\x1b[5")
    screen.collect(0, EVER, styled=False)
    screen.feed(b"Bx")
    assert [row.offset for row in screen.finish()] == [3] * 6


def test_rows_that_flowed_into_others_share_out_their_offsets() -> None:
    screen = NumberedScreen(100, 50)
    screen.collect(0, EVER, styled=False)
    screen.feed((b"x" * 100 + b"\r\n") * 20)
    screen.resize(50, 50)
    offsets = [row.offset for row in screen.finish()]
    assert len(offsets) == 40
    assert all(abs(offset - 102 * (at // 2)) <= 102 for at, offset in enumerate(offsets))


def test_what_is_not_wanted_is_not_collected_and_nothing_twice() -> None:
    screen = NumberedScreen(80, 24)
    screen.collect(10, 20, styled=False)
    screen.feed(lines(5000))
    assert [row.line for row in screen.take()] == list(range(10, 20))
    assert screen.take() == []
    assert screen.finish() == []
    screen.collect(4990, EVER, styled=False)
    screen.collect(4998, EVER, styled=False)
    assert [(row.line, row.text) for row in screen.finish()] == [(4998, b"line 4998"), (4999, b"line 4999")]
    assert screen.finish() == []


def test_rows_flow_into_a_new_width_and_their_offsets_still_ascend() -> None:
    screen = NumberedScreen(80, 24)
    screen.collect(0, EVER, styled=False)
    output = b"".join(b"%d %s\r\n" % (number, b"x" * 100) for number in range(2000))
    rows = go(screen, [output, (40, 24), output, (100, 24), output]) + screen.finish()
    assert [row.line for row in rows] == list(range(len(rows)))
    assert [row.offset for row in rows] == sorted(row.offset for row in rows)
    assert b"".join(row.text for row in rows).count(b"x" * 40) > 3000


# What clears the scrollback


@pytest.mark.parametrize("clear", [b"\x1b[3J", b"\x1b[?3J", b"\x1b[03J", b"\x1bc"])
@pytest.mark.parametrize("at", range(1, 5))
def test_rows_that_are_cleared_count_and_are_collected(clear: bytes, at: int) -> None:
    """Also where the sequence comes in two pieces."""
    screen = NumberedScreen(80, 24)
    screen.collect(0, EVER, styled=False)
    for piece in (lines(100), clear[:at], clear[at:], b"\r\n" * 30):
        screen.feed(piece)
    assert screen.first_line == 100 - 23
    assert [row.text for row in screen.take()] == [b"line %d" % number for number in range(100 - 23)]
    screen.feed(lines(2000))
    cursor = 77 if clear == b"\x1bc" else 100  # RIS goes home; ED 3 leaves the screen alone
    assert (screen.finish()[-1].line, screen.finish()) == (cursor + 30 + 1999, [])


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_clear_is_seen_although_a_checkpoint_cuts_it(at: int) -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(lines(100) + b"\x1b[3J"[:at])
    loaded = NumberedScreen.from_checkpoint(screen.checkpoint().data)
    loaded.feed(b"\x1b[3J"[at:])
    assert loaded.first_line == 77


def test_text_that_looks_like_the_end_of_a_clear_clears_nothing() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(b"3J" * 40 + b"\x1b]0;\x1b[1;3J c" + lines(100))
    assert (screen.first_line, screen.checkpoint().end_line) == (0, 102)


def test_numbers_go_on_where_the_clear_was_not_seen_coming() -> None:
    """A line feed within the sequence hides it; at the next step the rows that are missing count as dropped."""
    screen = NumberedScreen(80, 24)
    screen.feed(lines(1500))
    screen.feed(b"\0" * (-screen.offset % 16384))  # to where it looks after the rows
    before = screen.checkpoint()
    screen.feed(b"\x1b[3\nJ" + b"." * 20_000)
    after = screen.checkpoint()
    assert before.first_line == 0
    assert after.first_line > 1000
    assert after.end_line > before.end_line


def test_on_the_alternate_screen_only_a_reset_clears() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(lines(100) + b"\x1b[?1049h" + b"\n" * 5000 + b"\x1b[3J")
    assert screen.first_line == 0
    assert screen.restore(KEPT_LINES).first_line == 0
    screen.feed(b"\x1bc")
    assert screen.first_line == 77


# Two screens


def test_the_history_of_the_primary_screen_is_kept_while_the_alternate_one_shows() -> None:
    screen = NumberedScreen(80, 24)
    screen.collect(0, EVER, styled=False)
    screen.feed(lines(3000) + b"\x1b[?1049h" + PLAIN * 500)
    rows = screen.take()
    made = screen.checkpoint()
    painted = screen.restore(50)
    assert painted.first_line == 3000 - 23 - 50
    assert painted.data.index(b"line 2927") < painted.data.index(b"1049h") < painted.data.rindex(b"brown")
    rows += screen.finish()
    assert [row.text for row in rows] == [b"line %d" % number for number in range(3000)]
    loaded = NumberedScreen.from_checkpoint(made.data)
    loaded.feed(b"\x1b[?1049l" + lines(2000, 3000))
    loaded.collect(2990, EVER, styled=False)
    assert [row.text for row in loaded.finish()][-1] == b"line 4999"
    assert loaded.checkpoint().end_line == 5001


def test_what_a_program_prints_between_two_alternate_screens_is_pruned_later() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed((b"\x1b[?1049l" + b"\n" * 16352 + b"\x1b[?1049h" + b"." * 16) * 4)
    assert screen.first_line == 0
    screen.feed(b"\x1b[?1049l" + b"." * 16384)
    assert screen.first_line > 4 * 16352 - 2000


# Sizes, floods, lines without end


@pytest.mark.parametrize("flood", [b"\n", b"\r\n", b"y\r\n", b"\x1bD"])
def test_a_flood_of_lines_is_counted(flood: bytes) -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(flood * 1_000_000)
    made = screen.checkpoint()
    assert made.end_line == 1_000_001
    assert made.end_line - made.first_line < 3000
    assert screen.restore(KEPT_LINES).first_line == 1_000_000 - 23 - KEPT_LINES


def test_a_line_of_20_mb_is_counted_in_rows() -> None:
    screen = NumberedScreen(80, 24)
    for _ in range(20):
        screen.feed(b"0123456789" * 100_000)
    assert screen.checkpoint().end_line == 20_000_000 // 80


@pytest.mark.parametrize(("cols", "rows"), [(1, 1), (1, 1000), (500, 500), (1000, 1), (1000, 1000)])
def test_any_size_keeps_count(cols: int, rows: int) -> None:
    screen = NumberedScreen(cols, rows)
    screen.collect(5000, 5010, styled=False)
    screen.feed(b"\r\n" * 5000 + b"x" * cols + b"\r\n" * 4000)
    assert [row.text for row in screen.take() + screen.finish()] == [b"x" * cols] + [b""] * 9
    loaded = NumberedScreen.from_checkpoint(screen.checkpoint().data)
    assert loaded.restore(KEPT_LINES) == screen.restore(KEPT_LINES)
    assert loaded.restore(10).first_line == 9001 - rows - 10


def test_widths_one_after_the_other_keep_the_newest_rows() -> None:
    screen = NumberedScreen(1000, 50)
    screen.feed(b"".join(b"%d %s\r\n" % (number, b"x" * 900) for number in range(2000)))
    for size in ((1, 50), (500, 500), (3, 1000), (80, 24)):
        screen.resize(*size)
        assert b"x" * min(size[0], 10) in screen.restore(KEPT_LINES).data
    made = screen.checkpoint()
    assert made.end_line - made.first_line < 4000


def test_a_higher_screen_takes_its_rows_from_the_scrollback() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(lines(1500))
    screen.resize(80, 1000)
    assert screen.restore(KEPT_LINES).first_line == 0
    assert screen.checkpoint().end_line == 1501
    screen.resize(80, 24)
    assert screen.restore(10).first_line == 1501 - 24 - 10


# What it tells


def test_the_end_line_stays_behind_rows_that_the_cursor_has_left() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(lines(10).ljust(16384, b"\0") + b"\x1b[H")
    assert screen.checkpoint().end_line == 11


def test_a_restore_names_its_first_line() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(lines(50))
    assert [screen.restore(count).first_line for count in (0, 10, 27, 5000)] == [27, 17, 0, 0]


def test_a_query_is_answered_and_earlier_ones_are_not() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(b"\x1b[c\x1b[6n")
    answer = screen.ask(b"abc\x1b[6n")
    assert (answer.replies, answer.x, answer.y, answer.cols, answer.rows) == (b"\x1b[1;4R", 3, 0, 80, 24)
    assert (answer.foreground, answer.background, answer.cursor_colour) == (None, None, None)
    assert screen.ask(b"").replies == b""
    assert screen.offset == 7 + 7


def test_positions_are_told_from_the_origin_and_colours_as_programs_set_them() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(
        b"\x1b[5;20r\x1b[?69h\x1b[11;30s\x1b[?6h\x1b[3;4H\x1b]10;#010203\x07\x1b]11;#040506\x07\x1b]12;#070809\x07"
    )
    answer = screen.ask(b"\x1b[?6n")
    assert (answer.x, answer.y) == (3, 2)
    assert (answer.foreground, answer.background, answer.cursor_colour) == ((1, 2, 3), (4, 5, 6), (7, 8, 9))


def test_bytes_that_are_lost_end_the_sequence_they_may_have_ended() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(b"one\x1b]0;a title that goes")
    screen.skip(1000)
    screen.feed(b" two")
    assert screen.offset == 1004
    assert b"one two" in screen.restore(0).data
    with pytest.raises(ScreenError, match="back"):
        screen.skip(999)


def test_a_checkpoint_of_another_version_or_a_damaged_one_is_refused() -> None:
    screen = NumberedScreen(80, 24)
    screen.feed(lines(100))
    data = screen.checkpoint().data
    for bad in (
        b"",
        data[:20],
        data[:-1],
        b"x" + data[1:],
        data[:8] + b"\xff" + data[9:],
        data[:60] + bytes(50),
        data[:43],
    ):
        with pytest.raises(ScreenError):
            NumberedScreen.from_checkpoint(bad)


def test_a_checkpoint_that_would_fill_the_memory_is_refused() -> None:
    huge = zstandard.ZstdCompressor().compressobj(size=1 << 40)
    frame = huge.compress(b"x") + huge.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    with pytest.raises(ScreenError, match="too large"):
        NumberedScreen.from_checkpoint(NumberedScreen(80, 24).checkpoint().data[:44] + frame)


# The screen below


@pytest.mark.parametrize("sequence", [b"\x1b[?40h\x1b[?3h", b"\x1b[?40;3h", b"\x1b[?40;3r\x1b[?3h"])
def test_a_program_does_not_change_the_width_wherever_its_output_is_cut(sequence: bytes) -> None:
    output = sequence + b"\x1b[1;90Hend"
    whole, pieces = NumberedScreen(80, 24), NumberedScreen(80, 24)
    whole.feed(output)
    for at in range(len(output)):
        pieces.feed(output[at : at + 1])
    answers = whole.ask(b""), pieces.ask(b"")
    assert [(answer.cols, answer.rows, answer.x, answer.y) for answer in answers] == [(80, 24, 2, 1)] * 2
    assert whole.restore(0) == pieces.restore(0)


@pytest.mark.parametrize("length", [MAX_UNFINISHED_BYTES - 1, MAX_UNFINISHED_BYTES, 3 * MAX_UNFINISHED_BYTES])
def test_a_sequence_without_end_is_given_up_at_one_length_wherever_it_is_cut(length: int) -> None:
    output = b"text\x1b]0;".ljust(4 + length, b"x")
    for piece in (1 << 20, 10_000, 4095):
        screen = NumberedScreen(80, 24)
        for at in range(0, len(output), piece):
            screen.feed(output[at : at + piece])
        restored = screen.restore(0).data
        assert restored.endswith(output[4:] if length < MAX_UNFINISHED_BYTES else b"\x1b]6973;")
        loaded = NumberedScreen.from_checkpoint(screen.checkpoint().data)
        loaded.feed(b"xx\x07 and more")
        assert b"text and more" in loaded.restore(0).data


@pytest.mark.parametrize("string", [b"\x1bX", b"\x1b^text \xe2\x80", b"\x1b_G"])
@pytest.mark.parametrize(
    ("sequence", "at"),
    [
        (b"\x9d2;a title\x07", 4),
        (b"\x9b5;7H", 2),
        (b"\x90$qm\x1b\\", 3),
        (b"\x9d2;\x9b\x90\x1b\\", 5),
    ],
)
def test_a_sequence_that_a_single_byte_began_within_a_string_goes_on_behind_a_checkpoint(
    string: bytes, sequence: bytes, at: int
) -> None:
    """As a curly quote in an APC does. The emulator makes no snapshot there."""
    straight, stopping = NumberedScreen(80, 24), NumberedScreen(80, 24)
    straight.feed(b"text" + string + sequence)
    stopping.feed(b"text" + string + sequence[:at])
    loaded = NumberedScreen.from_checkpoint(stopping.checkpoint().data)
    for screen in (stopping, loaded):
        screen.feed(sequence[at:])
        assert screen.restore(0) == straight.restore(0)


@pytest.mark.parametrize(
    "output", [coloured(1700), "漢e\u0301".encode() * 50_000, lines(1700) + b"\x1b[?1049h" + PLAIN]
)
@pytest.mark.parametrize("kept", [0, 1, 577, 578, 1000, 1676])
def test_trimmed_scrollback_is_what_was_asked_for_to_the_row(output: bytes, kept: int) -> None:
    screen = Screen(80, 24, scrollback_lines=1 << 30, scrollback_bytes=1 << 40)
    screen.feed(output)
    before = screen.snapshot().screens[0].row_count
    restored = screen.restore(kept)
    assert screen.trim(kept) == before - 24 - kept
    assert screen.snapshot().screens[0].row_count == 24 + kept
    assert screen.restore(1 << 30) == restored
    assert screen.trim(kept) == 0
    screen.feed(lines(2000))
    assert screen.restore(0)


def test_what_is_no_snapshot_is_not_trimmed() -> None:
    screen = Screen(80, 24, scrollback_lines=1 << 30, scrollback_bytes=1 << 40)
    screen.feed(lines(2000))
    data = screen.checkpoint()
    for bad in (b"", b"GHOST", data[:100], data[:-12], data[:10]):
        with pytest.raises(SnapshotError):
            trim(bad, 10)

"""The restored screen is the screen: for whoever comes late as for whoever was there, whatever was printed."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.emulators import Shown, Task, Tmux, XtermJs, tmux, xterm_js
from support.equivalence import Report, compare_recording, compare_seeds, restores
from support.recordings import PROGRAMS, Program, record
from support.terminal_streams import PORTABLE, TerminalStream, random_stream

SEEDS = 400
CUTS = 40
OPINIONS = 24

Case = tuple[TerminalStream, int]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="hf-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def recorded() -> dict[str, TerminalStream]:
    """What programs printed, by their name: each is used once."""
    return {}


@pytest.fixture(params=PROGRAMS, ids=lambda program: program.name)
def stream(request: pytest.FixtureRequest, recorded: dict[str, TerminalStream], tmp_path: Path) -> TerminalStream:
    """What one program printed."""
    program: Program = request.param
    if program.name not in recorded:
        recorded[program.name] = record(program, tmp_path)
    return recorded[program.name]


def test_a_late_terminal_is_equal_to_one_that_was_there_from_the_start() -> None:
    """Random streams, each cut anywhere: at once, after the rest, and loaded from a checkpoint."""
    report = compare_seeds(0, SEEDS)
    assert report.mistakes == {}, told(report)
    assert report.cases + len(report.crashed) + len(report.refused) == SEEDS
    assert report.whole > SEEDS * 0.6
    assert len(report.crashed) + len(report.refused) <= SEEDS // 100


def test_an_emulator_that_dies_is_counted_and_the_next_case_is_compared(tmp_path: Path) -> None:
    """libghostty-vt 0.1.3 does not survive this one."""
    printed = "\x1b[?69h\x1b[11;17s\x1b[;6r\x1b[?2027hक\x1b[9d漢字漢字漢字the quic漢字漢字漢字漢字漢字क्ष".encode()
    recording = tmp_path / "recording"
    recording.write_text(TerminalStream(20, 12, (printed,)).to_json())
    report = compare_recording(recording, 0, 3)
    assert report.cases + len(report.crashed) == 3
    assert report.mistakes == {}
    assert report.crashed == [0, 1, 2], "it does survive it now: this test needs another stream"


def test_programs_look_the_same_to_a_late_terminal(stream: TerminalStream, tmp_path: Path) -> None:
    """What a real program printed, cut at random places."""
    recording = tmp_path / "recording"
    recording.write_text(stream.to_json())
    report = compare_recording(recording, 0, CUTS)
    assert report.mistakes == {}, told(report)
    assert (report.cases, report.crashed) == (CUTS, [])
    assert report.whole > CUTS * 0.5


def test_xterm_js_shows_the_same_to_whoever_comes_late(folder: Path) -> None:
    """Random streams of what all emulators read alike."""
    assert_same_opinion(xterm_js(), portable_cases(OPINIONS), folder)


def test_tmux_shows_the_same_to_whoever_comes_late(folder: Path) -> None:
    """The same streams."""
    with tmux(folder) as server:
        assert_same_opinion(server, portable_cases(OPINIONS), folder)


def test_programs_look_the_same_in_xterm_js(stream: TerminalStream, folder: Path) -> None:
    """What a real program printed at one size, cut at random places."""
    assert_same_opinion(xterm_js(), program_cases(stream, OPINIONS), folder)


def test_programs_look_the_same_in_tmux(stream: TerminalStream, folder: Path) -> None:
    """The same."""
    with tmux(folder) as server:
        assert_same_opinion(server, program_cases(stream, OPINIONS // 4), folder)


def portable_cases(count: int) -> list[Case]:
    streams = [random_stream(seed, PORTABLE) for seed in range(count)]
    return [(stream, random.Random(~seed).randint(0, len(stream))) for seed, stream in enumerate(streams)]


def program_cases(stream: TerminalStream, count: int) -> list[Case]:
    """Return cuts of what was printed before the size changed first."""
    first, *_ = (at for at, step in enumerate((*stream.steps, (0, 0))) if not isinstance(step, bytes))
    same_size = TerminalStream(stream.cols, stream.rows, stream.steps[:first])
    return [(same_size, random.Random(~seed).randint(0, len(same_size))) for seed in range(count)]


def assert_same_opinion(emulator: XtermJs | Tmux, cases: list[Case], folder: Path) -> None:
    """Fail where an emulator shows a restore and the rest of a stream otherwise than the whole stream."""
    made = restores(cases, folder)
    assert None not in made
    early = [Task(stream.cols, stream.rows, stream.printed) for stream, _ in cases]
    late = [
        Task(stream.cols, stream.rows, (restore or b"") + stream.printed[cut:])
        for (stream, cut), restore in zip(cases, made, strict=True)
    ]
    shown = emulator.show([*early, *late])
    wrong = {
        number: differing(one, other)
        for number, (one, other) in enumerate(zip(shown[: len(cases)], shown[len(cases) :], strict=True))
        if one != other
    }
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)


def differing(one: Shown, other: Shown) -> list[object]:
    rows = [(at, a, b) for at, (a, b) in enumerate(zip(one.text, other.text, strict=True)) if a != b]
    return [*rows[:3], one[1:], other[1:]]


def told(report: Report) -> str:
    return json.dumps({seed: mistakes[:3] for seed, mistakes in list(report.mistakes.items())[:5]}, indent=1)

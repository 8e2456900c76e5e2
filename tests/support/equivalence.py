"""Is the restored screen the screen? One terminal was there from the start, another begins with its restore.

The emulator dies of some output, and that is to be counted, not to end the tests: so this runs in a process of its own.
By hand: `PYTHONPATH=tests python -m support.equivalence FIRST STOP` goes through seeds and tells what it found.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.daemon.screens.screen import Screen, ScreenError
from holdfast.daemon.screens.snapshot import Snapshot

from .restore_limits import LIMITS, Moment
from .screen_facts import Facts, differences, facts, restored_facts
from .terminal_streams import PROBE, Step, TerminalStream, random_stream

__all__ = ["Report", "Verdict", "blank", "compare", "compare_recording", "compare_seeds", "play", "restores"]

_LINES = 2000
_WORK = "work"
_CASE_S = 20  # then it is taken for dead: some output makes the emulator loop for ever
_TESTS = Path(__file__).parent.parent


@dataclass
class Report:
    """What was found.

    Attributes:
        cases: how many were compared.
        whole: how many of them to the end, with no limit in between.
        crashed: cases of which the emulator died, or went on for ever: neither terminal can be looked at.
        refused: cases in which it would not tell its state: as little.
        mistakes: differences that no limit explains, by case.
    """

    cases: int = 0
    whole: int = 0
    crashed: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    mistakes: dict[int, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What one case showed: the differences, and whether it was compared to its end."""

    mistakes: list[str]
    is_whole: bool


def blank(cols: int, rows: int) -> Screen:
    """Return a screen that keeps as much as any stream here prints."""
    return Screen(cols, rows, scrollback_lines=_LINES, scrollback_bytes=1 << 26)


def play(screen: Screen, steps: Iterable[Step]) -> None:
    """Print and resize."""
    for step in steps:
        if isinstance(step, bytes):
            screen.feed(step)
        else:
            screen.resize(*step)


def compare(stream: TerminalStream, cut: int) -> Verdict:
    """Compare an early terminal with one that begins at a cut, and with one that comes from a checkpoint made there."""
    early = blank(stream.cols, stream.rows)
    play(early, stream.until(cut))
    late = blank(*early.size)
    late.feed(early.restore(_LINES))
    loaded = Screen.from_checkpoint(early.checkpoint(), scrollback_lines=_LINES, scrollback_bytes=1 << 26)
    rest = [*stream.since(cut), PROBE]
    printed = [step for step in rest if isinstance(step, bytes)]
    moment = Moment(early.snapshot(), stream.printed[:cut], b"".join(printed), len(printed) < len(rest))
    limits = [limit for limit in LIMITS if limit.holds(moment)]
    mistakes = [f"restored: {difference}" for difference in _unexplained(early, late, [limit.now for limit in limits])]
    lost = _differences(early, loaded)
    mistakes += [f"loaded: {difference}" for difference in lost if not re.search("pending_wrap", difference)]
    play(early, rest)
    patterns = [limit.later for limit in limits]
    is_whole = None not in patterns
    if is_whole and not mistakes:
        play(late, rest)
        mistakes += [f"restored, later: {difference}" for difference in _unexplained(early, late, patterns)]
    if not lost and not moment.is_resized:  # how rows flow depends on the size of pages, which loading changes
        play(loaded, rest)
        mistakes += [f"loaded, later: {difference}" for difference in _differences(early, loaded)]
    return Verdict(mistakes, is_whole)


def _unexplained(early: Screen, late: Screen, patterns: list[str | None]) -> list[str]:
    found = _differences(early, late, restored_facts)
    return [one for one in found if not any(pattern and re.search(pattern, one.split(":")[0]) for pattern in patterns)]


def _differences(one: Screen, other: Screen, told: Callable[[Snapshot, int], Facts] = facts) -> list[str]:
    return differences(told(one.snapshot(), _LINES), told(other.snapshot(), _LINES))


def compare_seeds(first: int, stop: int) -> Report:
    """Compare random streams, each at a random cut."""
    return _run(first, stop)


def compare_recording(recording: Path, first: int, stop: int) -> Report:
    """Compare a recorded stream at random cuts, one for each seed."""
    return _run(first, stop, str(recording))


def _run(first: int, stop: int, *more: str) -> Report:
    """Go through cases in processes of their own, a new one behind each that crashed."""
    report = Report()
    while first < stop:
        done = _start("compare", str(first), str(stop), *more)
        for seed, mistakes, is_whole in map(json.loads, done.stdout.splitlines()):
            if mistakes is None:
                first = seed
                continue
            if is_whole is None:
                report.refused.append(seed)
                continue
            report.cases += 1
            report.whole += is_whole
            if mistakes:
                report.mistakes[seed] = mistakes
        if done.returncode == 0:
            break
        report.crashed.append(first)
        first += 1
    return report


def _start(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Do one piece of work in a process of its own, which a signal may end."""
    command = [sys.executable, "-m", "support.equivalence", _WORK, *arguments]
    environ = {**os.environ, "PYTHONPATH": str(_TESTS)}
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode <= 0, "the work itself failed; its error is above"
    return done


def _compare(
    first: str, stop: str, recording: str | None = None
) -> Iterator[tuple[int, list[str] | None, bool | None]]:
    """Yield once when a case begins, and once with its result: nothing is whole where the emulator refused."""
    recorded = TerminalStream.from_json(Path(recording).read_text()) if recording is not None else None
    for seed in range(int(first), int(stop)):
        stream = recorded or random_stream(seed)
        yield seed, None, False
        signal.alarm(_CASE_S)
        try:
            verdict = compare(stream, random.Random(~seed).randint(0, len(stream)))
        except ScreenError:
            yield seed, [], None
        else:
            yield seed, verdict.mistakes, verdict.is_whole


def restores(cases: Sequence[tuple[TerminalStream, int]], folder: Path) -> list[bytes | None]:
    """Return the restore of each stream at its cut; None where the emulator died of it."""
    made: list[bytes | None] = []
    while len(made) < len(cases):
        told = json.dumps([(stream.to_json(), cut) for stream, cut in cases[len(made) :]])
        (folder / "cases").write_text(told)
        done = _start("restore", str(folder / "cases"))
        made += [base64.b64decode(line) for line in done.stdout.splitlines()]
        if done.returncode:
            made.append(None)
    return made


def _restore(file: str) -> Iterator[str]:
    for text, cut in json.loads(Path(file).read_text()):
        stream = TerminalStream.from_json(text)
        early = blank(stream.cols, stream.rows)
        play(early, stream.until(cut))
        yield base64.b64encode(early.restore(_LINES)).decode()


def _work(what: str, *arguments: str) -> None:
    """Write a line for each thing that is done."""
    if what == "compare":
        for told in _compare(*arguments):
            print(json.dumps(told), flush=True)  # noqa: T201  # read by the process that started this one
    else:
        for line in _restore(*arguments):
            print(line, flush=True)  # noqa: T201  # the same


def main(first: str, stop: str, *more: str) -> None:
    """Say what was found."""
    report = _run(int(first), int(stop), *more)
    for seed, mistakes in report.mistakes.items():
        print(seed, *(mistake[:300] for mistake in mistakes[:4]), sep="\n    ")  # noqa: T201  # for whoever started it
    counts = f"{report.cases} compared, {report.whole} whole; wrong: {len(report.mistakes)}"
    print(f"{counts}; crashed: {report.crashed}, refused: {report.refused}")  # noqa: T201  # the same


if __name__ == "__main__":
    if sys.argv[1] == _WORK:
        _work(*sys.argv[2:])
    else:
        main(*sys.argv[1:])

"""The policy of the one answerer: a table of situations, and a world of terminals in which any may happen."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, field

import pytest

from holdfast.daemon.sessions.answers import HISTORY_S, LATELY_S, Answers, Asked
from holdfast.daemon.sessions.queries import Found, find

CPR, DA1 = b"\x1b[6n", b"\x1b[c"
HERE, THERE, DEVICE = b"\x1b[24;1R", b"\x1b[7;7R", b"\x1b[?1;2c"
SHIFT_F3 = b"\x1b[1;2R"


class World:
    """A session: its output, its clock, and the policy."""

    def __init__(self) -> None:
        self.answers: Answers[str] = Answers()
        self.output = bytearray()
        self.now = 100.0
        self.looked = 0
        self.printed: list[tuple[int, float]] = []
        self.mirrors: list[Asked[str]] = []

    def prints(self, data: bytes) -> None:
        """The program prints; nobody looks yet."""
        self.printed.append((len(self.output), self.now))
        self.output += data

    def look(self) -> None:
        """Look at what was printed."""
        found, rest = find(bytes(self.output[self.looked :]), 100)
        moved = [Found(self.looked + one.start, self.looked + one.end, one.query, one.text) for one in found]
        self.mirrors += self.answers.ask(moved, self.printed_at)
        self.looked += rest

    def printed_at(self, offset: int) -> float:
        return next(at for start, at in reversed(self.printed) if start <= offset)

    def comes(self, client: str, *, answers: bool = True, fresh: bool = False, raw: bool = True) -> None:
        if not fresh:
            self.look()
        live_from = 0 if fresh else len(self.output)
        self.answers.came(client, answers=answers, live_from=live_from, history=raw and live_from > 0)

    def types(self, client: str, data: bytes) -> bytes:
        return self.answers.admit(client, data, len(self.output), self.now, self.look)

    def goes(self, client: str) -> None:
        self.look()
        self.mirrors += self.answers.gone(client, len(self.output), self.now)

    def skips(self, client: str, start: int) -> None:
        self.look()
        self.mirrors += self.answers.skipped(client, start, len(self.output), self.now)

    @property
    def mirror_asked(self) -> list[bytes]:
        return [asked.found.text for asked in self.mirrors]


@pytest.fixture
def world() -> World:
    return World()


# Who answers


def test_alone_the_mirror_answers_each_query_once(world: World) -> None:
    world.prints(b"a" + CPR + b"b" + DA1)
    world.look()
    world.look()
    assert world.mirror_asked == [CPR, DA1]


def test_a_client_that_does_not_answer_leaves_it_to_the_mirror_and_its_reports_are_dropped(world: World) -> None:
    world.comes("a", answers=False, fresh=True)
    world.prints(CPR)
    assert world.types("a", b"x" + HERE + b"y") == b"xy"
    assert world.mirror_asked == [CPR]


def test_a_client_that_answers_is_the_one_and_its_reports_pass(world: World) -> None:
    world.comes("a", fresh=True)
    world.prints(CPR + DA1)
    assert world.types("a", HERE + DEVICE) == HERE + DEVICE
    assert world.mirror_asked == []


def test_of_several_the_first_answers_until_another_types(world: World) -> None:
    for client in ("a", "b", "c"):
        world.comes(client, fresh=client == "a")
    world.prints(CPR)
    assert [world.types(client, HERE) for client in ("c", "b", "a")] == [b"", b"", HERE]
    world.types("b", b"ls\r")
    world.prints(CPR)
    assert [world.types(client, HERE) for client in ("a", "b", "c")] == [b"", HERE, b""]
    world.types("c", b"\x1b[A")
    world.prints(CPR)
    assert [world.types(client, HERE) for client in ("a", "b", "c")] == [b"", b"", HERE]


def test_a_report_is_not_typing(world: World) -> None:
    world.comes("a", fresh=True)
    world.comes("b")
    world.prints(CPR)
    assert world.types("b", HERE) == b""
    assert world.answers.chosen == "a"
    world.types("b", HERE + b"x")
    assert world.answers.chosen == "b"


def test_who_is_to_answer_is_fixed_when_the_query_is_printed(world: World) -> None:
    """Another client types between query and report: still one answer, from the one that was chosen then."""
    world.comes("a", fresh=True)
    world.comes("b")
    world.prints(CPR)
    world.types("b", b"x")
    assert world.types("b", THERE) == b""
    assert world.types("a", HERE) == HERE


def test_reports_of_one_client_answer_queries_in_their_order(world: World) -> None:
    world.comes("a", fresh=True)
    world.comes("b")
    world.prints(CPR)
    world.types("b", b"x")
    world.prints(CPR)
    assert world.types("b", HERE + THERE) == THERE
    assert world.types("a", HERE + THERE) == HERE


def test_when_the_chosen_one_goes_the_one_that_typed_before_it_is_chosen(world: World) -> None:
    for client in ("a", "b", "c"):
        world.comes(client, fresh=client == "a")
    for client in ("b", "c"):
        world.types(client, b"x")
    world.goes("c")
    assert world.answers.chosen == "b"
    world.goes("b")
    assert world.answers.chosen == "a"
    world.goes("a")
    assert world.answers.chosen is None


def test_what_the_chosen_one_leaves_open_the_mirror_answers_and_nobody_else(world: World) -> None:
    world.comes("a", fresh=True)
    world.comes("b")
    world.prints(CPR + DA1)
    assert world.types("a", HERE) == HERE
    world.goes("a")
    assert world.mirror_asked == [DA1]
    assert world.types("b", HERE + DEVICE) == b""


def test_what_is_left_open_too_long_nobody_answers(world: World) -> None:
    world.comes("a", fresh=True)
    world.prints(CPR)
    world.now += LATELY_S + 0.1
    world.goes("a")
    assert world.mirror_asked == []


def test_what_the_chosen_one_is_not_shown_the_mirror_answers(world: World) -> None:
    world.comes("a", fresh=True)
    world.prints(CPR)
    shown = len(world.output)
    world.prints(CPR + DA1)
    world.skips("a", shown)
    assert world.mirror_asked == [CPR, DA1]
    world.prints(CPR)
    assert world.types("a", HERE + THERE) == HERE + THERE


def test_a_query_that_the_mirror_has_looked_at_before_the_first_client_came_is_the_mirrors(world: World) -> None:
    """All of a fresh session's output is shown live, also what was printed, and answered, before that."""
    world.prints(CPR)
    world.look()
    world.comes("a", fresh=True)
    world.prints(DA1)
    assert world.types("a", HERE + DEVICE) == DEVICE
    assert world.mirror_asked == [CPR]


@pytest.mark.parametrize("cut", range(1, len(CPR)))
def test_a_query_whose_end_comes_live_is_the_clients(world: World, cut: int) -> None:
    world.prints(CPR[:cut])
    world.comes("a")
    world.prints(CPR[cut:])
    assert world.types("a", HERE) == HERE
    assert world.mirror_asked == []


# History


@pytest.mark.parametrize("answers", [True, False])
def test_a_query_printed_just_before_a_client_came_is_answered_once(world: World, *, answers: bool) -> None:
    world.prints(CPR)
    world.comes("a", answers=answers)
    world.now += 0.001
    assert world.types("a", HERE) == b""
    assert world.mirror_asked == [CPR]


def test_what_the_first_has_answered_the_second_does_not_answer_from_its_history(world: World) -> None:
    world.comes("a", fresh=True)
    world.prints(CPR)
    assert world.types("a", HERE) == HERE
    world.comes("b")
    assert world.types("b", HERE) == b""


def test_reports_to_old_history_are_dropped_for_a_while(world: World) -> None:
    world.prints(DA1)
    world.look()
    world.now += 1000
    world.comes("a")
    world.now += 60  # a long replay
    assert world.types("a", DEVICE) == b""
    world.answers.caught_up("a", world.now)
    world.now += HISTORY_S - 0.1
    assert world.types("a", DEVICE) == b""
    world.now += 0.2
    assert world.types("a", DEVICE) == DEVICE


def test_a_live_query_is_answered_also_while_history_is_fresh(world: World) -> None:
    world.prints(DA1)
    world.look()
    world.now += 1000
    world.comes("a")
    world.prints(DA1)
    assert world.types("a", DEVICE) == DEVICE
    assert world.types("a", DEVICE) == b""


def test_who_was_shown_a_restored_screen_has_answered_no_history(world: World) -> None:
    world.prints(CPR)
    world.comes("a", raw=False)
    world.answers.caught_up("a", world.now)
    assert world.types("a", SHIFT_F3 + DEVICE) == SHIFT_F3 + DEVICE


def test_a_report_that_could_be_a_key_is_dropped_where_history_asked_for_it_lately(world: World) -> None:
    world.prints(CPR)
    world.comes("a")
    assert world.types("a", SHIFT_F3 + SHIFT_F3) == SHIFT_F3


# Keys


def test_a_key_that_looks_like_a_report_passes_unless_a_query_is_open(world: World) -> None:
    world.comes("a", answers=False, fresh=True)
    assert world.types("a", SHIFT_F3) == SHIFT_F3
    world.prints(CPR)
    assert world.types("a", SHIFT_F3) == b""
    assert world.types("a", SHIFT_F3) == SHIFT_F3
    world.prints(CPR)
    world.now += LATELY_S + 0.1
    assert world.types("a", SHIFT_F3) == SHIFT_F3


def test_a_key_that_looks_like_a_report_passes_after_history(world: World) -> None:
    world.prints(CPR)
    world.look()
    world.now += 1000
    world.comes("a")
    assert world.types("a", SHIFT_F3 + HERE) == SHIFT_F3


def test_a_colour_scheme_told_without_being_asked_passes_after_history(world: World) -> None:
    world.prints(b"old")
    world.comes("a")
    assert world.types("a", b"\x1b[?997;1n") == b"\x1b[?997;1n"


def test_only_reports_of_the_kind_that_was_asked_for_are_dropped(world: World) -> None:
    world.comes("a", answers=False, fresh=True)
    world.prints(CPR)
    assert world.types("a", DEVICE + b"\x1b[A") == DEVICE + b"\x1b[A"


def test_a_query_with_several_reports_takes_them_all(world: World) -> None:
    colours = b"\x1b]10;rgb:0/0/0\x07" + b"\x1b]11;rgb:f/f/f\x07"
    world.comes("a", fresh=True)
    world.comes("b")
    world.prints(b"\x1b]10;?;?\x07")
    assert world.types("b", colours) == b""
    assert world.types("a", colours) == colours
    assert world.types("b", b"x" + colours) == b"x" + colours


# Reports in pieces


def test_nothing_is_held_back(world: World) -> None:
    """Half a report is typed at once: held back, it would be lost with the connection."""
    world.comes("a", answers=False, fresh=True)
    world.prints(CPR)
    assert world.types("a", b"x" + HERE[:4]) == b"x" + HERE[:4]
    assert world.types("a", HERE[4:]) == HERE[4:]


# Anything


@dataclass
class Terminal:
    """A client's terminal: answers what it is shown. `naive` ones answer raw history too."""

    client: str
    answers: bool
    naive: bool
    inbox: deque[bytes] = field(default_factory=deque[bytes])  # shown, not looked at
    outbox: deque[bytes] = field(default_factory=deque[bytes])  # reports under way


class Play:
    """A program that asks, and terminals that come, go, type, are slow, and answer more than they should."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World()
        self.terminals: list[Terminal] = []
        self.asked: Counter[bytes] = Counter()
        self.answered: Counter[bytes] = Counter()

    def ask(self) -> None:
        query = self.chance.choice([CPR, DA1, b"text"])
        self.asked[query] += 1
        self.world.prints(query)
        for terminal in self.terminals:
            terminal.inbox.append(query)

    def look(self) -> None:
        if self.world.answers.chosen is None:
            self.world.look()

    def come(self) -> None:
        answers, naive = self.chance.random() < 0.7, self.chance.random() < 0.4
        new = Terminal(f"c{self.chance.random()}", answers, naive)
        raw = naive or self.chance.random() < 0.5
        if naive:
            new.inbox += [found.text for found in find(bytes(self.world.output), 1000)[0]]
        self.world.comes(new.client, answers=answers, fresh=not self.world.output, raw=raw)
        self.terminals.append(new)

    def go(self, terminal: Terminal) -> None:
        self.world.goes(terminal.client)
        self.terminals.remove(terminal)

    def type(self, terminal: Terminal) -> None:
        assert self.world.types(terminal.client, b"x") == b"x"

    def read(self, terminal: Terminal) -> None:
        if terminal.inbox:
            shown = terminal.inbox.popleft()
            terminal.outbox += {CPR: [HERE], DA1: [DEVICE]}.get(shown, [])

    def catch_up(self, terminal: Terminal) -> None:
        self.world.answers.caught_up(terminal.client, self.world.now)

    def report(self, terminal: Terminal) -> None:
        if terminal.outbox:
            typed = self.world.types(terminal.client, terminal.outbox.popleft())
            self.answered.update({CPR: typed.count(HERE), DA1: typed.count(DEVICE)})

    def step(self) -> None:
        self.world.now += self.chance.choice([0, 0.001, 0.01])
        on_terminal = [self.go, self.type, self.catch_up, *[self.read, self.report] * 5]
        if self.chance.random() < 0.3 or not self.terminals:
            self.chance.choice([self.ask, self.ask, self.ask, self.look, self.come])()
        else:
            self.chance.choice(on_terminal)(self.chance.choice(self.terminals))

    def finish(self) -> None:
        for terminal in self.terminals:
            while terminal.inbox:
                self.read(terminal)
            while terminal.outbox:
                self.report(terminal)
        self.world.look()
        self.answered.update(self.world.mirror_asked)


@pytest.mark.parametrize("seed", range(300))
def test_whatever_happens_one_answer_reaches_the_program(seed: int) -> None:
    play = Play(seed)
    for _ in range(play.chance.randint(10, 150)):
        play.step()
    play.finish()
    assert {query: play.answered[query] for query in (CPR, DA1)} == {query: play.asked[query] for query in (CPR, DA1)}

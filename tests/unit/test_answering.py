"""The answerer at work, with a log, a mirror and a terminal that the test holds in its hands."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from support.waiting import wait_until

from holdfast.daemon.sessions.answering import Answering
from holdfast.daemon.sessions.answers import LATELY_S, MOST_ASKED
from holdfast.daemon.sessions.attachment import MirrorError
from holdfast.daemon.sessions.clients import Size
from holdfast.daemon.sessions.replies import BlankScreen

CPR, DA1 = b"\x1b[6n", b"\x1b[c"
HERE, DEVICE = b"\x1b[24;1R", b"\x1b[?1;2c"
MIRRORS_HERE, MIRRORS_DEVICE = b"\x1b[1;1R", b"\x1b[?62;22c"


class Scene:
    """A session, without a process.

    Attributes:
        typed: what the program reads.
        hot_from: what is before is not in memory any more.
        can_answer: while not set, the mirror does not.
    """

    session_id = "scene"

    def __init__(self) -> None:
        self.output = bytearray()
        self.typed = b""
        self.now = 1000.0
        self.hot_from = 0
        self.reads: list[int] = []
        self.asked: list[bytes] = []
        self.has_mirror = True
        self.can_answer = asyncio.Event()
        self.can_answer.set()
        self.answering = Answering(
            cast("Any", self), self, cast("Any", self), lambda: Size(80, 24), clock=lambda: self.now
        )

    # Log

    @property
    def tail(self) -> int:
        return len(self.output)

    def read_hot(self, offset: int, limit: int) -> bytes | None:
        self.reads.append(offset)
        return None if offset < self.hot_from else bytes(self.output[offset : offset + limit])

    # Mirror

    async def ask(self, start: int, stop: int) -> BlankScreen:
        self.asked.append(bytes(self.output[start:stop]))
        await self.can_answer.wait()
        if not self.has_mirror:
            raise MirrorError("there is none")
        return BlankScreen(80, 24, replies=MIRRORS_HERE)

    # Terminal

    def write(self, data: bytes) -> None:
        self.typed += data

    async def wait_for_room(self) -> None:
        await asyncio.sleep(0)

    # The program

    def prints(self, data: bytes) -> None:
        self.output += data
        self.answering.on_output()


class Client:
    client_id = "client"


@pytest.fixture
async def scene() -> Scene:
    return Scene()


def come(scene: Scene, *, answers: bool = True) -> Any:
    client = cast("Any", Client())
    scene.answering.client_came(client, answers=answers, live_from=scene.tail, history=False)
    return client


async def test_answers_come_in_the_order_of_the_queries(scene: Scene) -> None:
    scene.can_answer.clear()
    scene.prints(DA1 + CPR)
    timer = scene.answering._timer
    scene.prints(DA1)
    assert scene.answering._timer is timer
    await wait_until(lambda: scene.asked, "the question")
    assert scene.typed == MIRRORS_DEVICE
    scene.can_answer.set()
    await wait_until(lambda: scene.typed.count(MIRRORS_DEVICE) == 2, "the answers")
    assert scene.typed == MIRRORS_DEVICE + MIRRORS_HERE + MIRRORS_DEVICE
    assert scene.asked == [CPR]


async def test_a_query_that_is_cut_is_answered_when_its_end_has_come(scene: Scene) -> None:
    scene.prints(b"a" + DA1[:2])
    await wait_until(lambda: scene.answering._timer is None, "a look")
    scene.prints(DA1[2:])
    await wait_until(lambda: scene.typed, "an answer")
    assert scene.typed == MIRRORS_DEVICE


async def test_what_needs_a_screen_is_not_answered_without_one(scene: Scene) -> None:
    scene.has_mirror = False
    scene.prints(CPR + DA1)
    await wait_until(lambda: scene.typed, "an answer")
    assert scene.typed == MIRRORS_DEVICE


async def test_an_answer_that_comes_too_late_is_not_typed(scene: Scene) -> None:
    """The program has given up and ended; a shell would read it now."""
    scene.can_answer.clear()
    scene.prints(CPR)
    await wait_until(lambda: scene.asked, "the question")
    scene.now += LATELY_S + 1
    scene.can_answer.set()
    scene.prints(DA1)
    await wait_until(lambda: scene.typed, "the next answer")
    assert scene.typed == MIRRORS_DEVICE


async def test_a_mirror_that_fails_in_another_way_does_not_end_it(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    scene.wait_for_room, room = fail, scene.wait_for_room  # type: ignore[method-assign]  # broken for one answer
    scene.prints(CPR)
    await wait_until(lambda: "is not answered" in caplog.text, "the complaint")
    scene.wait_for_room = room  # type: ignore[method-assign]  # whole again
    scene.prints(DA1)
    await wait_until(lambda: scene.typed, "an answer")
    assert scene.typed == MIRRORS_DEVICE


async def test_a_flood_of_queries_is_answered_up_to_a_limit(scene: Scene) -> None:
    scene.can_answer.clear()
    for _ in range(3):
        scene.prints(CPR * 10_000)
        await wait_until(lambda: scene.answering._timer is None, "a look")
    assert len(scene.answering._waiting) <= MOST_ASKED
    scene.can_answer.set()
    await wait_until(lambda: not scene.answering._waiting, "the answers")
    scene.prints(DA1)
    await wait_until(lambda: scene.typed.endswith(MIRRORS_DEVICE), "the last answer")
    assert len(scene.asked) <= MOST_ASKED + 1


async def test_while_a_client_answers_nobody_looks_until_a_report_comes(scene: Scene) -> None:
    one, two = come(scene), come(scene)
    scene.prints(b"text" * 1000 + CPR)
    assert scene.answering._timer is None
    scene.answering.admit(one, b"key\x1b[A")
    assert scene.reads == []
    assert scene.answering.admit(two, HERE) == b""
    assert scene.answering.admit(one, HERE) == HERE
    assert scene.reads == [0]  # each byte once


async def test_only_what_was_printed_lately_is_looked_at(scene: Scene) -> None:
    """An old query that nobody reported to does not take a key away."""
    one, two = come(scene), come(scene)
    scene.prints(CPR)
    for _ in range(100):
        scene.now += 1
        scene.prints(b"text")
    assert scene.answering.admit(two, b"\x1b[1;2R") == b"\x1b[1;2R"
    scene.prints(CPR)
    scene.now += 1
    assert scene.answering.admit(two, b"\x1b[1;2R") == b""
    assert scene.answering.admit(one, b"\x1b[1;2R") == b"\x1b[1;2R"
    assert min(scene.reads) >= 4 * 79


async def test_time_is_told_of_what_was_printed_long_ago_although_nobody_looked(scene: Scene) -> None:
    one, two = come(scene), come(scene)
    scene.prints(b"a" + CPR)
    scene.now += LATELY_S + 0.1
    scene.prints(b"b")
    assert scene.answering.admit(two, b"\x1b[1;2R") == b"\x1b[1;2R"
    assert scene.answering.admit(one, HERE) == HERE


async def test_what_a_flood_has_pushed_out_of_memory_is_passed_over(scene: Scene) -> None:
    come(scene)
    two = come(scene)
    scene.prints(CPR + b"x" * 3_000_000 + DA1)
    scene.hot_from = 2_000_000
    assert scene.answering.admit(two, HERE + DEVICE) == HERE
    assert scene.answering._scanned == scene.tail


async def test_a_closed_one_answers_nothing(scene: Scene) -> None:
    scene.can_answer.clear()
    scene.prints(CPR)
    await wait_until(lambda: scene.asked, "the question")
    scene.prints(DA1)
    await wait_until(lambda: scene.answering._waiting, "another question")
    scene.prints(DA1)
    await scene.answering.close()
    scene.can_answer.set()
    assert scene.typed == b""
    assert not scene.answering._waiting

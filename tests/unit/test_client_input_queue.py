from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from holdfast.client.input_queue import InputQueue, Piece


def filled(data: bytes, *, sent: int = 0, acked: int = 0) -> InputQueue:
    queue = InputQueue(100, 100)
    queue.add(data)
    queue.sent(sent)
    queue.acknowledge(acked)
    return queue


def test_pieces_follow_each_other_by_seq() -> None:
    queue = filled(b"abcdef")
    assert queue.next_piece(4) == Piece(0, b"abcd")
    queue.sent(4)
    assert queue.next_piece(4) == Piece(4, b"ef")
    queue.sent(6)
    assert queue.next_piece(4) is None


def test_the_window_holds_back_until_an_acknowledgement() -> None:
    queue = InputQueue(100, 4)
    queue.add(b"abcdef")
    queue.sent(4)
    assert queue.next_piece(10) is None
    queue.acknowledge(3)
    assert queue.next_piece(10) == Piece(4, b"ef")


def test_what_does_not_fit_is_not_taken() -> None:
    queue = InputQueue(4, 4)
    assert queue.add(b"abcdef") == 4
    assert queue.room == 0
    assert queue.waiting == b"abcd"


def test_old_and_invented_acknowledgements_change_nothing() -> None:
    queue = filled(b"abcdef", sent=4, acked=2)
    for seq in (0, 2, 7):
        queue.acknowledge(seq)
        assert (queue.waiting, queue.end) == (b"cdef", 6)


def test_a_new_connection_goes_on_where_the_daemon_is() -> None:
    queue = filled(b"abcdef", sent=5, acked=1)
    assert queue.resume(3) == 0
    assert queue.next_piece(10) == Piece(3, b"def")


def test_a_daemon_that_forgot_us_gets_only_what_was_never_sent() -> None:
    queue = filled(b"abcdef", sent=5, acked=3)
    assert queue.resume(0) == 2
    assert queue.next_piece(10) == Piece(0, b"f")


def test_a_daemon_that_knows_more_than_we_sent_is_believed() -> None:
    queue = filled(b"abc", sent=1)
    assert queue.resume(10) == 0
    queue.add(b"d")
    assert queue.next_piece(10) == Piece(10, b"d")


def test_another_session_gets_nothing_meant_for_this_one() -> None:
    queue = filled(b"rm -rf *\n", sent=3, acked=1)
    assert queue.restart(7) == 8
    assert (queue.pending, queue.end) == (0, 7)


class TypingOverALine(RuleBasedStateMachine):
    """A client types while the connection breaks at any moment; the daemon applies what it gets by its seq."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = InputQueue(64, 16)
        self.typed = b""
        self.applied = b""
        self.on_the_way: list[Piece] = []

    @rule(data=st.binary(min_size=1, max_size=20))
    def type_some(self, data: bytes) -> None:
        self.typed += data[: self.queue.add(data)]

    @rule(limit=st.integers(1, 10))
    def send(self, limit: int) -> None:
        piece = self.queue.next_piece(limit)
        if piece is not None:
            self.on_the_way.append(piece)
            self.queue.sent(piece.seq + len(piece.data))

    @rule(limit=st.integers(1, 10))
    def send_and_be_cancelled_before_it_is_noted(self, limit: int) -> None:
        piece = self.queue.next_piece(limit)
        if piece is not None:
            self.on_the_way.append(piece)

    @precondition(lambda self: self.on_the_way)
    @rule()
    def arrive(self) -> None:
        seq, data = self.on_the_way.pop(0)
        assert seq <= len(self.applied), "a gap"
        self.applied += data[len(self.applied) - seq :]

    @rule(back=st.integers(0, 5))
    def acknowledge(self, back: int) -> None:
        self.queue.acknowledge(max(0, len(self.applied) - back))

    @rule()
    def reconnect(self) -> None:
        self.on_the_way.clear()
        assert self.queue.resume(len(self.applied)) == 0

    @invariant()
    def nothing_is_lost_doubled_or_reordered(self) -> None:
        assert self.typed.startswith(self.applied)
        assert self.queue.end == len(self.typed)
        assert self.typed.endswith(self.queue.waiting)


TestTypingOverALine = TypingOverALine.TestCase
TestTypingOverALine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

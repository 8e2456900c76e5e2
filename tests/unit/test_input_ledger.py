"""The input ledger: no input is applied twice, and what a crash leaves unknown is known to be unknown."""

from __future__ import annotations

import pytest

from holdfast.store.input_ledger import LEDGER_BYTES, SLOTS, InputLedger, _key


class Killed(BaseException):
    pass


class Mortal:
    """Words of which only so many stores happen before the process is killed."""

    def __init__(self, words: memoryview[int], stores: int) -> None:
        self._words = words
        self._left = stores

    def __getitem__(self, index: int) -> int:
        return self._words[index]

    def __setitem__(self, index: int, value: int) -> None:
        if not self._left:
            raise Killed
        self._left -= 1
        self._words[index] = value


@pytest.fixture
def words() -> memoryview[int]:
    return memoryview(bytearray(LEDGER_BYTES)).cast("Q")


def test_an_unknown_client_begins_at_zero(words: memoryview[int]) -> None:
    ledger = InputLedger(words)
    assert (ledger.next_seq("a"), ledger.unknown("a")) == (0, 0)
    ledger.settle("a")
    assert not any(words)


def test_what_was_applied_is_known_to_the_next_process(words: memoryview[int]) -> None:
    ledger = InputLedger(words)
    ledger.claim("a", 10)
    ledger.applied("a", 10)
    again = InputLedger(words)
    assert (again.next_seq("a"), again.unknown("a"), again.next_seq("b")) == (10, 0, 0)


def test_a_claim_that_nobody_applied_is_not_sent_again_but_reported(words: memoryview[int]) -> None:
    ledger = InputLedger(words)
    ledger.claim("a", 10)
    ledger.applied("a", 10)
    ledger.claim("a", 17)
    again = InputLedger(words)
    assert (again.next_seq("a"), again.unknown("a")) == (17, 7)
    again.settle("a")
    assert (again.next_seq("a"), again.unknown("a")) == (17, 0)


def test_a_short_write_gives_the_rest_back(words: memoryview[int]) -> None:
    ledger = InputLedger(words)
    ledger.claim("a", 4096)
    ledger.applied("a", 100)
    assert (ledger.next_seq("a"), ledger.unknown("a")) == (100, 0)


def test_the_client_that_typed_least_recently_is_forgotten(words: memoryview[int]) -> None:
    ledger = InputLedger(words)
    for number in range(SLOTS):
        ledger.applied(f"client {number}", number + 1)
    ledger.claim("client 0", 5)
    ledger.claim("one more", 3)
    assert ledger.next_seq("client 0") == 5
    assert ledger.next_seq("client 1") == 0
    assert (ledger.next_seq("one more"), ledger.unknown("one more")) == (3, 3)
    assert ledger.next_seq("client 2") == 3


@pytest.mark.parametrize("stores", range(9))
def test_a_kill_between_two_stores_never_lets_input_pass_twice(words: memoryview[int], stores: int) -> None:
    ledger = InputLedger(words)
    for number in range(SLOTS):
        ledger.applied(f"client {number}", 100)
    ledger._words = Mortal(words, stores)  # type: ignore[assignment]  # the point of the kill
    try:
        ledger.claim("new", 50)
        ledger.applied("new", 20)
    except Killed:
        pass
    again = InputLedger(words)
    assert again.unknown("new") >= 0, "no negative doubt"
    assert again.next_seq("new") in {0, 20, 50}
    assert again._slots.get((0, 0)) is None
    # The one whose slot it took is known with its number, or not at all: never with one that lets its input pass again.
    for number in range(SLOTS):
        name = f"client {number}"
        assert again.next_seq(name) == 100 or (number == 0 and _key(name) not in again._slots)


def test_a_kill_while_a_short_write_is_noted_never_swallows_the_rest(words: memoryview[int]) -> None:
    ledger = InputLedger(words)
    ledger.applied("a", 10)
    ledger.claim("a", 50)
    ledger._words = Mortal(words, 1)  # type: ignore[assignment]  # the point of the kill
    with pytest.raises(Killed):
        ledger.applied("a", 20)
    again = InputLedger(words)
    assert (again.next_seq("a"), again.unknown("a")) == (20, 10)


def test_one_that_takes_over_has_the_numbers_and_who_typed_last(words: memoryview[int]) -> None:
    former = InputLedger(words)
    for number in range(SLOTS):
        former.applied(f"client {number}", number + 1)
    former.claim("client 0", 9)
    words_again = memoryview(bytearray(words.nbytes)).cast("Q")
    ledger = InputLedger(words_again)
    ledger.take_over(former)
    former.close()
    ledger.applied("one more", 1)
    assert (ledger.next_seq("client 0"), ledger.unknown("client 0")) == (9, 8)
    assert ledger.next_seq("client 1") == 0
    assert InputLedger(words_again).next_seq("client 2") == 3


def test_a_copy_outlives_the_ring(words: memoryview[int]) -> None:
    ledger = InputLedger(words)
    ledger.applied("a", 9)
    copy = ledger.copy()
    ledger.close()
    assert copy.next_seq("a") == 9

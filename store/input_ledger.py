"""At-most-once input: which input of which client was applied, in memory that outlives the daemon.

The ledger lies in the header page of a session's hot tail. Before input is written to the terminal its end is
*claimed*; after, it is *applied*. A daemon killed between the two leaves a claim that nobody applied: whether the shell
got those bytes cannot be known, so they are reported and never sent a second time.

A slot is four 8-byte words, each written by one aligned store, so that SIGKILL finds a word old or new and never half:

    key (two words, of SHA-256 of the client id; 0 0: free) | claimed | applied
"""

from __future__ import annotations

import hashlib

__all__ = ["LEDGER_BYTES", "SLOTS", "InputLedger"]

SLOTS = 48
"""Clients remembered for one session; beyond them the one that typed least recently is forgotten."""

_WORDS = 4
LEDGER_BYTES = SLOTS * _WORDS * 8

_Key = tuple[int, int]


class InputLedger:
    """Sequence numbers of input, by client. A sequence number counts the bytes that a client sent in this session."""

    def __init__(self, words: memoryview[int]) -> None:
        """Take over `words`, `LEDGER_BYTES` of native unsigned 64-bit words; what stands in them is kept."""
        self._words = words
        self._slots: dict[_Key, int] = {}  # least recently used first
        for slot in range(SLOTS):
            key = (words[slot * _WORDS], words[slot * _WORDS + 1])
            if key != (0, 0):
                self._slots[key] = slot

    def copy(self) -> InputLedger:
        """Return one in plain memory with the same numbers."""
        return InputLedger(memoryview(bytearray(self._words)).cast("Q"))

    def take_over(self, other: InputLedger) -> None:
        """Become what `other` is, which is then to be closed."""
        self._words[:] = other._words
        self._slots = dict(other._slots)

    def next_seq(self, client_id: str) -> int:
        """Return the sequence number expected next: behind all that may have been typed; 0 for an unknown client."""
        slot = self._slots.get(_key(client_id))
        return 0 if slot is None else self._words[slot * _WORDS + 2]

    def unknown(self, client_id: str) -> int:
        """Return how many bytes before `next_seq` were claimed by a daemon that died before it could say more."""
        slot = self._slots.get(_key(client_id))
        return 0 if slot is None else self._words[slot * _WORDS + 2] - self._words[slot * _WORDS + 3]

    def settle(self, client_id: str) -> None:
        """Count the unknown bytes as applied, once the client was told of them."""
        slot = self._slots.get(_key(client_id))
        if slot is not None:
            self._words[slot * _WORDS + 3] = self._words[slot * _WORDS + 2]

    def claim(self, client_id: str, seq_end: int) -> None:
        """Say that input up to `seq_end` is about to be written to the terminal."""
        self._words[self._slot(client_id) * _WORDS + 2] = seq_end

    def applied(self, client_id: str, seq_end: int) -> None:
        """Say that input up to `seq_end` was written. Less than was claimed gives the rest back (a short write)."""
        word = self._slot(client_id) * _WORDS
        # Claimed first, which gives the rest back: killed between the two, bytes that were typed count as unknown. The
        # other way round the rest would, which nobody typed, and a client without a claim would have a negative doubt.
        self._words[word + 2] = seq_end
        self._words[word + 3] = seq_end

    def close(self) -> None:
        """Let go of the memory."""
        self._words.release()

    def _slot(self, client_id: str) -> int:
        """Return the client's slot, most recently used from now on; a new client gets a free or the oldest one."""
        key = _key(client_id)
        slot = self._slots.pop(key, None)
        if slot is None:
            slot = self._take_slot()
            word = slot * _WORDS
            self._words[word + 2] = self._words[word + 3] = 0
            # The key last: a kill in between leaves a slot of nobody, not this client with another's numbers.
            self._words[word], self._words[word + 1] = key
        self._slots[key] = slot
        return slot

    def _take_slot(self) -> int:
        if len(self._slots) < SLOTS:
            return next(slot for slot in range(SLOTS) if slot not in self._slots.values())
        slot = self._slots.pop(next(iter(self._slots)))
        word = slot * _WORDS
        # The old key goes before its numbers: the other way round a kill would leave the old client with a 0, and its
        # input would be typed again.
        self._words[word] = self._words[word + 1] = 0
        return slot


def _key(client_id: str) -> _Key:
    digest = hashlib.sha256(client_id.encode()).digest()
    first, second = int.from_bytes(digest[:8]), int.from_bytes(digest[8:16])
    return first, second

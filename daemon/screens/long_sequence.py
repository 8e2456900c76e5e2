"""A control sequence too long to be remembered: where it ends, and what stands for it. Pure.

An image, a clipboard, or rubbish: an OSC may go on for megabytes. A terminal that joins in the middle of it needs to
know only that it is in one, or it would print the rest. Sources: ECMA-48 5.4 and 5.6; the DEC parser of Paul Williams
(a parameter behind an intermediate byte makes a control sequence be ignored).
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LongSequence"]

_STRING_END = re.compile(rb"[\x18\x1a]|(?=\x1b)")
_OSC_END = re.compile(rb"[\x07\x18\x1a]|(?=\x1b)")
_CONTROL_END = re.compile(rb"[@-~\x18\x1a]|(?=\x1b)")
_ESCAPE_END = re.compile(rb"[0-~\x18\x1a]|(?=\x1b)")

_KINDS: Final = {
    b"\x1b]": (_OSC_END, b"\x1b]6973;"),  # a number that nothing has
    b"\x1bP": (_STRING_END, b"\x1bP!~"),
    b"\x1b_": (_STRING_END, b"\x1b_!"),
    b"\x1b^": (_STRING_END, b"\x1b^!"),
    b"\x1bX": (_STRING_END, b"\x1bX!"),
    b"\x1b[": (_CONTROL_END, b"\x1b[!0"),
}
_ESCAPE = (_ESCAPE_END, b"\x1b!!")


class LongSequence:
    """Passes over the rest of a sequence.

    Attributes:
        stub: an unfinished sequence of the same kind that has no effect; empty when there is none to pass over.
    """

    def __init__(self, stub: bytes = b"") -> None:
        """Pass over what follows another object's stub; nothing where it is empty."""
        self._end: re.Pattern[bytes] | None = None
        self.stub = stub
        if stub:
            self.begin(stub)

    def __bool__(self) -> bool:
        return self._end is not None

    def begin(self, unfinished: bytes) -> None:
        """Pass over what follows `unfinished`, the bytes of the sequence so far."""
        self._end, self.stub = _KINDS.get(unfinished[:2], _ESCAPE)

    def skip(self, data: bytes) -> bytes:
        """Return what of `data` lies behind the end of the sequence."""
        if self._end is None:
            return data
        found = self._end.search(data)
        if found is None:
            return b""
        self._end, self.stub = None, b""
        return data[found.end() :]

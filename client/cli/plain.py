r"""Text without escape sequences, for `holdfast log --plain`.

A filter, not a terminal: control sequences and control characters are dropped, a carriage return
ends a line that has begun. What a program overwrote on the screen therefore stays, in the order in which it was
printed: every state of a progress bar is a line of its own, and a full-screen program leaves a heap of fragments.

Sequences: ECMA-48, sections 5.4 (CSI), 5.6 (control strings), ECMA-35, section 13.2 (ESC and intermediates), with
xterm's BEL as a further end of an OSC string.
"""

from __future__ import annotations

import codecs
import re

__all__ = ["PlainText"]

_STRING_BODY = rb"[^\x07\x18\x1a\x1b]*+"
_REMOVED = re.compile(
    rb"\x1b\[[0-?]*+[ -/]*+[@-~]"
    rb"|\x1b[\]PX^_]" + _STRING_BODY + rb"(?:\x07|\x1b\\|[\x18\x1a])?"
    rb"|\x1b[ -/]*+[0-~]?"
    rb"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"
)
_C1 = re.compile("[\x80-\x9f]+")
_CR_LF = re.compile(r"\r++\n")
_CR = re.compile(r"(?P<at_start>(?<=\n)\r++)|\r++")

_UNFINISHED_STRING = re.compile(rb"\x1b[\]PX^_]" + _STRING_BODY + rb"\x1b?\Z")
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*+[ -/]*+|[ -/]*+)?\Z")
_STRING_END = re.compile(rb"[\x07\x18\x1a]|\x1b(?!\Z)\\?")


class PlainText:
    """Strips a stream that comes in parts; a sequence may be cut anywhere, and be of any length."""

    def __init__(self) -> None:
        self._held = b""
        self._in_string = False
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._carriage_return = ""
        self._at_line_start = True

    def feed(self, data: bytes) -> bytes:
        """Return the text of what is complete so far, as UTF-8; what was not UTF-8 is U+FFFD in it."""
        data = self._held + data
        if self._in_string:
            end = _STRING_END.search(data)
            if end is None:
                self._held = b"\x1b" if data.endswith(b"\x1b") else b""
                return b""
            # ESC ends a string even where no backslash follows: it begins the next sequence then.
            data = data[end.start() if end[0] == b"\x1b" else end.end() :]
            self._in_string = False
        return self._text(data[: self._cut(data)])

    def finish(self) -> bytes:
        """Return the text of what was held back."""
        return self._text(b"", final=True)

    def _cut(self, data: bytes) -> int:
        """Return where the unfinished sequence begins, and remember of it what the next part needs."""
        last = data.rfind(b"\x1b")
        before = data.rfind(b"\x1b", 0, last) if last >= 0 else -1
        for start in (before, last):  # the last ESC may be the first half of the end of a string
            if start >= 0 and _UNFINISHED_STRING.match(data, start):
                self._in_string = True
                self._held = b"\x1b" if last > start else b""
                return start
        cut = last if last >= 0 and _UNFINISHED.match(data, last) else len(data)
        self._held = data[cut:]
        return cut

    def _text(self, data: bytes, *, final: bool = False) -> bytes:
        """Drop what is complete, and decode only then: bytes that a sequence kept apart must not become a control."""
        text = self._carriage_return + _C1.sub("", self._decode(_REMOVED.sub(b"", data), final))
        kept = text if final else text.rstrip("\r")
        self._carriage_return = "\r" if len(kept) < len(text) else ""
        lines = _CR_LF.sub("\n", kept)
        if self._at_line_start:
            lines = lines.lstrip("\r")
        lines = _CR.sub(lambda found: "" if found["at_start"] else "\n", lines)
        if lines:
            self._at_line_start = lines.endswith("\n")
        return lines.encode()

"""What a session's terminal showed, in print: all of it as text, or its last lines, for `holdfast log`.

Unlike its bytes, this is made by the daemon's terminal emulator: carriage returns, cursor moves and redraws are carried
out, of a progress bar its last state is left, and of a full-screen program what was there before and after it.
"""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Iterator

import click

from ...wire.errors import HoldfastError, RefusedError, WireError
from ...wire.messages import MAX_LINES, Line
from .target import Target

__all__ = ["print_last", "print_text", "tell_trimmed"]


def print_text(target: Target, session_id: str) -> None:
    """Print all that is kept, as text; raises like `Http`."""
    with _screens_needed(), target.http.text(session_id) as text:
        if text.kind != "text/plain":
            raise WireError("the daemon is older than this command; 'holdfast daemon restart' keeps the shells")
        tell_trimmed(text.offset)
        for part in text:
            sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def tell_trimmed(byte_count: int) -> None:
    """Say on stderr that so many bytes before what is printed are gone."""
    if byte_count > 0:
        click.echo(f"holdfast: {byte_count} bytes before this are not kept any more", err=True)


def print_last(target: Target, session_id: str, count: int, *, styled: bool) -> None:
    """Print the last `count` lines, with their colours and links if `styled`; raises like `Http`."""
    with _screens_needed():
        lines = _last(target, session_id, count, styled=styled)
    text = "".join(line.text if line.wraps else f"{line.text}\n" for line in lines)
    sys.stdout.buffer.write((f"{text}\n" if text and not text.endswith("\n") else text).encode())
    sys.stdout.buffer.flush()


def _last(target: Target, session_id: str, count: int, *, styled: bool) -> deque[Line]:
    lines: deque[Line] = deque()
    while len(lines) < count:
        limit = min(count - len(lines), MAX_LINES)
        before = lines[0].line if lines else None
        answer = target.http.lines(session_id, before=before, limit=limit, styled=styled)
        if not answer.lines:
            break
        lines.extendleft(reversed(answer.lines))
    return lines


@contextlib.contextmanager
def _screens_needed() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        if error.code != "no_screen":
            raise
        raise HoldfastError(f"{error}; 'holdfast log' without --plain and --last prints what was printed") from None

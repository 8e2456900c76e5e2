"""`holdfast log`: everything a session printed, of running sessions and of those that have ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ...wire.errors import HoldfastError, RefusedError
from ...wire.messages import CloseCode
from .command import command, session_argument
from .find import find_session, is_running
from .lines import print_last, print_text, tell_trimmed
from .target import Target, pass_target

if TYPE_CHECKING:
    from ..inert import Inert

__all__ = ["log"]


@command()
@session_argument(ended=True)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is printed from now on, until the session ends.")
@click.option("--from", "first", type=click.IntRange(min=0), metavar="OFFSET", help="Begin at this byte of the log.")
@click.option("--plain", is_flag=True, help="As a person saw it, and text alone: redraws and cursor moves carried out.")
@click.option(
    "--last",
    "-n",
    type=click.IntRange(min=1),
    metavar="LINES",
    help="As a person saw it, the last LINES lines; with colours on a terminal, without --plain.",
)
@pass_target
def log(target: Target, *, session: str, follow: bool, first: int | None, plain: bool, last: int | None) -> None:
    """Print the history of a session, byte for byte.

    On a terminal, what would have an effect (bells, clipboard, titles, questions to the terminal) is left out;
    in a pipe or a file it is all there.
    """
    if (plain or last) and (follow or first is not None):
        raise click.UsageError("--plain and --last show what was seen, not bytes: without --from and --follow")
    found = find_session(target.sessions(ended=True), session, ended=True)
    session_id = found["session_id"]
    if last is not None:
        print_last(target, session_id, last, styled=not plain and sys.stdout.isatty())
        return
    if plain:
        print_text(target, session_id)
        return
    output = _Output()
    end = _print_stored(target, session_id, first or 0, output, until=found["tail"])
    if follow and is_running(found):
        import asyncio  # noqa: PLC0415  # 30 ms that reading a log does not need

        end = asyncio.run(_follow(target, session_id, end, output))
        # Whatever came between the last frame and the end of the session is in the store now.
        _print_stored(target, session_id, end, output, until=end)
    output.finish()


class _Output:
    """Stdout, without what would have an effect on a terminal."""

    def __init__(self) -> None:
        self._inert: Inert | None = None
        if sys.stdout.isatty():
            from ..inert import Inert  # noqa: PLC0415  # its patterns take time to compile

            self._inert = Inert()

    def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(self._inert.feed(data) if self._inert else data)

    def flush(self) -> None:
        sys.stdout.buffer.flush()

    def finish(self) -> None:
        if self._inert is not None:
            sys.stdout.buffer.write(self._inert.finish())
        self.flush()


def _print_stored(target: Target, session_id: str, first: int, output: _Output, *, until: int) -> int:
    """Print what is stored from `first` on; returns the offset behind it.

    Raises:
        HoldfastError: it stops before `until`.
    """
    with target.http.log(session_id, start=first) as stored:
        end = stored.offset
        tell_trimmed(end - first)
        for data in stored:
            output.write(data)
            end += len(data)
    output.flush()
    if end < until:
        raise HoldfastError(f"{until - end} bytes of this log are missing: damaged in the store, or cut off on the way")
    return end


async def _follow(target: Target, session_id: str, offset: int, output: _Output) -> int:
    """Print what comes from `offset` on until the session ends; returns the offset behind it."""
    from ..connection import ReconnectPolicy, connect  # noqa: PLC0415  # as above
    from .revive import reviving  # noqa: PLC0415  # as above

    following = connect(
        session_id,
        address=target.address,
        token=target.token,
        since=offset,
        create=False,
        mode="ro",
        reconnect=ReconnectPolicy(fresh=False),
    )
    try:
        async with reviving(target), following as session:
            async for first, data, _ in session:
                output.write(data)
                output.flush()
                offset = first + len(data)
    except RefusedError as error:
        if error.close_code not in (CloseCode.ENDED, CloseCode.NO_SESSION):
            raise
    return offset

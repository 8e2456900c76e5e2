"""`holdfast log`: everything a session printed, of running sessions and of those that have ended."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from ...wire.errors import HoldfastError, RefusedError
from ...wire.messages import CloseCode
from .command import command, session_argument
from .find import find_session, is_running
from .target import Target, pass_target

__all__ = ["log"]


@command()
@session_argument(ended=True)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is printed from now on, until the session ends.")
@click.option(
    "--from", "first", type=click.IntRange(min=0), default=0, metavar="OFFSET", help="Begin at this byte of the log."
)
@click.option(
    "--plain",
    is_flag=True,
    help="Text alone: escape sequences are dropped, not carried out, so what was overwritten on screen is there too.",
)
@pass_target
def log(target: Target, session: str, follow: bool, first: int, plain: bool) -> None:
    """Print the history of a session, byte for byte.

    On a terminal, what would have an effect (bells, clipboard, titles, questions to the terminal) is left out;
    in a pipe or a file it is all there.
    """
    found = find_session(target.sessions(ended=True), session, ended=True)
    session_id = found["session_id"]
    output = _Output(plain=plain)
    end = _print_stored(target, session_id, first, output, until=found["tail"])
    if follow and is_running(found):
        import asyncio  # noqa: PLC0415  # 30 ms that reading a log does not need

        end = asyncio.run(_follow(target, session_id, end, output))
        # Whatever came between the last frame and the end of the session is in the store now.
        _print_stored(target, session_id, end, output, until=end)
    output.finish()


class _Output:
    """Stdout, with what `--plain` or a terminal takes away."""

    def __init__(self, *, plain: bool) -> None:
        self._write = sys.stdout.buffer.write
        self._filter: Callable[[bytes], bytes] | None = None
        self._finish: Callable[[], bytes] | None = None
        if plain:
            from .plain import PlainText  # noqa: PLC0415  # its patterns take time to compile

            text = PlainText()
            self._filter, self._finish = text.feed, text.finish
        elif sys.stdout.isatty():
            from ..inert import Inert  # noqa: PLC0415  # as above

            inert = Inert()
            self._filter, self._finish = inert.feed, inert.finish

    def write(self, data: bytes) -> None:
        self._write(self._filter(data) if self._filter else data)

    def flush(self) -> None:
        sys.stdout.buffer.flush()

    def finish(self) -> None:
        if self._finish is not None:
            self._write(self._finish())
        self.flush()


def _print_stored(target: Target, session_id: str, first: int, output: _Output, *, until: int) -> int:
    """Print what is stored from `first` on; returns the offset behind it.

    Raises:
        HoldfastError: it stops before `until`.
    """
    with target.http.log(session_id, start=first) as stored:
        end = stored.offset
        if end > first:
            click.echo(f"holdfast: {end - first} bytes before this are not kept any more", err=True)
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

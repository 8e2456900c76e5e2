"""`holdfast send`: type into a session without looking at it."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator

import click

from .command import command, session_argument
from .find import find_session
from .target import Target, pass_target

__all__ = ["send"]

_PIECE_BYTES = 64 * 1024
_GIVE_UP_S = 30.0
"""A script wants to know that its input did not arrive, rather than wait for ever."""


@command()
@session_argument()
@click.argument("text")
@pass_target
def send(target: Target, session: str, text: str) -> None:
    r"""Type TEXT into a session; `-` types what comes on stdin.

    Nothing is added: to press Enter, let the text end in a line feed, as in `echo make | holdfast send build -` or
    `holdfast send build $'make\n'`. Returns when all of it is in the terminal, each byte once.
    """
    session_id = find_session(target.sessions(ended=True), session)["session_id"]
    import asyncio  # noqa: PLC0415  # 30 ms that commands without a connection save

    parts = _stdin() if text == "-" else _once(os.fsencode(text))
    asyncio.run(_type(target, session_id, parts))


async def _type(target: Target, session_id: str, parts: AsyncIterator[bytes]) -> None:
    import asyncio  # noqa: PLC0415  # as above

    from ..connection import ReconnectPolicy, connect  # noqa: PLC0415  # as above

    async with connect(
        session_id,
        address=target.address,
        token=target.token,
        create=False,
        replay="none",
        reconnect=ReconnectPolicy(deadline_s=_GIVE_UP_S, fresh=False),
    ) as session:

        async def read_output() -> None:
            async for _ in session:  # what is not read would stop the acknowledgements behind it
                pass

        reader = asyncio.create_task(read_output())
        try:
            async for part in parts:
                await session.send(part)
            await session.drain_input()
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _stdin() -> AsyncIterator[bytes]:
    """What comes on stdin, as it comes, without a thread that Ctrl-C could not end."""
    descriptor = sys.stdin.fileno()
    while data := await _read(descriptor):
        yield data


async def _read(descriptor: int) -> bytes:
    import asyncio  # noqa: PLC0415  # as above

    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
    except OSError:  # a regular file, which epoll(7) refuses: it never makes a reader wait
        return os.read(descriptor, _PIECE_BYTES)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _PIECE_BYTES)

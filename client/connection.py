r"""The client library: attach to a session, lose the connection, carry on at the exact byte.

    async with connect(session_id) as session:
        await session.send(b"make test\n")
        async for offset, data, is_replay in session:
            sys.stdout.buffer.write(data)

It reconnects by itself, at once and then with growing, jittered delays; output goes on where it stopped, and what was
typed meanwhile is typed once, in order. What happens beside the output is told to `on_event` (see `events`).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from ..wire.query import AttachQuery, Replay, SpawnQuery
from .address import Address
from .backoff import ReconnectPolicy
from .events import Event
from .input_queue import InputFullError, InputQueue
from .output import Output, Screen
from .session import Session
from .stream import Stream

__all__ = ["Address", "InputFullError", "Output", "ReconnectPolicy", "Screen", "Session", "connect"]

_INPUT_LIMIT_BYTES = 1 << 20
_INPUT_WINDOW_BYTES = 256 << 10
_CLIENT_ID_BYTES = 12


@asynccontextmanager
async def connect(
    session_id: str | None = None,
    *,
    address: Address | str | None = None,
    token: str | None = None,
    since: int | None = None,
    create: bool = True,
    replay: str = "all",
    mode: Literal["rw", "ro"] = "rw",
    exclusive: bool = False,
    steal: bool = False,
    client_id: str | None = None,
    window: int = 0,
    answers: bool = False,
    cols: int | None = None,
    rows: int | None = None,
    argv: Sequence[str] | None = None,
    cwd: str | None = None,
    name: str = "",
    linger: float | None = None,
    expires: float | Literal["default"] | None = "default",
    reconnect: ReconnectPolicy = ReconnectPolicy(),  # noqa: B008  # frozen
    input_limit: int = _INPUT_LIMIT_BYTES,
    on_event: Callable[[Event], None] | None = None,
) -> AsyncIterator[Session]:
    """Attach to a session, or make one; leaving the block detaches, and the session lives on.

    Args:
        session_id: session to attach to; None makes a new one.
        address: of the daemon, as `unix:PATH`, `ws://HOST:PORT` or `wss://...`; None: this user's own.
        token: for a daemon's TCP port; a Unix socket needs none.
        since: offset up to which the caller has everything; None asks for what `replay` says.
        create: take a fresh session where `session_id` cannot be had. Without it that is a RefusedError.
        replay: what is wanted where output cannot go on at `since`: `all` history as it was printed, `none` of it, or
            what the session shows, as a `Screen` (`restore`, or `restore:LINES` of scrollback; else 1,000). Who wants
            that gets it again, instead of the output between, where too much was missed.
        mode: `ro` can neither type, resize nor end.
        exclusive: be the only writer.
        steal: take that place from whoever has it.
        client_id: who is typing, for exactly-once input: the same over all connections, and, where one program
            continues another's input, over programs. None: a random one.
        window: bytes of output the daemon may send ahead of what was iterated over; 0: as many as the sockets hold.
        answers: what is shown goes to a terminal that answers queries by itself, and its answers come back by `send`.
            The daemon, which answers otherwise, then leaves that to one such client. Only for `rw`.
        cols: width of the client's terminal, in cells.
        rows: height of the client's terminal, in cells.
        argv: command of a new session; None: the user's shell.
        cwd: where a new session starts: an absolute path; None: the user's home.
        name: of a new session.
        linger: seconds that a new session outlives its last client; None: it stays.
        expires: seconds without any activity after which a new session is ended; None: never.
        reconnect: how long and how often to try when the connection breaks. The first connection is tried once.
        input_limit: bytes of input that may be queued.
        on_event: called with each event, in order with the output; it must not block.

    Raises:
        UnreachableError: no daemon answers.
        RefusedError: the daemon says no; its `code` says why.
        ConfigError: the address cannot be used.
        ValueError: `replay` is none of the above.
        WireError: what answers is not a daemon of this protocol.
    """
    if address is None:
        address = Address.local()
    elif isinstance(address, str):
        address = Address.parse(address)
    query = AttachQuery(
        session_id=session_id,
        since=since,
        create=create,
        replay=Replay.parse(replay),
        mode=mode,
        client_id=client_id or secrets.token_hex(_CLIENT_ID_BYTES),
        window=window,
        zstd=True,
        answers=answers,
        exclusive=exclusive,
        steal=steal,
        spawn=SpawnQuery(
            name=name,
            argv=None if argv is None else tuple(argv),
            cwd=cwd,
            cols=cols,
            rows=rows,
            linger=linger,
            expires=expires,
        ),
    )
    stream = Stream(
        address,
        token,
        query,
        policy=reconnect,
        input_queue=InputQueue(input_limit, _INPUT_WINDOW_BYTES),
        on_event=on_event,
    )
    session = Session(stream, await stream.open())
    try:
        yield session
    finally:
        await session.detach()

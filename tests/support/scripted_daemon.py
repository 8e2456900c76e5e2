"""A daemon that plays scripts on a real socket: what a real one does only by accident, or not yet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from holdfast.client import events
from holdfast.client.connection import ReconnectPolicy, Session, connect
from holdfast.client.pulse import Pulse
from holdfast.wire import messages
from holdfast.wire.frames import FrameKind, decode_frame, encode_frame

__all__ = [
    "DEADLINE_S",
    "OTHER_ID",
    "QUICK",
    "SESSION_ID",
    "Peer",
    "ScriptedDaemon",
    "Seen",
    "attached",
    "ended",
    "of_type",
    "rest",
]

SESSION_ID = "11111111-1111-4111-8111-111111111111"
OTHER_ID = "22222222-2222-4222-8222-222222222222"
QUICK = ReconnectPolicy(base_s=0.001, cap_s=0.01)
DEADLINE_S = 10


class Peer:
    """The daemon's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.socket = socket
        self.query = {name: values[0] for name, values in parse_qs(urlsplit(socket.request.path).query).items()}

    async def say(self, message: messages.ServerMessage) -> None:
        await self.socket.send(messages.encode(message))

    async def attach(
        self, session_id: str = SESSION_ID, *, offset: int = 0, input_seq: int = 0, **more: object
    ) -> None:
        resumed = "since" in self.query
        values = {"attach": "exact" if resumed else "fresh", "reconnected": resumed, **more}
        await self.socket.send(
            json.dumps(
                {
                    "type": "session",
                    "session_id": session_id,
                    "age_seconds": 1.0,
                    "created_at": 1.0,
                    "offset": offset,
                    "input_seq": input_seq,
                    "cols": 80,
                    "rows": 24,
                    **values,
                }
            )
        )

    async def output(self, offset: int, data: bytes, kind: FrameKind = FrameKind.OUTPUT) -> None:
        await self.socket.send(encode_frame(kind, offset, data))

    async def read_input(self) -> tuple[int, bytes]:
        while True:
            message = await self.socket.recv()
            if isinstance(message, bytes):
                frame = decode_frame(message)
                assert frame.kind is FrameKind.INPUT
                return frame.number, bytes(frame.payload)
            await self.part_politely(message)

    async def part_politely(self, message: str | bytes) -> None:
        if message == messages.encode(messages.Detach()):
            await self.socket.close(messages.CloseCode.DETACHED)

    def cut(self) -> None:
        self.socket.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class ScriptedDaemon:
    """Plays one script a connection, in order, and then waits for the client to detach."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix:{path}"
        self.scripts: list[Script] = []
        self.peers: list[Peer] = []
        self.refusals: list[tuple[HTTPStatus, str]] = []
        self.is_down: Callable[[], bool] = lambda: False
        self.failure: BaseException | None = None

    @classmethod
    @asynccontextmanager
    async def serving(cls, path: Path) -> AsyncIterator[ScriptedDaemon]:
        """Serve at a Unix socket; fails with what a script failed with."""
        one = cls(path)
        async with unix_serve(
            one.handle,
            str(path),
            subprotocols=[Subprotocol(messages.SUBPROTOCOL_BINARY)],
            process_request=one.refuse,
            close_timeout=0.5,
        ):
            yield one
        assert one.failure is None, one.failure

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        del request
        if self.is_down():
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "")
        return connection.respond(*self.refusals.pop(0)) if self.refusals else None

    async def handle(self, socket: ServerConnection) -> None:
        peer = Peer(socket)
        self.peers.append(peer)
        try:
            if self.scripts:
                await self.scripts.pop(0)(peer)
            while True:
                await peer.part_politely(await socket.recv())
        except ConnectionClosed:
            pass
        except BaseException as error:
            self.failure = error
            raise


class Seen(list[events.Event]):
    """The events so far."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = Pulse()

    def add(self, event: events.Event) -> None:
        self.append(event)
        self._changed.notify()

    async def until(self, kind: type) -> None:
        while not of_type(self, kind):
            await self._changed.wait()


@asynccontextmanager
async def attached(
    scripted: ScriptedDaemon, *scripts: Script, policy: ReconnectPolicy = QUICK, **options: object
) -> AsyncIterator[tuple[Session, Seen]]:
    scripted.scripts.extend(scripts)
    seen = Seen()
    async with (
        asyncio.timeout(DEADLINE_S),
        connect(SESSION_ID, address=scripted.address, reconnect=policy, on_event=seen.add, **options) as session,  # type: ignore[arg-type]  # options of connect
    ):
        yield session, seen


def of_type(seen: Seen, *kinds: type) -> list[events.Event]:
    return [event for event in seen if isinstance(event, kinds)]


async def ended(peer: Peer) -> None:
    await peer.say(messages.Exit(0, None))
    await peer.socket.close(messages.CloseCode.ENDED)


async def rest(session: Session) -> bytes:
    return b"".join([output.data async for output in session])

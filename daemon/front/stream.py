"""Output to one attached client: a cursor over the log, sent as fast as the client's socket and window allow.

Replay, resume and live output are the same loop, `pump`. It runs synchronously, called when the log grew, when the
socket drained, and when the client acknowledged; so a caught-up client gets its echo without a task switch. Bytes that
are no longer in the hot tail come from the store, in a task, until the cursor is back in the tail. A slow client costs
its socket buffer and one batch of chunks, whatever it misses.
"""

from __future__ import annotations

import asyncio
import logging

from ...store.chunks import ZSTD, Chunk
from ...store.errors import CorruptChunkError, GapError, StoreError
from ...wire.messages import (
    CloseCode,
    Error,
    Exit,
    InputAck,
    ReplayDone,
    ServerMessage,
    Session,
    Skipped,
)
from ..sessions.attachment import MirrorError, OutputSource, Restored
from ..sessions.cursor import Cursor
from .encoding import Encoding
from .websocket import Socket

__all__ = ["OutputStream"]

logger = logging.getLogger(__name__)

FRAME_BYTES = 64 * 1024
"""Raw bytes in one frame: as much as one burst of PTY reads; smaller than any sensible `window`."""

_BATCH_BYTES = 1 << 20
"""Stored (compressed) bytes fetched by one query during a replay: some 30 chunks of text, 1 to 2 ms of SQLite."""

_INPUT_ACK_DELAY_S = 0.02
"""Acknowledgements of input are gathered this long: a client needs them only to forget what it might send again."""

_MAX_UNSENT_CONTROL_BYTES = 4 << 20
"""A client that reads nothing still gets control messages; beyond this it is closed instead."""

_STORE_RETRY_S = 1.0

_TOO_FAR_BEHIND_BYTES = 4 << 20
"""Beyond it a client that asked for a screen is moved ahead: 4 MB take a fast terminal a good part of a second."""


class OutputStream:
    """What one client is sent. Implements `Attachment`.

    Args:
        socket: an open connection.
        client_id: the client's, or one made for it.
        encoding: how it looks on the socket.
        restore_lines: scrollback of the screen that is sent when the client is too far behind; None: never.
    """

    def __init__(self, socket: Socket, client_id: str, encoding: Encoding, *, restore_lines: int | None) -> None:
        self.client_id = client_id
        self._socket = socket
        self._encoding = encoding
        self._restore_lines = restore_lines
        self._source: OutputSource
        self._cursor = Cursor(0, 0)
        self._open = False
        self._is_held = False
        self._replay_told = False
        self._farewell: Exit | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._ack_timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    # Attachment

    def begin(self, source: OutputSource, message: Session, cursor: Cursor, restored: Restored | None) -> None:
        """Start sending: `message`, the screen where there is one, then from the cursor on."""
        if self._closing is not None:  # it lost its place while its screen was made
            return
        self._source = source
        self._cursor = cursor
        self._socket.on_writable = self._go_on
        self._open = True
        self.post(message)
        if restored is not None:
            self._send_screen(restored)
        self.pump()

    def output_ready(self) -> None:
        """The log has grown. Hot path."""
        self.pump()

    def input_applied(self) -> None:
        """Acknowledge soon."""
        if self._ack_timer is None and self._open:
            self._ack_timer = self._loop.call_later(_INPUT_ACK_DELAY_S, self._acknowledge_input)

    def post(self, message: ServerMessage) -> None:
        """Send a message, without waiting; a client that takes none of them is closed rather than buffered for ever."""
        if not self._open:  # what it says is known from the session's message
            return
        if self._socket.unsent_bytes > _MAX_UNSENT_CONTROL_BYTES:
            self.close(CloseCode.LIMIT, "not reading")
            return
        for frame in self._encoding.message(message):
            self._socket.post(frame)

    def finish(self, farewell: Exit) -> None:
        """The log will not grow any more: send the rest of it, then `farewell`, then close as ended."""
        self._farewell = farewell
        self.pump()

    def close(self, code: int, reason: str) -> None:
        """Close without further output."""
        self._open = False
        if self._closing is None:
            self._closing = self._loop.create_task(self._socket.dismiss(self._encoding.close_code(code), reason))

    # From the client

    def acknowledge(self, offset: int) -> None:
        """The client has processed output up to `offset`."""
        self._cursor.acknowledge(offset)
        self._go_on()

    def hold(self, *, is_held: bool) -> None:
        """The client wants no output for now, or output again."""
        self._is_held = is_held
        self._go_on()

    async def stop(self) -> None:
        """The connection is gone: end every task and timer of this stream."""
        self._open = False
        if self._ack_timer is not None:
            self._ack_timer.cancel()
        tasks = [task for task in (self._catching_up, self._closing) if task is not None]
        if self._catching_up is not None:
            self._catching_up.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Sending

    def pump(self) -> None:
        """Send what there is, as far as socket and window allow. Hot path: about 20 us for the echo of a keystroke."""
        if self._catching_up is not None or not self._open:
            return
        cursor, log = self._cursor, self._source.log
        while self._open:
            if not self._replay_told and not cursor.is_replay:
                self._tell_replay_done()
            if self._is_blocked:
                return
            room = cursor.room(FRAME_BYTES)
            if not room:
                return
            data = None if self._is_too_far_behind else log.read_hot(cursor.offset, room)
            if data is None:
                self._catching_up = self._loop.create_task(self._catch_up())
                return
            if not data:
                break
            self._send_bytes(data)
        if self._farewell is not None and self._open:
            self._say_farewell(self._farewell)

    @property
    def _is_blocked(self) -> bool:
        """Whether the client takes nothing for now."""
        return self._is_held or self._socket.paused

    @property
    def _is_too_far_behind(self) -> bool:
        """Whether a client that looks at a screen is better served by the screen of now than by what it missed."""
        return self._restore_lines is not None and self._source.log.tail - self._cursor.offset > _TOO_FAR_BEHIND_BYTES

    def _send_screen(self, restored: Restored) -> None:
        self._socket.post(self._encoding.screen(restored))

    def _send_bytes(self, data: bytes | memoryview) -> None:
        cursor = self._cursor
        frame = self._encoding.output(cursor.offset, data, is_replay=cursor.is_replay, prompt=self._is_at_prompt)
        if frame:
            self._socket.post(frame)
        cursor.offset += len(data)

    def _is_at_prompt(self, end: int) -> bool:
        """Whether nothing follows the output before `end`, and the shell waits."""
        return end == self._source.log.tail and self._source.shell_has_terminal()

    def _tell_replay_done(self) -> None:
        self._replay_told = True
        self.post(ReplayDone(self._cursor.offset))
        self._source.caught_up(self)

    def _acknowledge_input(self) -> None:
        self._ack_timer = None
        if self._open:
            self.post(InputAck(self._source.log.inputs.next_seq(self.client_id)))

    def _say_farewell(self, farewell: Exit) -> None:
        if rest := self._encoding.rest():
            self._socket.post(rest)
        self.post(farewell)
        self._open = False
        self._closing = self._loop.create_task(self._close_ended())

    async def _close_ended(self) -> None:
        """Let a slow client have the last words: the closing handshake has a timeout, what is before it has none."""
        self._socket.transport.set_write_buffer_limits(0)
        await self._socket.drain()
        await self._socket.close(self._encoding.close_code(CloseCode.ENDED), "session ended")

    def _go_on(self) -> None:
        self._wake.set()
        self.pump()

    # History that has left the hot tail

    async def _catch_up(self) -> None:
        try:
            while self._open:
                if self._is_too_far_behind:
                    await self._jump_ahead()
                elif self._source.log.read_hot(self._cursor.offset, 1) is None:
                    await self._replay_batch()
                else:
                    break
        except Exception:
            logger.exception("client %s: replay failed", self.client_id)
            self.close(CloseCode.INTERNAL, "internal error")
        finally:
            self._catching_up = None
        self.pump()

    async def _jump_ahead(self) -> None:
        """Skip what was missed and show the screen of now instead."""
        while self._is_blocked:  # it would be old when the client takes it
            await self._wait_until_writable()
        try:
            restored = await self._source.restore(self._restore_lines or 0)
        except MirrorError:  # it gets every byte then
            self._restore_lines = None
            return
        if self._open and restored.offset > self._cursor.offset:
            self.post(Skipped(self._cursor.offset, restored.offset, "behind", restored.first_line))
            self._source.skipped(self, self._cursor.offset, restored.offset)
            self._cursor.skip_to(restored.offset)
            self._send_screen(restored)

    async def _replay_batch(self) -> None:
        try:
            chunks = await self._source.log.read_stored(self._cursor.offset, _BATCH_BYTES)
        except GapError as gap:
            self._skip(gap.end_offset, corrupt=isinstance(gap, CorruptChunkError))
            return
        except StoreError as error:
            self.post(Error("storage", f"history cannot be read now, trying again: {error}"))
            await asyncio.sleep(_STORE_RETRY_S)
            return
        for chunk in chunks:
            await self._send_chunk(chunk)

    def _skip(self, to_offset: int, *, corrupt: bool) -> None:
        self.post(Skipped(self._cursor.offset, to_offset, "corrupt" if corrupt else "trimmed"))
        self._cursor.skip_to(to_offset)

    async def _send_chunk(self, chunk: Chunk) -> None:
        cursor = self._cursor
        if chunk.first_offset > cursor.offset:
            self._skip(chunk.first_offset, corrupt=cursor.offset >= self._source.log.head)
        whole = self._encoding.zstd and chunk.codec == ZSTD and chunk.first_offset == cursor.offset
        if whole and chunk.end_offset <= cursor.replay_until:
            while not cursor.admits_whole(chunk.raw_length) or self._is_blocked:
                await self._wait_until_writable()
            self._socket.post(self._encoding.chunk(cursor.offset, chunk.blob))
            cursor.offset = chunk.end_offset
            return
        try:
            raw = memoryview(chunk.raw())
        except StoreError:  # its checksum is right, so it was stored damaged
            self._skip(chunk.end_offset, corrupt=True)
            return
        while self._open and cursor.offset < chunk.end_offset:
            if not self._replay_told and not cursor.is_replay:
                self._tell_replay_done()
            at = cursor.offset - chunk.first_offset
            room = cursor.room(FRAME_BYTES)
            if room and not self._is_blocked:
                self._send_bytes(raw[at : at + room])
            else:
                await self._wait_until_writable()

    async def _wait_until_writable(self) -> None:
        """Wait until the socket drained or the client acknowledged."""
        self._wake.clear()
        await self._wake.wait()

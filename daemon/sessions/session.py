"""One running session: its log, its terminal, its clients, and how it ends.

Attaching is one synchronous step (take a place, note the offset, subscribe), so that history and live output meet
without a gap or an overlap. The session knows nothing of sockets: what is attached is an `Attachment`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ...store.errors import StoreError
from ...store.session_log import SessionLog
from ...store.session_records import SessionRecord
from ...store.store import Store
from ...wire.errors import RefusedError
from ...wire.messages import (
    CloseCode,
    Error,
    Exit,
    Presence,
    Resized,
    ServerMessage,
)
from ...wire.messages import Session as SessionMessage
from ...wire.query import AttachQuery, Replay
from ..keeper.link import ExitStatus
from .answering import Answering
from .attachment import Attachment, MirrorError, Restored
from .clients import Clients, Size
from .cursor import Cursor
from .departures import Departures
from .ending import Ending
from .input import accept
from .keeper_supervisor import KeeperSupervisor
from .live_record import LiveRecord
from .liveness import cwd_of
from .mirror import Mirror
from .processes import program_name
from .reports import is_typing
from .resume import Reason, Start, starting_point
from .terminal import Terminal

__all__ = ["Lifetimes", "Session", "restore_lines"]

logger = logging.getLogger(__name__)

_RESTORE_LINES = 1000
"""Scrollback that a client gets which does not say how much."""

_STORE_RETRY_S = 1.0
_LAST_WORDS_BYTES = 1 << 20
"""What is read after the process has ended. The kernel holds under 100 KB of its output; more comes from what it left
running in the background, which could go on for ever."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things may last, in seconds."""

    reconnect_window_s: float
    kill_grace_s: float


def restore_lines(replay: Replay) -> int | None:
    """Return how many lines of scrollback a client wants with its screen; None where it wants no screen."""
    if replay.kind != "restore":
        return None
    return _RESTORE_LINES if replay.lines is None else replay.lines


class Session:
    """One running session.

    Args:
        record: its row.
        log: its bytes.
        master_fd: its PTY.
        store: where record and log are kept.
        keeper: which signals and reaps its process.
        mirror: of its screen.
        lifetimes: reconnect window and grace of the kill.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        record: SessionRecord,
        log: SessionLog,
        master_fd: int,
        *,
        store: Store,
        keeper: KeeperSupervisor,
        mirror: Mirror,
        lifetimes: Lifetimes,
        clock: Callable[[], float],
    ) -> None:
        self.row = LiveRecord(record, store.records)
        self.log = log
        self.clients: Clients[Attachment] = Clients()
        self.mirror = mirror
        self.ending = Ending(record.session_id, keeper, kill_grace_s=lifetimes.kill_grace_s, finish=self._finish)
        self._store = store
        self._keeper = keeper
        self._clock = clock
        self._next_seq: dict[str, int] = {}
        self._farewell: Exit | None = None
        self.terminal = Terminal(
            master_fd,
            log,
            on_output=self._on_output,
            on_input_applied=self._on_input_applied,
        )
        self._answering = Answering(log, mirror, self.terminal, lambda: self.size)
        log.on_room = self.terminal.resume_reading
        self.terminal.resume_reading()
        self._departures = Departures(
            self.clients,
            reconnect_window_s=lifetimes.reconnect_window_s,
            linger_s=record.linger_s,
            on_given_up=self._forget_client,
            on_deserted=lambda: self.ending.begin("ended", "lingered"),
            clock=clock,
        )
        self._departures.expected()

    # What it is

    @property
    def record(self) -> SessionRecord:
        """Its row, as it is now."""
        return self.row.now

    @property
    def session_id(self) -> str:
        """UUID4."""
        return self.row.now.session_id

    @property
    def size(self) -> Size:
        """Of the terminal, in cells."""
        return Size(self.record.cols, self.record.rows)

    @property
    def exiting(self) -> bool:
        """Whether its process has ended."""
        return self.ending.has_exited

    @property
    def program(self) -> str:
        """Name of the program in the foreground, or "" where it is not known."""
        group = self.terminal.foreground_group()
        return program_name(group) if group else ""

    @property
    def ends_at(self) -> float | None:
        """When it ends because nobody comes, seconds since the epoch; None where it does not."""
        return self._departures.ends_at

    def refresh_cwd(self) -> None:
        """Note where the shell is, so that a session that takes this one's place starts there."""
        cwd = cwd_of(self.record.pid) if self.record.pid is not None else None
        if cwd is not None and cwd != self.record.cwd:
            self.row.change(cwd=cwd)
            self.row.save_soon()

    # Attaching

    async def attach(
        self,
        attachment: Attachment,
        query: AttachQuery,
        *,
        fresh: bool,
        fallback: Reason | None = None,
        previous_session_id: str | None = None,
    ) -> None:
        """Attach a client: a place first, its screen where it wants one, then offset and subscription in one step.

        Raises:
            RefusedError: another client is the only writer.
        """
        now = self._clock()
        evicted = self.clients.join(
            attachment, attachment.client_id, query.mode, exclusive=query.exclusive, steal=query.steal, now=now
        )
        for old in evicted:
            self._answering.client_gone(old)
            old.close(CloseCode.TAKEN_OVER, "another client took this place")
        self._departures.arrived()
        if query.mode == "rw" and query.spawn.cols and query.spawn.rows:
            own_size = Size(query.spawn.cols, query.spawn.rows)
            self.clients.note_size(attachment, own_size)
            self._resize(own_size, but_tell_not=attachment)
        restored = None if fresh else await self._screen_for(query)
        client_id = attachment.client_id
        queued = self.terminal.queued_seq(client_id)
        self._next_seq[client_id] = self.log.inputs.next_seq(client_id) if queued is None else queued
        # All of a fresh session is live, also what its shell printed before this line: it may ask, and wants an answer.
        replay_until = 0 if fresh else self.log.tail
        start = Start("fresh", 0, 0) if fresh else self._start(query, restored)
        message = SessionMessage(
            session_id=self.session_id,
            reconnected=not fresh,
            age_seconds=round(max(0.0, now - self.record.created_at), 3),
            created_at=self.record.created_at,
            attach=start.attach,
            offset=start.offset,
            input_seq=self._next_seq[client_id],
            cols=self.record.cols,
            rows=self.record.rows,
            fallback=fallback,
            previous_session_id=previous_session_id,
            client_id=client_id,
            name=self.record.name,
            trimmed_bytes=start.trimmed_bytes,
            replay_until=replay_until,
            # Told until the client types again: the connection may break before it hears of it.
            input_unknown=self.log.inputs.unknown(client_id),
            exclusive=self.clients.exclusive_id,
            first_line=None if restored is None else restored.first_line,
        )
        if self.clients.find(attachment) is not None:  # it may have lost its place while its screen was made
            self._answering.client_came(
                attachment,
                answers=query.answers and query.mode == "rw",
                live_from=replay_until,
                history=start.offset < replay_until,
            )
        attachment.begin(self, message, Cursor(start.offset, replay_until, query.window), restored)
        if self._farewell is not None:  # a command that was done before its client was attached
            attachment.finish(self._farewell)
            return
        self._note_client_change()

    async def _screen_for(self, query: AttachQuery) -> Restored | None:
        """Return the screen for a client that wants one and cannot go on where it was."""
        lines = restore_lines(query.replay)
        start = starting_point(query.since, self.log.head, self.log.tail, query.replay)
        if lines is None or start.attach != "restore":
            return None
        try:
            return await self.restore(lines)
        except MirrorError as error:
            logger.info("session %s: history instead of the screen: %s", self.session_id, error)
            return None

    def _start(self, query: AttachQuery, restored: Restored | None) -> Start:
        if restored is None:
            replay = Replay() if query.replay.kind == "restore" else query.replay
            return starting_point(query.since, self.log.head, self.log.tail, replay)
        start = starting_point(query.since, self.log.head, self.log.tail, query.replay)
        return Start("restore", restored.offset, start.trimmed_bytes)

    async def restore(self, lines: int) -> Restored:
        """See `OutputSource`."""
        return await self.mirror.restore(lines)

    def caught_up(self, attachment: Attachment) -> None:
        """See `OutputSource`."""
        self._answering.client_caught_up(attachment)

    def skipped(self, attachment: Attachment, from_offset: int, to_offset: int) -> None:
        """See `OutputSource`."""
        self._answering.client_skipped(attachment, from_offset, to_offset)

    def leave(self, attachment: Attachment) -> None:
        """The client detached: it keeps no place."""
        self._answering.client_gone(attachment)
        if self.clients.leave(attachment) and not self.exiting:
            self._forget_client(attachment.client_id)
            self._departures.left()

    def vanish(self, attachment: Attachment) -> None:
        """The client's connection broke: its place waits for it."""
        self._answering.client_gone(attachment)
        place = self.clients.vanish(attachment, self._clock())
        if place is not None and not self.exiting:
            self._departures.vanished(place)
            self._note_client_change()

    def _forget_client(self, client_id: str) -> None:
        self._next_seq.pop(client_id, None)
        self._note_client_change()

    def _note_client_change(self) -> None:
        self.tell(Presence(self.clients.presence()))
        self.row.change(last_activity_at=self._clock())

    def tell(self, message: ServerMessage) -> None:
        """Send a message to every client."""
        for attachment in self.clients.connected:
            attachment.post(message)

    # What clients do

    def type(self, attachment: Attachment, seq: int | None, data: bytes) -> None:
        """Type `data` into the terminal, except what was typed already.

        Raises:
            RefusedError: `read_only`, or `input_gap`.
        """
        if self._is_stranger(attachment, "type"):
            return
        client_id = attachment.client_id
        expected = self._next_seq[client_id]
        new = accept(expected, seq, data)
        own_size = self.clients.size_of(attachment)
        if own_size is not None and is_typing(new):
            self._resize(own_size)
        self._next_seq[client_id] = end = expected + len(new)
        self.row.note_activity(self._clock())
        if new:
            admitted = self._answering.admit(attachment, new)
            self.terminal.write(admitted, client_id=client_id, seq=end - len(admitted))

    def resize(self, attachment: Attachment, size: Size) -> None:
        """The client's own terminal has another size now. Raises RefusedError `read_only`."""
        if not self._is_stranger(attachment, "resize"):
            self.clients.note_size(attachment, size)
            self._resize(size)

    def request_end(self, attachment: Attachment) -> None:
        """The client wants the session to end. Raises RefusedError `read_only`."""
        if not self._is_stranger(attachment, "end the session"):
            self.ending.begin("ended", "by request")

    def _is_stranger(self, attachment: Attachment, act: str) -> bool:
        """Whether it has lost its place meanwhile, which is no error of the client. Raises RefusedError `read_only`."""
        place = self.clients.find(attachment)
        if place is not None and place.mode == "ro":
            raise RefusedError("read_only", f"attached read-only: cannot {act}; attach again without --read-only")
        return place is None or self.exiting

    def _resize(self, size: Size, *, but_tell_not: Attachment | None = None) -> None:
        if size == self.size:
            return
        self.row.change(cols=size.cols, rows=size.rows)
        self.log.note_resize(size.cols, size.rows)
        self.mirror.resized(size)
        self.terminal.resize(size)
        for attachment in self.clients.connected:
            if attachment is not but_tell_not:
                attachment.post(Resized(size.cols, size.rows))

    def shell_has_terminal(self) -> bool:
        """See `OutputSource`."""
        return self.record.pid is not None and self.terminal.foreground_group() == self.record.pid

    # Terminal events

    def _on_output(self) -> None:
        for attachment in self.clients.connected:
            attachment.output_ready()
        self._answering.on_output()
        self.mirror.grew()
        # Behind what the clients wait for. A shell that dies has no folder any more, so its last one is kept.
        self.refresh_cwd()
        self.row.note_activity(self._clock())

    def _on_input_applied(self, client_id: str) -> None:
        for attachment in self.clients.connected:
            if attachment.client_id == client_id:
                attachment.input_applied()

    # How it ends

    async def _finish(self, status: ExitStatus) -> None:
        """Take the rest of its output, tell the clients, store the end."""
        self._departures.cancel()
        await self.row.settle()
        await self._drain_terminal()
        self.terminal.close()
        await self._answering.close()
        await self.mirror.close()
        self.row.change(
            state=self.ending.state,
            end_reason=self.ending.reason,
            exit_code=status.code,
            exit_signal=status.signal,
            ended_at=self._clock(),
            pid=None,
        )
        self._farewell = Exit(status.code, status.signal)
        for attachment in self.clients.connected:
            attachment.finish(self._farewell)
        await self._store_end()

    async def _drain_terminal(self) -> None:
        left = _LAST_WORDS_BYTES - self.terminal.drain(_LAST_WORDS_BYTES)
        while self.log.full and left > 0:  # the store is behind: wait for it rather than lose the last words
            try:
                await self._store.flusher.flush(self.log)
            except StoreError:
                await asyncio.sleep(_STORE_RETRY_S)
            left -= self.terminal.drain(left)

    async def _store_end(self) -> None:
        """Store the end, however long the store takes to come back; the keeper remembers it until then."""
        while True:
            try:
                await self.row.save()
                await self.log.close(keep_tail=False)
                break
            except StoreError as error:
                logger.warning("session %s: its end is not stored yet: %s", self.session_id, error)
                await asyncio.sleep(_STORE_RETRY_S)
        await self._keeper.forget(self.session_id)

    async def let_go(self) -> None:
        """The daemon stops: let go of clients and terminal; the process lives on in the keeper. `release` follows."""
        self._departures.cancel()
        await self.ending.abandon()
        for attachment in self.clients.connected:
            attachment.close(CloseCode.STOPPING, "the daemon stops; come back")
        self.terminal.close()
        await self._answering.close()
        await self.mirror.close()
        self.refresh_cwd()

    async def release(self) -> None:
        """Store what is not stored. Raises StoreError."""
        await self.row.settle()
        await self.row.save()
        await self.log.close(keep_tail=True)

    def report(self, code: str, message: str) -> None:
        """Tell every client of trouble."""
        self.tell(Error(code, message))

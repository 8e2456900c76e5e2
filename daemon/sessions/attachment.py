"""The line between sessions and the front: what a session tells a client, and what the client reads from it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ...store.session_log import SessionLog
from ...wire.messages import Exit, ServerMessage, Session
from .cursor import Cursor

__all__ = ["Attachment", "MirrorError", "OutputSource", "Restored"]


class Restored(NamedTuple):
    """Escape sequences that bring a terminal to what the session shows.

    Attributes:
        offset: bytes of output behind which it shows that.
        data: the sequences.
        first_line: number of the first line of scrollback in them.
    """

    offset: int
    data: bytes
    first_line: int


class MirrorError(Exception):
    """There is no mirror of the screen; the text says why."""


class OutputSource(Protocol):
    """Where an attached client's output comes from."""

    @property
    def log(self) -> SessionLog:
        """Everything that was printed."""
        ...  # a protocol's property needs a body that returns nothing

    def shell_has_terminal(self) -> bool:
        """Whether the session's own process is in the foreground: a shell that is there waits at its prompt."""
        ...  # the same

    async def restore(self, lines: int) -> Restored:
        """Return the screen of now, with at most `lines` of scrollback. Raises MirrorError."""
        ...  # the same

    def caught_up(self, attachment: Attachment) -> None:
        """All history was sent: what follows is live."""

    def skipped(self, attachment: Attachment, from_offset: int, to_offset: int) -> None:
        """These bytes are not sent; the screen behind them is."""


class Attachment(Protocol):
    """A client, as a session sees it. Nothing here waits."""

    client_id: str

    def begin(self, source: OutputSource, message: Session, cursor: Cursor, restored: Restored | None) -> None:
        """Start sending: `message`, the screen where there is one, then from the cursor on. Before it, send nothing."""

    def output_ready(self) -> None:
        """The log has grown. Hot path."""

    def input_applied(self) -> None:
        """Input of this client reached the terminal."""

    def post(self, message: ServerMessage) -> None:
        """Send a message."""

    def finish(self, farewell: Exit) -> None:
        """The log will not grow any more: send the rest of it, then `farewell`, then close as ended."""

    def close(self, code: int, reason: str) -> None:
        """Close without further output."""

"""The line between sessions and the front: what a session tells a client, and what the client reads from it."""

from __future__ import annotations

from typing import Protocol

from ...store.session_log import SessionLog
from ...wire.messages import Exit, ServerMessage, Session
from .cursor import Cursor

__all__ = ["Attachment", "OutputSource"]


class OutputSource(Protocol):
    """Where an attached client's output comes from."""

    @property
    def log(self) -> SessionLog:
        """Everything that was printed."""
        ...  # a protocol's property needs a body that returns nothing

    def shell_has_terminal(self) -> bool:
        """Whether the session's own process is in the foreground: a shell that is there waits at its prompt."""
        ...  # the same


class Attachment(Protocol):
    """A client, as a session sees it. Nothing here waits."""

    client_id: str

    def begin(self, source: OutputSource, message: Session, cursor: Cursor) -> None:
        """Start sending from the cursor, `message` first."""

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

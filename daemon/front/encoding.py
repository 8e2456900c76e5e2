"""How what a client is sent looks on its socket: one encoding for each subprotocol. Pure, but for what JSON holds back.

A stream decides what is sent, and when; an encoding makes frames of it, and knows nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ...wire.frames import FrameKind, encode_frame
from ...wire.messages import Output, ServerMessage, encode
from ..sessions.attachment import Restored
from .text import Text, TextStream

__all__ = ["BinaryEncoding", "Encoding", "Frame", "JsonEncoding"]

Frame = str | bytes
"""A text message, or a binary one."""


class Encoding(Protocol):
    """Frames for one client.

    Attributes:
        zstd: stored chunks may be sent as they are.
    """

    zstd: bool

    def message(self, message: ServerMessage) -> Sequence[Frame]:
        """Return what says this; nothing where the client would not understand it."""
        ...  # a protocol needs a body

    def screen(self, restored: Restored) -> Frame:
        """Return the screen, sent at the beginning or in place of output that is left out."""
        ...  # the same

    def output(self, offset: int, data: bytes | memoryview, *, is_replay: bool, prompt: Callable[[int], bool]) -> Frame:
        """Return output that begins at an offset; an empty one where it is held back. Hot path.

        Args:
            offset: of its first byte.
            data: what was printed.
            is_replay: it is history.
            prompt: whether the shell waits at its prompt behind output up to an offset.
        """
        ...  # the same

    def chunk(self, offset: int, blob: bytes) -> Frame:
        """Return a stored chunk, packed; only with `zstd`."""
        ...  # the same

    def rest(self) -> Frame:
        """Return what was held back, at the end of all output; may be empty."""
        ...  # the same

    def close_code(self, code: int) -> int:
        """Return the code that tells this client why it is closed."""
        ...  # the same


class BinaryEncoding:
    """Subprotocol `holdfast.v1`."""

    def __init__(self, *, zstd: bool) -> None:
        self.zstd = zstd

    def message(self, message: ServerMessage) -> Sequence[Frame]:
        """See `Encoding`."""
        return (encode(message),)

    def screen(self, restored: Restored) -> Frame:
        """See `Encoding`."""
        return encode_frame(FrameKind.RESTORE, restored.offset, restored.data)

    def output(
        self,
        offset: int,
        data: bytes | memoryview,
        *,
        is_replay: bool,
        prompt: Callable[[int], bool],  # noqa: ARG002  # clients of this kind look at bytes alone
    ) -> Frame:
        """See `Encoding`."""
        return encode_frame(FrameKind.REPLAY if is_replay else FrameKind.OUTPUT, offset, data)

    def chunk(self, offset: int, blob: bytes) -> Frame:
        """See `Encoding`."""
        return encode_frame(FrameKind.REPLAY_ZSTD, offset, blob)

    def rest(self) -> Frame:
        """See `Encoding`."""
        return b""

    def close_code(self, code: int) -> int:
        """See `Encoding`."""
        return code


class JsonEncoding:
    """Subprotocol `holdfast.json`, or none."""

    zstd = False

    def __init__(self) -> None:
        self._text = TextStream()

    def message(self, message: ServerMessage) -> Sequence[Frame]:
        """See `Encoding`."""
        return (encode(message),)

    def screen(self, restored: Restored) -> Frame:
        """See `Encoding`."""
        self._text = TextStream()  # a character that is not whole yet is completed by what follows
        piece = self._text.feed(restored.offset - len(restored.data), restored.data)
        return encode(Output(piece.text, True, False, piece.end, piece.end))

    def output(self, offset: int, data: bytes | memoryview, *, is_replay: bool, prompt: Callable[[int], bool]) -> Frame:
        """See `Encoding`."""
        return _text(self._text.feed(offset, bytes(data)), is_replay=is_replay, prompt=prompt)

    def chunk(self, offset: int, blob: bytes) -> Frame:
        """See `Encoding`."""
        raise NotImplementedError

    def rest(self) -> Frame:
        """See `Encoding`."""
        piece = self._text.finish()
        return "" if piece is None else _text(piece, is_replay=False, prompt=lambda _end: False)

    def close_code(self, code: int) -> int:
        """See `Encoding`."""
        return code


def _text(piece: Text, *, is_replay: bool, prompt: Callable[[int], bool]) -> str:
    if not piece.text:
        return ""
    is_prompt = not piece.text.endswith("\n") and prompt(piece.end)
    return encode(Output(piece.text, is_replay, is_prompt, piece.offset, piece.end))

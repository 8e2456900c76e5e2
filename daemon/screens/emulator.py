"""The native library: terminals made, set up, and written as snapshots."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import ScreenError, ScreensMissingError

__all__ = [
    "MAX_UNFINISHED_BYTES",
    "available",
    "blank",
    "check",
    "decode",
    "encode",
    "ffi",
    "lib",
    "set_option",
    "set_up",
]

ffi: Any = None
lib: Any = None
_missing: str | None = None
try:
    ffi, lib = (getattr(importlib.import_module("pyghostty._ffi"), name) for name in ("ffi", "lib"))
except (ImportError, OSError) as error:  # no wheel for this platform, or its library does not load
    _missing = str(error)

MAX_UNFINISHED_BYTES = 64 * 1024
"""Longest unfinished sequence that is remembered."""


def available() -> str | None:
    """Return why screens cannot be made; None where they can."""
    return _missing


def check(result: int, what: str) -> None:
    """Raise ScreenError where a call of the library returned an error; `what` it was to do."""
    if result:
        raise ScreenError(f"the terminal emulator cannot {what}: error {result}")


def blank(cols: int, rows: int) -> Any:
    """Return a new terminal. Raises ScreenError."""
    _require()
    handle = ffi.new("GhosttyTerminal *")
    check(lib.ghostty_terminal_new(ffi.NULL, handle, cols, rows), "make a terminal")
    return handle[0]


def set_up(terminal: Any, reply: Any) -> None:
    """Give a terminal its bounds: images, glyphs and clipboards that programs send are not kept, no file is ever read.

    Args:
        terminal: new.
        reply: callback for answers to queries; must live as long as the terminal.
    """
    set_option(terminal, "WRITE_PTY", reply)
    set_option(terminal, "CONTINUATION_MAX_BYTES", ffi.new("size_t *", MAX_UNFINISHED_BYTES))
    set_option(terminal, "KITTY_IMAGE_STORAGE_LIMIT", ffi.new("uint64_t *", 0))
    set_option(terminal, "KITTY_IMAGE_MEDIUM_FILE", ffi.new("bool *", False))
    set_option(terminal, "KITTY_IMAGE_MEDIUM_TEMP_FILE", ffi.NULL)
    set_option(terminal, "KITTY_IMAGE_MEDIUM_SHARED_MEM", ffi.new("bool *", False))
    set_option(terminal, "GLYPH_PROTOCOL", ffi.new("bool *", False))
    set_option(terminal, "CLIPBOARD_WRITE_MAX_BYTES", ffi.new("size_t *", 0))


def set_option(terminal: Any, name: str, value: Any) -> None:
    """Set an option of a terminal. Raises ScreenError."""
    check(lib.ghostty_terminal_set(terminal, getattr(lib, f"GHOSTTY_TERMINAL_OPT_{name}"), value), name)


def encode(terminal: Any) -> bytes:
    """Return the snapshot of a terminal. Raises ScreenError."""
    data = ffi.new("uint8_t **")
    length = ffi.new("size_t *")
    check(lib.ghostty_snapshot_encode_alloc(terminal, ffi.NULL, data, length), "take a snapshot")
    try:
        return bytes(ffi.buffer(data[0], length[0]))
    finally:
        lib.ghostty_free(ffi.NULL, data[0], length[0])


def decode(data: bytes) -> Any:
    """Return the terminal of a snapshot. Raises ScreenError where the bytes are none, or damaged."""
    _require()
    what = "read a checkpoint"
    decoder, handle = ffi.new("GhosttySnapshotDecoder *"), ffi.new("GhosttyTerminal *")
    source = ffi.from_buffer("uint8_t[]", data)
    check(lib.ghostty_snapshot_decoder_new_buf(ffi.NULL, decoder, source, len(data)), what)
    options = {"MAX_CONTINUATION_BYTES": ffi.new("size_t *", MAX_UNFINISHED_BYTES)}
    options["RETAIN_CONTINUATION"] = ffi.new("bool *", True)
    try:
        for name, value in options.items():
            key = getattr(lib, f"GHOSTTY_SNAPSHOT_DECODER_OPT_{name}")
            check(lib.ghostty_snapshot_decoder_set(decoder[0], key, value), what)
        check(lib.ghostty_snapshot_decoder_decode(decoder[0], handle), what)
    finally:
        lib.ghostty_snapshot_decoder_free(decoder[0])
    return handle[0]


def _require() -> None:
    if _missing is not None:
        raise ScreensMissingError(f"no terminal emulator: {_missing}")

"""Parameters of HTTP routes, read with care. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from ...wire.errors import QueryError
from ...wire.frames import MAX_NUMBER

__all__ = ["flag", "number"]

Default = TypeVar("Default", int, None)


def flag(parameters: Mapping[str, str], name: str, default: Literal["0", "1"] = "0") -> bool:
    """Return a flag. Raises QueryError."""
    text = parameters.get(name, default)
    if text not in ("0", "1"):
        raise QueryError(f"{name} must be 0 or 1, not {text[:60]!r}")
    return text == "1"


def number(parameters: Mapping[str, str], name: str, default: Default) -> int | Default:
    """Return a whole number. Raises QueryError."""
    text = parameters.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= MAX_NUMBER):  # noqa: PLR2004  # 2**53 has 16 digits
        raise QueryError(f"{name} must be a whole number from 0 to {MAX_NUMBER}, not {text[:60]!r}")
    return int(text)

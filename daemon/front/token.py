"""The bearer token of the TCP port: 256 random bits in a file that only its owner reads."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from ...wire.paths import Paths, read_private_text, write_private_text

__all__ = ["Token"]

_RANDOM_BYTES = 32


class Token:
    """The token in force."""

    def __init__(self, paths: Paths) -> None:
        """Read the token, or make one. Raises ConfigError."""
        self._file = paths.token_file
        self._value = (read_private_text(self._file) or "").strip()
        if not self._value:
            self.rotate()

    def rotate(self) -> str:
        """Put a new token in place of the old one and return it. Raises ConfigError; then the old one stays."""
        value = secrets.token_urlsafe(_RANDOM_BYTES)
        write_private_text(self._file, f"{value}\n")
        self._value = value
        return value

    def matches(self, candidate: str) -> bool:
        """Whether this is the token, in constant time."""
        return hmac.compare_digest(self._value.encode(), candidate.encode(errors="replace"))

    @property
    def hash(self) -> str:
        """SHA-256 of it in hex: names it, without being of any use."""
        return hashlib.sha256(self._value.encode()).hexdigest()

"""How much the store keeps, and for how long. The figures behind the defaults are in docs/architecture.md."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StoreLimits"]


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """Limits of one store.

    Attributes:
        ring_bytes: size of each session's hot tail; sparse, so a quiet session uses far less. At least four chunks. A
            flood of 60 MB/s needs 2 MiB while a commit of 30 ms runs.
        chunk_bytes: raw bytes at which a chunk is sealed.
        session_bytes: raw bytes of history kept for one session; older chunks are trimmed first.
        total_bytes: raw bytes kept over all sessions; the oldest ended sessions go first. The default holds forty
            full sessions: 130 MB of disk where output is repetitive (packed to a sixteenth), 850 MB where its words
            are random (to two fifths).
        retention_s: seconds for which the history of an ended session is kept.
    """

    ring_bytes: int = 2 << 20
    chunk_bytes: int = 256 * 1024
    session_bytes: int = 50_000_000
    total_bytes: int = 2_000_000_000
    retention_s: float = 7 * 86_400.0

    def __post_init__(self) -> None:
        """Refuse limits under which a session could never be stored.

        Raises:
            ValueError: the text names the field.
        """
        if self.chunk_bytes < 4096:  # noqa: PLR2004  # one PTY read
            raise ValueError(f"chunk_bytes must be at least 4096, not {self.chunk_bytes}")
        if self.ring_bytes < 4 * self.chunk_bytes or self.ring_bytes % 4096:
            raise ValueError(f"ring_bytes must be a multiple of 4096 and hold four chunks, not {self.ring_bytes}")
        if self.session_bytes < self.chunk_bytes or self.total_bytes < self.session_bytes:
            raise ValueError("total_bytes must hold a session's session_bytes, and that a chunk")
        if self.retention_s < 0:
            raise ValueError(f"retention_s must not be negative, but is {self.retention_s}")

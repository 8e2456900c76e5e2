"""What can go wrong between daemon and keeper.

HoldfastError
├── KeeperError            the keeper cannot be reached, is lost, or refuses
│   └── KeeperAbsent       no keeper listens at the socket
└── SpawnError             the command does not run
"""

from __future__ import annotations

from ...wire.errors import HoldfastError

__all__ = ["KeeperAbsent", "KeeperError", "SpawnError"]


class KeeperError(HoldfastError):
    """The keeper cannot be reached, is lost, or refuses."""


class KeeperAbsent(KeeperError):  # noqa: N818  # names the case, among errors that are called so
    """No keeper listens at the socket: start one."""


class SpawnError(HoldfastError):
    """A command does not run; nothing is left of the attempt.

    Attributes:
        stage: `command` (it cannot be executed), `cwd` (it cannot start there) or `fork` (no process or terminal).
        errno: of the system call that failed, or None.
    """

    def __init__(self, stage: str, errno: int | None, text: str) -> None:
        super().__init__(text)
        self.stage = stage
        self.errno = errno

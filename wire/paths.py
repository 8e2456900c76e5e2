"""Where the daemon and its clients meet on one machine: folders, sockets, the token.

Both ends compute the same places from the same environment, and talk only through them. `HOLDFAST_HOME` puts everything
under one folder; otherwise the XDG directories are used, by platformdirs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ConfigError

__all__ = [
    "MAX_SOCKET_PATH_BYTES",
    "Paths",
    "make_private_dir",
    "make_runtime_dirs",
    "read_private_text",
    "write_private_text",
]

MAX_SOCKET_PATH_BYTES = 103
"""unix(7): sun_path has 108 bytes with its NUL on Linux, 104 on macOS."""

_LONGEST_SOCKET_NAME = "keeper.sock"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one Holdfast home, and what is in them.

    Attributes:
        config_dir: `config.toml`, written by the user.
        data_dir: what must outlive a reboot: the store, the token, the logins, the log of the daemon.
        runtime_dir: what need not: sockets and hot tails. On tmpfs where the machine has one for the user.
    """

    config_dir: Path
    data_dir: Path
    runtime_dir: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Paths:
        """Find the folders; none is made.

        Raises:
            ConfigError: `HOLDFAST_HOME` is not an absolute path.
        """
        home = environ.get("HOLDFAST_HOME")
        if home:
            root = Path(home)
            if not root.is_absolute():
                raise ConfigError(f"HOLDFAST_HOME must be an absolute path, not {home!r}")
            return cls(root, root / "data", _short_enough(root / "run", root))
        import platformdirs  # noqa: PLC0415  # 4 ms that no command with HOLDFAST_HOME needs

        data = platformdirs.user_data_path("holdfast")
        return cls(platformdirs.user_config_path("holdfast"), data, _short_enough(_user_runtime_dir(environ), data))

    @property
    def config_file(self) -> Path:
        """The user's settings; may be missing."""
        return self.config_dir / "config.toml"

    @property
    def database(self) -> Path:
        """The session store."""
        return self.data_dir / "sessions.db"

    @property
    def token_file(self) -> Path:
        """The bearer token of the TCP port, 0600."""
        return self.data_dir / "token"

    @property
    def logins_file(self) -> Path:
        """The logins of the page, as hashes, 0600."""
        return self.data_dir / "logins.json"

    @property
    def daemon_log(self) -> Path:
        """What a daemon in the background has to say."""
        return self.data_dir / "daemon.log"

    @property
    def keeper_log(self) -> Path:
        """What the keeper has to say; hardly ever anything."""
        return self.data_dir / "keeper.log"

    @property
    def lock_file(self) -> Path:
        """Held with flock(2) by the one daemon of this home."""
        return self.data_dir / "daemon.lock"

    @property
    def socket(self) -> Path:
        """Unix socket of the daemon."""
        return self.runtime_dir / "daemon.sock"

    @property
    def keeper_socket(self) -> Path:
        """Unix socket of the keeper."""
        return self.runtime_dir / _LONGEST_SOCKET_NAME

    @property
    def tails_dir(self) -> Path:
        """One hot tail a session."""
        return self.runtime_dir / "tails"


def _user_runtime_dir(environ: Mapping[str, str]) -> Path:
    """The user's own tmpfs, also where a login without a session (cron, su) did not set XDG_RUNTIME_DIR."""
    named = environ.get("XDG_RUNTIME_DIR")
    for candidate in (named, f"/run/user/{os.getuid()}"):
        if candidate and os.path.isabs(candidate) and os.access(candidate, os.W_OK):  # noqa: PTH117  # a text so far
            return Path(candidate, "holdfast")
    return Path(tempfile.gettempdir(), f"holdfast-{os.getuid()}")


def _short_enough(runtime_dir: Path, identity: Path) -> Path:
    if len(os.fsencode(runtime_dir / _LONGEST_SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES:
        return runtime_dir
    digest = hashlib.sha256(os.fsencode(identity)).hexdigest()[:12]
    return Path("/tmp", f"holdfast-{os.getuid()}-{digest}")  # noqa: S108  # made 0700 and checked for its owner


def make_private_dir(path: Path) -> None:
    """Make a folder 0700 with its parents, or check one that is there.

    Raises:
        ConfigError: it cannot be made, belongs to another user, or is open to others and cannot be closed.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            raise ConfigError(f"{path} must be a folder of your own; it belongs to uid {status.st_uid}")
        if status.st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"cannot use {path}: {error.strerror}; make it writable, or set HOLDFAST_HOME to a folder that is"
        ) from None


def make_runtime_dirs(paths: Paths) -> None:
    """Make the folders of sockets and hot tails, which others may remove at any time. Raises ConfigError."""
    for folder in (paths.runtime_dir, paths.tails_dir):
        make_private_dir(folder)


def write_private_text(path: Path, text: str) -> None:
    """Put a small file in place at once, readable by its owner only. Raises ConfigError."""
    make_private_dir(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # a read-only file system refuses this too
            draft.unlink()
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None


def read_private_text(path: Path) -> str | None:
    """Return the text of such a file, or None where there is none. Raises ConfigError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None

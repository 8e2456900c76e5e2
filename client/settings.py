"""The `[client]` table of `config.toml`: how this user's command line behaves."""

from __future__ import annotations

from dataclasses import dataclass

from ..wire.paths import Paths
from ..wire.settings import load_tables, read_table

__all__ = ["ClientSettings", "load_settings"]

_TAB_ENTER_ESCAPE = (9, 10, 13, 27)  # nobody could use a shell that lost one of these
_CONTROL_KEYS = {
    f"ctrl-{chr(code | 0x40).lower()}": bytes((code,)) for code in range(1, 32) if code not in _TAB_ENTER_ESCAPE
}


@dataclass(frozen=True, slots=True)
class ClientSettings:
    r"""Settings of the command line.

    Attributes:
        detach_key: key that leaves an attached session, as `ctrl-` and a letter (not i, j, m: Tab and Enter) or
            one of `\ ] ^ _`; `none` disables it.
    """

    detach_key: str = "ctrl-\\"

    def __post_init__(self) -> None:
        if self.detach_key != "none" and self.detach_key.lower() not in _CONTROL_KEYS:
            raise ValueError(
                "client.detach_key must be 'none', or 'ctrl-' with a letter other than i, j, m or one of \\ ] ^ _ "
                f"(in single quotes: TOML reads escapes in double ones), not {self.detach_key!r}"
            )

    @property
    def detach_byte(self) -> bytes | None:
        """What a terminal sends for the detach key; None where it is disabled."""
        return _CONTROL_KEYS.get(self.detach_key.lower())


def load_settings(paths: Paths) -> ClientSettings:
    """Read the user's settings. Raises ConfigError."""
    return read_table(ClientSettings, load_tables(paths.config_file), "client", paths.config_file)

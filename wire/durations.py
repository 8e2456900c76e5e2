"""Durations as people write them: `90`, `30s`, `5m`, `24h`, `7d`, `never`."""

from __future__ import annotations

import re

__all__ = ["parse_duration"]

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_MAX_S = 999_999_999.0
"""31 years; what is longer is `never`. Seconds up to here are written as the same text that is read."""

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhdw]?)", re.ASCII)


def parse_duration(text: str) -> float | None:
    """Return seconds, to the millisecond, or None for `never`.

    Raises:
        ValueError: not a duration, or one of more than 31 years.
    """
    if text == "never":
        return None
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write 90, 30s, 5m, 24h, 7d or never")
    seconds = round(float(match[1]) * _UNITS_S[match[2]], 3)
    if seconds > _MAX_S:
        raise ValueError(f"{text!r} is more than 31 years; write never")
    return seconds

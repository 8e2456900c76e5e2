"""One quiet line on the last row while the connection is lost. Pure.

There is no model of the screen here, so what the line covers cannot be put back: it appears only when an outage lasts,
stays on one row, leaves the cursor where it was, and the program is asked to repaint once it is gone.
"""

from __future__ import annotations

import math
import re

__all__ = ["ERASE", "count_keys", "lost_text", "paint"]

# DECSC, DECRC: cursor, attributes, character set and origin mode are put back. The column is the first of the last row.
_TO_LAST_ROW = b"\x1b7\x1b[?6l\x1b[999;1H"
_BACK = b"\x1b8"
_INVERSE, _PLAIN = b"\x1b[0;7m", b"\x1b[0m"

ERASE = _TO_LAST_ROW + _PLAIN + b"\x1b[2K" + _BACK

_KEY = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\x1b])?|[^\x80-\xbf]", re.DOTALL)


def count_keys(data: bytes) -> int:
    """Return about how many key presses make these bytes: a character or an escape sequence is one."""
    return len(_KEY.findall(data))


def lost_text(retry_in_s: float, keys_waiting: int, *, full: bool, detach_label: str | None) -> str:
    """Say what is going on.

    Args:
        retry_in_s: seconds until the next attempt; 0 or less while one is under way.
        keys_waiting: typed and not delivered.
        full: no more can be kept.
        detach_label: key that leaves; None where there is none.
    """
    parts = ["connection lost", f"next try in {math.ceil(retry_in_s)} s" if retry_in_s > 0 else "trying again"]
    if keys_waiting:
        parts.append(f"{keys_waiting} {'key' if keys_waiting == 1 else 'keys'} waiting")
    if full:
        parts.append("no room for more")
    if detach_label is not None:
        parts.append(f"{detach_label} detaches")
    return "holdfast: " + ", ".join(parts)


def paint(text: str, cols: int) -> bytes:
    """Return what shows ASCII `text` on the last row of a terminal `cols` cells wide, cut so that it cannot wrap."""
    return _TO_LAST_ROW + _INVERSE + b" %s " % text.encode()[: max(0, cols - 3)] + _PLAIN + b"\x1b[K" + _BACK

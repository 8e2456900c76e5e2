"""Which session a person means: by its id, its name, or the beginning of its id. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import click

from ...wire.errors import RefusedError
from .table import clean

__all__ = ["SessionStatus", "find_session", "is_running", "short_ids", "suggestions"]

SessionStatus: TypeAlias = dict[str, Any]
"""A session as `GET /api/sessions` describes it."""

_SHORT_ID_CHARS = 8
_PLAIN_WORD = re.compile(r"[\w@%+./-]+", re.ASCII)


def is_running(session: SessionStatus) -> bool:
    """Whether there is a process behind it."""
    return bool(session["state"] == "running")


def find_session(sessions: Sequence[SessionStatus], text: str, *, ended: bool = False) -> SessionStatus:
    """Return the session that `text` names.

    An id goes before a name, a name before the beginning of an id; a running session before one that has ended, and of
    several that have ended under one name, the latest.

    Args:
        sessions: all of them, ended ones too, in the order of their latest activity.
        text: id, name, or the beginning of an id.
        ended: whether one that has ended will do.

    Raises:
        click.UsageError: it could be any of several.
        RefusedError: `not_found` or `ended`.
    """
    if not text:
        raise click.UsageError("SESSION is empty; 'holdfast ls' shows names and ids")
    ordered = sorted(sessions, key=lambda session: not is_running(session))  # stable
    exact = [session for session in ordered if session["session_id"] == text]
    named = [session for session in ordered if session["name"] == text]
    found = next(iter(exact or named), None) or _by_prefix(ordered, text.lower())
    if found is None:
        raise RefusedError("not_found", f"there is no session {clean(text)!r}; 'holdfast ls --all' shows them all")
    if not ended and not is_running(found):
        short = found["session_id"][:_SHORT_ID_CHARS]
        raise RefusedError("ended", f"session {clean(text)!r} has ended; 'holdfast log {short}' shows its history")
    return found


def _by_prefix(sessions: Sequence[SessionStatus], prefix: str) -> SessionStatus | None:
    matching = [session for session in sessions if session["session_id"].startswith(prefix)]
    running = [session for session in matching if is_running(session)]
    if len(running) == 1:
        return running[0]
    if len(matching) > 1:
        ids = ", ".join(short_ids([session["session_id"] for session in matching]).values())
        raise click.UsageError(f"{prefix!r} is the beginning of {len(matching)} ids: {ids}")
    return matching[0] if matching else None


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Return the beginning of each id, as short as tells them apart and no shorter than eight characters."""
    ordered = sorted(ids)
    result = {}
    for index, session_id in enumerate(ordered):
        neighbours = ordered[max(0, index - 1) : index] + ordered[index + 1 : index + 2]
        shared = max((_shared_chars(session_id, other) for other in neighbours), default=0)
        result[session_id] = session_id[: max(_SHORT_ID_CHARS, shared + 1)]
    return result


def _shared_chars(one: str, other: str) -> int:
    return next((index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def suggestions(sessions: Sequence[SessionStatus], incomplete: str) -> list[tuple[str, str]]:
    """Return what completes to a session: its name, or the beginning of its id, each with a description.

    A name that a shell would not take as one plain word is never offered: completion puts it on the command line as it
    stands, where `$(...)` would run.
    """
    shorts = short_ids(session["session_id"] for session in sessions)
    result = []
    for session in sessions:
        short, name = shorts[session["session_id"]], session["name"]
        word = name if _PLAIN_WORD.fullmatch(name) and not name.startswith("-") else short
        if not word.startswith(incomplete):
            word = short
        if session["session_id"].startswith(incomplete) and len(incomplete) > len(word):
            word = session["session_id"]
        if word.startswith(incomplete):
            result.append((word, clean(session["command"])))
    return result

"""`holdfast search`: what a session ever showed, looked through by the daemon."""

from __future__ import annotations

import sys
from typing import Any

import click

from .command import command, session_argument
from .find import find_session
from .target import Target, pass_target

__all__ = ["search"]

_BATCH = 1000
_FOUND, _PLAIN = "\x1b[1;31m", "\x1b[0m"


@command()
@session_argument(ended=True)
@click.argument("text")
@click.option("--regex", "-E", is_flag=True, help="TEXT is a regular expression (Python's).")
@click.option("--case/--ignore-case", "-s/-i", default=None, help="Default: case matters if TEXT has a capital letter.")
@click.option("--last", "-n", type=click.IntRange(min=1), metavar="COUNT", help="The last COUNT lines found.")
@pass_target
def search(target: Target, *, session: str, text: str, regex: bool, case: bool | None, last: int | None) -> None:
    """Print the lines in which TEXT was seen, with their numbers, newest last.

    Lines are as a person saw them: without colours, redraws carried out, found across wraps. Exits with 1 where there
    are none.
    """
    session_id = find_session(target.sessions(ended=True), session, ended=True)["session_id"]
    query: dict[str, object] = {"q": text, "regex": int(regex)}
    if case is not None:
        query["case"] = int(case)
    found = _find(target, session_id, query, last)
    paint = sys.stdout.isatty()
    for match in reversed(found):
        click.echo(f"{match['line']}: {_painted(match) if paint else match['text']}", color=True)
    if not found:
        raise SystemExit(1)


def _find(target: Target, session_id: str, query: dict[str, object], last: int | None) -> list[dict[str, Any]]:
    """Return the matches, newest first: one call of the daemon works for half a second."""
    found: list[dict[str, Any]] = []
    while last is None or len(found) < last:
        limit = _BATCH if last is None else min(_BATCH, last - len(found))
        answer = target.http.get(f"/api/sessions/{session_id}/search", {**query, "max": limit})
        found += answer["matches"]
        if answer["next_before"] is None:
            break
        query = {**query, "before": answer["next_before"]}
    return found


def _painted(match: dict[str, Any]) -> str:
    """Return the text with its matches marked; their places are counted in units of UTF-16."""
    data = match["text"].encode("utf-16-le")
    parts, at = [], 0
    for start, end in match["spans"]:
        parts += [data[2 * at : 2 * start], _FOUND.encode("utf-16-le"), data[2 * start : 2 * end]]
        parts.append(_PLAIN.encode("utf-16-le"))
        at = end
    return b"".join([*parts, data[2 * at :]]).decode("utf-16-le")

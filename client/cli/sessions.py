"""`holdfast ls`, `kill`, `rename`: sessions as a list."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import click

from .command import command, session_argument
from .find import SessionStatus, find_session, short_ids
from .table import format_age, format_bytes, print_table
from .target import Target, pass_target

__all__ = ["kill", "ls", "rename"]


@command()
@click.option("--all", "-a", "ended", is_flag=True, help="Also those that have ended and whose history is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of everything known about each.")
@pass_target
def ls(target: Target, ended: bool, as_json: bool) -> None:
    """List the sessions, latest activity first."""
    sessions = target.sessions(ended=ended)
    if as_json:
        click.echo(json.dumps(sessions, indent=2))
    elif sessions:
        _print_sessions(sessions, with_state=ended)
    else:
        click.echo("no sessions; 'holdfast' makes one", err=True)


def _print_sessions(sessions: list[SessionStatus], *, with_state: bool) -> None:
    shorts = short_ids(session["session_id"] for session in sessions)
    now = time.time()
    header = ["SESSION", "NAME", "COMMAND", "FOLDER", "CLIENTS", "ACTIVE", "HISTORY"]
    rows = [
        [
            shorts[session["session_id"]],
            session["name"] or "-",
            session["command"],
            _folder(session["cwd"]),
            _clients(session),
            format_age(now - session["last_activity_at"]),
            format_bytes(session["tail"] - session["head"]),
        ]
        for session in sessions
    ]
    if with_state:
        header.insert(2, "STATE")
        for row, session in zip(rows, sessions, strict=True):
            row.insert(2, _state(session))
    print_table(header, rows)


def _folder(cwd: str) -> str:
    home = str(Path.home())
    return "~" + cwd.removeprefix(home) if cwd == home or cwd.startswith(home + os.sep) else cwd


def _clients(session: SessionStatus) -> str:
    waiting = session["waiting"]
    return f"{session['clients']} (+{waiting} waiting)" if waiting else str(session["clients"])


def _state(session: SessionStatus) -> str:
    if session["exit_signal"]:
        return f"{session['state']} (signal {session['exit_signal']})"
    if session["exit_code"] is not None:
        return f"{session['state']} ({session['exit_code']})"
    return str(session["state"])


@command()
@session_argument("sessions", nargs=-1)
@pass_target
def kill(target: Target, sessions: tuple[str, ...]) -> None:
    """End sessions and what runs in them: SIGHUP, then SIGKILL. Their history is kept for a while."""
    known = target.sessions(ended=True)
    for session in [find_session(known, text) for text in sessions]:  # all are found before the first is ended
        target.post(f"/api/sessions/{session['session_id']}/end")


@command()
@session_argument()
@click.argument("name")
@pass_target
def rename(target: Target, session: str, name: str) -> None:
    """Name a running session; an empty NAME takes its name away."""
    session_id = find_session(target.sessions(ended=True), session)["session_id"]
    target.post(f"/api/sessions/{session_id}/rename", {"name": name})

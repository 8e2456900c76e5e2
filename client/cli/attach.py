"""`holdfast`, `holdfast new`, `holdfast attach`: be in a session."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...wire.durations import parse_duration
from ...wire.errors import RefusedError
from ...wire.query import Replay, SpawnQuery
from .command import command, session_argument
from .find import find_session
from .target import Target, pass_target

if TYPE_CHECKING:
    from ..attach import AttachOptions

__all__ = ["attach", "attach_latest_or_new", "new"]


class _Duration(click.ParamType[float | None]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@command(context_settings={"allow_interspersed_args": False})
@click.option("--name", "-n", default="", help="Name it; unique among running sessions.")
@click.option("--detach", "-d", is_flag=True, help="Do not attach; print its id, and nothing else.")
@click.option("--cwd", metavar="FOLDER", help="Start there instead of here.")
@click.option("--linger", type=_Duration(), metavar="TIME", help="End it this long after its last client is gone.")
@click.option("--expires", metavar="TIME", help="End it after this long without any activity, as in 7d; or never.")
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@pass_target
def new(
    target: Target,
    *,
    name: str,
    detach: bool,
    cwd: str | None,
    linger: float | None,
    expires: str | None,
    argv: tuple[str, ...],
) -> int:
    """Make a session and attach to it. Without a COMMAND it runs your shell."""
    spawn = SpawnQuery(
        name=name,
        argv=argv or None,
        cwd=_folder(target, cwd),
        linger=linger,
        expires="default" if expires is None else _Duration().convert(expires, None, click.get_current_context()),
    )
    query = _checked(spawn)
    if detach:
        click.echo(target.post("/api/sessions", query)["session_id"])
        return 0
    return _attach(target, spawn=spawn)


@command(short_help="Attach to a session, by default the one with the latest activity.")
@session_argument(required=False)
@click.option("--read-only", "-r", is_flag=True, help="Watch: neither type nor resize.")
@click.option("--exclusive", is_flag=True, help="Be the only one who types.")
@click.option("--steal", is_flag=True, help="Be that even where another client is.")
@click.option("--no-history", is_flag=True, help="Show the screen, and nothing that has left it.")
@pass_target
def attach(
    target: Target, *, session: str | None, read_only: bool, exclusive: bool, steal: bool, no_history: bool
) -> int:
    """Attach to a session; without SESSION to the one with the latest activity. Ctrl-\\ detaches."""  # noqa: D301  # one backslash is meant
    if read_only and (exclusive or steal):
        raise click.UsageError("--read-only does not go with --exclusive or --steal")
    if session is not None:
        session_id = find_session(target.sessions(ended=True), session)["session_id"]
    else:
        running = target.sessions(ended=False)
        if not running:
            raise RefusedError("not_found", "no session is running; 'holdfast new' makes one")
        session_id = running[0]["session_id"]
    return _attach(
        target,
        session_id=session_id,
        mode="ro" if read_only else "rw",
        exclusive=exclusive or steal,
        steal=steal,
        replay=Replay("restore", 0) if no_history else Replay("restore"),
    )


def attach_latest_or_new(target: Target) -> int:
    """What `holdfast` alone does; returns the exit code."""
    running = target.sessions(ended=False)
    if running:
        return _attach(target, session_id=running[0]["session_id"])
    spawn = SpawnQuery(cwd=_folder(target, None))
    _checked(spawn)
    return _attach(target, spawn=spawn)


def _folder(target: Target, named: str | None) -> str | None:
    """Return where a session starts: as named, or here; behind TCP, which may be a tunnel, by default at home there."""
    if target.address.scheme != "unix":
        return named
    if named is not None:
        return str(Path(named).expanduser().absolute())
    try:
        return os.getcwd()  # noqa: PTH109  # a text is wanted
    except FileNotFoundError:  # somebody removed it under us
        return None


def _checked(spawn: SpawnQuery) -> str:
    """Return the query string. Raises QueryError, or UsageError for bytes that are no text."""
    try:
        query = spawn.format()
    except UnicodeEncodeError:
        raise click.UsageError("a name or folder is not valid UTF-8; choose another with --name or --cwd") from None
    SpawnQuery.parse(query)
    return query


def _attach(target: Target, **options: Any) -> int:
    """Attach this terminal; returns the exit code."""
    import asyncio  # noqa: PLC0415  # 30 ms that every command without a connection saves

    from ..attach import AttachOptions  # noqa: PLC0415  # as above
    from ..settings import load_settings  # noqa: PLC0415  # as above

    settings = load_settings(target.paths)
    target.ensure()
    return asyncio.run(
        _run(
            target,
            AttachOptions(address=target.address, token=target.token, detach_byte=settings.detach_byte, **options),
        )
    )


async def _run(target: Target, options: AttachOptions) -> int:
    from ..attach import attach as attach_terminal  # noqa: PLC0415  # as above
    from .revive import reviving  # noqa: PLC0415  # as above

    async with reviving(target):
        return await attach_terminal(options)

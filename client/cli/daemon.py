"""`holdfast daemon start|stop|restart|status`: the daemon by itself."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import click

from ...wire.errors import HoldfastError, UnreachableError
from .command import Command
from .table import clean, format_age
from .target import Target, pass_target

__all__ = ["daemon"]

_STOP_TIMEOUT_S = 30.0
"""Sessions have their grace of seconds between SIGHUP and SIGKILL, and a last flush may wait for a slow disk."""


@click.group()
def daemon() -> None:
    """Start, stop, restart or look at the daemon.

    Every command that needs the daemon starts it, so `start` is for options and for service managers.
    """


listen_option = click.option(
    "--listen",
    multiple=True,
    metavar="HOST:PORT",
    help="Listen here instead of where the settings say; port 0 takes a free one. May be repeated.",
)


@daemon.command(cls=Command)
@listen_option
@click.option(
    "--foreground", is_flag=True, help="Stay in the foreground and log to stderr, as service managers want it."
)
@pass_target
def start(target: Target, listen: tuple[str, ...], foreground: bool) -> None:
    """Start the daemon, and say where it listens."""
    _refuse_elsewhere(target)
    arguments = [word for address in listen for word in ("--listen", address)]
    running = target.running()
    if running is not None:
        if listen or foreground:
            raise HoldfastError(
                f"a daemon runs already (pid {running['pid']}); 'holdfast daemon restart' takes --listen, too"
            )
        click.echo(f"runs already: {_summary(running)}", err=True)
        return
    if foreground:
        from ..launcher import DAEMON_COMMAND  # noqa: PLC0415  # as the launcher is, where it is needed

        os.execv(DAEMON_COMMAND[0], [*DAEMON_COMMAND, "--foreground", *arguments])  # noqa: S606  # no shell is wanted
    target.start(arguments)
    click.echo(f"started: {_summary(target.http.get('/api/daemon'))}", err=True)


@daemon.command(cls=Command)
@click.option("--end-sessions", is_flag=True, help="End every session first. Without it they live on in the keeper.")
@pass_target
def stop(target: Target, end_sessions: bool) -> None:
    """Stop the daemon. Shells live on, and the next daemon takes them over."""
    running = target.running()
    if running is None and end_sessions and target.is_home and target.paths.keeper_socket.exists():
        # A daemon crashed, and its keeper still holds the shells: only a daemon can end them in good order.
        target.start(("--no-tcp",))
        running = target.running()
    if running is None:
        if not target.is_home:
            raise UnreachableError(f"no daemon answers at {target.address}")
        click.echo("no daemon runs", err=True)
        return
    _stop(target, running, end_sessions=end_sessions)
    if end_sessions:
        click.echo("stopped, and every session ended", err=True)
    elif running["sessions"]:
        click.echo(
            f"stopped; {_count(running['sessions'])} left alive in the keeper (pid {running['keeper_pid']})", err=True
        )
    else:
        click.echo("stopped", err=True)


@daemon.command(cls=Command)
@listen_option
@pass_target
def restart(target: Target, listen: tuple[str, ...]) -> None:
    """Stop the daemon and start it again, as after an upgrade. Shells live on, and clients come back by themselves.

    It listens where it did; if that was chosen by the settings, where they say now.
    """
    _refuse_elsewhere(target)
    arguments = [word for address in listen for word in ("--listen", address)]
    running = target.running()
    if running is not None:
        arguments = arguments or _arguments_of(running)
        _stop(target, running, end_sessions=False)
    target.start(arguments)
    click.echo(f"restarted: {_summary(target.http.get('/api/daemon'))}", err=True)


@daemon.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print everything known as a JSON object.")
@pass_target
def status(target: Target, as_json: bool) -> None:
    """Show whether the daemon runs, and where. Exits with 69 where it does not."""
    running = target.running()
    if running is None:
        raise UnreachableError(f"no daemon answers at {target.address}")
    if as_json:
        click.echo(json.dumps(running, indent=2))
        return
    for title, value in (
        ("version", running["version"]),
        ("pid", f"{running['pid']} (keeper {running['keeper_pid']})"),
        ("running for", format_age(time.time() - running["started_at"])),
        ("listening on", ", ".join([*running["listen"], f"unix:{running['socket']}"])),
        ("sessions", running["sessions"]),
        ("storage", running["storage"]),
    ):
        click.echo(f"{title + ':':<14}{clean(str(value))}")


def _refuse_elsewhere(target: Target) -> None:
    if not target.is_home:
        raise click.UsageError("a daemon is started on its own machine; run this there, without --host")


def _stop(target: Target, running: dict[str, Any], *, end_sessions: bool) -> None:
    """Stop the daemon and wait until it is gone; one elsewhere cannot be watched. Raises HoldfastError."""
    from .process import Watched  # noqa: PLC0415  # only to stop

    if not target.is_home:
        target.http.post("/api/daemon/stop", {"end_sessions": int(end_sessions)})
        return
    with Watched(running["pid"]) as process:
        target.http.post("/api/daemon/stop", {"end_sessions": int(end_sessions)})
        if not process.wait(_STOP_TIMEOUT_S):
            raise HoldfastError(
                f"the daemon (pid {running['pid']}) has not stopped after {_STOP_TIMEOUT_S:.0f} seconds; "
                f"see {target.paths.daemon_log}"
            )


def _arguments_of(running: dict[str, Any]) -> list[str]:
    """Return what the running daemon was told on its command line: at the same ports, also where it chose one."""
    import psutil  # noqa: PLC0415  # 30 ms that only a restart needs

    try:
        words = psutil.Process(running["pid"]).cmdline()
    except psutil.Error:
        return []
    if "--foreground" in words:
        raise HoldfastError(
            f"the daemon (pid {running['pid']}) runs in the foreground of something else; restart it there"
        )
    if "--no-tcp" in words:
        return ["--no-tcp"]
    if not any(word.startswith("--listen") for word in words):
        return []
    addresses = [url.removeprefix("ws://").removesuffix("/ws") for url in running["listen"]]
    return [word for address in addresses for word in ("--listen", address)]


def _summary(running: dict[str, Any]) -> str:
    return f"pid {running['pid']}, {', '.join(running['listen']) or 'no TCP'}, {_count(running['sessions'])}"


def _count(sessions: int) -> str:
    return "1 session" if sessions == 1 else f"{sessions} sessions"

"""`holdfast`: the console command. What it does is in its commands; here is what they share.

A command's module is imported when the command is named, and no error becomes a traceback: this is the one place that
turns errors into a line on stderr and an exit code.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ...wire.errors import HoldfastError
from .exit_codes import FAILED, INTERRUPTED, exit_code_of
from .table import clean
from .target import Target, host_option, pass_target

__all__ = ["cli", "main", "run"]

_COMMANDS = {
    "new": "attach",
    "attach": "attach",
    "web": "web",
    "ls": "sessions",
    "log": "log",
    "search": "search",
    "send": "send",
    "rename": "sessions",
    "kill": "sessions",
    "daemon": "daemon",
    "token": "token",
    "completions": "completions",
    "demo": "demo",
}
"""Command: the module of this package that has it, in the order of the help text."""


class _LazyGroup(click.Group):
    """Knows its commands by name, and imports one only when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f".{_COMMANDS[cmd_name]}", __package__)
        command: click.Command = getattr(module, cmd_name)
        return command


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415  # 20 ms that only this option needs

        click.echo(f"holdfast {version('holdfast')}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    params=[host_option(envvar="HOLDFAST_HOST")],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
@click.pass_context
@pass_target
def cli(target: Target, ctx: click.Context) -> int:
    """Terminal sessions that survive anything and forget nothing.

    Without a command: attach to the most recent running session, or make one. Ctrl-\\ detaches.

    \b
    Exit codes: the session's own when it ends while attached, 0 on detach, 2 wrong usage or
    configuration, 3 no such session, 69 daemon unreachable, 1 anything else.

    \b
    Environment: HOLDFAST_HOST, HOLDFAST_TOKEN or HOLDFAST_TOKEN_FILE for a daemon elsewhere;
    HOLDFAST_HOME puts configuration, data and sockets under one folder; NO_COLOR.
    """  # noqa: D301  # click's mark for lines that stay as they are is a backspace
    if ctx.invoked_subcommand is not None:
        return 0
    from .attach import attach_latest_or_new  # noqa: PLC0415  # as every command

    return attach_latest_or_new(target)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what went wrong is on stderr, in one line where possible."""
    try:
        code = cli.main(arguments, prog_name="holdfast", standalone_mode=False)
        sys.stdout.flush()  # while a full disk can still be told
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except HoldfastError as error:
        return _fail(str(error), exit_code_of(error))
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _leave_quietly()
    except OSError as error:
        return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", FAILED)
    except Exception as error:
        if os.environ.get("HOLDFAST_DEBUG"):
            raise
        return _fail(
            f"a fault in Holdfast itself: {type(error).__name__}: {error}\n"
            "Please report it, with what HOLDFAST_DEBUG=1 makes the same command print.",
            FAILED,
        )


def _fail(text: str, code: int) -> int:
    lines = text.splitlines() or ["failed"]
    click.echo("\n".join(["holdfast: " + clean(lines[0]), *(f"  {clean(line)}" for line in lines[1:])]), err=True)
    return code


def _leave_quietly() -> int:
    # Whoever read our output has enough. The interpreter flushes once more on its way out, which must not fail then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return FAILED


def main() -> NoReturn:
    """Console entry point."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a locale without UTF-8 must not end a table
    sys.exit(run(sys.argv[1:]))

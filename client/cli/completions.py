"""`holdfast completions`: the shell's half of completion; the other half asks the daemon, and never starts one."""

from __future__ import annotations

import click

from .command import command

__all__ = ["completions"]


@command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completions(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  eval "$(holdfast completions bash)"  in ~/.bashrc
    zsh:   eval "$(holdfast completions zsh)"   in ~/.zshrc, behind compinit
    fish:  holdfast completions fish > ~/.config/fish/completions/holdfast.fish
    """  # noqa: D301  # click's mark for lines that stay as they are is a backspace
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # only here

    shell_class = get_completion_class(shell)
    assert shell_class is not None  # noqa: S101  # click knows all three
    click.echo(shell_class(ctx.find_root().command, {}, "holdfast", "_HOLDFAST_COMPLETE").source())

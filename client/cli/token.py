"""`holdfast token`: what a client on another machine, or a program on TCP, shows to be let in."""

from __future__ import annotations

import click

from ...wire.paths import read_private_text
from .command import command
from .target import Target, pass_target

__all__ = ["token"]


@command()
@click.option(
    "--rotate", is_flag=True, help="Make a new one; whoever came by the old one, or logged in by a browser, is cut off."
)
@pass_target
def token(target: Target, rotate: bool) -> None:
    """Print the token of the daemon's TCP port."""
    if rotate:
        click.echo(target.post("/api/token/rotate")["token"])
        return
    if not target.is_home:
        raise click.UsageError("a daemon tells its token only on its own machine; run 'holdfast token' there")
    text = read_private_text(target.paths.token_file)
    if not text:
        target.ensure()  # a daemon makes its token when it first starts
        text = read_private_text(target.paths.token_file) or ""
    click.echo(text.strip())

"""`holdfast web`: the page in a browser, by a link that logs in once."""

from __future__ import annotations

import os
import sys

import click

from ...wire.errors import HoldfastError
from .command import command, session_argument
from .find import find_session
from .target import Target, pass_target

__all__ = ["web"]


@command(short_help="Open the page in a browser.")
@session_argument(ended=True, required=False)
@click.option("--print", "print_only", is_flag=True, help="Print the link instead of opening a browser.")
@pass_target
def web(target: Target, session: str | None, print_only: bool) -> None:
    """Open the page in a browser, logged in, and with SESSION in it.

    The link logs in once, within five minutes. It is printed where there is no browser to open.
    """
    named = "" if session is None else find_session(target.sessions(ended=True), session, ended=True)["session_id"]
    page = _page_of(target)
    code = target.post("/api/logins")["code"]
    link = f"{page}#login={code}" + (f"&session={named}" if named else "")
    if print_only or not sys.stdout.isatty() or not _open(link):
        click.echo(link)
        click.echo("Open this link within five minutes; it logs in one browser, once.", err=True)
    else:
        click.echo(f"opened {page} in your browser; 'holdfast web --print' prints a link instead", err=True)


def _page_of(target: Target) -> str:
    """Return the page's URL. Raises HoldfastError where a browser cannot reach the daemon."""
    address = target.address
    if address.scheme != "unix":
        return address.page_url
    page = target.get("/api/daemon")["page"]
    if page is None:
        raise HoldfastError(
            "the daemon listens on no TCP port, which a browser needs: 'holdfast daemon restart --listen "
            "127.0.0.1:7617' gives it one until it stops, 'daemon.listen' in config.toml for good"
        )
    return str(page)


def _open(link: str) -> bool:
    """Show the link in a browser that has a window of its own; False where there is none."""
    import webbrowser  # noqa: PLC0415  # looks for browsers when it is imported

    shown_on = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in shown_on):
        return False  # what is left are browsers for terminals, which cannot run the page
    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False

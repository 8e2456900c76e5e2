"""What the commands share: `--host` and `-h`, and the SESSION argument with its completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ...wire.errors import HoldfastError
from .find import suggestions
from .target import Target, host_option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["Command", "SessionParam", "command", "session_argument"]


class Command(click.Command):
    """A command that takes `--host` behind its name too, as well as `holdfast` does before it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(host_option())


def command(**attributes: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command of the same name."""
    return click.command(cls=Command, **attributes)


class SessionParam(click.ParamType[str]):
    """An id, the beginning of an id, or a name; it stays a text, for the command to look up.

    Args:
        ended: whether completion offers sessions that have ended, too.
    """

    name = "session"

    def __init__(self, *, ended: bool) -> None:
        self._ended = ended

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Ask the daemon, if there is one; whatever goes wrong, a person at a prompt must not see it."""
        del param
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only when completing

        try:
            sessions = Target.of(ctx).sessions_now(ended=self._ended)
        except HoldfastError:
            return []
        return [CompletionItem(word, help=text) for word, text in suggestions(sessions, incomplete)]


def session_argument(
    name: str = "session", *, ended: bool = False, required: bool = True, nargs: int = 1
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add a SESSION argument; `ended`: completion offers those that have ended, too."""
    metavar = ("SESSION" if required else "[SESSION]") + ("..." if nargs != 1 else "")
    return click.argument(name, type=SessionParam(ended=ended), required=required, nargs=nargs, metavar=metavar)

"""Why rendered history is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...store.errors import StoreError
from ...wire.errors import RefusedError
from ..screens.errors import ScreenError, ScreensMissingError

__all__ = ["NoScreenError", "refusals"]


class NoScreenError(RefusedError):
    """Nothing can be rendered; what was printed can still be read.

    Attributes:
        for_good: there is no emulator on this machine; else it failed over this session's output.
    """

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__("no_screen", message)
        self.for_good = for_good


@contextmanager
def refusals() -> Iterator[None]:
    """The edge at which errors of the emulator and the store become refusals."""
    try:
        yield
    except ScreensMissingError as error:
        raise NoScreenError(f"no history can be rendered here: {error}", for_good=True) from None
    except ScreenError as error:
        raise NoScreenError(f"this history cannot be rendered: {error}", for_good=False) from None
    except StoreError as error:
        raise RefusedError("storage", f"the session store cannot be used: {error}") from error

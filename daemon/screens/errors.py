"""What can go wrong with screens; each text is for the log, but where it says otherwise.

HoldfastError
├── BadPatternError          a regular expression cannot be used; its text is for the user
└── ScreenError              a screen cannot be made or asked
    ├── ScreensMissingError  there is no emulator on this machine
    ├── ScreenCrashedError   the emulator died, hung or failed while it worked on this very screen
    │   └── BadCheckpointError    it cannot read what was to be loaded; nothing died
    └── ScreenLostError      the process ended for another reason: load the screen again
"""

from __future__ import annotations

from ...wire.errors import HoldfastError

__all__ = [
    "BadCheckpointError",
    "BadPatternError",
    "ScreenCrashedError",
    "ScreenError",
    "ScreenLostError",
    "ScreensMissingError",
]


class ScreenError(HoldfastError):
    """A screen cannot be made, or does not do what was asked; the text says why."""


class ScreensMissingError(ScreenError):
    """No emulator on this machine: it will not come by itself."""


class ScreenCrashedError(ScreenError):
    """The process died, hung or failed while it worked on this screen. The screen is gone."""


class BadCheckpointError(ScreenCrashedError):
    """A checkpoint is damaged, or of another version. Without it the screen can be made from the output."""


class ScreenLostError(ScreenError):
    """The process died for another screen's sake, or was stopped. The screen is gone; it can be loaded again."""


class BadPatternError(HoldfastError):
    """A regular expression is malformed, or would take too long; the text says why."""

"""Find a keeper that lives, although its socket was removed."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil

from .own_socket import is_served

__all__ = ["recall_keeper"]

logger = logging.getLogger(__name__)

_ANSWER_S = 3.0
_LOOK_S = 0.02


async def recall_keeper(socket: Path) -> bool:
    """Have the keeper of this socket listen again, if one lives; return whether it does.

    Args:
        socket: where nobody listens.
    """
    keepers = list(_keepers_of(socket))
    for keeper in keepers:
        logger.warning("keeper %d lives, and its socket is gone: calling it back", keeper.pid)
        keeper.send_signal(signal.SIGHUP)
    deadline = asyncio.get_running_loop().time() + _ANSWER_S
    while any(keeper.is_running() for keeper in keepers) and asyncio.get_running_loop().time() < deadline:
        if is_served(str(socket)):
            return True
        await asyncio.sleep(_LOOK_S)  # its socket is all that it answers with
    return False


def _keepers_of(socket: Path) -> Iterator[psutil.Process]:
    """Look through all processes of this user: about 20 us each, and only where a keeper is missed."""
    program, path = f"{__package__}.process", str(socket.absolute())
    for process in psutil.process_iter():
        try:
            if process.uids().real == os.getuid():
                words = process.cmdline()
                if program in words and path in words:
                    yield process
        except psutil.Error:  # it has ended, or is none of ours
            continue

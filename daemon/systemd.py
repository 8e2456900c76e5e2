"""sd_notify(3): tell systemd how the service is. Does nothing where systemd did not start it."""

from __future__ import annotations

import os
import socket

__all__ = ["notify_systemd"]


def notify_systemd(state: str) -> None:
    """Send a state such as `READY=1` or `STOPPING=1`."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
        try:
            datagram.sendto(state.encode(), address)
        except OSError:  # a service manager that does not listen is no reason to fail
            return

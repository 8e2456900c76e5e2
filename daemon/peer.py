"""Who is at the other end of a Unix socket, told by the kernel and not by the peer."""

from __future__ import annotations

import socket
import struct
import sys

__all__ = ["peer_uid"]

_LINUX_UCRED = struct.Struct("=iII")
"""unix(7), SO_PEERCRED: pid, uid, gid."""

_MACOS_SOL_LOCAL = 0
_MACOS_LOCAL_PEERCRED = 1
_MACOS_XUCRED = struct.Struct("=IIh2x16I")
"""<sys/ucred.h>, struct xucred: version, uid, number of groups, groups."""


def peer_uid(sock: socket.socket) -> int:
    """Return the user id that connected, or that listens, at the other end of a connected Unix socket.

    Raises:
        OSError: not a connected Unix socket.
    """
    if sock.family != socket.AF_UNIX:
        raise OSError(f"{sock.family.name} sockets do not tell who their peer is")
    if sys.platform == "darwin":
        credentials = sock.getsockopt(_MACOS_SOL_LOCAL, _MACOS_LOCAL_PEERCRED, _MACOS_XUCRED.size)
        return int(_MACOS_XUCRED.unpack(credentials)[1])
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX_UCRED.size)
    pid, uid, _ = _LINUX_UCRED.unpack(credentials)
    if pid == 0:  # what an unconnected socket answers, with uid -1
        raise OSError("the socket is not connected")
    return int(uid)

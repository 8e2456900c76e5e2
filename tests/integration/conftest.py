"""Fixtures of the integration tests."""

from __future__ import annotations

from support.fixtures import daemon, environ, home, stopped_daemon

__all__ = ["daemon", "environ", "home", "stopped_daemon"]

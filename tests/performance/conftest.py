"""Fixtures of the performance tests: the real daemon of the integration tests."""

from __future__ import annotations

from support.fixtures import daemon, environ, home

__all__ = ["daemon", "environ", "home"]

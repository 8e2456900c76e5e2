"""STATUS: what the HTTP routes say of a session, running or ended."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import Any

from ...store.session_records import SessionRecord
from ..sessions.history import History
from ..sessions.liveness import cwd_of
from ..sessions.processes import processes_of
from ..sessions.registry import Registry

__all__ = ["Statuses"]


class Statuses:
    """Tells how sessions are.

    Args:
        registry: of those that run.
        history: of all.
    """

    def __init__(self, registry: Registry, history: History) -> None:
        self._registry = registry
        self._history = history

    async def of(self, record: SessionRecord) -> dict[str, Any]:
        """Return what lists have of a session too. Raises StoreError."""
        live = self._registry.live.get(record.session_id)
        head, tail = (
            (live.log.head, live.log.tail) if live is not None else await self._history.bounds(record.session_id)
        )
        return {
            "session_id": record.session_id,
            "name": record.name,
            "pid": record.pid,
            "state": record.state,
            "program": live.program if live is not None else "",
            "command": shlex.join(record.argv),
            "argv": list(record.argv),
            "cwd": (cwd_of(record.pid) if record.pid is not None and record.state == "running" else None) or record.cwd,
            "cols": record.cols,
            "rows": record.rows,
            "clients": len(live.clients.connected) if live is not None else 0,
            "waiting": live.clients.waiting_count if live is not None else 0,
            "present": [asdict(client) for client in live.clients.presence()] if live is not None else [],
            "created_at": record.created_at,
            "last_activity_at": record.last_activity_at,
            "head": head,
            "tail": tail,
            "exit_code": record.exit_code,
            "exit_signal": record.exit_signal,
            "ended_at": record.ended_at,
            "end_reason": record.end_reason,
            "linger": record.linger_s,
            "ends_at": live.ends_at if live is not None else None,
            "expires": record.idle_expiry_s,
            "exclusive": live.clients.exclusive_id if live is not None else None,
            "previous_session_id": record.previous_session_id,
        }

    async def in_full(self, record: SessionRecord) -> dict[str, Any]:
        """Return the same, and what lives in it: a look at every process of the machine, so not for lists."""
        runs = record.pid is not None and record.state == "running"
        processes = processes_of(record.pid) if runs and record.pid is not None else []
        return {**await self.of(record), "processes": [one._asdict() for one in processes]}

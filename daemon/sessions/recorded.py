"""The log of any session: of one that runs, or as it is in the store."""

from __future__ import annotations

from collections.abc import Mapping

from ...store.store import Store
from ...store.stored_log import StoredLog
from .screen_replay import Recorded
from .session import Session

__all__ = ["recorded"]


async def recorded(store: Store, live: Mapping[str, Session], session_id: str) -> Recorded:
    """Return it; `live` are the sessions that run. Raises StoreError."""
    session = live.get(session_id)
    return await StoredLog.open(store.chunks, session_id) if session is None else session.log

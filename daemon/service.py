"""The daemon's life: open the store, adopt the sessions, open the door; and the same backwards."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..store.store import Store
from ..wire.holder import Stage
from .config import DEFAULT_PORT, Config, ListenAddress
from .front.api import Api, DaemonFacts
from .front.entrance import Entrance
from .front.gate import Policy
from .front.logins import Logins, cookie_name
from .front.page import Page, web_folder
from .front.search_answers import SearchAnswers
from .front.server import Front, ListenError
from .front.token import Token
from .housekeeping import keep_house
from .keeper.link import Inheritance
from .runtime_folder import RuntimeFolder
from .sessions.births import BirthPlan
from .sessions.history import History
from .sessions.lines import LineReader
from .sessions.liveness import boot_id
from .sessions.registry import Registry
from .sessions.search import Searcher
from .sessions.session import Lifetimes

__all__ = ["Service"]

logger = logging.getLogger(__name__)

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_CLOSE_CLIENTS_S = 2.0
"""Clients get this long for their closing handshake; SIGTERM to exit must stay under 5 s with a stalled one."""


class Service:
    """One daemon of one home.

    Args:
        config: what the user set.
        inheritance: what shells get of the process that started the daemon.
        version: of the package.
        clock: seconds since the epoch.
    """

    def __init__(
        self, config: Config, inheritance: Inheritance, *, version: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._inheritance = inheritance
        self._version = version
        self._clock = clock
        self._started_at = clock()
        self._stop = asyncio.Event()
        self._housekeeping_wanted = asyncio.Event()
        self._end_sessions = False
        self._listening: list[tuple[str, int]] = []
        self._storage_trouble: str | None = None
        self._registry: Registry
        self._lines: LineReader
        self._searcher: Searcher

    def request_stop(self, end_sessions: bool) -> None:
        """Stop soon; with `end_sessions`, end every session first."""
        self._end_sessions = self._end_sessions or end_sessions
        self._stop.set()

    def request_housekeeping(self) -> None:
        """Do now what is done every minute."""
        self._housekeeping_wanted.set()

    async def run(self, addresses: list[ListenAddress] | None, *, on_stage: Callable[[Stage], None]) -> None:
        """Serve until `request_stop`.

        Args:
            addresses: TCP addresses to listen on instead of those of the settings.
            on_stage: called when clients can connect (serving), and before they cannot any more (stopping).

        Raises:
            HoldfastError, StoreError: it could not start; nothing is left behind, and the shells live on.
        """
        paths, boot = self._config.paths, boot_id()
        token = Token(paths)
        store = await Store.open(
            paths.database, paths.tails_dir, self._config.limits, boot_id=boot, on_trouble=self._on_trouble
        )
        try:
            self._registry = Registry(
                store,
                paths,
                plan=self._plan(),
                inheritance=self._inheritance,
                max_sessions=self._config.daemon.max_sessions,
                lifetimes=self._lifetimes(),
                boot_id=boot,
                clock=self._clock,
            )
            self._lines = LineReader(store, self._registry.live)
            self._searcher = Searcher(store, self._registry.live)
            await self._serve(store, token, addresses, on_stage)
        finally:
            await store.close()

    async def _serve(
        self, store: Store, token: Token, addresses: list[ListenAddress] | None, on_stage: Callable[[Stage], None]
    ) -> None:
        registry = self._registry
        front: Front | None = None
        folder: RuntimeFolder | None = None
        housekeeper: asyncio.Task[None] | None = None
        try:
            await registry.adopt_all()
            front = self._front(store, token)
            await front.listen_unix(self._config.paths.socket)
            await self._listen_tcp(front, addresses)
            folder = RuntimeFolder(self._config.paths, front, store, registry.keeper)
            housekeeper = asyncio.create_task(
                keep_house(
                    registry,
                    store,
                    folder,
                    on_gone=self._searcher.forget,
                    wanted=self._housekeeping_wanted,
                    clock=self._clock,
                )
            )
            logger.info("serving %d sessions on %s", len(registry.live), self._status()["listen"] or "the Unix socket")
            on_stage(Stage.SERVING)
            await self._stop.wait()
        finally:
            on_stage(Stage.STOPPING)
            if housekeeper is not None:
                housekeeper.cancel()
                await asyncio.gather(housekeeper, return_exceptions=True)  # it must not listen again
            await self._shut_down(front, folder)

    async def _shut_down(self, front: Front | None, folder: RuntimeFolder | None) -> None:
        if front is not None:
            self._config.paths.socket.unlink(missing_ok=True)  # who looks for a daemon now starts a new one
            await front.stop_listening()
        await self._lines.close()
        await self._searcher.close()
        if self._end_sessions:
            await self._registry.end_all()
        if front is not None:
            await front.close(timeout_s=_CLOSE_CLIENTS_S)
        if folder is not None:
            await folder.mend_for_successor()
        await self._registry.release_all()
        logger.info("stopped")

    def _front(self, store: Store, token: Token) -> Front:
        daemon = self._config.daemon
        hosts = {name.lower() for name in (*_LOOPBACK_NAMES, *daemon.allowed_hosts)}
        logins, cookie = Logins(self._config.paths, token, self._clock), cookie_name(self._config.paths)
        entrance = Entrance(
            token,
            logins,
            cookie,
            on_token_rotated=lambda: front.cut_remote(),  # noqa: PLW0108  # front is made below
            on_logged_out=lambda login_id: front.cut_login(login_id),  # noqa: PLW0108  # as above
        )
        api = Api(
            self._registry,
            History(store, self._registry.live),
            self._lines,
            search=SearchAnswers(self._registry, self._searcher),
            entrance=entrance,
            page=Page(web_folder()),
            facts=DaemonFacts(version=self._version, status=self._status, stop=self.request_stop),
        )
        policy = Policy(frozenset(hosts), frozenset(daemon.allowed_origins), token.matches, cookie, logins.find)
        front = Front(self._registry, self._lines, api, policy, logins.remaining_s)
        return front

    async def _listen_tcp(self, front: Front, addresses: list[ListenAddress] | None) -> None:
        if addresses is None and self._config.daemon.listen is None:
            try:
                self._listening.append(await front.listen_tcp("127.0.0.1", DEFAULT_PORT))
            except ListenError:
                # Nobody asked for this very port: another user's daemon may have it, which must not stop ours.
                self._listening.append(await front.listen_tcp("127.0.0.1", 0))
                logger.warning("port %d is taken; listening on %d instead", DEFAULT_PORT, self._listening[-1][1])
            return
        for address in self._config.daemon.addresses() if addresses is None else addresses:
            self._listening.append(await front.listen_tcp(address.host, address.port))

    def _plan(self) -> BirthPlan:
        session = self._config.session
        return BirthPlan(
            shell_argv=session.shell_argv(os.environ),
            environment=session.child_environment(os.environ),
            home=os.environ.get("HOME") or str(Path.home()),
            idle_expiry_s=self._config.idle_expiry_s,
        )

    def _lifetimes(self) -> Lifetimes:
        return Lifetimes(self._config.reconnect_window_s, self._config.kill_grace_s)

    def _on_trouble(self, trouble: str | None) -> None:
        """The store failed (said once, however long it lasts), or works again."""
        self._storage_trouble = trouble
        if trouble is not None:
            logger.error("storage: %s", trouble)
            self._registry.tell_all("storage", f"history cannot be stored now: {trouble}; nothing is lost yet")
        else:
            logger.info("storage works again")
            self._registry.tell_all("storage_recovered", "history is stored again")

    def _status(self) -> Mapping[str, Any]:
        return {
            "pid": os.getpid(),
            "keeper_pid": self._registry.keeper.pid,
            "version": self._version,
            "listen": [f"ws://{_netloc(host, port)}/ws" for host, port in self._listening],
            "page": self._page_url(),
            "socket": str(self._config.paths.socket),
            "sessions": sum(not session.exiting for session in self._registry.live.values()),
            "started_at": self._started_at,
            "storage": self._storage_trouble or "ok",
        }

    def _page_url(self) -> str | None:
        """Where a browser on this machine finds the page; None without a TCP port.

        A name of the user's own that browsers take for this machine comes first: cookies of such a host are not sent
        to other servers of the machine, as those of 127.0.0.1 are, whatever their port.
        """
        own = (name for name in self._config.daemon.allowed_hosts if name.lower().endswith(".localhost"))
        return next((f"http://{_netloc(next(own, host), port)}/" for host, port in self._listening), None)


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

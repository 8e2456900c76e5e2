"""A network that a synchronous test can break: the relay of `proxy`, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .proxy import Proxy, proxy

__all__ = ["Network", "network"]


class Network:
    """The way from a browser to a daemon.

    Attributes:
        origin: where the page is to be opened.
    """

    def __init__(self, relay: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        assert isinstance(relay.address, tuple)
        self.origin = f"http://127.0.0.1:{relay.address[1]}"
        self._relay = relay
        self._loop = loop

    @property
    def connections(self) -> int:
        """Made so far."""
        return self._relay.connections

    def cut(self) -> None:
        """Break every connection; new ones can be made."""
        self._do(self._relay.break_all)

    def freeze(self) -> None:
        """Leave the connections there are half-open for good; new ones can be made."""
        self._do(self._relay.freeze_all)

    def down(self) -> None:
        """Break every connection, and let nobody in."""
        self._do(lambda: setattr(self._relay, "refusing", True))
        self.cut()

    def up(self) -> None:
        """Let connections be made again."""
        self._do(lambda: setattr(self._relay, "refusing", False))

    def _do(self, act: Callable[[], None]) -> None:
        done = threading.Event()

        def act_and_tell() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(act_and_tell)
        assert done.wait(10), "the relay does not answer"


@contextmanager
def network(port: int) -> Iterator[Network]:
    """Relay connections to a daemon's port."""
    ready = threading.Event()
    made: list[Network] = []
    stop: list[Callable[[], None]] = []

    async def relay() -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        async with proxy(("127.0.0.1", 0), ("127.0.0.1", port)) as one:
            made.append(Network(one, loop))
            stop.append(lambda: loop.call_soon_threadsafe(stopped.set))  # type: ignore[arg-type]  # its handle is of no use
            ready.set()
            await stopped.wait()
            one.refusing = True
            while one.is_used:  # a few turns of the loop, in which each connection ends itself
                one.break_all()
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(relay(),), name="network")
    thread.start()
    assert ready.wait(10), "the relay does not start"
    try:
        yield made[0]
    finally:
        stop[0]()
        thread.join()

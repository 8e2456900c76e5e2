"""The daemon as a program: one a home, started in the background by the CLI or in the foreground by systemd.

`python -m holdfast.daemon.main [--foreground] [--ready-fd N] [--listen HOST:PORT]... [--no-tcp] [--wait-for-lock S]`

It says on `--ready-fd` how its start went: `ok`, or what is wrong and what to do. Exit codes: 0; 2 for a setting that
cannot be used; 69 where it could not start. SIGTERM and SIGINT flush everything and stop it; the shells live on. SIGHUP
is for its housekeeping: it listens again where its socket was removed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version

import uvloop

from ..store.errors import StoreError
from ..wire.errors import ConfigError, HoldfastError
from ..wire.holder import Stage
from ..wire.paths import Paths, make_private_dir, make_runtime_dirs
from .config import Config, ListenAddress, load_config
from .home_lock import HomeLock
from .keeper.link import Inheritance
from .service import Service
from .systemd import notify_systemd

__all__ = ["main"]

EXIT_CONFIG, EXIT_UNAVAILABLE = 2, 69  # sysexits(3): EX_UNAVAILABLE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the daemon until it is told to stop; return its exit code."""
    options = _parse(arguments)
    ready = _Ready(options.ready_fd)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)  # peers that hang up are no news
    try:
        inheritance = Inheritance(os.umask(0o077), _raise_descriptor_limit())
        paths = Paths.from_environment()
        make_private_dir(paths.data_dir)
        make_runtime_dirs(paths)
        config = load_config(paths)
        addresses = None if not options.listen else [ListenAddress.parse(text) for text in options.listen]
        if options.no_tcp:
            addresses = []
        lock = HomeLock(paths.lock_file, wait_s=options.wait_for_lock)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(config, inheritance, addresses, ready, lock))
        lock.close()
    except ConfigError as error:
        return ready.fail(str(error), EXIT_CONFIG)
    except (HoldfastError, StoreError) as error:
        return ready.fail(str(error), EXIT_UNAVAILABLE)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="holdfast-daemon", description="Holdfast's daemon; see 'holdfast daemon'.")
    parser.add_argument(
        "--foreground", action="store_true", help="started by systemd or by hand: also log to a terminal"
    )
    parser.add_argument("--ready-fd", type=int, help="descriptor on which to say how the start went")
    parser.add_argument(
        "--listen", action="append", metavar="HOST:PORT", help="instead of daemon.listen; may be repeated"
    )
    parser.add_argument("--no-tcp", action="store_true", help="listen on the Unix socket alone")
    parser.add_argument("--wait-for-lock", type=float, default=0.0, metavar="S", help="let a stopping daemon finish")
    return parser.parse_args(arguments)


class _Ready:
    """Says once how the start went."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def succeed(self) -> None:
        self._say("ok\n")
        notify_systemd("READY=1")

    def fail(self, text: str, code: int) -> int:
        sys.stderr.write(f"holdfast: {text}\n")
        self._say(text)
        return code

    def _say(self, text: str) -> None:
        if self._descriptor is not None:
            with suppress(OSError):  # the starter has gone
                os.write(self._descriptor, text.encode(errors="replace"))
                os.close(self._descriptor)
            self._descriptor = None


def _raise_descriptor_limit() -> int:
    """Allow one descriptor a session and a client, which 1,024 would not; return the soft limit as it was."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS refuses "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


async def _serve(
    config: Config, inheritance: Inheritance, addresses: list[ListenAddress] | None, ready: _Ready, lock: HomeLock
) -> None:
    def on_stage(stage: Stage) -> None:
        lock.say(stage)
        if stage is Stage.SERVING:
            ready.succeed()
        else:
            notify_systemd("STOPPING=1")

    service = Service(config, inheritance, version=version("holdfast"))
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, service.request_stop, False)
    loop.add_signal_handler(signal.SIGHUP, service.request_housekeeping)
    await service.run(addresses, on_stage=on_stage)


if __name__ == "__main__":
    sys.exit(main())

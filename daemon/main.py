"""The daemon as a program: one a home, started in the background by the CLI or in the foreground by systemd.

`python -m holdfast.daemon.main [--foreground] [--ready-fd N] [--listen HOST:PORT]... [--no-tcp] [--wait-for-lock S]`

It says on `--ready-fd` how its start went: `ok`, or what is wrong and what to do. Exit codes: 0; 2 for a setting that
cannot be used; 69 where it could not start. SIGTERM and SIGINT flush everything and stop it; the shells live on.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import uvloop

from ..store.errors import StoreError
from ..wire.errors import ConfigError, HoldfastError
from ..wire.paths import Paths, make_private_dir
from .config import Config, ListenAddress, load_config
from .keeper.link import Inheritance
from .service import Service
from .systemd import notify_systemd

__all__ = ["main"]

EXIT_CONFIG, EXIT_UNAVAILABLE = 2, 69  # sysexits(3): EX_UNAVAILABLE

_LOCK_POLL_S = 0.02


class LockError(HoldfastError):
    """Another daemon serves this home."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the daemon until it is told to stop; return its exit code."""
    options = _parse(arguments)
    ready = _Ready(options.ready_fd)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)  # peers that hang up are no news
    try:
        inheritance = Inheritance(os.umask(0o077), _raise_descriptor_limit())
        paths = Paths.from_environment()
        for folder in (paths.data_dir, paths.runtime_dir, paths.tails_dir):
            make_private_dir(folder)
        config = load_config(paths)
        addresses = None if not options.listen else [ListenAddress.parse(text) for text in options.listen]
        if options.no_tcp:
            addresses = []
        lock = _lock_home(paths.lock_file, wait_s=options.wait_for_lock)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(config, inheritance, addresses, ready))
        os.close(lock)
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


def _lock_home(path: Path, *, wait_s: float) -> int:
    """Take the lock of this home; it is held until the process ends, however it ends. Raises LockError, ConfigError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}; make it writable, or set HOLDFAST_HOME to a folder that is"
        ) from None
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                os.close(descriptor)
                raise LockError(
                    f"a daemon already serves this home (pid {holder}); 'holdfast daemon stop' ends it"
                ) from None
            time.sleep(_LOCK_POLL_S)
    os.truncate(descriptor, 0)
    with suppress(OSError):  # a full disk: the number is only for the message above
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _raise_descriptor_limit() -> int:
    """Allow one descriptor a session and a client, which 1,024 would not; return the soft limit as it was."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS refuses "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


async def _serve(
    config: Config, inheritance: Inheritance, addresses: list[ListenAddress] | None, ready: _Ready
) -> None:
    service = Service(config, inheritance, version=version("holdfast"))
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, service.request_stop, False)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # the terminal it was started from may close
    await service.run(addresses, on_ready=ready.succeed)


if __name__ == "__main__":
    sys.exit(main())

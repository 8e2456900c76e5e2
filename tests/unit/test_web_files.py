"""What index.html lists: every module of the page, and each vendored file by its hash."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

WEB = Path(__file__).parents[2] / "client" / "web"


class Links(HTMLParser):
    """The links and scripts of a page, by address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.inline = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("href") or given.get("src")
        if tag in {"link", "script", "img"} and address:
            self.found[address] = given
        self.inline |= (tag == "script" and "src" not in given) or tag == "style" or "style" in given
        self.inline |= any(name.startswith("on") for name in given)


def links() -> Links:
    parser = Links()
    parser.feed((WEB / "index.html").read_text())
    return parser


def imported(file: Path) -> set[Path]:
    """The modules that a module imports, at once or later, by their files; types in comments are none."""
    statements = re.findall(r'^(?:import |export [*{])[^;("]*"(\.[^"]+)"', file.read_text(), re.MULTILINE)
    statements += re.findall(r'await import\("(\.[^"]+)"\)', file.read_text())
    return {(file.parent / statement).resolve() for statement in statements}


def reached() -> set[Path]:
    """Every module that the page loads."""
    found: set[Path] = set()
    waiting = {(WEB / "main.js").resolve()}
    while waiting:
        file = waiting.pop()
        found.add(file)
        if "vendor" not in file.parts:
            waiting |= imported(file) - found
    return found


def test_every_module_is_loaded_in_one_round() -> None:
    """index.html lists the modules that main.js leads to, and no other."""
    modules = {file.relative_to(WEB.resolve()).as_posix() for file in reached()}
    listed = {
        address.removeprefix("assets/")
        for address, link in links().found.items()
        if link.get("rel") == "modulepreload" or link.get("type") == "module"
    }
    assert listed == modules


def test_every_file_that_is_named_is_there() -> None:
    """No link of the page leads nowhere, and all addresses are relative, so that a path prefix does no harm."""
    for address in links().found:
        assert address.startswith("assets/"), address
        assert (WEB / address.removeprefix("assets/")).is_file(), address


def test_vendored_files_are_named_by_their_hash() -> None:
    """A vendored file that is not the published one is not loaded: vendor.json, the page and the file agree."""
    entries = {
        f"assets/vendor/{entry['file']}": entry for entry in json.loads((WEB / "vendor/vendor.json").read_text())
    }
    vendored = {address: link for address, link in links().found.items() if "/vendor/" in address}
    assert vendored, "the page has none"
    for address, link in vendored.items():
        data = (WEB / address.removeprefix("assets/")).read_bytes()
        integrity = f"sha384-{base64.b64encode(hashlib.sha384(data).digest()).decode()}"
        assert link.get("integrity") == integrity == entries[address]["integrity"], address


def test_the_page_has_no_inline_script_or_style() -> None:
    """What the security policy refuses is not there."""
    assert not links().inline


def test_every_style_sheet_is_linked() -> None:
    """A style sheet that nobody links styles nothing."""
    sheets = {f"assets/{file.relative_to(WEB).as_posix()}" for file in WEB.rglob("*.css")}
    assert sheets == {address for address, link in links().found.items() if link.get("rel") == "stylesheet"}


def test_no_module_makes_markup_of_data() -> None:
    """Whatever a session calls itself enters the page as text."""
    forbidden = re.compile(r"\.(?:innerHTML|outerHTML|insertAdjacentHTML|srcdoc)\b|document\.write\(")
    for file in WEB.rglob("*.js"):
        assert not forbidden.search(file.read_text()), file


def test_the_manifest_leads_to_the_page_and_its_icons() -> None:
    """An installed page opens where this one is, with icons that are there."""
    manifest = json.loads((WEB / "manifest.webmanifest").read_text())
    assert manifest["start_url"] == manifest["scope"] == "../"
    for one in manifest["icons"]:
        assert (WEB / one["src"]).is_file()

"""The page's files: which are served, with what headers, and when they are read again."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.daemon.front.page import Page, web_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "sub").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html>")
    (web / "main.js").write_text("// main" + " " * 1000)
    (web / "sub" / "x.css").write_text("a{}")
    (web / "sub" / "icon.png").write_bytes(b"\x89PNG")
    (web / "secret.json").write_text("{}")
    (web / "types.d.mts").write_text("")
    (web / "noext").write_text("")
    (tmp_path / "outside.js").write_text("// outside")
    return web


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("sub/x.css", "text/css; charset=utf-8"),
        ("sub/icon.png", "image/png"),
    ],
)
async def test_a_file_is_served_with_its_type_and_the_policy(folder: Path, name: str, kind: str) -> None:
    """What the page is made of comes as what it is, and with the headers that keep it in."""
    answer = await Page(folder).answer(name, {})
    assert answer.status_code == 200
    assert bytes(answer.body) == (folder / (name or "index.html")).read_bytes()
    headers = answer.headers
    assert (headers["Content-Type"], headers["Content-Length"]) == (kind, str(len(answer.body)))
    assert (headers["Cache-Control"], headers["Vary"]) == ("no-cache", "Accept-Encoding")
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]


@pytest.mark.parametrize(
    "name",
    [
        *("index.html", "secret.json", "types.d.mts", "noext", "sub", "gone.js", "sub/main.js"),
        *("link.js", "loop.js", "folder.js"),
        *("../outside.js", "sub/../../outside.js", "/etc/hostname"),  # the route's pattern already has none of these
    ],
)
async def test_nothing_else_is_served(folder: Path, name: str) -> None:
    """No other kind of file, no folder, nothing outside, by a path or by a link; the page is at one address only."""
    (folder / "link.js").symlink_to(folder.parent / "outside.js")
    (folder / "loop.js").symlink_to(folder / "loop.js")
    (folder / "folder.js").mkdir()
    assert (await Page(folder).answer(name, {})).status_code == 404


async def test_without_its_files_there_is_no_page() -> None:
    """A daemon that is installed without the client says so, and goes on."""
    assert (await Page(None).answer("", {})).status_code == 404


async def test_a_browser_that_has_the_file_gets_no_body(folder: Path) -> None:
    """304 for the tag that was sent, in a list and as `*` too; the file for another."""
    page = Page(folder)
    tag = (await page.answer("main.js", {})).headers["ETag"]
    for condition in (tag, f'"other", {tag}', "*"):
        answer = await page.answer("main.js", {"If-None-Match": condition})
        assert (answer.status_code, bytes(answer.body), answer.headers["ETag"]) == (304, b"", tag)
        assert "Content-Security-Policy" in answer.headers  # it takes the place of what the browser kept
    for condition in ('"other"', tag[:-2] + '"', ""):
        assert (await page.answer("main.js", {"If-None-Match": condition})).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip; q=1", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
        ("x-gzip", False),
        ("", False),
    ],
)
async def test_text_is_packed_for_who_takes_it(folder: Path, accepted: str, packed: bool) -> None:
    """It comes by gzip where that is accepted, if it shrinks by it."""
    answer = await Page(folder).answer("main.js", {"Accept-Encoding": accepted})
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    body = gzip.decompress(answer.body) if packed else bytes(answer.body)
    assert body == (folder / "main.js").read_bytes()
    assert "Content-Encoding" not in (await Page(folder).answer("sub/icon.png", {"Accept-Encoding": accepted})).headers


async def test_a_changed_file_is_seen(folder: Path) -> None:
    """In a checkout the next request gets what was just saved; one that was removed is gone."""
    page = Page(folder)
    first = await page.answer("main.js", {})
    known = page._files["main.js"]
    await page.answer("main.js", {})
    assert page._files["main.js"] is known  # and not read again
    (folder / "main.js").write_bytes(first.body.replace(b"main", b"MAIN"))
    os.utime(folder / "main.js", ns=(1, known.stamp[0] + 1))  # the clock of a file system may be coarse
    second = await page.answer("main.js", {"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, bytes(second.body[:7])) == (200, b"// MAIN")
    (folder / "main.js").unlink()
    assert (await page.answer("main.js", {})).status_code == 404


def test_the_folder_is_found_without_the_client() -> None:
    """The daemon finds the page where it is installed, and imports nothing of `client` for it."""
    script = """
import sys
from holdfast.daemon.front.page import web_folder
print(web_folder())
assert not any(name.startswith("holdfast.client") for name in sys.modules)
"""
    found = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, cwd="/")
    folder = Path(found.stdout.strip())
    assert folder == web_folder()
    assert (folder / "index.html").is_file()

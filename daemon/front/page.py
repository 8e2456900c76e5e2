"""The page's files, from client/web: found without importing anything of `client`, read when first asked for.

A file's status is looked at with each request, so that one that has changed, in a checkout or by an upgrade, is not
served stale. There is nothing secret in them: they are what the repository has.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from websockets.http11 import Response

from .answers import error_answer, file_answer

__all__ = ["Page", "web_folder"]

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_PACKED = frozenset({".html", ".js", ".mjs", ".css", ".svg", ".webmanifest"})

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",  # the image addon decodes by WebAssembly
    "style-src": "'self' 'unsafe-inline'",  # xterm.js makes <style> elements for sizes and colours
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",  # covers the WebSocket of the same host and port: CSP level 3, section 6.7.2.8
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_UNUSED_FEATURES = ("camera", "microphone", "geolocation", "display-capture", "usb", "serial", "hid", "midi", "payment")
_HEADERS = {
    "Cache-Control": "no-cache",  # keep it, and ask each time: a 304 is short, and an upgrade is seen at once
    "Vary": "Accept-Encoding",
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in _POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
}


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was when its status was `stamp`."""

    stamp: tuple[int, int, int]
    kind: str
    tag: str
    body: bytes
    packed: bytes | None


class Page:
    """Answers for the page and its files.

    Args:
        folder: which has them; None: they are not installed.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder.resolve()
        self._files: dict[str, _File] = {}

    async def answer(self, name: str, headers: Mapping[str, str]) -> Response:
        """Answer for a file by its path in the folder; `""` is the page itself."""
        file = await self._find(name)
        if file is None:
            return error_answer(HTTPStatus.NOT_FOUND, "no_route", "the page has no such file")
        sent = {**_HEADERS, "ETag": file.tag}
        if _has_it(headers.get("If-None-Match", ""), file.tag):
            return file_answer(HTTPStatus.NOT_MODIFIED, sent)
        sent["Content-Type"] = file.kind
        if file.packed is not None and _takes_gzip(headers.get("Accept-Encoding", "")):
            return file_answer(HTTPStatus.OK, {**sent, "Content-Encoding": "gzip"}, file.packed)
        return file_answer(HTTPStatus.OK, sent, file.body)

    async def _find(self, name: str) -> _File | None:
        if self._folder is None or name.endswith(".html"):  # the page is at its own address, and nowhere else
            return None
        path = self._folder / (name or "index.html")
        if path.suffix not in _TYPES:
            return None
        known = self._files.get(name)
        try:
            stamp = _stamp(path)
            if known is not None and known.stamp == stamp:
                return known
            if not path.resolve().is_relative_to(self._folder):  # a link that leads out of it
                return None
            file = await asyncio.to_thread(_read, path, stamp)  # to pack xterm.js takes 20 ms
        except OSError:
            return None
        self._files[name] = file
        return file


def web_folder() -> Path | None:
    """Return where the page's files are installed, or None; nothing of `client` is imported."""
    spec = importlib.util.find_spec("...client", __package__)
    locations = spec.submodule_search_locations if spec is not None else None
    return next((Path(location, "web") for location in locations or ()), None)


def _read(path: Path, stamp: tuple[int, int, int]) -> _File:
    """Read and pack a file; `stamp` is from before, so that one that changes meanwhile is read again."""
    body = path.read_bytes()
    packed = gzip.compress(body, mtime=0) if path.suffix in _PACKED else None
    # Weak, because it stands for the packed body, too.
    return _File(stamp, _TYPES[path.suffix], f'W/"{hashlib.sha256(body).hexdigest()[:24]}"', body, packed)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)  # noqa: PTH116  # a third of the time of Path.stat
    return status.st_mtime_ns, status.st_size, status.st_ino


def _has_it(condition: str, tag: str) -> bool:
    """Whether `If-None-Match` names the tag: RFC 9110, section 13.1.2."""
    return condition.strip() == "*" or tag in (one.strip() for one in condition.split(","))


def _takes_gzip(accepted: str) -> bool:
    """Whether `Accept-Encoding` has gzip, and not with weight 0: RFC 9110, section 12.5.3."""
    for one in accepted.lower().split(","):
        coding, _, weight = one.replace(" ", "").partition(";q=")
        if coding == "gzip":
            return weight.strip("0.") != "" or weight == ""
    return False

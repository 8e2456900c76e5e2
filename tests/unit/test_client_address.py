from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.client.address import Address
from holdfast.wire.errors import ConfigError
from holdfast.wire.paths import Paths


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("unix:/run/hf/daemon.sock", "ws://localhost/ws?since=1"),
        ("unix:///run/hf/daemon.sock", "ws://localhost/ws?since=1"),
        ("ws://127.0.0.1:7617/ws", "ws://127.0.0.1:7617/ws?since=1"),
        ("ws://example.org", "ws://example.org:7617/ws?since=1"),
        ("wss://example.org/term/", "wss://example.org:443/term/ws?since=1"),
        ("wss://example.org:8443/term/ws", "wss://example.org:8443/term/ws?since=1"),
        ("ws://[::1]:7617", "ws://[::1]:7617/ws?since=1"),
    ],
)
def test_each_form_leads_to_its_uri(text: str, uri: str) -> None:
    assert Address.parse(text).ws_uri("since=1") == uri


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("ws://127.0.0.1:7617/ws", "http://127.0.0.1:7617/"),
        ("ws://[::1]:7617", "http://[::1]:7617/"),
        ("ws://example.org:80", "http://example.org/"),
        ("wss://example.org", "https://example.org/"),
        ("wss://example.org:8443/term/", "https://example.org:8443/term/"),
    ],
)
def test_the_page_is_beside_the_socket(text: str, url: str) -> None:
    assert Address.parse(text).page_url == url


@pytest.mark.parametrize(
    "text",
    ["", "unix:", "example.org", "http://example.org", "ws://", "ws://host:port", "ws://host:99999", "ws://[::1"],
)
def test_what_is_no_address_says_what_to_write(text: str) -> None:
    with pytest.raises(ConfigError, match="unix:PATH"):
        Address.parse(text)


@pytest.mark.parametrize("text", ["ws://me@host", "ws://host/?token=x", "wss://host/#x"])
def test_a_secret_does_not_belong_into_an_address(text: str) -> None:
    with pytest.raises(ConfigError, match="no user, token or query"):
        Address.parse(text)


def test_the_local_daemon_is_the_one_of_the_home(tmp_path: Path) -> None:
    paths = Paths.from_environment({"HOLDFAST_HOME": str(tmp_path)})
    assert Address.local(paths) == Address.parse(f"unix:{paths.socket}")


def test_an_address_prints_as_it_is_written() -> None:
    for text in ("unix:/a b", "ws://[::1]:1", "wss://example.org:443/term"):
        assert str(Address.parse(text)) == text
        assert Address.parse(str(Address.parse(text))) == Address.parse(text)


def test_loopback_and_unix_are_local() -> None:
    local = {
        text
        for text in ("unix:/a", "ws://localhost", "ws://[::1]", "wss://example.org")
        if Address.parse(text).is_local
    }
    assert local == {"unix:/a", "ws://localhost", "ws://[::1]"}

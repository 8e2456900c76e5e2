from __future__ import annotations

import pytest

from holdfast.client.detach_key import DetachKey

CTRL_BACKSLASH = DetachKey(b"\x1c")


@pytest.mark.parametrize(
    "pressed",
    [b"\x1c", b"\x1b[92;5u", b"\x1b[92;133u", b"\x1b[92;69:1u", b"\x1b[92:124;5;28u", b"\x1b[27;5;92~"],
    ids=["plain", "kitty", "with num lock", "with caps lock", "with alternates", "modifyOtherKeys"],
)
def test_the_key_is_found_in_every_encoding(pressed: bytes) -> None:
    assert CTRL_BACKSLASH.split(b"ls\r" + pressed + b"rest") == (b"ls\r", True)


@pytest.mark.parametrize(
    "other", [b"", b"ls\r", b"\\", b"\x1b[92;3u", b"\x1b[92;5:3u", b"\x1b[93;5u", b"\x1b[27;5;93~"]
)
def test_other_keys_pass(other: bytes) -> None:
    """The release of the key is not a press, and Alt is not Ctrl."""
    assert CTRL_BACKSLASH.split(other) == (other, False)


@pytest.mark.parametrize(("code", "label"), [(b"\x1c", "Ctrl-\\"), (b"\x1d", "Ctrl-]"), (b"\x01", "Ctrl-A")])
def test_its_name_for_people(code: bytes, label: str) -> None:
    assert DetachKey(code).label == label


def test_a_letter_is_found_in_every_encoding() -> None:
    for pressed in (b"\x01", b"\x1b[97;5u", b"\x1b[27;5;97~"):
        assert DetachKey(b"\x01").split(pressed) == (b"", True)

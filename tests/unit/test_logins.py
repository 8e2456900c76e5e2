"""The page's logins: one-time codes, cookies, and what is kept of them."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from holdfast.daemon.front.logins import CODE_LIFETIME_S, LOGIN_LIFETIME_S, LoginCodes, Logins, cookie_name
from holdfast.daemon.front.token import Token
from holdfast.wire.errors import ConfigError
from holdfast.wire.paths import Paths


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path, tmp_path / "data", tmp_path / "run")


# Codes


def test_a_code_is_known_until_it_expires_and_nothing_else_is() -> None:
    """A code is found for five minutes, whole; it is not guessable, and no other is found."""
    clock = Clock()
    codes = LoginCodes(clock)
    code = codes.make()
    assert len(code) >= 22  # 128 bits in base64url take as many
    assert codes.make() != code
    for wrong in ("", code[:-1], code + "x", code.swapcase(), "\udc80"):
        assert codes.find(wrong) is None
    clock.now += CODE_LIFETIME_S - 1
    assert codes.find(code) is not None
    clock.now += 1
    assert codes.find(code) is None


def test_a_used_code_remembers_its_login() -> None:
    """Whoever shows a code a second time can be told from the first."""
    codes = LoginCodes(Clock())
    code = codes.make()
    known = codes.find(code)
    assert known is not None
    assert known.login_id is None
    known.login_id = "the login"
    again = codes.find(code)
    assert again is not None
    assert again.login_id == "the login"


def test_codes_are_few() -> None:
    """Of many codes the latest are good; a rotation ends them all."""
    codes = LoginCodes(Clock())
    made = [codes.make() for _ in range(20)]
    assert [codes.find(code) is not None for code in made] == [False] * 4 + [True] * 16
    codes.end_all()
    assert codes.find(made[-1]) is None


# Logins


def test_a_login_is_found_by_its_cookie_alone(paths: Paths) -> None:
    """The value that was given out finds the login; its id, which is stored, does not."""
    logins = Logins(paths, Token(paths), Clock())
    value, login = logins.start()
    other, _ = logins.start()
    assert len(value) >= 43  # 256 bits
    assert value != other
    assert logins.find(value) == login.id == hashlib.sha256(value.encode()).hexdigest()
    for wrong in ("", login.id, value[:-1], value + "x", "\udc80"):
        assert logins.find(wrong) is None


def test_logins_outlive_the_daemon_as_hashes_in_a_private_file(paths: Paths) -> None:
    """Another daemon knows them; the file is its owner's alone, and has nothing that logs in."""
    value, login = Logins(paths, Token(paths), Clock()).start()
    assert stat.S_IMODE(paths.logins_file.stat().st_mode) == 0o600
    text = paths.logins_file.read_text()
    assert value not in text
    assert Token(paths)._value not in text
    again = Logins(paths, Token(paths), Clock())
    assert again.find(value) == login.id
    again.end(login.id)
    assert again.find(value) is None
    assert Logins(paths, Token(paths), Clock()).find(value) is None


def test_logins_end_by_time(paths: Paths) -> None:
    """After thirty days a login is none, and is not kept any more."""
    clock = Clock()
    logins = Logins(paths, Token(paths), clock)
    value, login = logins.start()
    assert logins.remaining_s(login.id) == LOGIN_LIFETIME_S
    clock.now += LOGIN_LIFETIME_S - 1
    assert logins.find(value) is not None
    clock.now += 1
    assert logins.find(value) is None
    assert logins.remaining_s(login.id) == 0
    logins.start()
    assert login.id not in paths.logins_file.read_text()


def test_logins_end_with_the_token(paths: Paths) -> None:
    """Whoever replaces the token has ended the logins, by the daemon or behind its back; nothing need be written."""
    token = Token(paths)
    logins = Logins(paths, token, Clock())
    value, _ = logins.start()
    kept = paths.logins_file.read_text()
    token.rotate()
    logins.end_all()
    assert logins.find(value) is None
    assert paths.logins_file.read_text() == kept
    assert Logins(paths, Token(paths), Clock()).find(value) is None
    newer, _ = logins.start()
    assert Logins(paths, Token(paths), Clock()).find(newer) is not None
    paths.token_file.write_text("another\n")
    assert Logins(paths, Token(paths), Clock()).find(newer) is None


def test_logins_are_bounded(paths: Paths) -> None:
    """Of very many logins the oldest goes."""
    logins = Logins(paths, Token(paths), Clock())
    values = [logins.start()[0] for _ in range(101)]
    assert [logins.find(value) is not None for value in (values[0], values[1], values[-1])] == [False, True, True]
    assert len(json.loads(paths.logins_file.read_text())["logins"]) == 100


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"token":1}', '{"token":"x","logins":[{"id":1}]}'])
def test_a_damaged_file_costs_the_logins_and_nothing_else(paths: Paths, text: str) -> None:
    """Pages have to log in again."""
    token = Token(paths)
    paths.logins_file.write_text(text)
    logins = Logins(paths, token, Clock())
    value, _ = logins.start()
    assert Logins(paths, token, Clock()).find(value) is not None


def test_a_login_that_cannot_be_stored_is_none(paths: Paths) -> None:
    """A full disk refuses the login, rather than to give one that is gone at the next restart."""
    logins = Logins(paths, Token(paths), Clock())
    logins._file = paths.data_dir / "token" / "no folder"
    with pytest.raises(ConfigError):
        logins.start()
    assert logins._logins == []


def test_homes_have_cookies_of_their_own(tmp_path: Path) -> None:
    """Two daemons on one host do not overwrite each other's login; one home keeps its cookie's name."""
    one, other = (Paths(tmp_path, tmp_path / name, tmp_path) for name in ("a", "b"))
    assert cookie_name(one) != cookie_name(other)
    assert cookie_name(one) == cookie_name(Paths(tmp_path / "x", tmp_path / "a", tmp_path / "y"))

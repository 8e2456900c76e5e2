"""Which session a person means."""

from __future__ import annotations

import click
import pytest

from holdfast.client.cli.find import SessionStatus, find_session, short_ids, suggestions
from holdfast.wire.errors import RefusedError

ONE = "11111111-1111-4111-8111-111111111111"
ONE_TOO = "11111111-1111-4111-8111-222222222222"
TWO = "22222222-2222-4222-8222-222222222222"


def session(session_id: str, name: str = "", state: str = "running", command: str = "sh") -> SessionStatus:
    return {"session_id": session_id, "name": name, "state": state, "command": command}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ONE, ONE),
        (TWO, TWO),
        ("2", TWO),
        ("22222222-2222", TWO),
        ("work", ONE),
        ("1111", ONE),  # of one that runs and one that ended, the one that runs
        ("11111111-1111-4111-8111-2", ONE_TOO),
    ],
)
def test_a_session_is_found_by_id_name_or_unique_beginning(text: str, found: str) -> None:
    sessions = [session(TWO, "2222"), session(ONE_TOO, "old", "ended"), session(ONE, "work")]
    assert find_session(sessions, text, ended=True)["session_id"] == found


def test_a_name_goes_before_the_beginning_of_an_id() -> None:
    assert find_session([session(TWO), session(ONE, "2")], "2")["session_id"] == ONE


def test_of_several_with_one_name_the_running_one_is_meant_then_the_latest() -> None:
    ended = [session(ONE, "work", "dead"), session(ONE_TOO, "work", "ended")]
    assert find_session(ended, "work", ended=True)["session_id"] == ONE
    assert find_session([*ended, session(TWO, "work")], "work", ended=True)["session_id"] == TWO


@pytest.mark.parametrize("text", ["3", "nosuch", "11111111-1111-4111-8111-111111111113", "\x1b[31m"])
def test_an_unknown_session_is_not_found_and_its_name_does_not_reach_the_terminal_raw(text: str) -> None:
    with pytest.raises(RefusedError) as caught:
        find_session([session(ONE)], text)
    assert caught.value.code == "not_found"
    assert "\x1b" not in str(caught.value)


def test_one_that_has_ended_is_refused_with_the_way_to_its_history() -> None:
    with pytest.raises(RefusedError, match="holdfast log 11111111") as caught:
        find_session([session(ONE, "work", "dead")], "work")
    assert caught.value.code == "ended"


@pytest.mark.parametrize("text", ["1", ""])
def test_an_ambiguous_or_empty_text_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.UsageError):
        find_session([session(ONE), session(ONE_TOO)], text)


def test_short_ids_tell_sessions_apart() -> None:
    assert short_ids([ONE, TWO]) == {ONE: "11111111", TWO: "22222222"}
    assert short_ids([TWO, ONE_TOO, ONE]) == {
        ONE: "11111111-1111-4111-8111-1",
        ONE_TOO: "11111111-1111-4111-8111-2",
        TWO: "22222222",
    }
    assert short_ids([]) == {}


def test_completion_offers_names_and_ids_and_never_what_a_shell_would_run() -> None:
    sessions = [session(ONE, "work"), session(TWO, "$(reboot)", command="evil\x1b]52;c;x\x07")]
    assert [word for word, _ in suggestions(sessions, "")] == ["work", "22222222"]
    assert [word for word, _ in suggestions(sessions, "wo")] == ["work"]
    assert [word for word, _ in suggestions(sessions, "1111")] == ["11111111"]
    assert [word for word, _ in suggestions(sessions, TWO[:20])] == [TWO]
    assert suggestions(sessions, "$(") == []
    assert all(text.isprintable() for _, text in suggestions(sessions, ""))

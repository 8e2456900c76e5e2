"""The query of `GET /ws`: what a client formats the daemon parses, and nothing but QueryError comes of rubbish."""

from __future__ import annotations

import uuid
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.wire.errors import QueryError
from holdfast.wire.frames import MAX_NUMBER
from holdfast.wire.query import MAX_LINES, AttachQuery, Replay, SpawnQuery, is_session_id

numbers = st.integers(0, MAX_NUMBER)
cells = st.none() | st.integers(1, 1000)
session_ids = st.uuids(version=4).map(str)
durations = st.integers(0, 999_999_999_000).map(lambda ms: round(ms / 1000, 3))
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
names = st.text(max_size=100).filter(lambda text: text.isprintable() and not is_session_id(text))
replays = st.sampled_from([Replay("all"), Replay("none"), Replay("restore")]) | st.builds(
    Replay, st.just("restore"), st.integers(0, MAX_LINES)
)
spawn_queries = st.builds(
    SpawnQuery,
    name=names,
    argv=st.none() | st.tuples(words.filter(bool), words) | st.tuples(words.filter(bool)),
    cwd=st.none() | words.map(lambda text: "/" + text),
    cols=cells,
    rows=cells,
    linger=st.none() | durations,
    expires=st.none() | durations | st.just("default"),
)
attach_queries = st.builds(
    AttachQuery,
    session_id=st.none() | session_ids,
    since=st.none() | numbers,
    create=st.booleans(),
    replay=replays,
    mode=st.sampled_from(["rw", "ro"]),
    client_id=st.just("") | st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    window=numbers,
    zstd=st.booleans(),
    answers=st.booleans(),
    exclusive=st.booleans(),
    steal=st.booleans(),
    spawn=spawn_queries,
)
parameters = st.sampled_from(
    [*AttachQuery.__dataclass_fields__, *SpawnQuery.__dataclass_fields__],
)


@given(spawn_queries)
def test_every_spawn_query_comes_back_as_it_was_formatted(query: SpawnQuery) -> None:
    assert SpawnQuery.parse(query.format()) == query


@given(attach_queries)
def test_every_attach_query_comes_back_as_it_was_formatted(query: AttachQuery) -> None:
    text = query.format()
    assert text.isascii()
    assert AttachQuery.parse(text) == query


@given(st.text(max_size=60))
def test_an_arbitrary_query_string_is_a_query_or_a_query_error(text: str) -> None:
    _parse_or_refuse(text)


@given(st.lists(st.tuples(parameters, st.binary(max_size=12) | st.text(max_size=12)), max_size=4))
def test_any_value_of_any_parameter_is_a_query_or_a_query_error(pairs: list[tuple[str, bytes | str]]) -> None:
    _parse_or_refuse(urlencode(pairs))


def _parse_or_refuse(text: str) -> None:
    try:
        query = AttachQuery.parse(text)
    except QueryError:
        return
    assert AttachQuery.parse(query.format()) == query


def test_what_has_its_default_is_not_sent() -> None:
    assert not AttachQuery().format()
    assert AttachQuery(since=0).format() == "since=0"
    assert SpawnQuery(linger=0.0, expires=None).format() == "linger=0.0&expires=never"


def test_an_error_names_the_parameter_and_shows_the_value() -> None:
    with pytest.raises(QueryError) as caught:
        AttachQuery.parse("since=yesterday")
    assert str(caught.value) == f"since must be a whole number from 0 to {MAX_NUMBER}, not 'yesterday'"


def test_an_error_stays_short_whatever_was_sent() -> None:
    with pytest.raises(QueryError) as caught:
        AttachQuery.parse("mode=" + "x" * 100_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("query", [SpawnQuery(cwd="/\udcff"), SpawnQuery(name="\ud800")])
def test_a_path_that_is_not_utf8_is_refused_where_it_is_formatted(query: SpawnQuery) -> None:
    with pytest.raises(QueryError, match="not UTF-8"):
        query.format()


@given(st.uuids())
def test_a_session_id_is_a_uuid4_in_lower_case(some: uuid.UUID) -> None:
    assert is_session_id(str(some)) == (some.version == 4)
    assert not is_session_id(str(some).upper() + "A")


def test_a_session_id_has_nothing_behind_it() -> None:
    some = str(uuid.uuid4())
    assert is_session_id(some)
    for text in (some + "\n", " " + some, some.replace("-", ""), "{" + some + "}", quote(some) + "%0a"):
        assert not is_session_id(text)


@given(replays)
def test_every_replay_is_read_as_it_is_written(replay: Replay) -> None:
    assert Replay.parse(str(replay)) == replay


def test_a_command_too_long_for_a_request_line_is_refused() -> None:
    """What no daemon could read is refused before it is sent, with what to do instead."""
    with pytest.raises(QueryError, match="argv is too long"):
        SpawnQuery(argv=("sh", "-c", "x" * 8000)).format()

"""JSON messages: what is encoded is parsed again, and nothing but MessageError comes of rubbish."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.wire import messages
from holdfast.wire.errors import MessageError
from holdfast.wire.frames import MAX_NUMBER
from holdfast.wire.messages import (
    MAX_LINES,
    MAX_SIDE_CELLS,
    ClientMessage,
    ServerMessage,
    check_size,
    encode,
    is_unicode,
    parse_client_message,
    parse_server_message,
)

numbers = st.integers(0, MAX_NUMBER)
cells = st.integers(1, MAX_SIDE_CELLS)
seconds = st.floats(0, 1e12)
texts = st.text(max_size=50)
clients = st.builds(
    messages.PresentClient,
    client_id=texts,
    mode=st.sampled_from(["rw", "ro"]),
    state=st.sampled_from(["connected", "waiting"]),
    since=seconds,
)
lines = st.builds(messages.Line, line=numbers, offset=numbers, text=texts, wraps=st.booleans())
client_messages: st.SearchStrategy[ClientMessage] = st.one_of(
    st.builds(messages.Input, text=texts, seq=st.none() | numbers),
    st.builds(messages.Resize, cols=cells, rows=cells),
    st.builds(messages.Ack, offset=numbers),
    st.sampled_from([messages.Ping(), messages.Detach(), messages.End()]),
    st.builds(
        messages.LinesRequest,
        before=st.none() | numbers,
        max=st.integers(1, MAX_LINES),
        styled=st.booleans(),
        id=st.text(max_size=64),
    ),
)
server_messages: st.SearchStrategy[ServerMessage] = st.one_of(
    st.builds(
        messages.Session,
        session_id=texts,
        reconnected=st.booleans(),
        age_seconds=seconds,
        created_at=seconds,
        attach=st.sampled_from(["fresh", "exact", "restore", "replay"]),
        offset=numbers,
        input_seq=numbers,
        cols=cells,
        rows=cells,
        fallback=st.none() | texts,
        previous_session_id=st.none() | texts,
        client_id=texts,
        name=texts,
        trimmed_bytes=numbers,
        replay_until=numbers,
        input_unknown=numbers,
        exclusive=st.none() | texts,
        first_line=st.none() | numbers,
    ),
    st.builds(
        messages.Output, text=texts, is_replay=st.booleans(), is_prompt=st.booleans(), offset=numbers, end=numbers
    ),
    st.builds(messages.ReplayDone, offset=numbers),
    st.builds(messages.Error, code=texts, message=texts),
    st.builds(messages.Exit, code=st.none() | st.integers(0, 255), signal=st.none() | st.integers(1, 64)),
    st.builds(messages.Resized, cols=cells, rows=cells),
    st.builds(messages.Presence, clients=st.lists(clients, max_size=3)),
    st.builds(messages.InputAck, seq=numbers),
    st.builds(
        messages.Skipped,
        from_offset=numbers,
        to_offset=numbers,
        reason=st.sampled_from(["behind", "trimmed", "corrupt"]),
        first_line=st.none() | numbers,
    ),
    st.builds(messages.Lines, first_line=numbers, end_line=numbers, lines=st.lists(lines, max_size=3), id=texts),
    st.just(messages.Pong()),
)
# Half surrogate pairs too: a JSON escape can spell them.
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
parsers: list[Callable[[str], Any]] = [parse_client_message, parse_server_message]


@given(client_messages)
def test_every_client_message_comes_back_as_it_was_sent(message: ClientMessage) -> None:
    assert parse_client_message(encode(message)) == message


@given(server_messages)
def test_every_server_message_comes_back_as_it_was_sent(message: ServerMessage) -> None:
    assert parse_server_message(encode(message)) == message


@given(client_messages | server_messages)
def test_a_message_is_one_line_of_utf8(message: ClientMessage | ServerMessage) -> None:
    assert b"\n" not in encode(message).encode()


@given(message=server_messages, extra=json_values)
def test_fields_of_a_later_version_are_ignored(message: ServerMessage, extra: object) -> None:
    values = {**json.loads(encode(message)), "later": extra}
    text = json.dumps(values)
    if "NaN" in text or "Infinity" in text:  # no JSON, and refused as such: see below
        return
    assert parse_server_message(text) == message


@pytest.mark.parametrize("parse", parsers)
@given(text=st.text(max_size=60))
def test_arbitrary_text_is_a_message_or_a_message_error(parse: Callable[[str], Any], text: str) -> None:
    _parse_or_refuse(parse, text)


@pytest.mark.parametrize("parse", parsers)
@given(data=st.data(), message=client_messages | server_messages)
def test_any_value_in_any_field_is_a_message_or_a_message_error(
    parse: Callable[[str], Any], data: st.DataObject, message: ClientMessage | ServerMessage
) -> None:
    values = json.loads(encode(message))
    values[data.draw(st.sampled_from(sorted(values)))] = data.draw(json_values)
    _parse_or_refuse(parse, json.dumps(values))


@pytest.mark.parametrize("parse", parsers)
@pytest.mark.parametrize(
    "template",
    [
        "%s",
        '{"type":%s}',
        '{"type":"ping","x":%s}',
        '{"type":"resize","cols":%s,"rows":1}',
        '{"type":"presence","clients":[{"client_id":"a","mode":%s,"state":"waiting","since":1}]}',
    ],
)
def test_deep_nesting_is_refused_at_whatever_depth_the_parser_gives_up(
    parse: Callable[[str], Any], template: str
) -> None:
    for depth in (*range(800, 1000), 100_000):
        _parse_or_refuse(parse, template % ("[" * depth + "]" * depth))


def _parse_or_refuse(parse: Callable[[str], Any], text: str) -> None:
    try:
        message = parse(text)
    except MessageError:
        return
    if isinstance(message, messages.Input):
        message.text.encode()


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_only_python_takes_for_json_is_refused(constant: str) -> None:
    with pytest.raises(MessageError, match=constant):
        parse_client_message(f'{{"type":"ping","x":{constant}}}')


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"type":"resize","cols":0,"rows":24}', "resize: cols must be 1 to 1000, not 0"),
        ('{"type":"resize","cols":80}', "resize: rows is missing"),
        ('{"type":"input","text":1}', "input: text must be a text, not 1"),
        ('{"type":"ack","offset":true}', "ack: offset must be a whole number, not True"),
        ('{"type":"nonsense"}', "unknown message type 'nonsense'"),
        ("[]", "a message must be a JSON object"),
    ],
)
def test_an_error_names_the_field_and_what_it_should_be(text: str, names: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_client_message(text)
    assert str(caught.value) == names


@pytest.mark.parametrize(
    "template",
    [
        '{"type":"%s"}',
        '{"type":"error","code":["%s"],"message":""}',
        '{"type":"skipped","from_offset":0,"to_offset":1,"reason":"%s"}',
    ],
)
def test_an_error_stays_short_whatever_was_sent(template: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_server_message(template % ("x" * 1_000_000))
    assert len(str(caught.value)) < 200


def test_every_message_can_be_sent_in_one_direction_only() -> None:
    for message in (messages.Ping(), messages.Input("x")):
        with pytest.raises(MessageError):
            parse_server_message(encode(message))
    for reply in (messages.Pong(), messages.Exit(0, None)):
        with pytest.raises(MessageError):
            parse_client_message(encode(reply))


def test_resize_has_the_same_fields_in_both_directions() -> None:
    text = '{"type":"resize","cols":80,"rows":24}'
    assert dataclasses.asdict(parse_client_message(text)) == dataclasses.asdict(parse_server_message(text))


@pytest.mark.parametrize(
    ("cols", "rows", "wrong"), [(0, 1, "cols"), (1, 0, "rows"), (1001, 1, "cols"), (1, 1001, "rows")]
)
def test_a_size_out_of_range_is_named_by_its_side(cols: int, rows: int, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        check_size(cols, rows)


def test_half_a_surrogate_pair_is_not_unicode_and_a_whole_character_is() -> None:
    assert is_unicode("\U0001f600")
    assert not is_unicode("\ud83d")

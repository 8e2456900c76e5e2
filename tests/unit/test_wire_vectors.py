"""The test vectors of docs/protocol.md, as far as `wire/` decides them. `test_daemon_vectors.py` runs the others."""

from __future__ import annotations

import codecs
import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast.wire import messages
from holdfast.wire.errors import FrameError, MessageError, QueryError, WireError
from holdfast.wire.frames import MAX_NUMBER, FrameKind, decode_frame, encode_frame
from holdfast.wire.messages import encode, parse_client_message, parse_server_message
from holdfast.wire.query import AttachQuery, SpawnQuery

VECTORS = Path(__file__).parents[1] / "vectors"
PROTOCOL_TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
FILES = {"attach_queries", "client_messages", "frames", "input", "resume", "server_messages", "utf8"}

Case = dict[str, Any]


def _load(name: str) -> list[Case]:
    cases: list[Case] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return cases


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in _load(name)]


def _check_refusal(case: Case, refusal: type[WireError], parse: Callable[[], object]) -> WireError:
    assert case["error"] == refusal.code
    with pytest.raises(refusal) as caught:
        parse()
    return caught.value


def test_every_file_of_vectors_is_run() -> None:
    assert {path.stem for path in VECTORS.glob("*.json")} == FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_names_of_cases_are_unique(name: str) -> None:
    names = [case["name"] for case in _load(name)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", _cases("frames"))
def test_frames(case: Case) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        _check_refusal(case, FrameError, lambda: decode_frame(data))
        return
    kind, number, payload = decode_frame(data)
    assert (kind, number, payload.hex()) == (case["kind"], case["number"], case["payload"])
    assert encode_frame(kind, number, payload) == data
    assert (case["sender"] == "client") == (kind is FrameKind.INPUT)


@pytest.mark.parametrize("case", _cases("client_messages"))
def test_client_messages(case: Case) -> None:
    _check_message(case, parse_client_message)


@pytest.mark.parametrize("case", _cases("server_messages"))
def test_server_messages(case: Case) -> None:
    _check_message(case, parse_server_message)


def _check_message(case: Case, parse: Callable[[str], Any]) -> None:
    if "error" in case:
        _check_refusal(case, MessageError, lambda: parse(case["text"]))
        return
    assert json.loads(encode(parse(case["text"]))) == case["message"]


@pytest.mark.parametrize("case", _cases("attach_queries"))
def test_attach_queries(case: Case) -> None:
    if "error" in case:
        error = _check_refusal(case, QueryError, lambda: AttachQuery.parse(case["query"]))
        assert str(error).startswith(f"{case['parameter'] or 'query string:'} ")
        return
    defaults = _load("attach_queries")[0]["fields"]
    assert _flat(AttachQuery.parse(case["query"])) == {**defaults, **case["fields"]}


def _flat(query: AttachQuery) -> dict[str, Any]:
    fields = dataclasses.asdict(query)
    fields |= fields.pop("spawn")
    fields["replay"] = str(query.replay)
    fields["argv"] = None if query.spawn.argv is None else list(query.spawn.argv)
    return fields


@pytest.mark.parametrize("case", _cases("utf8"))
def test_text_vectors_agree_with_the_decoder_of_the_standard_library(case: Case) -> None:
    feeds = case["feeds"]
    whole = b"".join(bytes.fromhex(feed["in"]["hex"]) for feed in feeds)
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(whole)
    assert "".join(feed["out"]["text"] for feed in feeds) == text
    expected = feeds[0]["in"]["offset"]
    for feed in feeds:
        assert feed["out"]["offset"] == expected <= feed["out"]["end"]
        expected = feed["out"]["end"]


@pytest.mark.parametrize("case", _cases("resume"))
def test_resume_vectors_stay_within_what_is_kept(case: Case) -> None:
    assert 0 <= case["head"] <= case["offset"] <= case["tail"] <= MAX_NUMBER
    assert case["trimmed_bytes"] == (case["head"] - case["since"] if case["trimmed_bytes"] else 0)


@pytest.mark.parametrize("case", _cases("input"))
def test_input_vectors_write_the_end_of_what_was_sent(case: Case) -> None:
    assert re.fullmatch(r"(..)*", case["payload"])
    if "error" in case:
        assert case["seq"] > case["expected"]
        return
    assert case["payload"].endswith(case["written"])
    assert case["next"] == case["expected"] + len(case["written"]) // 2


def _examples() -> list[str]:
    blocks = re.findall(r"```json\n(.*?)```", PROTOCOL_TEXT, re.DOTALL)
    return [block for block in blocks if "..." not in block]  # those are shortened


@pytest.mark.parametrize("example", _examples())
def test_every_example_of_the_protocol_text_is_a_message(example: str) -> None:
    sent = [parse for parse in (parse_client_message, parse_server_message) if _parses(parse, example)]
    assert sent


def _parses(parse: Callable[[str], Any], text: str) -> bool:
    try:
        fields = json.loads(encode(parse(text)))
        return bool(fields == {**fields, **json.loads(text)})
    except MessageError:
        return False


@pytest.mark.parametrize(
    "described",
    [
        *(getattr(messages, name) for name in messages.__all__ if dataclasses.is_dataclass(getattr(messages, name))),
        AttachQuery,
        SpawnQuery,
    ],
)
def test_the_protocol_text_names_every_field(described: Any) -> None:
    fields = {field.name for field in dataclasses.fields(described)} - {"spawn"}
    assert {name for name in fields if f"`{name}`" not in PROTOCOL_TEXT} == set()


def test_the_protocol_text_names_every_close_code() -> None:
    codes = [code for name, code in vars(messages.CloseCode).items() if name.isupper()]
    assert [code for code in codes if f"\n| {code} |" not in PROTOCOL_TEXT] == []

"""The test vectors of docs/protocol.md that the daemon decides: text, resume arithmetic, input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.daemon.front.text import TextStream
from holdfast.daemon.sessions.input import accept
from holdfast.daemon.sessions.resume import starting_point
from holdfast.wire.errors import RefusedError
from holdfast.wire.query import Replay

VECTORS = Path(__file__).parents[1] / "vectors"

Case = dict[str, Any]


def _cases(name: str) -> list[Any]:
    cases = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", _cases("utf8"))
def test_output_becomes_text_at_the_right_offsets(case: Case) -> None:
    stream = TextStream()
    for feed in case["feeds"]:
        text, offset, end = stream.feed(feed["in"]["offset"], bytes.fromhex(feed["in"]["hex"]))
        assert {"text": text, "offset": offset, "end": end} == feed["out"]


@pytest.mark.parametrize("case", _cases("resume"))
def test_output_starts_where_the_vector_says(case: Case) -> None:
    start = starting_point(case["since"], case["head"], case["tail"], Replay.parse(case["replay"]))
    assert start == (case["attach"], case["offset"], case["trimmed_bytes"])


@pytest.mark.parametrize("case", _cases("input"))
def test_input_is_applied_at_most_once_and_in_order(case: Case) -> None:
    data = bytes.fromhex(case["payload"])
    if "error" in case:
        with pytest.raises(RefusedError) as caught:
            accept(case["expected"], case["seq"], data)
        assert caught.value.code == case["error"]
        return
    assert accept(case["expected"], case["seq"], data).hex() == case["written"]

"""Answers to requests for lines, as JSON."""

from __future__ import annotations

import json

from holdfast.daemon.front.line_answers import encode_lines
from holdfast.daemon.screens.link import Row
from holdfast.daemon.sessions.lines import FoundLines
from holdfast.wire.messages import Line, Lines, parse_server_message


async def test_what_is_encoded_bit_by_bit_is_the_message() -> None:
    """The JSON is that of `Lines`, however many lines there are; what is no UTF-8 cannot break it."""
    for count in (0, 1, 499, 500, 501, 1700):
        rows = [Row(7 + at, 11 * at, f'\x1b[31m漢 "{at}"\\'.encode(), at % 2 == 0) for at in range(count)]
        text = await encode_lines(FoundLines(3, 9000, rows), {"type": "lines", "id": 'a"b'})
        lines = [Line(row.line, row.offset, row.text.decode(), row.wraps) for row in rows]
        assert parse_server_message(text) == Lines(3, 9000, lines, 'a"b')
    text = await encode_lines(FoundLines(0, 1, [Row(0, 0, b"\xff", False)]), {})
    assert json.loads(text) == {
        "first_line": 0,
        "end_line": 1,
        "lines": [{"line": 0, "offset": 0, "text": "\ufffd", "wraps": False}],
    }

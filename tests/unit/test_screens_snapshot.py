"""The emulator's snapshot, read."""

from __future__ import annotations

import contextlib
import random
import struct

import pytest
from support.equivalence import blank
from support.terminal_streams import random_stream

from holdfast.daemon.screens.records import ENVELOPE, FINISH, PAGE, TERMINAL, record, records
from holdfast.daemon.screens.screen import Screen, available
from holdfast.daemon.screens.snapshot import SnapshotError, length, parse, without_split

pytestmark = pytest.mark.skipif(available() is not None, reason="there is no terminal emulator here")


def snapshot_of(printed: bytes, cols: int = 20, rows: int = 4) -> bytes:
    screen = blank(cols, rows)
    screen.feed(printed)
    return screen.checkpoint()


def test_a_checksum_is_that_of_rfc_3720() -> None:
    """CRC-32C over tag, length and payload; the value of its example of 32 bytes of zeros is known."""
    assert struct.unpack("<I", record(0, b"")[6:10])[0] == crc32c(bytes(6))
    assert crc32c(bytes(32)) == 0x8A9136AA


def crc32c(data: bytes) -> int:
    """The same once more, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_records_are_told_with_where_they_are() -> None:
    data = ENVELOPE + record(TERMINAL, b"one") + record(FINISH, b"")
    assert [(tag, data[start + 10 : end]) for tag, start, end in records(data)] == [(TERMINAL, b"one"), (FINISH, b"")]


def test_what_the_emulator_writes_is_what_we_would_write() -> None:
    """Each record, checksum included."""
    data = snapshot_of(b"\x1b[31mtext")
    for tag, start, end in records(data):
        assert record(tag, data[start + 10 : end]) == data[start:end]


@pytest.mark.parametrize("damaged", [b"", b"GHOST", b"GHOSTSNP\x02\x00", b"x" * 100])
def test_what_is_no_snapshot_of_this_version_is_refused(damaged: bytes) -> None:
    with pytest.raises(SnapshotError):
        length(damaged)
    with pytest.raises(SnapshotError):
        parse(damaged)


def test_a_snapshot_that_is_cut_off_anywhere_is_refused() -> None:
    """Its length is not known then; and reading it fails in no other way."""
    data = snapshot_of("\x1b[1;34mtext\x1b]8;;http://x\x07漢字e\u0301\x1b]2;title\x07\x1b[?1049h".encode())
    for size in range(len(data)):
        with pytest.raises(SnapshotError):
            length(data[:size])
        try:
            parse(data[:size])
        except SnapshotError:
            continue
    assert length(data) == len(data)
    assert length(data + b"more") == len(data)


def test_a_damaged_snapshot_fails_in_one_way() -> None:
    """Whatever bytes are changed."""
    chance = random.Random(3)
    data = snapshot_of("\x1b[1;34mtext\x1b]8;;http://x\x07漢字e\u0301".encode())
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with contextlib.suppress(SnapshotError):
            parse(bytes(damaged))


def test_what_was_printed_is_found_in_it() -> None:
    printed = b"\x1b]2;title\x07\x1b[2;3r\x1b[?69h\x1b[2;9s\x1b[?1;2004h\x1b[>3u\x1b]4;7;#010203\x07\x1b]12;#040506\x07"
    read = parse(snapshot_of(printed + b"\x1b[3;4H\x1b7~\x1b[5"))
    assert (read.cols, read.rows, read.region) == (20, 4, (1, 2, 1, 8))
    assert (read.title, read.continuation, read.previous) == (b"title", b"\x1b[5", "~")
    assert (read.palette, read.colours) == ({7: b"\1\2\3"}, {12: b"\4\5\6"})
    assert (read.active.cursor.x, read.active.cursor.y, read.active.cursor.keyboard) == (4, 2, (0, 3))
    assert read.active.saved is not None
    assert (read.active.saved.x, read.active.saved.y) == (3, 2)
    assert not read.is_alternate


def test_a_saved_cursor_is_found_with_all_that_was_saved() -> None:
    printed = b'\x1b[?6h\x1b[1"q\x1b[31m\x1b(0' + b"x" * 20 + b"\x1b7"
    saved = parse(snapshot_of(printed)).active.saved
    assert saved is not None
    assert (saved.x, saved.y, saved.origin, saved.is_protected, saved.pending_wrap) == (19, 0, True, True, True)
    assert (saved.style[:2], saved.charset & 3) == (b"\1\1", 3)


def test_pages_of_scrollback_come_in_order() -> None:
    """The newest stand first in the snapshot."""
    printed = b"".join(b"%d\r\n" % number for number in range(2500))
    rows = parse(snapshot_of(printed, 200)).screens[0].last_rows(2000)[:-1]
    assert [int(row.cells) for row in rows] == list(range(501, 2500))


def test_rows_are_counted_from_the_oldest() -> None:
    read = parse(snapshot_of(b"".join(b"%d\r\n" % number for number in range(5000))))
    primary = read.screens[0]
    assert primary.row_count >= 2000
    oldest = int(primary.rows_between(0, 1)[0].cells)
    rows = primary.rows_between(1500, 1503)
    assert [int(row.cells) for row in rows] == [oldest + 1500, oldest + 1501, oldest + 1502]
    assert [row.cells for row in primary.last_rows(3)] == [b"4998", b"4999", b""]
    assert primary.rows_between(primary.row_count, primary.row_count + 9) == []


@pytest.mark.parametrize(
    "printed", ["漢字漢字漢字", "\x1b[31ma漢\x1b]8;;http://x\x07字e\u0301字漢字漢", "no wide ones"]
)
def test_a_width_that_cuts_a_wide_character_takes_it_away(printed: str) -> None:
    """The emulator reads the rest, and becomes as narrow as it is told."""
    data = snapshot_of(b"\x1b[?1049h" + printed.encode())
    for cols in range(1, 20):
        better = without_split(data, cols)
        screen = Screen.from_checkpoint(better or data, scrollback_lines=10, scrollback_bytes=1 << 20)
        screen.resize(cols, 4)
        rows = parse(screen.checkpoint()).active.last_rows(4)
        assert not any(row.is_wide(cols - 1) for row in rows)
        assert (better is None) == (not any(row.is_wide(cols - 1) for row in parse(data).active.last_rows(4)))


def test_every_random_screen_can_be_read() -> None:
    for seed in range(60):
        stream = random_stream(seed)
        read = parse(snapshot_of(stream.printed, stream.cols, stream.rows))
        assert (read.cols, read.rows) == (stream.cols, stream.rows)
        assert read.active.row_count >= read.rows
        assert PAGE in {tag for tag, _, _ in records(snapshot_of(b""))}

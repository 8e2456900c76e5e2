"""The language between keeper and daemon: codec, channel, and the search for a command."""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.daemon.keeper.channel import Channel, ChannelClosedError
from holdfast.daemon.keeper.messages import (
    CARRIES_FD,
    LENGTH_BYTES,
    MAX_MESSAGE_BYTES,
    Adopt,
    BadMessageError,
    Busy,
    Done,
    Exited,
    Failed,
    Forget,
    HandedOver,
    Hello,
    Kept,
    Message,
    Signal,
    Spawn,
    Spawned,
    body_length,
    decode_body,
    encode,
)
from holdfast.daemon.keeper.spawning import NotSpawnedError, find_command
from holdfast.daemon.peer import peer_uid

OS_TEXT = st.binary(max_size=30).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"")))
NAMES = OS_TEXT.map(lambda text: "v" + text.replace("=", ""))
REQUESTS = st.integers(0, 2**53)
IDS = st.text(min_size=1, max_size=40)
PIDS = st.integers(2, 2**31 - 1)
CODES = st.none() | st.integers(0, 255)
SIGNALS = st.none() | st.integers(1, 64)
SIDES = st.integers(1, 65535)

MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        Spawn,
        REQUESTS,
        IDS,
        st.lists(OS_TEXT, max_size=4).map(lambda words: ["sh", *words]),
        OS_TEXT.map(lambda text: "/" + text),
        st.dictionaries(NAMES, OS_TEXT, max_size=4),
        SIDES,
        SIDES,
    ),
    st.builds(Adopt, REQUESTS, IDS, PIDS),
    st.builds(Signal, REQUESTS, IDS, st.integers(1, 64)),
    st.builds(Forget, REQUESTS, IDS),
    st.builds(Spawned, REQUESTS, PIDS),
    st.builds(Done, REQUESTS),
    st.builds(Failed, REQUESTS, st.sampled_from([None, "command", "cwd", "fork"]), st.none() | st.just(2), st.text()),
    st.builds(Hello, st.integers(1, 1000), PIDS),
    st.builds(Busy),
    st.builds(Kept, IDS, PIDS, st.booleans(), CODES, SIGNALS),
    st.builds(HandedOver),
    st.builds(Exited, IDS, CODES, SIGNALS),
)

SPAWN = {
    "type": "spawn",
    "request": 1,
    "session_id": "s",
    "argv": ["sh"],
    "cwd": "/",
    "env": {},
    "cols": 80,
    "rows": 24,
}


@given(MESSAGES)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    frame = encode(message)
    assert body_length(frame) == len(frame) - LENGTH_BYTES
    assert decode_body(frame[LENGTH_BYTES:]) == message


@given(st.binary())
def test_no_rubbish_raises_anything_but_bad_message(body: bytes) -> None:
    with pytest.raises(BadMessageError):
        decode_body(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("argv", []),
        ("argv", [""]),
        ("argv", "sh"),
        ("argv", ["sh", "a\0b"]),
        ("argv", ["sh", "\ud800"]),
        ("cwd", "relative"),
        ("cwd", None),
        ("env", {"A=B": "1"}),
        ("env", {"": "1"}),
        ("env", {"A": 1}),
        ("env", {"A": "\0"}),
        ("cols", 0),
        ("cols", 65536),
        ("rows", True),
        ("rows", 24.0),
        ("session_id", ""),
        ("session_id", "s" * 201),
        ("request", -1),
        ("type", "spawned"),
        ("type", ["spawn"]),
    ],
)
def test_a_value_that_would_fail_in_a_forked_child_is_refused_before(field: str, value: object) -> None:
    assert decode_body(json.dumps(SPAWN).encode())
    with pytest.raises(BadMessageError):
        decode_body(json.dumps({**SPAWN, field: value}).encode())


@pytest.mark.parametrize("field", sorted(SPAWN))
def test_a_missing_field_is_refused_and_an_unknown_one_ignored(field: str) -> None:
    assert decode_body(json.dumps({**SPAWN, "new": 1}).encode())
    with pytest.raises(BadMessageError):
        decode_body(json.dumps({name: value for name, value in SPAWN.items() if name != field}).encode())


@pytest.mark.parametrize("pid", [-1, 0, 1])
def test_a_pid_that_means_many_processes_is_refused(pid: int) -> None:
    with pytest.raises(BadMessageError):
        decode_body(json.dumps({"type": "adopt", "request": 1, "session_id": "s", "pid": pid}).encode())


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BadMessageError):
        decode_body(b"[" * 100_000)


def test_a_message_too_long_is_refused_at_both_ends() -> None:
    with pytest.raises(BadMessageError):
        encode(Failed(1, None, None, "x" * MAX_MESSAGE_BYTES))
    with pytest.raises(BadMessageError):
        body_length((MAX_MESSAGE_BYTES + 1).to_bytes(LENGTH_BYTES, "big"))


# The channel


class Ends:
    """A channel, and the plain socket at its other end."""

    def __init__(self) -> None:
        self.peer, own = socket.socketpair()
        self.channel = Channel(own)


@pytest.fixture
def ends() -> Iterator[Ends]:
    pair = Ends()
    yield pair
    pair.channel.close()
    pair.peer.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Its read end sees the end of file as soon as no copy of the write end is open anywhere."""
    receiver, sender = os.pipe()
    os.set_blocking(receiver, False)
    yield receiver, sender
    os.close(receiver)


def is_closed_everywhere(receiver: int) -> bool:
    try:
        return os.read(receiver, 1) == b""
    except BlockingIOError:
        return False


def receive_and_close(channel: Channel) -> None:
    for _, fd in channel.receive():
        if fd is not None:
            os.close(fd)


def test_messages_survive_any_segmentation(ends: Ends) -> None:
    sent: list[Message] = [Forget(number, "s" * number) for number in range(1, 20)]
    stream = b"".join(map(encode, sent))
    received: list[Message] = []
    for start in range(0, len(stream), 7):
        ends.peer.sendall(stream[start : start + 7])
        received += [message for message, _ in ends.channel.receive()]
    assert received == sent


def test_a_descriptor_comes_with_its_message_and_is_close_on_exec(ends: Ends, pipe: tuple[int, int]) -> None:
    receiver, sender = pipe
    frames = encode(Done(1)) + encode(Adopt(2, "s", 7))
    ends.peer.sendall(encode(Done(0)))
    socket.send_fds(ends.peer, [frames[:40]], [sender])
    ends.peer.sendall(frames[40:])
    os.close(sender)
    received = [*ends.channel.receive(), *ends.channel.receive(), *ends.channel.receive()]
    assert [message for message, _ in received] == [Done(0), Done(1), Adopt(2, "s", 7)]
    assert [fd for _, fd in received[:2]] == [None, None]
    fd = received[2][1]
    assert fd is not None
    assert not os.get_inheritable(fd)
    os.close(fd)
    assert is_closed_everywhere(receiver)


@pytest.mark.parametrize(
    ("frame", "copies"),
    [
        pytest.param(encode(Done(1)), 1, id="message that carries none"),
        pytest.param(encode(Adopt(1, "s", 7)), 2, id="two for one"),
        pytest.param(encode(Adopt(1, "s", 7)), 20, id="more than there is room for"),
        pytest.param(encode(Adopt(1, "s", 7))[:-1], 2, id="two for half a message"),
        pytest.param(b"\xff\xff\xff\xff", 1, id="message too long"),
        pytest.param(b"\0\0\0\2{}", 1, id="message without a type"),
    ],
)
def test_descriptors_that_belong_to_no_valid_message_are_closed(
    ends: Ends, pipe: tuple[int, int], frame: bytes, copies: int
) -> None:
    receiver, sender = pipe
    socket.send_fds(ends.peer, [frame], [sender] * copies)
    os.close(sender)
    with pytest.raises(BadMessageError):
        receive_and_close(ends.channel)
    ends.channel.close()
    assert is_closed_everywhere(receiver)


def test_a_descriptor_of_half_a_message_is_closed_with_the_channel(ends: Ends, pipe: tuple[int, int]) -> None:
    receiver, sender = pipe
    socket.send_fds(ends.peer, [encode(Adopt(1, "s", 7))[:-1]], [sender])
    os.close(sender)
    assert list(ends.channel.receive()) == []
    ends.peer.close()
    with pytest.raises(ChannelClosedError):
        list(ends.channel.receive())
    ends.channel.close()
    assert is_closed_everywhere(receiver)


def test_a_message_whose_descriptor_is_missing_is_refused(ends: Ends) -> None:
    ends.peer.sendall(encode(Adopt(1, "s", 7)))
    with pytest.raises(BadMessageError):
        list(ends.channel.receive())


def test_a_descriptor_the_kernel_had_no_room_for_is_noticed(ends: Ends, pipe: tuple[int, int]) -> None:
    _, sender = pipe
    socket.send_fds(ends.peer, [encode(Adopt(1, "s", 7))], [sender])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limit[1]))
        with pytest.raises(BadMessageError, match="lost"):
            list(ends.channel.receive())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    os.close(sender)


def test_a_peer_that_does_not_read_blocks_nothing_and_loses_nothing(ends: Ends, pipe: tuple[int, int]) -> None:
    receiver, sender = pipe
    sent = 0
    while ends.channel.backlog < 100_000:
        sent += 1
        ends.channel.send(Spawned(sent, 7), sender)
    os.close(sender)
    peer = Channel(ends.peer)
    received = 0
    while received < sent:
        ends.channel.flush()
        for message, fd in peer.receive():
            received += 1
            assert message == Spawned(received, 7)
            assert fd is not None
            os.close(fd)
    assert ends.channel.backlog == 0
    assert is_closed_everywhere(receiver)


def test_a_message_larger_than_the_socket_takes_arrives_whole(ends: Ends) -> None:
    sent = [Failed(number, None, None, str(number) * 900_000) for number in range(3)]
    for message in sent:
        ends.channel.send(message)
    assert ends.channel.backlog
    peer = Channel(ends.peer)
    received: list[Message] = []
    while len(received) < len(sent):
        ends.channel.flush()
        received += [message for message, _ in peer.receive()]
    assert received == sent


def test_descriptors_that_were_never_sent_are_closed_with_the_channel(ends: Ends, pipe: tuple[int, int]) -> None:
    receiver, sender = pipe
    while not ends.channel.backlog:
        ends.channel.send(Spawned(1, 7), sender)
    os.close(sender)
    ends.channel.close()
    ends.peer.close()
    assert is_closed_everywhere(receiver)


def test_every_message_that_carries_a_descriptor_is_known_to_the_codec() -> None:
    assert {cls.__name__ for cls in CARRIES_FD} == {"Adopt", "Spawned", "Kept"}


# Peer and command


def test_the_kernel_names_the_user_at_the_other_end(ends: Ends) -> None:
    assert peer_uid(ends.peer) == os.getuid()


def test_only_a_connected_unix_socket_has_a_peer() -> None:
    for family in (socket.AF_UNIX, socket.AF_INET):
        with socket.socket(family, socket.SOCK_STREAM) as alone, pytest.raises(OSError, match=r"."):
            peer_uid(alone)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tool").touch(mode=0o755)
    (tmp_path / "bin" / "plain").touch(mode=0o644)
    (tmp_path / "bin" / "folder").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "plain").touch(mode=0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "path", "found"),
    [
        ("tool", "{}/bin", "bin/tool"),
        ("tool", "{}/gone:{}/bin", "bin/tool"),
        ("tool", "bin", "bin/tool"),
        ("plain", "{}/bin:{}/second", "second/plain"),
        ("bin/tool", "", "bin/tool"),
        ("{}/bin/tool", "", "bin/tool"),
    ],
)
def test_a_command_is_found_as_execvp_finds_it(commands: Path, command: str, path: str, found: str) -> None:
    home = str(commands)
    assert find_command(command.format(home), cwd=home, path=path.format(home, home)) == str(commands / found)


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("gone", errno.ENOENT),
        ("plain", errno.EACCES),
        ("folder", errno.EACCES),
        ("bin/gone", errno.ENOENT),
        ("bin/plain", errno.EACCES),
        ("bin/tool/x", errno.ENOTDIR),
        ("x" * 300, errno.ENAMETOOLONG),
    ],
)
def test_a_command_that_cannot_be_run_has_the_errno_of_execvp(commands: Path, command: str, number: int) -> None:
    with pytest.raises(NotSpawnedError) as caught:
        find_command(command, cwd=str(commands), path=f"{commands}/bin:{commands}/gone")
    assert (caught.value.stage, caught.value.errno) == ("command", number)

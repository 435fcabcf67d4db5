"""Who sends a request, or takes an answer, too slowly is cut off; who is only far away is not."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from config import gunicorn, worker


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(worker, "time", made)
    return made


@pytest.fixture
def pair(clock: Clock) -> Iterator[tuple[worker.BoundedSocket, socket.socket]]:
    """The server's end, with a request that begins now, and the client's."""
    server, client = socket.socketpair()
    bounded = worker.BoundedSocket(fileno=server.detach())
    bounded.begin()
    yield bounded, client
    bounded.close()
    client.close()


Pair = tuple[worker.BoundedSocket, socket.socket]


def test_it_is_the_worker_that_is_served_with() -> None:
    assert gunicorn.worker_class == f"{worker.__name__}.{worker.Worker.__name__}"


def test_a_byte_a_second_is_not_enough(pair: Pair, clock: Clock) -> None:
    server, client = pair
    for second in range(20):
        clock.now = float(second)
        client.sendall(b"x")
        assert server.recv(100) == b"x"
    clock.now = 20.1
    client.sendall(b"x")
    with pytest.raises(ConnectionResetError, match="too slowly"):
        server.recv(100)


def test_what_comes_fast_enough_may_take_long(pair: Pair, clock: Clock) -> None:
    server, client = pair
    for second in range(60):
        clock.now = float(second)
        client.sendall(b"x" * worker.SLOWEST)
        assert server.recv(worker.SLOWEST, socket.MSG_WAITALL)


def test_the_next_request_has_its_own_time(pair: Pair, clock: Clock) -> None:
    server, client = pair
    clock.now = 1000.0
    server.begin()
    client.sendall(b"x")
    assert server.recv(1) == b"x"
    assert server.gettimeout() is None


def test_silence_ends(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SECONDS", 0.01)
    with pytest.raises(ConnectionResetError, match="did not come"):
        pair[0].recv(1)


def test_a_time_that_gunicorn_sets_is_kept(pair: Pair) -> None:
    """While it closes a connection it waits for two seconds at most, in the thread that serves everybody."""
    server, _ = pair
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.recv(1)
    assert server.gettimeout() == 0


def test_an_answer_that_is_not_taken_ends(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SECONDS_A_PIECE", 0.01)
    with pytest.raises(ConnectionResetError, match="taken too slowly"):
        pair[0].sendall(bytes(10_000_000))


def test_a_file_that_is_not_taken_ends(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files go another way out of gunicorn."""
    monkeypatch.setattr(worker, "SECONDS_A_PIECE", 0.01)
    with pytest.raises(ConnectionResetError, match="taken too slowly"):
        pair[0].sendfile(io.BytesIO(bytes(10_000_000)))


@pytest.mark.parametrize(
    ("offset", "count", "expected"), [(0, None, b"abcdef"), (2, 3, b"cde"), (4, 9, b"ef")]
)
def test_a_file_that_is_taken_arrives_as_it_is_asked_for(
    pair: Pair, offset: int, count: int | None, expected: bytes
) -> None:
    assert pair[0].sendfile(io.BytesIO(b"abcdef"), offset, count) == len(expected)
    assert pair[1].recv(100) == expected


def test_an_answer_that_is_taken_arrives_whole(pair: Pair) -> None:
    sent = bytes(range(256)) * 100
    pair[0].sendall(sent)
    got: Any = b""
    while len(got) < len(sent):
        got += pair[1].recv(65536)
    assert got == sent

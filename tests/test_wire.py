"""The deadline over a whole conversation."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from pipeline.mail.wire import deadline


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets."""
    ours, theirs = socket.socketpair()
    ours.settimeout(100)
    with ours, theirs:
        yield ours, theirs


def test_a_conversation_over_its_time_is_cut(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    with deadline(lambda: ours, 30):
        time.sleep(0.3)
        began = time.monotonic()
        # The earlier deadline counts, although the later one is being waited for.
        with deadline(lambda: ours, 0.2):
            assert ours.recv(1) == b""
    assert 0.1 < time.monotonic() - began < 60


def test_a_conversation_within_its_time_is_left_alone(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    with deadline(lambda: ours, 2):
        pass
    time.sleep(2.2)
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"


def test_nothing_to_cut_is_no_error() -> None:
    with deadline(lambda: None, 0.05):
        time.sleep(0.2)

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from collector.watch import Watch


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


class TestWatch:
    def test_only_what_is_asked_for(self, watch: Watch, pair: tuple[socket.socket, socket.socket]) -> None:
        ours, theirs = pair
        assert watch.wait(ours, read=True, write=False, timeout=0) == (False, False)
        assert watch.wait(ours, read=True, write=True, timeout=0) == (False, True)
        theirs.send(b"x")
        assert watch.wait(ours, read=False, write=True, timeout=0) == (False, True)
        assert watch.wait(ours, read=False, write=False, timeout=0) == (False, False)
        assert watch.wait(ours, read=True, write=False, timeout=0) == (True, False)

    def test_another_threads_bell_ends_the_wait(self, watch: Watch) -> None:
        ringer = threading.Thread(target=watch.ring)
        ringer.start()
        assert watch.wait(None, read=False, write=False, timeout=60) == (False, False)
        ringer.join()

    def test_a_bell_rung_often_and_before_is_heard_once(self, watch: Watch) -> None:
        for _ in range(100_000):
            watch.ring()
        for _ in range(200):  # as many reads as the bell's buffer may take
            watch.wait(None, read=False, write=False, timeout=0)
        assert watch.wait(None, read=False, write=False, timeout=0) == (False, False)

    def test_a_socket_closed_by_somebody_else_makes_way_for_the_next(
        self, watch: Watch, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        first, second = socket.socketpair()
        watch.wait(first, read=True, write=False, timeout=0)
        first.close()
        second.close()
        ours, theirs = pair
        theirs.send(b"x")
        assert watch.wait(None, read=True, write=False, timeout=0) == (False, False)
        assert watch.wait(ours, read=True, write=False, timeout=0) == (True, False)

    def test_ringing_a_closed_one_does_nothing(self) -> None:
        watch = Watch()
        watch.close()
        watch.ring()

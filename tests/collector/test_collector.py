"""The collector as a whole, with threads but without a broker."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from collector.collector import Collector, CollectorHealth
from plantroom.metrics import Metrics
from plantroom.settings import IngestSettings, MqttSettings
from tests.collector.kit import Handed, MemoryQuarantine, MemoryStore, load_table
from tests.collector.test_subscriber import FakeSession

BEHIND = {
    "connected": False,
    "settled": False,
    "paused": True,
    "waiting_messages": 1,
    "spooled_messages": 1,
    "error": "the store is away",
}


class DeadlySession(FakeSession):
    """Ends the thread that uses it."""

    def open(self) -> None:
        raise SystemExit("no way to go on")


def made(session: FakeSession, died: threading.Event) -> Collector:
    return Collector(
        MqttSettings(),
        IngestSettings(),
        load_table(),
        MemoryStore(),
        MemoryQuarantine(),
        Metrics(),
        Handed(),
        session=session,
        on_death=died.set,
    )


def test_a_thread_that_dies_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    died = threading.Event()
    collector = made(DeadlySession(), died)
    collector.start()
    assert died.wait(20)
    collector.stop(timeout=1)
    assert not collector.health().threads_alive
    assert "the collector's network thread died" in caplog.text


def test_one_that_is_stopped_has_not_died() -> None:
    died = threading.Event()
    collector = made(FakeSession(), died)
    collector.start()
    assert collector.health().threads_alive
    assert collector.stop()
    assert not died.is_set()


@pytest.mark.parametrize("what", [None, *BEHIND])
def test_silence_proves_nothing_while_readings_may_be_on_their_way(what: str | None) -> None:
    health = CollectorHealth(
        connected=True,
        paused=False,
        waiting_messages=0,
        waiting_bytes=0,
        last_message_at=None,
        last_stored_at=None,
        error=None,
        store_error=None,
        warning=None,
        unguaranteed_sites=(),
        handovers_given_up=0,
        threads_alive=True,
    )
    assert not health.is_behind
    if what is not None:
        assert dataclasses.replace(health, **{what: BEHIND[what]}).is_behind

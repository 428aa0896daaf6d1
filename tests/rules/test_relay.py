"""From a committed change to whoever is told: once in effect, whatever moment the process dies at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alarmkit import T0, Plant

from plantroom.metrics import Metrics
from plantroom.notifications import Notification, NotifyError
from plantroom.stores.records import outbox
from plantroom.times import SECOND
from rules.relay import Relay


class Inbox:
    """Takes notifications as a receiver would: the same key again has no effect; some words it refuses."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.taken: dict[str, Notification] = {}
        self.refuses: type[BaseException] | None = None
        self.only = ""

    def send(self, notification: Notification) -> None:
        if self.refuses is not None and self.only in notification.key:
            raise self.refuses("no answer")
        self.heard.append(notification.key)
        self.taken.setdefault(notification.key, notification)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.plant = Plant(folder)
        self.now = T0
        self.inbox = Inbox()
        self.metrics = Metrics()

    def relay(self) -> Relay:
        """A relay as a new process would have it."""
        return Relay(self.plant.database, self.inbox, self.metrics, lambda: self.now)

    def waiting(self) -> tuple[int, int]:
        with self.plant.database.session() as session:
            return outbox.counts(session)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    yield found
    found.plant.close()


def words(keys: list[str]) -> list[str]:
    return [key.rpartition(":")[2] for key in keys]


def test_an_alarm_and_its_order_are_told_once_each(bench: Bench) -> None:
    bench.plant.apply("+pump.trip@0 -pump.trip@5")
    bench.plant.apply("+pump.trip@0 -pump.trip@5")
    assert bench.relay().relay_notifications() == 3
    assert words(bench.inbox.heard) == ["raised", "opened", "cleared"]
    raised, opened, _ = bench.inbox.taken.values()
    assert raised.payload["equipment"] == "pump"
    assert raised.payload["severity"] == "major"
    assert (raised.site, raised.at) == ("hq", T0)
    assert opened.payload["order"] == 1
    assert bench.relay().relay_notifications() == 0


def test_what_comes_again_is_told_again_under_another_key(bench: Bench) -> None:
    bench.plant.apply("+pump.trip@0 -pump.trip@5 +pump.trip@20")
    bench.relay().relay_notifications()
    assert words(bench.inbox.heard) == ["raised", "opened", "cleared", "raised"]
    assert len(set(bench.inbox.heard)) == 4


def test_what_follows_from_a_root_is_not_told(bench: Bench) -> None:
    bench.plant.apply("+board.lost@0 +pump.trip@12")
    bench.relay().relay_notifications()
    assert [item.payload.get("equipment") for item in bench.inbox.taken.values()] == ["board", None]


def test_killed_between_commit_and_hand_over_it_is_told_by_the_next(bench: Bench) -> None:
    bench.plant.apply("+pump.trip@0")
    bench.inbox.refuses = KeyboardInterrupt  # as far as a process can be killed inside a test
    with pytest.raises(KeyboardInterrupt):
        bench.relay().relay_notifications()
    bench.inbox.refuses = None
    assert bench.relay().relay_notifications() == 0  # the dead one still has its claim
    bench.now += outbox.CLAIM
    assert bench.relay().relay_notifications() == 2
    assert words(bench.inbox.heard) == ["raised", "opened"]


def test_killed_between_hand_over_and_commit_it_is_told_again_under_the_same_key(bench: Bench) -> None:
    bench.plant.apply("+pump.weak@0")
    with bench.plant.database.transaction() as session:
        for row in outbox.claim(session, bench.now):
            bench.inbox.send(outbox.to_domain(row))
    bench.now += outbox.CLAIM
    bench.relay().relay_notifications()
    assert len(bench.inbox.heard) == 4
    assert len(bench.inbox.taken) == 2
    assert bench.waiting() == (0, 0)


@pytest.mark.parametrize("failure", [NotifyError, ValueError])
def test_one_that_fails_does_not_hold_up_the_others(bench: Bench, failure: type[Exception]) -> None:
    bench.plant.apply("+pump.trip@0")
    bench.inbox.refuses, bench.inbox.only = failure, "raised"
    assert bench.relay().relay_notifications() == 1
    assert words(bench.inbox.heard) == ["opened"]
    bench.inbox.refuses = None
    assert bench.relay().relay_notifications() == 0
    bench.now += 5 * SECOND
    assert bench.relay().relay_notifications() == 1
    assert (
        bench.metrics.registry.get_sample_value("plantroom_notifications_total", {"outcome": "put_off"}) == 1
    )
    assert bench.waiting() == (0, 0)


def test_what_nobody_takes_is_given_up_and_kept(bench: Bench) -> None:
    bench.plant.apply("+pump.weak@0")
    bench.inbox.refuses = NotifyError
    for _ in range(outbox.MAX_ATTEMPTS):
        bench.relay().relay_notifications()
        bench.now += outbox.LONGEST_RETRY
    assert bench.waiting() == (0, 2)

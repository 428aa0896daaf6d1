"""Pacing: fast until the present, never ahead of it, in rounds of few messages."""

from __future__ import annotations

import threading

import msgspec
import pytest

from plantroom.errors import NotFoundError
from plantroom.model import PointTable
from plantroom.settings import MqttSettings
from plantroom.times import HOUR, MINUTE, SECOND, Nanos
from simulators.fleet import Fleet
from simulators.publisher import LONGEST_ROUND, Pace, Published, catch_up_start, rounds, run
from tests.simulators.kit import Box, Property, local

NOW = local(2026, 10, 19, 9)


class Wall:
    """A wall clock that goes on while somebody sleeps, and by `cost` at each look."""

    def __init__(self, now: Nanos, cost: Nanos = 0) -> None:
        self.now, self.cost, self.slept = now, cost, 0

    def clock(self) -> Nanos:
        self.now += self.cost
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)
        self.slept += 1


def test_the_pace_is_fast_in_the_past_and_real_in_the_present() -> None:
    pace = Pace(start=NOW - 30 * MINUTE, began=NOW, speed=10)
    assert pace.position(NOW) == NOW - 30 * MINUTE
    assert pace.position(NOW + MINUTE) == NOW - 20 * MINUTE
    met = NOW + 200 * SECOND
    assert pace.position(met) == met
    assert pace.position(met + HOUR) == met + HOUR


def test_a_simulation_faster_than_time_begins_in_the_past() -> None:
    assert catch_up_start(NOW, 10) == NOW - 30 * MINUTE
    assert catch_up_start(NOW, 1) == NOW


def published(demo: Property, wall: Wall, start: Nanos, **given: object) -> tuple[list[Published], Box]:
    box, fleet = Box(), Fleet(demo.table, demo.sites, start, only="demo")
    states = []
    for state in rounds(fleet, {"demo": box}, clock=wall.clock, sleep=wall.sleep, **given):  # type: ignore[arg-type]
        states.append(Published(state.ts, state.messages, state.readings, state.behind))
        assert state.ts <= wall.now
    return states, box


def newest(box: Box) -> Nanos:
    found = [msgspec.json.decode(payload)["ts"] for _, payload in box.messages]
    return max(ts if isinstance(ts, int) else ts[-1] for ts in found)


def test_it_catches_up_and_then_keeps_to_the_present(demo: Property) -> None:
    wall = Wall(NOW)
    states, box = published(demo, wall, NOW - 10 * MINUTE, speed=10, until=NOW + 2 * MINUTE)
    assert states[0].ts == NOW - 10 * MINUTE
    assert states[-1].ts == NOW + 2 * MINUTE
    assert states[20].behind > 8 * MINUTE
    assert states[-1].behind == 0
    assert wall.now - NOW == pytest.approx(2 * MINUTE, abs=SECOND)
    assert newest(box) == NOW + 2 * MINUTE
    assert states[-1].messages == len(box.messages)


def test_messages_stay_few_at_any_speed(demo: Property) -> None:
    for speed in (1, 10, 500):
        wall = Wall(NOW)
        states, _ = published(demo, wall, NOW - 20 * MINUTE, speed=speed, until=NOW - 18 * MINUTE)
        seconds = (wall.now - NOW) / SECOND + 0.5
        assert states[-1].messages / seconds < 150
        assert states[-1].readings > 17 * 24 * 10


def test_a_pause_is_made_up_in_pieces(demo: Property) -> None:
    wall = Wall(NOW)
    box, fleet = Box(), Fleet(demo.table, demo.sites, NOW, only="demo")
    steps = rounds(fleet, {"demo": box}, speed=1, clock=wall.clock, sleep=wall.sleep)
    next(steps)
    wall.now += 20 * MINUTE
    before = NOW
    for _ in range(4):
        ts = next(steps).ts
        assert ts - before <= LONGEST_ROUND
        before = ts
    assert next(steps).behind == 0


def test_a_clock_that_goes_back_stops_it_until_it_is_there_again(demo: Property) -> None:
    wall = Wall(NOW)
    box, fleet = Box(), Fleet(demo.table, demo.sites, NOW - MINUTE, only="demo")
    steps = rounds(fleet, {"demo": box}, speed=100, clock=wall.clock, sleep=wall.sleep)
    for _ in range(5):
        reached = next(steps).ts
    wall.now -= HOUR
    sent = len(box.messages)
    assert next(steps).ts == reached
    assert len(box.messages) == sent


def test_stop_ends_it_within_a_round(demo: Property) -> None:
    stop = threading.Event()
    wall, box = Wall(NOW), Box()

    class Stopping(Box):
        def publish(self, topic: str, payload: bytes) -> None:
            super().publish(topic, payload)
            if len(self.messages) == 3:
                stop.set()

    box = Stopping()
    fleet = Fleet(demo.table, demo.sites, NOW - MINUTE, only="demo")
    states = list(rounds(fleet, {"demo": box}, speed=10, clock=wall.clock, sleep=wall.sleep, stop=stop))
    assert len(box.messages) == 3
    assert states[-1].messages == 3


def test_a_fleet_of_nothing_is_refused(demo: Property) -> None:
    empty = Fleet(PointTable([], []), demo.sites, NOW)
    with pytest.raises(NotFoundError, match="no equipment of this site has a simulator"):
        run(empty, MqttSettings())

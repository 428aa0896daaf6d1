"""The elevator: trips, doors, levelling and what its faults do to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plantroom.times import MINUTE, SECOND, Nanos
from simulators.base import Fault, Values
from simulators.elevator import FLOORS
from tests.simulators.kit import Property, local

MORNING = local(2026, 10, 19, 8)


def ride(demo: Property, minutes: int, *faults: Fault, key: str = "elevator-01") -> Iterator[Values]:
    model = demo.model(key, MORNING, faults)
    for number in range(1, minutes * 30 + 1):
        yield model.step(MORNING + number * 2 * SECOND, 2.0)


def test_a_morning_of_trips_is_consistent(demo: Property) -> None:
    steps = list(ride(demo, 60))
    for values in steps:
        moving = values["direction"] != "stopped"
        assert moving == values["brake_released"]
        assert not (moving and values["in_door_zone"])
        assert not (moving and values["door_state"] != "closed")
        assert moving or values["speed"] == 0
        assert 0 <= float(values["speed"]) <= 1.05 * 2.5
        assert 1 <= float(values["car_position"]) <= FLOORS
        assert values["people_inside"] == (float(values["load"]) > 0) or float(values["load"]) == 0
        assert abs(float(values["levelling_error"])) <= 10
    assert 25 < float(steps[-1]["trips"]) - float(steps[0]["trips"]) < 120
    assert max(float(values["speed"]) for values in steps) > 2.4
    assert {"open", "closed", "moving"} == {values["door_state"] for values in steps}


def test_counters_only_grow(demo: Property) -> None:
    steps = list(ride(demo, 30))
    for key in ("trips", "door_cycles", "door_reopens", "run_hours"):
        column = [float(values[key]) for values in steps]
        assert column == sorted(column)
        assert key == "door_reopens" or column[-1] > column[0]


def test_traffic_is_dense_in_the_morning_and_thin_at_night(demo: Property) -> None:
    def trips(start: Nanos) -> float:
        model = demo.model("elevator-01", start)
        before = float(model.step(start + 2 * SECOND, 2.0)["trips"])
        return float([model.step(start + n * 4 * SECOND, 4.0) for n in range(1, 900)][-1]["trips"]) - before

    assert trips(MORNING) > 4 * trips(local(2026, 10, 19, 2))


def test_entrapment_stops_the_car_between_floors_until_rescue(demo: Property) -> None:
    fault = Fault("entrapment", "elevator-01", MORNING + MINUTE, end_ts=MORNING + 6 * MINUTE)
    steps = list(ride(demo, 10, fault))
    trapped = [values for values in steps if values["mode"] == "fault"]
    assert len(trapped) > 100
    for values in trapped:
        assert values["people_inside"] is True
        assert values["in_door_zone"] is False
        assert values["door_state"] == "closed"
        assert values["speed"] == 0
    assert steps[-1]["mode"] == "normal"
    assert any(values["alarm_button"] for values in trapped)


def test_overspeed_is_seen_before_the_safety_gear_holds_the_car(demo: Property) -> None:
    steps = list(ride(demo, 10, Fault("overspeed", "elevator-01", MORNING + MINUTE)))
    fast = [index for index, values in enumerate(steps) if float(values["speed"]) > 1.15 * 2.5]
    assert fast
    assert steps[fast[0]]["over_speed"] is True
    assert steps[-1]["safety_chain_open"] is True
    assert steps[-1]["speed"] == 0


def test_a_blocked_door_stays_blocked_and_reopens(demo: Property) -> None:
    fault = Fault("door_blocked", "elevator-01", MORNING + MINUTE, end_ts=MORNING + 8 * MINUTE)
    steps = list(ride(demo, 12, fault))
    blocked = [values for values in steps if values["door_state"] == "blocked"]
    assert len(blocked) > 150
    assert float(blocked[-1]["door_reopens"]) - float(blocked[0]["door_reopens"]) > 20
    assert steps[-1]["door_state"] != "blocked"


@pytest.mark.parametrize("dt_s", [1, 2, 10, 30])
def test_any_step_length_ends(demo: Property, dt_s: int) -> None:
    model = demo.model("elevator-03", MORNING)
    for number in range(1, 3600 // dt_s):
        values = model.step(MORNING + number * dt_s * SECOND, float(dt_s))
    assert float(values["trips"]) > 0

"""The pump: affinity laws, currents, temperatures, counters."""

from __future__ import annotations

import pytest

from plantroom.errors import NotFoundError
from plantroom.times import HOUR, MINUTE, SECOND
from simulators.base import Fault, Model, Values
from tests.simulators.kit import Property, local

MONDAY_NOON = local(2026, 10, 19, 12)


def settled(model: Model, minutes: float = 5.0) -> Values:
    """The values after so many minutes in steps of five seconds."""
    values: Values = {}
    for number in range(1, round(minutes * 12) + 1):
        values = model.step(model.start + number * 5 * SECOND, 5.0)
    return values


def number(values: Values, key: str) -> float:
    return float(values[key])


def test_it_runs_near_its_rated_figures(demo: Property) -> None:
    values = settled(demo.model("pump-01", MONDAY_NOON))
    assert values["running"] is True
    assert number(values, "flow") == pytest.approx(60, rel=0.08)
    assert 0.8 * 40 < number(values, "current") < 40
    assert 1.0 < number(values, "discharge_pressure") - number(values, "suction_pressure") < 6.0


def test_the_same_seed_gives_the_same_values_and_another_does_not(demo: Property) -> None:
    one, two = (settled(demo.model("pump-01", MONDAY_NOON, seed=7)) for _ in range(2))
    assert one == two
    assert settled(demo.model("pump-01", MONDAY_NOON, seed=8)) != one
    assert settled(demo.model("pump-02", MONDAY_NOON, seed=7)) != one


def test_speed_and_flow_follow_the_affinity_law(demo: Property) -> None:
    day = settled(demo.model("pump-01", local(2026, 10, 19, 13)))
    night = settled(demo.model("pump-01", local(2026, 10, 19, 1)))
    assert number(night, "speed") == pytest.approx(96, abs=0.3)
    ratio = number(night, "flow") / number(day, "flow")
    assert ratio == pytest.approx(number(night, "speed") / number(day, "speed"), abs=0.03)
    # power goes with the cube of the speed, so that the current falls by more than the flow
    assert number(night, "current") / number(day, "current") < ratio


def test_a_closed_valve_takes_it_to_shut_off_and_a_dry_pump_draws_little(demo: Property) -> None:
    healthy = settled(demo.model("pump-01", MONDAY_NOON))
    shut = settled(demo.model("pump-01", MONDAY_NOON, [Fault("dead_head", "pump-01", MONDAY_NOON)]))
    dry = settled(demo.model("pump-01", MONDAY_NOON, [Fault("dry_run", "pump-01", MONDAY_NOON)]))
    assert number(shut, "flow") < 0.05 * 60
    assert number(shut, "discharge_pressure") > number(healthy, "discharge_pressure") + 1
    assert number(dry, "flow") < 0.05 * 60
    assert number(dry, "current") < 0.6 * 40 < number(shut, "current")
    assert number(dry, "suction_pressure") < 0.2


def test_half_the_severity_is_less_than_the_whole(demo: Property) -> None:
    flow = [
        number(settled(demo.model("pump-01", MONDAY_NOON, [fault])), "flow")
        for fault in (
            Fault("blocked_outlet", "pump-01", MONDAY_NOON, severity=0.3),
            Fault("blocked_outlet", "pump-01", MONDAY_NOON),
        )
    ]
    assert flow[1] < flow[0] < 58


def test_a_worn_bearing_warms_up_slowly_and_cools_when_it_is_repaired(demo: Property) -> None:
    fault = Fault("bearing_wear", "pump-01", MONDAY_NOON, ramp_s=60, end_ts=MONDAY_NOON + 20 * MINUTE)
    model = demo.model("pump-01", MONDAY_NOON, [fault])
    seen = [
        number(model.step(MONDAY_NOON + n * 5 * SECOND, 5.0), "bearing_temperature") for n in range(1, 720)
    ]
    assert seen[12] < seen[60] < seen[239]
    assert seen[239] > 90
    assert seen[-1] < 60


def test_a_trip_stops_it_and_counters_only_grow(demo: Property) -> None:
    fault = Fault("trip", "pump-01", MONDAY_NOON + MINUTE, end_ts=MONDAY_NOON + 3 * MINUTE)
    model = demo.model("pump-01", MONDAY_NOON, [fault])
    steps = [model.step(MONDAY_NOON + n * 5 * SECOND, 5.0) for n in range(1, 60)]
    assert [values["running"] for values in steps].count(False) == 24
    assert all(values["flow"] == 0 and values["current"] == 0 for values in steps if values["trip"])
    for key in ("starts", "run_hours"):
        column = [number(values, key) for values in steps]
        assert column == sorted(column)
    assert number(steps[-1], "starts") == number(steps[0], "starts") + 1


def test_it_changes_over_on_sunday_morning_only(demo: Property) -> None:
    def stopped(*day: int) -> int:
        start = local(*day)
        model = demo.model("pump-01", start)
        return sum(model.step(start + n * 10 * SECOND, 10.0)["command"] is False for n in range(1, 1440))

    assert stopped(2026, 10, 18, 2) == 60
    assert stopped(2026, 10, 19, 2) == 0


def test_a_stuck_sensor_shows_one_value_while_the_bearing_burns(demo: Property) -> None:
    faults = [Fault(kind, "pump-01", MONDAY_NOON) for kind in ("sensor_stuck", "bearing_wear")]
    model = demo.model("pump-01", MONDAY_NOON, faults)
    seen = {model.step(MONDAY_NOON + n * 5 * SECOND, 5.0)["bearing_temperature"] for n in range(1, 240)}
    assert len(seen) == 1


def test_a_drifting_sensor_moves_alone(demo: Property) -> None:
    fault = Fault("sensor_drift", "pump-01", MONDAY_NOON, ramp_s=60)
    values = settled(demo.model("pump-01", MONDAY_NOON, [fault]))
    healthy = settled(demo.model("pump-01", MONDAY_NOON))
    drift = number(values, "bearing_temperature") - number(healthy, "bearing_temperature")
    assert drift == pytest.approx(48, abs=1)
    assert values["vibration_de"] == healthy["vibration_de"]


def test_an_unknown_fault_is_refused_with_those_there_are(demo: Property) -> None:
    with pytest.raises(NotFoundError, match="no fault 'rust'; it has bearing_wear"):
        demo.model("pump-01", MONDAY_NOON, [Fault("rust", "pump-01", MONDAY_NOON)])


def test_a_fault_rises_over_its_ramp_and_ends() -> None:
    fault = Fault("x", "p", HOUR, ramp_s=100, severity=0.8, end_ts=HOUR + 200 * SECOND)
    levels = [fault.level(HOUR + second * SECOND) for second in (-1, 0, 50, 100, 199, 200)]
    assert levels == [0, 0, 0.4, 0.8, 0.8, 0]

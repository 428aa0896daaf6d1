"""The air handling unit: sequence of its valves, mixing, filter, and what its faults leave visible."""

from __future__ import annotations

import pytest

from plantroom.times import HOUR, SECOND, Nanos
from simulators.base import Fault, Values
from tests.simulators.kit import Property, local

SUMMER, WINTER, SPRING = local(2026, 7, 22, 14), local(2026, 1, 21, 9), local(2026, 4, 1, 11)


def after(demo: Property, key: str, start: Nanos, minutes: int, *faults: Fault) -> Values:
    model = demo.model(key, start, faults)
    values: Values = {}
    for number in range(1, minutes * 6 + 1):
        values = model.step(start + number * 10 * SECOND, 10.0)
    return values


def number(values: Values, key: str) -> float:
    return float(values[key])


@pytest.mark.parametrize("start", [SUMMER, WINTER, SPRING])
def test_the_supply_air_is_at_its_set_point(demo: Property, start: Nanos) -> None:
    values = after(demo, "ahu-01", start, 30)
    assert number(values, "supply_temperature") == pytest.approx(number(values, "supply_setpoint"), abs=0.8)
    assert 20 < number(values, "return_temperature") < 26
    assert number(values, "duct_pressure") == pytest.approx(250, abs=15)


def test_heating_free_cooling_and_cooling_follow_the_weather(demo: Property) -> None:
    summer, winter, spring = (after(demo, "ahu-01", start, 30) for start in (SUMMER, WINTER, SPRING))
    assert number(summer, "cooling_valve") > 20
    assert number(summer, "heating_valve") == 0
    assert number(summer, "outdoor_damper") == 20
    assert number(winter, "cooling_valve") == 0
    assert number(spring, "cooling_valve") == number(spring, "heating_valve") == 0
    assert number(spring, "outdoor_damper") > 25


def test_mixed_air_lies_between_return_and_outdoor_air(demo: Property) -> None:
    for start in (SUMMER, WINTER, SPRING):
        values = after(demo, "ahu-01", start, 30)
        low, high = sorted((number(values, "return_temperature"), number(values, "outdoor_temperature")))
        assert low - 0.5 <= number(values, "mixed_temperature") <= high + 0.5


def test_it_rests_at_night_and_at_criticality_a_it_does_not(demo: Property) -> None:
    night = local(2026, 10, 20, 2)
    assert after(demo, "ahu-01", night, 5)["fan_status"] is True
    resting = after(demo, "ahu-02", night, 5)
    assert resting["fan_command"] is resting["fan_status"] is False
    assert number(resting, "duct_pressure") == number(resting, "filter_pressure_drop") == 0


def test_a_clogged_filter_makes_the_fan_work_harder(demo: Property) -> None:
    clean = after(demo, "ahu-01", SPRING, 20)
    clogged = after(demo, "ahu-01", SPRING, 20, Fault("filter_clogged", "ahu-01", SPRING))
    assert number(clean, "filter_pressure_drop") < 100
    assert number(clogged, "filter_pressure_drop") > 250
    assert number(clogged, "fan_speed") > number(clean, "fan_speed") + 15


def test_a_stuck_damper_shows_in_the_temperatures_only(demo: Property) -> None:
    stuck = after(demo, "ahu-01", WINTER, 40, Fault("stuck_damper", "ahu-01", WINTER))
    assert number(stuck, "outdoor_damper") == 20
    share = (number(stuck, "return_temperature") - number(stuck, "mixed_temperature")) / (
        number(stuck, "return_temperature") - number(stuck, "outdoor_temperature")
    )
    assert share > 0.85
    assert number(stuck, "heating_valve") > 0


def test_a_torn_belt_leaves_the_fan_commanded_without_pressure(demo: Property) -> None:
    torn = after(demo, "ahu-01", SPRING, 5, Fault("fan_belt_failure", "ahu-01", SPRING))
    assert torn["fan_command"] is True
    assert torn["fan_status"] is False
    assert number(torn, "duct_pressure") == 0
    assert number(torn, "fan_speed") == 100


def test_frost_trips_the_freeze_stat_in_midsummer_and_it_latches(demo: Property) -> None:
    fault = Fault("freeze", "ahu-01", SUMMER, end_ts=SUMMER + HOUR)
    frozen = after(demo, "ahu-01", SUMMER, 30, fault)
    assert frozen["freeze_stat"] is True
    assert frozen["fan_command"] is False
    assert number(frozen, "heating_valve") == 100
    thawed = after(demo, "ahu-01", SUMMER, 90, fault)
    assert thawed["freeze_stat"] is False
    assert thawed["fan_status"] is True


def test_the_controller_believes_a_drifting_sensor(demo: Property) -> None:
    drifting = after(demo, "ahu-01", WINTER, 60, Fault("sensor_drift", "ahu-01", WINTER))
    healthy = after(demo, "ahu-01", WINTER, 60)
    assert number(drifting, "supply_temperature") == pytest.approx(
        number(drifting, "supply_setpoint"), abs=1.0
    )
    assert number(drifting, "return_temperature") > number(healthy, "return_temperature") + 1

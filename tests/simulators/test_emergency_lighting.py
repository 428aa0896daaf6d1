"""Emergency lighting: battery, charger and tests, the route's light, and what its faults leave visible."""

from __future__ import annotations

import pytest

from plantroom.times import DAY, HOUR, MINUTE, SECOND, Nanos
from simulators.base import Fault
from simulators.emergency_lighting import EmergencyLightingModel
from tests.simulators.kit import Property, local
from tests.simulators.kit_plant import SUMMER, WINTER, check_noise, check_points, last, plant, raised, run

KEY = "emergency-lighting-a"
OTHER = "emergency-lighting-b"


@pytest.fixture(scope="module")
def lights() -> Property:
    return plant("emergency_lighting")


def next_test(of: Property, *, is_long: bool) -> Nanos:
    """When the next function test, or duration test, of KEY begins."""
    model = of.model(KEY, SUMMER)
    assert isinstance(model, EmergencyLightingModel)
    return model.last_duration + 364 * DAY if is_long else model.next_test


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(lights: Property, start: Nanos) -> None:
    check_points(lights, lights.model(OTHER, start))


def test_the_battery_floats_and_the_route_is_lit(lights: Property) -> None:
    values = last(lights.model(KEY, SUMMER), 1)
    assert values["charging"] == values["mains_available"] == 1
    assert 27.0 < values["battery_voltage"] < 27.5
    assert values["illuminance"] > 100
    assert 0 <= values["function_test_age"] < 28
    assert 0 <= values["duration_test_age"] < 364
    dimmed = last(lights.model(OTHER, local(2026, 7, 22, 2)), 0.5)
    assert 20 < dimmed["illuminance"] < 60


def test_a_function_test_runs_five_minutes_every_28_days_at_two(lights: Property) -> None:
    at = next_test(lights, is_long=False)
    assert (at - local(2026, 7, 22, 2)) % DAY == 0
    steps = run(lights.model(KEY, at - 10 * MINUTE), 1)
    testing = [values for values in steps if values["mode"] == "test"]
    assert len(testing) == 30
    assert float(steps[0]["function_test_age"]) == pytest.approx(28, abs=0.01)
    assert float(steps[-1]["function_test_age"]) < 0.05
    assert not any(values["function_test_failed"] for values in steps)
    assert min(float(values["battery_voltage"]) for values in testing) < 25
    assert all(values["charging"] is (values["mode"] == "normal") for values in steps)


def test_a_duration_test_draws_the_battery_down_and_it_is_charged_again(lights: Property) -> None:
    at = next_test(lights, is_long=True)
    steps = run(lights.model(KEY, at - 10 * MINUTE), 14, 20)
    testing = [float(values["battery_voltage"]) for values in steps if values["mode"] == "test"]
    assert len(testing) == 180
    assert 22 < testing[-1] < testing[10] - 1
    assert float(steps[0]["duration_test_age"]) > 363
    assert float(steps[-1]["duration_test_age"]) < 1
    assert steps[-1]["duration_test_failed"] is False
    assert float(steps[-1]["battery_voltage"]) > 27


def test_the_tests_of_a_second_run_are_those_of_the_first(lights: Property) -> None:
    first = last(lights.model(KEY, SUMMER), 30, 20)
    again = last(lights.model(KEY, SUMMER + 30 * HOUR), 1 / 180, 20)
    for age in ("function_test_age", "duration_test_age"):
        assert again[age] == pytest.approx(first[age], abs=0.01)


def test_without_mains_the_battery_lights_the_route_until_it_is_empty(lights: Property) -> None:
    fault = Fault("mains_failure", KEY, SUMMER + MINUTE, end_ts=SUMMER + 3 * HOUR)
    steps = run(lights.model(KEY, SUMMER, [fault]), 4)
    lit = [values for values in steps if values["mode"] == "emergency" and float(values["illuminance"]) > 1]
    assert 1.4 < len(lit) / 360 < 1.8
    assert 2.5 < float(lit[100]["illuminance"]) < 5.5
    dark = steps[170 * 6]
    assert float(dark["illuminance"]) < 0.2
    assert float(dark["battery_voltage"]) < 21
    assert steps[-1]["mode"] == "normal"
    assert steps[-1]["charging"] is True
    assert 24 < float(steps[-1]["battery_voltage"]) < 26.9
    assert float(steps[-1]["illuminance"]) > 100


def test_an_aged_battery_fails_a_test_run_for_it_and_a_repair_clears_the_record(lights: Property) -> None:
    fault = Fault("battery_aged", KEY, SUMMER + MINUTE, end_ts=SUMMER + HOUR)
    steps = run(lights.model(KEY, SUMMER, [fault]), 1.2)
    minutes = sum(values["mode"] == "test" for values in steps) / 6
    assert 10 < minutes < 30
    assert steps[300]["duration_test_failed"] is True
    assert steps[-1]["duration_test_failed"] is False
    slight = run(lights.model(KEY, SUMMER, [Fault("battery_aged", KEY, SUMMER, severity=0.3)]), 1.2)
    assert slight[-1]["duration_test_failed"] is False


def test_a_failed_lamp_fails_the_next_function_test(lights: Property) -> None:
    at = next_test(lights, is_long=False)
    fault = Fault("lamp_failure", KEY, at - HOUR)
    steps = run(lights.model(KEY, at - 10 * MINUTE, [fault]), 0.5)
    assert steps[0]["lamp_fault"] is True
    assert steps[0]["function_test_failed"] is False
    assert steps[-1]["function_test_failed"] is True


def test_without_its_charger_the_battery_runs_down_in_a_day(lights: Property) -> None:
    model = lights.model(KEY, SUMMER, [Fault("charger_failure", KEY, SUMMER)])
    voltages = [float(values["battery_voltage"]) for values in run(model, 24, 30)]
    assert 24 < voltages[240] < 26
    assert voltages[-1] < 23.5


def test_it_looks_like_instruments(lights: Property) -> None:
    check_noise(lights, run(lights.model(KEY, SUMMER), 3))


@pytest.mark.parametrize("kind", [kind for kind, rules in EmergencyLightingModel.faults.items() if rules])
def test_a_fault_of_emergency_lighting_raises_its_rules(lights: Property, kind: str) -> None:
    found = raised(lights, KEY, SUMMER, kind, hours=2.5)
    assert found
    assert found <= set(EmergencyLightingModel.faults[kind])


@pytest.mark.parametrize("kind", EmergencyLightingModel.faults)
def test_a_slight_fault_of_emergency_lighting_raises_no_others(lights: Property, kind: str) -> None:
    assert raised(lights, KEY, SUMMER, kind, severity=0.3) <= set(EmergencyLightingModel.faults[kind])


@pytest.mark.slow
@pytest.mark.parametrize("key", [KEY, OTHER])
def test_healthy_emergency_lighting_raises_nothing_in_a_day(lights: Property, key: str) -> None:
    days = [local(2026, 1, 21), local(2026, 7, 18), local(2026, 7, 22)]
    tests = [next_test(lights, is_long=is_long) - 2 * HOUR for is_long in (False, True)]
    for day in (*days, *tests):
        model = lights.model(key, day - day % SECOND)
        assert lights.alarms(model, 24 * 3600, 10) == [], day

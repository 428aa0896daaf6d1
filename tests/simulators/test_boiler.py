"""The boiler: its weather curve, burner, water and rooms, and what its faults leave visible."""

from __future__ import annotations

from functools import partial

import pytest

from plantroom.times import HOUR, MINUTE, Nanos
from simulators.base import Fault
from simulators.boiler import BoilerModel
from tests.simulators.kit import Property, local
from tests.simulators.kit_plant import (
    SPRING,
    SUMMER,
    WINTER,
    check_noise,
    check_points,
    plant,
    raised,
    run,
    values_after,
)

MARCH = local(2026, 3, 15)
SATURDAY = local(2026, 1, 24)

after = partial(values_after, key="boiler-a")


@pytest.fixture(scope="module")
def boilers() -> Property:
    return plant("boiler")


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(boilers: Property, start: Nanos) -> None:
    check_points(boilers, boilers.model("boiler-b", start))


@pytest.mark.parametrize("start", [WINTER, local(2026, 1, 21, 4), local(2026, 12, 20, 18)])
def test_the_supply_is_on_its_weather_curve_and_the_rooms_are_warm(boilers: Property, start: Nanos) -> None:
    values = after(boilers, start, 1)
    assert values["heat_demand"] == values["running"] == values["flame_on"] == 1
    assert values["supply_setpoint"] == pytest.approx(62 - 1.8 * values["outdoor_temperature"], abs=0.6)
    assert values["supply_temperature"] == pytest.approx(values["supply_setpoint"], abs=1.5)
    assert 5 < values["supply_temperature"] - values["return_temperature"] < 18
    assert 0 < values["primary_return"] - values["return_temperature"] < 2.5
    assert 19 < values["indoor_temperature"] < 22
    assert values["supply_temperature"] + 20 < values["flue_temperature"] < 160


def test_colder_weather_takes_more_heat(boilers: Property) -> None:
    mild, cold = after(boilers, MARCH + 14 * HOUR, 1), after(boilers, local(2026, 1, 21, 6), 1)
    assert cold["supply_temperature"] > mild["supply_temperature"] + 10
    assert cold["flue_temperature"] > mild["flue_temperature"] + 20


def test_at_night_the_curve_is_lower_but_not_at_criticality_a(boilers: Property) -> None:
    night = local(2026, 1, 21, 1)
    lower = after(boilers, night, 1, key="boiler-b")["supply_setpoint"]
    assert after(boilers, night, 1)["supply_setpoint"] - lower == pytest.approx(5.0, abs=0.3)


def test_in_summer_it_stands_by_under_pressure(boilers: Property) -> None:
    values = after(boilers, SUMMER, 1)
    assert values["heat_demand"] == values["running"] == values["burner_command"] == values["flame_on"] == 0
    assert 20 < values["supply_temperature"] < 32
    assert values["system_pressure"] == pytest.approx(2.0, abs=0.2)


def test_in_mild_weather_the_burner_cycles_with_a_purge_before_each_flame(boilers: Property) -> None:
    steps = run(boilers.model("boiler-a", local(2026, 4, 1)), 24)
    commands = [bool(values["burner_command"]) for values in steps]
    flames = [bool(values["flame_on"]) for values in steps]
    begins = [number for number in range(1, len(steps)) if commands[number] and not commands[number - 1]]
    assert 1 <= len(begins) <= 24
    for begin in begins:
        assert not any(flames[begin : begin + 3])
        assert all(flames[begin + 4 : begin + 60])
    assert not any(flame and not command for flame, command in zip(flames, commands, strict=True))


def test_seepage_is_made_up_in_doses(boilers: Property) -> None:
    steps = run(boilers.model("boiler-a", WINTER), 72, 60)
    volumes = [float(values["makeup_volume"]) for values in steps]
    assert volumes == sorted(volumes)
    assert 0.03 <= volumes[-1] - volumes[0] <= 0.2
    assert all(1.75 < float(values["system_pressure"]) < 2.2 for values in steps)


def test_it_looks_like_instruments(boilers: Property) -> None:
    for start in (WINTER, SUMMER):
        check_noise(boilers, run(boilers.model("boiler-a", start), 3), steady={"supply_setpoint"})


def test_a_lock_out_cools_the_water_until_it_is_reset(boilers: Property) -> None:
    fault = Fault("flame_failure", "boiler-a", WINTER + MINUTE, end_ts=WINTER + HOUR)
    steps = run(boilers.model("boiler-a", WINTER, [fault]), 2.5)
    assert steps[60]["flame_failure"] is True
    assert steps[60]["burner_command"] is steps[60]["flame_on"] is False
    assert float(steps[350]["supply_temperature"]) < float(steps[350]["supply_setpoint"]) - 10
    assert steps[-1]["flame_on"] is True
    assert float(steps[-1]["supply_temperature"]) == pytest.approx(float(steps[-1]["supply_setpoint"]), abs=3)


def test_a_leak_takes_pressure_and_make_up(boilers: Property) -> None:
    dry, wet = after(boilers, WINTER, 2), after(boilers, WINTER, 2, "water_leak")
    assert wet["system_pressure"] < dry["system_pressure"] - 0.8
    assert wet["makeup_volume"] > dry["makeup_volume"] + 0.5


def test_a_runaway_burner_is_held_by_its_limiter(boilers: Property) -> None:
    steps = run(boilers.model("boiler-a", WINTER, [Fault("burner_runaway", "boiler-a", WINTER)]), 6)
    assert 100 < max(float(values["supply_temperature"]) for values in steps) < 110


@pytest.mark.parametrize("kind", [kind for kind, rules in BoilerModel.faults.items() if rules])
def test_a_fault_of_a_boiler_raises_its_rules(boilers: Property, kind: str) -> None:
    found = raised(boilers, "boiler-a", WINTER, kind)
    assert found
    assert found <= set(BoilerModel.faults[kind])


@pytest.mark.parametrize("kind", BoilerModel.faults)
def test_a_slight_fault_of_a_boiler_raises_no_others(boilers: Property, kind: str) -> None:
    assert raised(boilers, "boiler-a", WINTER, kind, severity=0.3, dt_s=20) <= set(BoilerModel.faults[kind])


@pytest.mark.slow
@pytest.mark.parametrize("key", ["boiler-a", "boiler-b"])
@pytest.mark.parametrize(
    "day", [local(2026, 1, 21), SATURDAY, MARCH, SPRING - 14 * HOUR, SUMMER - 14 * HOUR, local(2026, 11, 20)]
)
def test_a_healthy_boiler_raises_nothing_in_a_day(boilers: Property, key: str, day: Nanos) -> None:
    assert boilers.alarms(boilers.model(key, day), 24 * 3600, 10) == []

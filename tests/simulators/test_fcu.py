"""The room unit: set-point, seasons, people, and what its faults leave visible."""

from __future__ import annotations

from functools import partial

import pytest

from plantroom.times import HOUR, SECOND, Nanos
from simulators.base import Fault
from simulators.fcu import FcuModel
from tests.simulators.kit import Property, local
from tests.simulators.kit_plant import (
    SUMMER,
    WINTER,
    check_noise,
    check_points,
    plant,
    raised,
    run,
    values_after,
)

KEY, OFFICE = "fcu-a", "fcu-b"
QUIET = ("damper_leaks", "sensor_stuck")
"""Kinds that show at night only, or that no rule sees."""

after = partial(values_after, key=KEY)


@pytest.fixture(scope="module")
def units() -> Property:
    return plant("fcu")


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(units: Property, start: Nanos) -> None:
    check_points(units, units.model(OFFICE, start))


def test_it_holds_the_set_point_with_the_valve_of_the_season(units: Property) -> None:
    summer, winter = after(units, SUMMER, 1), after(units, local(2026, 1, 21, 8), 1)
    assert summer["room_temperature"] == pytest.approx(summer["room_setpoint"], abs=0.6)
    assert summer["cooling_valve"] > 5
    assert summer["heating_valve"] == 0
    assert summer["supply_temperature"] < summer["room_temperature"] - 1
    assert winter["room_temperature"] == pytest.approx(winter["room_setpoint"], abs=0.6)
    assert winter["heating_valve"] > 2
    assert winter["cooling_valve"] == 0
    assert summer["airflow"] == pytest.approx(600, rel=0.08)


def test_an_office_rests_at_night_and_at_the_weekend(units: Property) -> None:
    for start in (local(2026, 1, 21, 2), local(2026, 1, 24, 12)):
        values = after(units, start, 0.1, key=OFFICE)
        assert values["fan_command"] == values["fan_status"] == values["occupied"] == 0
        assert values["airflow"] == values["damper"] == values["heating_valve"] == 0
    assert units.model(OFFICE, WINTER).step(WINTER + SECOND, 1.0)["mode"] == "heating"
    assert after(units, WINTER, 0.1, key=OFFICE)["occupied"] == 1


def test_a_cold_monday_is_warm_before_people_come(units: Property) -> None:
    start = local(2026, 1, 19, 6)
    steps = run(units.model(OFFICE, start), 2)
    assert float(steps[0]["room_temperature"]) < 20
    assert max(float(values["heating_valve"]) for values in steps) > 60
    assert abs(float(steps[-1]["room_temperature"]) - 21.5) < 1


def test_people_bring_carbon_dioxide(units: Property) -> None:
    early, late = after(units, local(2026, 1, 21, 6), 0.5, key=OFFICE), after(units, WINTER, 2, key=OFFICE)
    assert early["room_co2"] < 500
    assert 700 < late["room_co2"] < 900


def test_a_leaking_valve_cools_or_heats_though_it_is_shut(units: Property) -> None:
    summer, winter = after(units, SUMMER, 1, "valve_leaks"), after(units, WINTER, 1, "valve_leaks")
    assert summer["cooling_valve"] == winter["heating_valve"] == 0
    assert summer["supply_temperature"] < summer["room_temperature"] - 4
    assert winter["supply_temperature"] > winter["room_temperature"] + 4


def test_wrong_water_makes_it_worse(units: Property) -> None:
    values = after(units, SUMMER, 3, "wrong_water")
    assert values["room_temperature"] > 28
    assert values["cooling_valve"] > 99


def test_a_shut_duct_opens_the_damper_in_vain(units: Property) -> None:
    values = after(units, WINTER, 0.5, "duct_shut")
    assert values["damper"] > 99
    assert values["airflow"] < 350


def test_the_valve_believes_a_stuck_thermostat(units: Property) -> None:
    start = local(2026, 7, 22, 5)
    model = units.model(KEY, start, [Fault("sensor_stuck", KEY, start)])
    steps = run(model, 9)[1:]
    assert len({values["room_temperature"] for values in steps}) == 1
    assert len({values["room_co2"] for values in steps}) > 50
    healthy = run(units.model(KEY, start), 9)
    assert abs(model.room - float(healthy[-1]["room_temperature"])) > 1  # type: ignore[attr-defined]


def test_a_blocked_drain_fills_the_pan_until_it_is_cleared(units: Property) -> None:
    fault = Fault("drain_blocked", KEY, SUMMER, end_ts=SUMMER + HOUR)
    steps = run(units.model(KEY, SUMMER, [fault]), 1.5)
    assert steps[30]["condensate_high"] is False
    assert steps[350]["condensate_high"] is True
    assert steps[-1]["condensate_high"] is False


def test_it_looks_like_instruments(units: Property) -> None:
    check_noise(units, run(units.model(KEY, SUMMER), 3), steady={"room_setpoint", "airflow_setpoint"})


@pytest.mark.parametrize("kind", FcuModel.faults)
def test_a_slight_fault_of_a_room_unit_raises_no_others(units: Property, kind: str) -> None:
    assert raised(units, KEY, WINTER, kind, severity=0.3, dt_s=20) <= set(FcuModel.faults[kind])


@pytest.mark.parametrize("kind", [kind for kind in FcuModel.faults if kind not in QUIET])
def test_a_fault_of_a_room_unit_shows_in_summer_too(units: Property, kind: str) -> None:
    found = raised(units, KEY, SUMMER, kind, hours=2.0)
    assert found
    assert found <= set(FcuModel.faults[kind])

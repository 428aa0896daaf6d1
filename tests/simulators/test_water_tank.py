"""The water tank: level between its limits, the day's draw, and the quality of the water."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from plantroom.times import HOUR, MINUTE, SECOND, Nanos
from simulators.base import Fault
from simulators.water_tank import WaterTankModel
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

KEY = "water-tank-a"
NIGHT = local(2026, 1, 21, 1)
SLOW = {"supply_lost": 8.0, "inlet_stuck": 4.0, "leak": 8.0, "sensor_drift": 4.0, "sensor_stuck": 4.0}
"""Hours that a kind takes to show."""

after = partial(values_after, key=KEY)


@pytest.fixture(scope="module")
def tanks() -> Property:
    return plant("water_tank")


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(tanks: Property, start: Nanos) -> None:
    check_points(tanks, tanks.model(KEY, start))


def test_the_level_swings_between_the_valve_limits(tanks: Property) -> None:
    steps = run(tanks.model(KEY, WINTER), 24, 20)[180:]
    levels = [float(values["level"]) for values in steps]
    assert 59 < min(levels) < 61
    assert 87 < max(levels) < 89
    fills = sum(
        not before["inlet_valve_open"] and bool(values["inlet_valve_open"])
        for before, values in pairwise(steps)
    )
    assert 5 <= fills <= 14
    assert all((float(values["inlet_flow"]) > 5) is values["inlet_valve_open"] for values in steps)


def test_what_flows_in_and_out_is_what_the_level_does(tanks: Property) -> None:
    steps = run(tanks.model(KEY, WINTER), 3)
    balance = sum(float(values["inlet_flow"]) - float(values["outlet_flow"]) for values in steps[1:]) / 360
    rise = (float(steps[-1]["level"]) - float(steps[0]["level"])) / 100 * 30
    assert rise == pytest.approx(balance, abs=0.25)
    assert float(steps[-1]["level_height"]) == pytest.approx(float(steps[-1]["level"]) / 40, abs=0.03)


def test_the_draw_has_its_day_and_its_weekend(tanks: Property) -> None:
    def draw(start: Nanos) -> float:
        steps = run(tanks.model(KEY, start), 0.5)
        return sum(float(values["outlet_flow"]) for values in steps) / len(steps)

    morning, night = draw(local(2026, 1, 21, 8)), draw(local(2026, 1, 21, 3))
    assert morning > 5
    assert 0.05 < night < 0.3
    assert draw(local(2026, 1, 24, 8)) < 0.7 * morning


def test_chlorine_decays_at_rest_and_filling_stirs_sediment_up(
    tanks: Property,
) -> None:
    steps = run(tanks.model(KEY, local(2026, 1, 21, 1)), 6)
    resting = [values for values in steps if not values["inlet_valve_open"]]
    filling = [values for values in steps if values["inlet_valve_open"]]
    assert float(resting[-1]["residual_chlorine"]) < float(resting[0]["residual_chlorine"]) - 0.02
    turbid = [
        max(float(values["turbidity"]) for values in part) for part in (resting[-360:], filling or steps)
    ]
    assert turbid[1] > turbid[0]


def test_the_water_follows_the_season_and_stays_cool(tanks: Property) -> None:
    winter, summer = after(tanks, WINTER, 1), after(tanks, SUMMER, 1)
    assert summer["water_temperature"] > winter["water_temperature"] + 8
    assert summer["water_temperature"] < 24.6


def test_a_tank_without_supply_runs_empty_and_gives_nothing_more(tanks: Property) -> None:
    values = after(tanks, WINTER, 10, "supply_lost")
    assert values["level"] < 2
    assert values["inlet_valve_open"] == 1
    assert values["inlet_flow"] == values["outlet_flow"] == 0


def test_an_inlet_that_does_not_close_floods_and_is_mended(tanks: Property) -> None:
    fault = Fault("inlet_stuck", KEY, WINTER, end_ts=WINTER + 4 * HOUR)
    steps = run(tanks.model(KEY, WINTER, [fault]), 10, 20)
    assert any(values["overflow"] for values in steps)
    assert steps[-1]["overflow"] is False
    assert float(steps[-1]["level"]) < 90


def test_the_valve_believes_the_transmitter(tanks: Property) -> None:
    model = tanks.model(KEY, WINTER, [Fault("sensor_drift", KEY, WINTER)])
    steps = run(model, 3)
    assert float(steps[-1]["level"]) < 70
    assert float(steps[-1]["level_height"]) > 2.45
    assert steps[-1]["overflow"] is True


def test_a_stuck_transmitter_stands_still(tanks: Property) -> None:
    model = tanks.model(KEY, WINTER, [Fault("sensor_stuck", KEY, WINTER + 20 * MINUTE + SECOND)])
    steps = run(model, 3)[121:]
    assert len({values["level"] for values in steps}) == 1
    assert len({values["level_height"] for values in steps}) > 50


def test_it_looks_like_instruments(tanks: Property) -> None:
    check_noise(tanks, run(tanks.model(KEY, WINTER), 3))


@pytest.mark.parametrize("kind", WaterTankModel.faults)
def test_a_slight_fault_of_a_tank_raises_no_others(tanks: Property, kind: str) -> None:
    assert raised(tanks, KEY, WINTER, kind, severity=0.3, dt_s=20) <= set(WaterTankModel.faults[kind])


@pytest.mark.parametrize("kind", WaterTankModel.faults)
def test_a_fault_of_a_tank_shows_in_summer_too(tanks: Property, kind: str) -> None:
    found = raised(tanks, KEY, SUMMER, kind, hours=SLOW.get(kind, 1.5), dt_s=20)
    assert found
    assert found <= set(WaterTankModel.faults[kind])

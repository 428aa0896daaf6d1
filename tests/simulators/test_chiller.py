"""The chiller: its water, its lift and power, when it runs, and what its faults leave visible."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import pytest

from plantroom.times import HOUR, MINUTE, Nanos
from simulators.base import Fault
from simulators.chiller import ChillerModel
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

SATURDAY = local(2026, 7, 18)
MAY = local(2026, 5, 11)

after = partial(values_after, key="chiller-a")


@pytest.fixture(scope="module")
def chillers() -> Property:
    return plant("chiller")


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(chillers: Property, start: Nanos) -> None:
    check_points(chillers, chillers.model("chiller-b", start))


def test_the_leaving_water_is_at_its_set_point_and_the_heats_add_up(chillers: Property) -> None:
    values = after(chillers, SUMMER, 0.5)
    assert values["chilled_leaving"] == pytest.approx(values["chilled_setpoint"], abs=0.3)
    assert 4.5 < values["chilled_entering"] - values["chilled_leaving"] < 5.5
    assert 28 < values["condenser_entering"] < 33
    assert values["condenser_entering"] > values["wet_bulb_temperature"] + 1.5
    assert 2.5 < values["condenser_leaving"] - values["condenser_entering"] < 5
    assert 1 < values["chilled_leaving"] - values["evaporating_temperature"] < 2.5
    assert 1 < values["condensing_temperature"] - values["condenser_leaving"] < 2.5
    # R134a at 5 and at 35 degC, gauge
    assert 2.3 < values["evaporator_pressure"] < 2.9
    assert 7 < values["condenser_pressure"] < 9.5
    assert 2 < values["oil_pressure_difference"] < 2.6


def test_it_uses_more_power_for_its_cooling_where_the_lift_is_greater(chillers: Property) -> None:
    def power_per_difference(values: Mapping[str, float]) -> float:
        return values["power"] / (values["chilled_entering"] - values["chilled_leaving"])

    clean, fouled = after(chillers, SUMMER, 2), after(chillers, SUMMER, 2, "condenser_fouling")
    assert fouled["condensing_temperature"] > clean["condensing_temperature"] + 4
    assert power_per_difference(fouled) > 1.1 * power_per_difference(clean)
    assert fouled["current"] > clean["current"] + 5


def test_load_follows_hour_and_weather(chillers: Property) -> None:
    night, day = after(chillers, local(2026, 7, 22, 3), 1), after(chillers, SUMMER, 1)
    autumn = after(chillers, local(2026, 10, 7, 14), 1)
    assert day["power"] > 1.4 * autumn["power"] > 0
    assert day["power"] > 2.5 * night["power"] > 0


def test_it_rests_in_cool_weather_and_outside_its_hours(chillers: Property) -> None:
    for values in (
        after(chillers, WINTER, 1),
        after(chillers, local(2026, 7, 22, 2), 1, key="chiller-b"),
        after(chillers, SATURDAY + 20 * HOUR, 1, key="chiller-b"),
    ):
        assert values["running"] == values["flow_switch_closed"] == 0
        assert values["current"] == values["power"] == values["oil_pressure_difference"] == 0
        assert values["plant_pressure"] == 0
    assert after(chillers, SATURDAY + 14 * HOUR, 1, key="chiller-b")["running"] == 1


def test_the_morning_start_reaches_the_set_point_in_time(chillers: Property) -> None:
    model = chillers.model("chiller-b", local(2026, 7, 22, 6))
    steps = run(model, 1.5)
    started = next(number for number, values in enumerate(steps) if values["running"])
    assert steps[started]["flow_switch_closed"] is True
    assert float(steps[started]["chilled_leaving"]) > 10
    for values in steps[started + 90 :]:
        assert abs(float(values["chilled_leaving"]) - float(values["chilled_setpoint"])) < 0.9
    assert float(steps[-1]["starts"]) == float(steps[0]["starts"]) + 1


def test_at_little_load_it_stops_and_rests_half_an_hour(chillers: Property) -> None:
    steps = run(chillers.model("chiller-a", MAY), 24, 20)
    starts = float(steps[-1]["starts"]) - float(steps[0]["starts"])
    assert 2 <= starts <= 20
    resting = 0
    for before, values in pairwise(steps):
        if values["running"] and not before["running"]:
            assert resting == 0 or resting >= 88
        resting = 0 if values["running"] else resting + 1


def test_it_looks_like_instruments(chillers: Property) -> None:
    model = chillers.model("chiller-a", SUMMER)
    check_noise(chillers, run(model, 3), steady={"chilled_setpoint", "plant_pressure_setpoint"})


def test_the_control_believes_a_drifting_sensor(chillers: Property) -> None:
    healthy, drifting = after(chillers, SUMMER, 1), after(chillers, SUMMER, 1, "sensor_drift")
    assert drifting["chilled_leaving"] == pytest.approx(drifting["chilled_setpoint"], abs=0.5)
    assert drifting["evaporating_temperature"] < healthy["evaporating_temperature"] - 3


def test_a_stuck_sensor_stands_still_while_the_refrigerant_does_not(chillers: Property) -> None:
    key = "chiller-a"
    model = chillers.model(key, SUMMER, [Fault("sensor_stuck", key, SUMMER + MINUTE)])
    steps = run(model, 8)[10:]
    assert len({values["condenser_pressure"] for values in steps}) == 1
    condensing = [float(values["condensing_temperature"]) for values in steps]
    assert max(condensing) - min(condensing) > 2


def test_surge_swings_the_current_and_cycling_starts_it_again_and_again(chillers: Property) -> None:
    def currents(*kinds: str) -> list[float]:
        model = chillers.model("chiller-a", SUMMER, [Fault(kind, "chiller-a", SUMMER) for kind in kinds])
        return [float(values["current"]) for values in run(model, 0.5)]

    assert max(currents()) - min(currents()) < 8
    assert max(currents("surge")) - min(currents("surge")) > 15
    steps = run(chillers.model("chiller-a", SUMMER, [Fault("short_cycling", "chiller-a", SUMMER)]), 2)
    assert 10 <= float(steps[-1]["starts"]) - float(steps[0]["starts"]) <= 14


def test_a_trip_ends_in_a_start_of_its_own(chillers: Property) -> None:
    fault = Fault("trip", "chiller-a", SUMMER + MINUTE, end_ts=SUMMER + 10 * MINUTE)
    steps = run(chillers.model("chiller-a", SUMMER, [fault]), 1)
    assert steps[30]["trip"] is True
    assert steps[30]["running"] is False
    assert float(steps[200]["chilled_leaving"]) > 9
    assert steps[-1]["running"] is True


@pytest.mark.parametrize("kind", [kind for kind, rules in ChillerModel.faults.items() if rules])
def test_a_fault_of_a_chiller_raises_its_rules(chillers: Property, kind: str) -> None:
    found = raised(chillers, "chiller-a", SUMMER, kind)
    assert found
    assert found <= set(ChillerModel.faults[kind])


@pytest.mark.parametrize("kind", ChillerModel.faults)
def test_a_slight_fault_of_a_chiller_raises_no_others(chillers: Property, kind: str) -> None:
    assert raised(chillers, "chiller-a", SUMMER, kind, severity=0.3, dt_s=20) <= set(
        ChillerModel.faults[kind]
    )


@pytest.mark.slow
@pytest.mark.parametrize("key", ["chiller-a", "chiller-b"])
@pytest.mark.parametrize(
    "day", [local(2026, 1, 21), SPRING - 14 * HOUR, MAY, SATURDAY, SUMMER - 14 * HOUR, local(2026, 10, 18)]
)
def test_a_healthy_chiller_raises_nothing_in_a_day(chillers: Property, key: str, day: Nanos) -> None:
    assert chillers.alarms(chillers.model(key, day), 24 * 3600, 10) == []

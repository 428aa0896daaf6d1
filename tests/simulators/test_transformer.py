"""The transformer: windings and oil that lag behind the load, fans, relays."""

from __future__ import annotations

from functools import partial

import pytest

from plantroom.times import HOUR, SECOND, Nanos
from simulators.base import Fault
from simulators.transformer import TransformerModel
from tests.simulators.kit import Property, local
from tests.simulators.kit_plant import (
    SUMMER,
    WINTER,
    check_noise,
    check_points,
    last,
    plant,
    raised,
    run,
    values_after,
)

KEY = "transformer-a"
QUIET = ("sensor_stuck",)
"""Kinds that show only when the load has changed for hours."""

after = partial(values_after, key=KEY)


@pytest.fixture(scope="module")
def transformers() -> Property:
    return plant("transformer")


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(transformers: Property, start: Nanos) -> None:
    check_points(transformers, transformers.model(KEY, start))


def test_windings_follow_the_load_after_a_while(transformers: Property) -> None:
    model = transformers.model(KEY, local(2026, 1, 21, 4))
    steps = run(model, 14)
    loads = [float(values["load"]) for values in steps]
    windings = [float(values["winding_temperature_l2"]) for values in steps]
    oil = [float(values["oil_temperature"]) for values in steps]
    assert max(windings) > min(windings) + 20
    # at half past eight the load is nearly there, the winding not, and the oil still less
    half_past_eight = round(4.5 * 360)
    share = [
        (series[half_past_eight] - min(series)) / (max(series) - min(series))
        for series in (loads, windings, oil)
    ]
    assert share[0] > share[1] + 0.1 > share[2] + 0.15


def test_currents_are_the_load(transformers: Property) -> None:
    values = after(transformers, WINTER, 0.5)
    mean = sum(values[f"current_l{phase}"] for phase in (1, 2, 3)) / 3
    assert mean == pytest.approx(1443 * values["load"] / 100, rel=0.02)
    assert 0.03 * mean < values["current_neutral"] < 0.2 * mean


def test_fans_start_in_heat_and_rest_when_it_is_gone(transformers: Property) -> None:
    fault = Fault("winding_fault", KEY, WINTER, severity=0.6, end_ts=WINTER + 2 * HOUR)
    steps = run(transformers.model(KEY, WINTER, [fault]), 4)
    running = [bool(values["fan_running"]) for values in steps]
    first = running.index(True)
    assert 92 < float(steps[first]["winding_temperature_l3"]) < 96
    assert running[2 * 360 - 1] is True
    assert running[-1] is False


def test_without_fans_the_windings_get_hotter(transformers: Property) -> None:
    values = after(transformers, WINTER, 2, "fan_failure")
    assert values["fan_running"] == 0
    assert values["winding_temperature_l1"] > 110


def test_a_gas_trip_takes_the_load_off(transformers: Property) -> None:
    values = after(transformers, WINTER, 1, "inner_fault")
    assert values["gas_relay_trip"] == values["gas_relay_alarm"] == 1
    assert values["load"] == values["current_l1"] == values["current_neutral"] == 0
    slight = transformers.model(KEY, WINTER, [Fault("inner_fault", KEY, WINTER, severity=0.5)])
    assert last(slight, 0.1)["gas_relay_trip"] == 0
    assert last(slight, 0.1)["gas_relay_alarm"] == 1


def test_the_fans_believe_a_drifting_sensor(transformers: Property) -> None:
    start = SUMMER
    assert after(transformers, start, 1)["fan_running"] == 0
    assert after(transformers, start, 1, "sensor_drift")["fan_running"] == 1


def test_a_stuck_sensor_stands_still_while_the_load_falls(transformers: Property) -> None:
    start = local(2026, 1, 21, 16)
    model = transformers.model(KEY, start, [Fault("sensor_stuck", KEY, start + 5 * SECOND)])
    steps = run(model, 6)[2:]
    assert len({values["winding_temperature_l1"] for values in steps}) == 1
    assert float(steps[-1]["winding_temperature_l2"]) < float(steps[0]["winding_temperature_l2"]) - 10


def test_a_leak_lowers_the_oil_until_it_is_mended(transformers: Property) -> None:
    fault = Fault("oil_leak", KEY, WINTER, end_ts=WINTER + HOUR)
    levels = [float(values["oil_level"]) for values in run(transformers.model(KEY, WINTER, [fault]), 4, 20)]
    assert min(levels) < 20
    assert levels[-1] > 50


def test_it_looks_like_instruments(transformers: Property) -> None:
    check_noise(transformers, run(transformers.model(KEY, WINTER), 3))


@pytest.mark.parametrize("kind", TransformerModel.faults)
def test_a_slight_fault_of_a_transformer_raises_no_others(transformers: Property, kind: str) -> None:
    assert raised(transformers, KEY, WINTER, kind, severity=0.3, dt_s=20) <= set(
        TransformerModel.faults[kind]
    )


@pytest.mark.parametrize("kind", [kind for kind in TransformerModel.faults if kind not in QUIET])
def test_a_fault_of_a_transformer_shows_in_summer_too(transformers: Property, kind: str) -> None:
    found = raised(transformers, KEY, SUMMER, kind, dt_s=20)
    assert found
    assert found <= set(TransformerModel.faults[kind])

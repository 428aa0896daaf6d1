"""The pieces of physics that the models are made of."""

from __future__ import annotations

import math
import random

import pytest

from simulators.physics import (
    LONGEST_STEP_S,
    Climate,
    PiLoop,
    Sensor,
    first_order,
    interpolate,
    is_between,
    substeps,
)
from tests.simulators.kit import SHANGHAI, local


def test_first_order_is_at_63_percent_after_one_time_constant() -> None:
    assert first_order(0.0, 100.0, 60.0, 60.0) == pytest.approx(100 * (1 - math.exp(-1)))


def test_first_order_does_not_depend_on_how_the_time_is_cut() -> None:
    value = 20.0
    for _ in range(12):
        value = first_order(value, 80.0, 45.0, 5.0)
    assert value == pytest.approx(first_order(20.0, 80.0, 45.0, 60.0))


@pytest.mark.parametrize("dt_s", [0.5, 5.0, 5.1, 20.0, 61.0])
def test_substeps_add_up_and_are_short(dt_s: float) -> None:
    parts = list(substeps(dt_s))
    assert sum(parts) == pytest.approx(dt_s)
    assert max(parts) <= LONGEST_STEP_S


def test_a_sensor_rounds_to_its_resolution_and_stays_in_its_range() -> None:
    sensor, rng = Sensor(noise=1.0, resolution=0.5, low=0.0, high=3.0), random.Random(1)
    shown = [sensor.read(rng, 1.0) for _ in range(500)]
    assert all(value * 2 == int(value * 2) and 0 <= value <= 3 for value in shown)
    assert {0.0, 3.0} <= set(shown)
    assert sum(shown) / len(shown) == pytest.approx(1.1, abs=0.2)


def test_a_controller_brings_its_error_to_nothing_and_does_not_wind_up() -> None:
    loop, value = PiLoop(gain=0.5, reset_s=10.0, low=0.0, high=1.0), 0.0
    for _ in range(2000):
        value = first_order(value, 10.0 * loop.step(4.0 - value, 1.0), 20.0, 1.0)
    assert value == pytest.approx(4.0, abs=0.01)
    for _ in range(1000):
        loop.step(50.0, 1.0)
    assert loop.integral <= 1.0
    assert loop.step(-4.0, 1.0) == 0.0


@pytest.mark.parametrize(
    ("hour", "start", "end", "inside"),
    [(7, 6, 8, True), (8, 6, 8, False), (23, 22, 4, True), (3, 22, 4, True), (12, 22, 4, False)],
)
def test_hours_between_two_go_over_midnight(hour: float, start: float, end: float, inside: bool) -> None:
    assert is_between(hour, start, end) is inside


def test_interpolate_is_level_outside() -> None:
    assert [interpolate(value, 10, 20, 0, 5) for value in (5, 10, 15, 20, 25)] == [0, 0, 2.5, 5, 5]


def test_the_climate_is_hottest_on_a_july_afternoon() -> None:
    climate = Climate(SHANGHAI)
    july, january = climate.temperature(local(2026, 7, 25, 15)), climate.temperature(local(2026, 1, 24, 5))
    assert july == pytest.approx(32.5, abs=0.5)
    assert january < 3
    assert climate.temperature(local(2026, 7, 25, 3)) < july - 5

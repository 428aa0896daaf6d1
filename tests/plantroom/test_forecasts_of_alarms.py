"""Forecasts among the readings of an alarm."""

from __future__ import annotations

import math

import pytest

from plantroom.forecasts import Forecast, as_readings, forecasts, is_forecast
from plantroom.times import HOUR, SECOND

TS = 1_767_225_600 * SECOND


def test_what_goes_in_comes_out() -> None:
    told = as_readings("max(a, b) where running", 4.5, "mm/s", [7200.4, 3600, math.inf])
    readings = {"flow": 3.0, **told}
    expected = Forecast("max(a, b) where running", 4.5, "mm/s", TS + 2 * HOUR, TS + HOUR, None)
    assert forecasts(readings, TS) == [expected]
    assert [name for name in readings if not is_forecast(name)] == ["flow"]


@pytest.mark.parametrize("odd", [None, "soon", math.nan, math.inf, -5.0, 1e12])
def test_what_is_no_time_is_no_forecast(odd: object) -> None:
    told: dict[str, object] = dict(as_readings("x", 4.5, "bar", [60.0, 30.0, 90.0]))
    assert len(forecasts(told, TS)) == 1
    assert forecasts({**told, "forecast of x: expected, s": odd}, TS) == []


def test_far_away_is_no_end_in_sight() -> None:
    [found] = forecasts(as_readings("x", 4.5, "", [60.0, 30.0, 1e14]), TS)
    assert found.latest is None
    assert forecasts(as_readings("x", 4.5, "", [60.0, 30.0, 90.0]), None) == []

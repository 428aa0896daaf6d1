"""Units: known conversions, differences, and refusals."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.errors import UnitError
from plantroom.units import UNITS, conversion, difference_scale, unit


def convert(value: float, given_unit: str, wanted: str) -> float:
    scale, offset = conversion(given_unit, wanted)
    return value * scale + offset


@pytest.mark.parametrize(
    ("value", "given_unit", "wanted", "expected"),
    [
        (32.0, "degF", "degC", 0.0),
        (212.0, "degF", "degC", 100.0),
        (-40.0, "degF", "degC", -40.0),
        (98.6, "°F", "°C", 37.0),
        (25.0, "degC", "degF", 77.0),
        (0.0, "degC", "K", 273.15),
        (0.0, "K", "degC", -273.15),
        (0.0, "K", "degF", -459.67),
        (21.5, "C", "degC", 21.5),
        (1.0, "psi", "bar", 0.06894757),
        (100.0, "psi", "kPa", 689.475729),
        (1.0, "bar", "psi", 14.5037738),
        (1013.25, "hPa", "bar", 1.01325),
        (250.0, "mbar", "Pa", 25_000.0),
        (1.0, "MPa", "bar", 10.0),
        (10.0, "mH2O", "bar", 0.980665),
        (1.0, "gpm", "m3/h", 0.227124707),
        (100.0, "gpm", "L/min", 378.5411784),
        (1.0, "L/s", "m3/h", 3.6),
        (60.0, "L/min", "m³/h", 3.6),
        (500.0, "L/h", "m3/h", 0.5),
        (1.0, "in/s", "mm/s", 25.4),
        (1.0, "g", "m/s2", 9.80665),
        (1500.0, "rpm", "Hz", 25.0),
        (50.0, "%", "ratio", 0.5),
        (4.0, "mA", "A", 0.004),
        (0.4, "kV", "V", 400.0),
        (1.5, "kW", "W", 1500.0),
        (2.0, "MWh", "kWh", 2000.0),
        (90.0, "min", "h", 1.5),
        (1.0, "d", "h", 24.0),
        (7.0, "", "starts", 7.0),
    ],
)
def test_known_conversions(value: float, given_unit: str, wanted: str, expected: float) -> None:
    assert convert(value, given_unit, wanted) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("given_unit", "wanted", "scale"),
    [
        ("degF", "degC", 5 / 9),
        ("degF", "K", 5 / 9),
        ("degC", "K", 1.0),
        ("K", "degF", 1.8),
        ("psi", "Pa", 6894.757293168),
    ],
)
def test_differences_have_no_offset(given_unit: str, wanted: str, scale: float) -> None:
    assert difference_scale(given_unit, wanted) == pytest.approx(scale)


@pytest.mark.parametrize(
    ("given_unit", "wanted"),
    [("bar", "degC"), ("m3/h", "m3"), ("kW", "kWh"), ("%", "%RH"), ("%", ""), ("mm", "mm/s"), ("Hz", "1/h")],
)
def test_different_quantities_do_not_convert(given_unit: str, wanted: str) -> None:
    with pytest.raises(UnitError, match="measures") as caught:
        conversion(given_unit, wanted)
    assert repr(given_unit) in str(caught.value)
    assert repr(wanted) in str(caught.value)
    with pytest.raises(UnitError):
        difference_scale(given_unit, wanted)


@pytest.mark.parametrize(
    "symbol", ["Bar", "celsius", "bar ", "m3/h; DROP TABLE", "__class__", "κ", "L" * 10_000]
)
def test_an_unknown_unit_is_named(symbol: str) -> None:
    with pytest.raises(UnitError, match="unknown unit") as caught:
        unit(symbol)
    assert len(str(caught.value)) < 100
    with pytest.raises(UnitError, match="unknown unit"):
        conversion(symbol, "bar")
    with pytest.raises(UnitError, match="unknown unit"):
        conversion("bar", symbol)


def test_every_unit_stands_under_its_own_symbol_with_a_usable_scale() -> None:
    for symbol, entry in UNITS.items():
        assert entry.symbol == symbol
        assert entry.scale > 0
        assert math.isfinite(entry.offset)


PAIRS = [
    (left, right)
    for left, right in itertools.product(UNITS, UNITS)
    if UNITS[left].quantity == UNITS[right].quantity
]


@given(pair=st.sampled_from(PAIRS), value=st.floats(-1e6, 1e6))
def test_there_and_back_is_where_it_began(pair: tuple[str, str], value: float) -> None:
    left, right = pair
    back = convert(convert(value, left, right), right, left)
    assert back == pytest.approx(value, rel=1e-9, abs=1e-6)


@given(pair=st.sampled_from(PAIRS), low=st.floats(-1e6, 1e6), width=st.floats(0, 1e6))
def test_a_difference_converts_as_the_values_on_both_its_ends(
    pair: tuple[str, str], low: float, width: float
) -> None:
    ends = convert(low + width, *pair) - convert(low, *pair)
    scale = difference_scale(*pair)
    assert width * scale == pytest.approx(ends, rel=1e-6, abs=1e-6 * max(1.0, scale))

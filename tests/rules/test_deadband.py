"""Deadbands, sentence by sentence of rules/README.md."""

import pytest
from ruletools import compiled, holds, says

from rules.language.deadband import DeadbandError


@pytest.mark.parametrize(("text", "value"), [("pressure > 5", 4.85), ("pressure < 5", 5.15)])
def test_e20_a_relaxed_comparison_holds_longer(text, value) -> None:
    assert says(text, pressure=value) is False
    assert holds(text, pressure=value) is True


def test_e20_the_exact_edges() -> None:
    band = {"pressure": "0.5 bar"}
    assert holds("pressure > 5", band, pressure=4.5) is False
    assert holds("pressure > 5", band, pressure=4.6) is True
    assert holds("pressure >= 5", band, pressure=4.5) is True
    assert holds("pressure < 5", band, pressure=5.5) is False
    assert holds("pressure < 5", band, pressure=5.4) is True
    assert holds("pressure <= 5", band, pressure=5.5) is True
    assert holds("5 < pressure", band, pressure=4.6) is True
    assert holds("not (pressure > 5)", band, pressure=5.4) is True
    assert holds("not (pressure > 5)", band, pressure=5.6) is False
    assert holds("not (running and not (pressure < 5))", band, running=1, pressure=5.4) is True
    assert holds("running and pressure > 5", band, running=0, pressure=9) is False
    assert holds("pressure > 5", band) is None


def test_e20_equality_is_not_relaxed() -> None:
    assert holds("pressure == 5", pressure=5.01) is False
    assert holds("pressure != 5", pressure=5) is False
    assert holds("running == (pressure > 5)", running=1, pressure=4.95) is False


@pytest.mark.parametrize(
    ("text", "key", "limit", "width"),
    [
        ("flow > 50", "flow", 50, 5.0),
        ("pressure > 5", "pressure", 5, 0.2),
        ("other_pressure > 500", "other_pressure", 500, 20),
        ("temperature > 50", "temperature", 50, 1.0),
        ("other_temperature > 100", "other_temperature", 100, 1.8),
        ("tank_level > 50", "tank_level", 50, 5.0),
        ("valve > 50", "valve", 50, 0.0),
        ("current > 5", "current", 5, 0.0),
        ("starts > 5", "starts", 5, 0.0),
    ],
)
def test_e21_default_widths(text: str, key: str, limit: float, width: float) -> None:
    assert holds(text, **{key: limit - 1.001 * width}) is False
    assert says(text, **{key: limit}) is False
    assert holds(text, **{key: limit - 0.999 * width}) is (width > 0)


def test_e21_entries_have_units() -> None:
    assert holds("pressure > 5", {"pressure": "50 kPa"}, pressure=4.6) is True
    assert holds("pressure > 5", {"pressure": "0.5"}, pressure=4.6) is True
    assert holds("temperature > 50", {"temperature": "5 K"}, temperature=45.5) is True
    assert holds("temperature > 50", {"temperature": "9 degF"}, temperature=45.5) is True
    assert holds("temperature > 50", {"temperature": "9 degF"}, temperature=44.5) is False
    assert holds("pressure > 5", {"pressure": "0 bar"}, pressure=4.999) is False


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ({"pressure": "3 degC"}, "measures"),
        ({"pressure": "3 foo"}, "unknown unit"),
        ({"pressure": "wide"}, "not a width"),
        ({"pressure": "-3 bar"}, "not a width"),
        ({"running": "1"}, "no deadband"),
        ({"nonsense": "1"}, "no such point"),
        ({"flow": "1 m3/h"}, "no comparison of the rule is about this point"),
    ],
)
def test_e21_e23_wrong_entries(entry: dict[str, str], part: str) -> None:
    with pytest.raises(DeadbandError, match=part):
        compiled("running and pressure > 5", **entry)


@pytest.mark.parametrize(
    ("text", "deadband", "values", "held"),
    [
        # the largest of the entries, in the comparison's unit
        (
            "pressure - other_pressure > 1 bar",
            {"pressure": "0.1 bar", "other_pressure": "30 kPa"},
            (4.75, 400),
            True,
        ),
        (
            "pressure - other_pressure > 1 bar",
            {"pressure": "0.1 bar", "other_pressure": "30 kPa"},
            (4.65, 400),
            False,
        ),
        # an entry for one puts the other's default (0.2 bar) out
        ("pressure - other_pressure > 1 bar", {"pressure": "0.01 bar"}, (4.9, 400), False),
        # without entries the larger default
        ("pressure - other_pressure > 1 bar", {}, (4.85, 400), True),
        # a factor that reads no point scales the width
        ("2 * pressure > 10", {"pressure": "0.1 bar"}, (4.91, 0), True),
        ("2 * pressure > 10", {"pressure": "0.1 bar"}, (4.89, 0), False),
        ("pressure / 2 > 2", {"pressure": "0.1 bar"}, (3.91, 0), True),
        ("units_fitted * pressure > 10", {"pressure": "0.1 bar"}, (4.91, 0), True),
        ("10 > -units_fitted * pressure + 20", {"pressure": "0.1 bar"}, (4.91, 0), True),
        ("max(pressure, other_pressure) > 5", {"other_pressure": "30 kPa"}, (4.75, 100), True),
        # over another point: none
        ("pressure / other_pressure > 1", {}, (3.999, 400), False),
    ],
)
def test_e22_widths_of_several_points(text, deadband, values, held) -> None:
    assert says(text, pressure=values[0], other_pressure=values[1]) is False
    assert holds(text, deadband, pressure=values[0], other_pressure=values[1]) is held

"""The language, sentence by sentence of rules/README.md."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruletools import POINTS, ROWS, compiled, judged, make_class, says

from plantroom.errors import ExpressionError
from rules.expression import check

CLS = make_class()


def error(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        check(text, CLS)
    return caught.value


def test_e1_names_are_keys_of_the_class() -> None:
    assert check("flow < rated_flow", CLS).points == ("flow",)
    found = error("running and\n  flwo < 3")
    assert "unknown name 'flwo'" in str(found)
    assert "did you mean 'flow'?" in str(found)
    assert (found.line, found.column) == (2, 3)


def test_e2_a_binary_point_is_a_truth_value() -> None:
    assert says("running and not trip", running=1, trip=0) is True
    assert says("running and not trip", running=1, trip=1) is False
    assert "truth value" in str(error("running > 0"))
    assert "truth value" in str(error("running + 1 > 0"))


def test_e3_an_enum_compares_with_its_words() -> None:
    assert says('mode == "fault"', mode=4) is True
    assert says("mode != 'normal'", mode=0) is False
    assert says('mode != "normal"', mode=1) is True
    assert says('mode != "normal"') is None
    assert "did you mean 'normal'?" in str(error('mode == "norml"'))
    assert "compare it with a word" in str(error("mode"))
    assert "has no order" in str(error('mode < "fault"'))
    assert "only an enumeration" in str(error('flow == "fault"'))
    assert "takes a word" in str(error("mode == 4"))
    assert "not a number" in str(error("mode + 1 > 3"))


def test_e4_analog_points_counters_and_parameters_are_numbers() -> None:
    assert says("flow - rated_flow > 0 m3/h", flow=51) is True
    assert says("starts >= 3", starts=3) is True


def test_operators_bind_as_listed() -> None:
    assert says("trip or running and flow < 5", trip=1, running=0, flow=9) is True
    assert says("not running and trip", running=1, trip=1) is False
    assert says("not flow < 5", flow=9) is True
    assert says("flow - 2 - 3 == 5", flow=10) is True
    assert says("flow / 2 * 3 == 15", flow=10) is True
    assert says("2 + flow * 3 == 32", flow=10) is True
    assert says("-flow < -5", flow=6) is True


def test_e5_comparisons_do_not_chain() -> None:
    found = error("1 < flow < 5")
    assert "do not chain" in str(found)
    assert found.column == 10


@pytest.mark.parametrize(
    ("text", "part", "column"),
    [
        ("running and flow", "truth value is needed", 13),
        ("not flow", "truth value is needed", 5),
        ("flow", "truth value is needed", 1),
        ("flow + 1", "truth value is needed", 1),
        ("running == flow", "compares with no number", 1),
        ("running < trip", "no order", 1),
        ("abs(running) > 1", "a number is needed", 5),
        ("(flow > 1) + 2 > 3", "a number is needed", 2),
        ("3 > 2", "two plain numbers", 1),
        ("3 bar > 2 bar", "reads no point", 1),
        ('"normal"', "is a word", 1),
    ],
)
def test_e6_truth_values_and_numbers_are_held_apart(text: str, part: str, column: int) -> None:
    found = error(text)
    assert part in str(found)
    assert found.column == column


def test_e6_truth_values_compare_by_equality() -> None:
    assert says("running != trip", running=1, trip=0) is True
    assert says("running == (flow > 5)", running=0, flow=3) is True
    assert says("running == trip", running=1) is None


def test_e7_a_number_may_carry_a_unit() -> None:
    assert says("pressure < 0.3 bar", pressure=0.29) is True
    assert says("pressure < 0.3 bar", pressure=0.3) is False
    assert says("pressure < 300 mbar", pressure=0.3) is False
    assert says("flow < 30L/min", flow=1.79) is True
    found = error("pressure < 3 foo")
    assert "unknown unit 'foo'" in str(found)
    assert found.column == 14


def test_e8_different_quantities_do_not_meet() -> None:
    for text, column in (
        ("pressure > 3 degC", 12),
        ("running and pressure > flow", 24),
        ("pressure + flow > 3", 12),
        ("max(pressure, flow) > 3", 15),
        ("zones > valve", 9),
    ):
        found = error(text)
        assert "different quantities" in str(found)
        assert found.column == column


def test_e8_units_of_one_quantity_convert() -> None:
    assert says("other_pressure > pressure", other_pressure=310, pressure=3) is True
    assert says("other_pressure > pressure", other_pressure=290, pressure=3) is False
    assert says("pressure - other_pressure > 1 bar", other_pressure=290, pressure=4) is True
    assert says("max(pressure, other_pressure) > 5", pressure=2, other_pressure=510) is True
    assert says("other_temperature > temperature", other_temperature=213, temperature=100) is True
    assert says("other_temperature > temperature", other_temperature=211, temperature=100) is False


def test_e9_a_plain_number_takes_the_unit_beside_it() -> None:
    assert says("other_pressure > 5", other_pressure=6) is True
    assert says("valve > 50", valve=51) is True
    assert says("valve > 50", valve=49) is False
    assert says("2 * valve > 50", valve=26) is True
    assert says("pressure + 1 > other_pressure", pressure=2, other_pressure=290) is True
    assert says("max(flow, 5) <= 5", flow=2) is True
    assert says("(2 + 3) * flow > 10 + 5", flow=3.1) is True


def test_e10_a_ratio_is_a_share_of_one_in_a_product() -> None:
    assert says("flow < 5 % * rated_flow", flow=2.4) is True
    assert says("flow < 5 % * rated_flow", flow=2.5) is False
    assert says("flow < share * rated_flow", flow=39) is True
    assert says("flow > rated_flow / 50 %", flow=101) is True
    assert says("units_fitted * current > 30", current=16) is True


def test_e11_a_quantity_over_its_like_is_a_ratio() -> None:
    for limit in ("5 %", "0.05"):
        assert says(f"flow / rated_flow < {limit}", flow=2.4) is True
        assert says(f"flow / rated_flow < {limit}", flow=2.6) is False
    assert says("pressure / other_pressure > 150 %", pressure=3.2, other_pressure=200) is True


def test_e12_products_compare_with_their_like() -> None:
    assert says("flow * pressure > rated_flow * 2 bar", flow=60, pressure=2) is True
    assert says("flow * other_pressure > rated_flow * 2 bar", flow=60, other_pressure=150) is False
    assert "plain number has no unit" in str(error("flow * pressure > 3"))
    assert "different quantities" in str(error("flow * pressure > flow * current"))


def test_e13_differences_of_temperatures_are_in_kelvin() -> None:
    assert says("temperature - other_temperature > 10 K", temperature=50, other_temperature=100) is True
    assert says("temperature - other_temperature > 13 K", temperature=50, other_temperature=100) is False
    assert "different quantities" in str(error("temperature > 10 K"))
    assert "different quantities" in str(error("temperature - other_temperature > 10 degC"))
    assert "different quantities" in str(error("temperature > rise"))


def test_e14_temperatures_move_by_differences() -> None:
    assert says("temperature + 10 K > hot", temperature=81) is True
    assert says("5 K + temperature > hot", temperature=84) is False
    assert says("temperature > hot - rise", temperature=51) is True
    assert says("temperature > -5 degC", temperature=-4) is True
    for text in (
        "temperature + hot > 3 degC",
        "2 * temperature > 3 degC",
        "temperature / hot > 1",
        "abs(temperature) > 3",
        "-temperature < 3 degC",
        "rise - temperature > 3 K",
    ):
        assert "temperature" in str(error(text))


def test_e15_a_plain_number_beside_a_temperature() -> None:
    assert says("temperature > 90", temperature=91) is True
    assert says("temperature - 5 > 90", temperature=94) is False
    assert says("other_temperature + 18 > 100 degC", other_temperature=195) is True
    assert says("abs(temperature - hot) < 2", temperature=91) is True
    assert "with its unit" in str(error("30 - temperature > 3 K"))


def test_e16_unknown_goes_through_numbers() -> None:
    for text in (
        "flow > 3",
        "flow == 3",
        "flow != 3",
        "abs(flow) > 3",
        "max(flow, 4 m3/h) > 3",
        "flow * 0 < 3",
    ):
        assert says(text) is None
    assert says("current / flow > 1 A / 1 m3/h", current=3, flow=0) is None
    assert "division by zero" in str(error("flow / 0 > 3"))
    assert "division by zero" in str(error("flow / (2 - 2) > 3"))


TABLE = {True: 1, False: 0, None: None}


@pytest.mark.parametrize("left", [True, False, None])
@pytest.mark.parametrize("right", [True, False, None])
def test_e17_three_valued_logic(left: bool | None, right: bool | None) -> None:
    values = {key: float(value) for key, value in (("running", left), ("trip", right)) if value is not None}
    both = False if False in (left, right) else None if None in (left, right) else True
    either = True if True in (left, right) else None if None in (left, right) else False
    assert says("running and trip", **values) is both
    assert says("running or trip", **values) is either
    assert says("not (running and trip)", **values) is (None if both is None else not both)
    assert says("not not running or trip", **values) is either
    same = None if None in (left, right) else left == right
    assert says("running == trip", **values) is same
    assert says("running != trip", **values) is (None if same is None else not same)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("running" + " or running" * 300, "2000"),
        ("trip" + " or trip" * 200, "more than 200 parts"),
        ("not " * 31 + "trip", "deeper than 30"),
        ("flow" + "+flow" * 31 + " > 3", "deeper than 30"),
        ("flow > " + "9" * 400, "too large"),
        ("flow > 1e300 * 1e300", "too large"),
        ("flow.real > 3", "unknown relation"),
        ("flow.__class__", "unknown relation"),
        ("eval(flow) > 3", "unknown function 'eval'"),
        ("mx(flow, 3) > 3", "did you mean 'max'?"),
        ("abs(flow, 3) > 3", "one number"),
        ("max(flow) > 3", "two numbers or more"),
        ("flow > 3 and", "ends too early"),
        ("", "ends too early"),
        ("flow > 3)", "not expected"),
        ("flow ** 2 > 3", "not expected"),
        ("flow > 3; trip", "not expected"),
        ("flow[0] > 3", "not expected"),
        ("lambda: 3", "not expected"),
        ("flow > \u0663", "not expected"),
        ("trip and \u200brunning", "not expected"),
    ],
)
def test_e18_bounds_and_what_is_not_in_the_language(text: str, part: str) -> None:
    assert part in str(error(text))


def test_deep_parentheses_and_long_chains_are_fine() -> None:
    assert says("(" * 500 + "trip" + ")" * 500, trip=1) is True
    assert says("trip" + " or trip" * 150, trip=1) is True


PIECES = (
    'flow running mode "normal" 3 5 % 10 K temperature and or not < >= == != + - * / ( ) abs max , . bar hot'
)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from([*PIECES.split(), "\n"]), max_size=25).map(" ".join))
def test_e19_any_text_is_checked_or_refused_with_its_place(text: str) -> None:
    try:
        place = None
        check(text, CLS)
    except ExpressionError as failure:
        place = failure.line, failure.column
    if place is not None:
        lines = text.split("\n")
        assert 1 <= place[0] <= len(lines)
        assert 1 <= place[1] <= len(lines[place[0] - 1]) + 1


def test_the_points_read_and_their_rows() -> None:
    found = compiled("running and flow < rated_flow and not trip")
    assert found.points == ("running", "trip", "flow")
    assert found.rows == (0, 1, 3)


def test_functions_work_over_many_columns() -> None:
    condition = compiled("running and flow < 5 % * rated_flow").raises
    points = np.full((len(POINTS), 4), np.nan)
    points[ROWS["running"]] = [1, 1, 0, np.nan]
    points[ROWS["flow"]] = [1, 9, 1, 1]
    assert judged(condition, points) == [True, False, False, None]

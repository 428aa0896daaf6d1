"""What windows are, sentence by sentence of rules/README.md; what each function says stands elsewhere."""

import pytest
from ruletools import BAD, T0, Rig, make_class
from windowkit import changes, held, minutes, window

from plantroom.errors import ExpressionError
from plantroom.times import DAY, HOUR, MINUTE, SECOND
from rules.expression import check
from rules.language.terms import Windowed, walk

CLS = make_class()


def error(text: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        check(text, CLS)
    return str(caught.value)


def bars(text: str) -> tuple[int, int]:
    """Span and step of the window in a text."""
    [found] = [part for part in walk(check(text, CLS).terms) if isinstance(part, Windowed)]
    return found.span, found.step


def test_e45_how_long_a_window_may_be() -> None:
    assert bars("mean(flow over 60 s) > 1") == (MINUTE, MINUTE)
    assert bars("mean(flow over 366 d) > 1") == (366 * DAY, DAY)
    assert "1 min to 366 d" in error("mean(flow over 59 s) > 1")
    assert "1 min to 366 d" in error("mean(flow over 367 d) > 1")
    assert "unit of time" in error("mean(flow over 5 bar) > 1")
    assert "over a window" in error("mean(flow) > 1")
    assert "needs a window" in error("mean(flow where running) > 1")


@pytest.mark.parametrize(
    ("span", "step"),
    [
        ("1 h", MINUTE),
        ("61 min by 1 min", MINUTE),
        ("65 min", 5 * MINUTE),
        ("6 h", 5 * MINUTE),
        ("6.5 h", 30 * MINUTE),
        ("24 h", 30 * MINUTE),
        ("27 h", 3 * HOUR),
        ("8 d", 3 * HOUR),
        ("9 d", DAY),
        ("9 d by 1 h", HOUR),
    ],
)
def test_e46_bars(span: str, step: int) -> None:
    assert bars(f"mean(flow over {span}) > 1")[1] == step


def test_e46_a_window_is_a_whole_number_of_its_bars() -> None:
    assert "whole number of its bars" in error("mean(flow over 90 s) > 1")
    assert "whole number of its bars" in error("mean(flow over 61 min) > 1")
    assert "whole minutes" in error("mean(flow over 5 min by 30 s) > 1")
    assert "at most 3000" in error("mean(flow over 3 d by 1 min) > 1")


def test_e46_bars_are_counted_from_1970() -> None:
    # T0 is midnight: the bars of 5 min begin at its multiples, whenever the first reading came
    flow = {200: 10, 320: 20, 500: 30}
    assert window("mean(flow over 10 min by 5 min) > 1", 600, flow=flow) == 17.5


def test_e47_only_complete_bars_are_seen() -> None:
    text = "max(flow over 2 min) > 0"
    assert window(text, 59, flow={0: 10}) is None
    assert window(text, 60, flow={0: 10}) == 10
    assert window(text, 119, flow={0: 10, 61: 20}) == 10
    assert window(text, 120, flow={0: 10, 61: 20}) == 20
    assert window("max(flow over 10 min by 5 min) > 0", 599, flow={0: 10, 310: 20}) == 10
    assert window("max(flow over 10 min by 5 min) > 0", 600, flow={0: 10, 310: 20}) == 20


def test_e48_good_readings_enter() -> None:
    rig = Rig({"r": "mean(flow over 1 min) > 0"})
    rig.step(("flow", 0, 10), ("flow", 10, 90, BAD), ("flow", 20, 20), ("flow", 30, float("nan")))
    rig.engine.advance(T0 + MINUTE)
    assert held(rig.engine) == 15


def test_e48_arithmetic_enters_when_one_of_its_points_is_read() -> None:
    flow, pressure = {0: 10, 40: 20}, {10: 1, 20: 2}
    # 10 / 1, 10 / 2, 20 / 2
    text = "mean(flow / pressure over 1 min) > 0 m3/h / 1 bar"
    assert window(text, 60, flow=flow, pressure=pressure) == pytest.approx(25 / 3, abs=1e-6)
    assert window(text, 60, stale="15s", flow=flow, pressure=pressure) == 10  # the others were stale
    assert window(text, 60, flow=flow, pressure=pressure, running={50: 1}) == pytest.approx(25 / 3, abs=1e-6)


def test_e49_where_lets_enter_only_what_it_knows_to_be_true() -> None:
    text = "mean(flow where running over 1 min) > 0"
    flow = {0: 10, 10: 20, 20: 40, 50: 80}
    assert window(text, 60, flow=flow, running={5: 1, 15: 0}) == 20
    assert window(text, 60, stale="30s", flow=flow, running={5: 1}) == 30  # 50 s is too long after 5 s
    assert window(text, 60, flow=flow) is None
    # a reading of the condition is no reading of the flow
    assert window(text, 60, flow={0: 10, 10: 20}, running={0: 1, 15: 0, 30: 1, 40: 1, 50: 1}) == 15


def test_e50_half_of_the_bars_must_hold_something() -> None:
    text = "mean(flow over 5 min) > 0"
    assert window(text, 300, flow=minutes(10, None, 10, None, None)) is None
    assert window(text, 300, flow=minutes(10, None, 10, None, 40)) == 20
    assert window("mean(flow over 4 min) > 0", 240, flow=minutes(10, None, 10)) == 10
    assert window("mean(flow where running over 5 min) > 0", 300, flow={0: 10}, running={0: 1}) == 10


def test_e51_windows_stand_alone() -> None:
    inside = "mean(flow over 5 min)"
    assert "inside each other" in error(f"max({inside} over 1 h) > 1")
    assert "inside each other" in error(f"count({inside} > 3 over 1 h) > 1")
    assert "inside each other" in error(f"mean(flow where {inside} > 3 over 1 h) > 1")
    assert "reads no point" in error("mean(rated_flow over 1 h) > 1 and running")
    assert "reads a point" in error("reaches(flow, pressure * 1 m3/h / 1 bar, within 1 h over 1 h)")
    assert check("reaches(flow, 90 % * rated_flow, within 1 h over 1 h)", CLS).points == ("flow",)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("mean(running over 5 min) > 1", "is not a number"),
        ("count(flow over 5 min) > 1", "is not a truth value"),
        ("mean(mode over 5 min) > 1", "is an enumeration"),
        ("percentile(flow over 5 min) > 1", "write percentile(x, 95 %"),
        ("percentile(flow, 5 bar over 5 min) > 1", "is no share"),
        ("percentile(flow, 105 % over 5 min) > 1", "between 0 and 100 %"),
        ("reversals(flow over 5 min) > 1", "write reversals(x, 5 %"),
        ("reversals(temperature, 5 degC over 5 min) > 1", "different quantities"),
        ("time_to(flow, 3 bar over 5 min) < 1 h", "different quantities"),
        ("reaches(flow, 3 over 5 min)", "within belongs to reaches"),
        ("mean(flow, within 5 min over 5 min) > 1", "within belongs to reaches"),
        ("mean(flow over 5 min) > 1 bar", "different quantities"),
        ("delta(temperature over 5 min) > 3 degC", "different quantities"),
        ("stddev(temperature over 5 min) > 3 degC", "different quantities"),
        ("rate(flow over 5 min) > 3", "plain number has no unit"),
        ("count(running over 5 min) > 3 bar", "different quantities"),
        ("duration(running over 5 min) > 3 bar", "different quantities"),
        ("median(flow over 5 min) > 3", "unknown function"),
    ],
)
def test_windows_take_and_give_what_they_say(text: str, part: str) -> None:
    assert part in error(text)


def test_e21_some_windows_have_the_width_of_what_they_look_over() -> None:
    flow = minutes(20, 20, 9, 9, 11, 11, 13, 13)
    rule = {"when": "mean(flow over 1 min) < 10", "deadband": {"flow": "2 m3/h"}}
    assert changes(rule, 480, flow=flow) == [("raise", 180), ("clear", 420)]
    with pytest.raises(Exception, match="deadband does nothing"):
        Rig({"r": {"when": "delta(flow over 1 min) < 10", "deadband": {"flow": "2 m3/h"}}})


def test_the_readings_of_a_change_hold_windows_by_their_text() -> None:
    rig = Rig({"r": "mean(flow  over 60 s)>15"})
    rig.run(flow={0: 20})
    [change] = rig.engine.advance(T0 + 61 * SECOND)
    assert change.readings == {"mean(flow over 60 s)": 20.0}

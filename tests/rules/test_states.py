"""What lasts, and what was before, sentence by sentence of rules/README.md."""

import pytest
from ruletools import BAD, T0, Rig, compiled, every, holds, make_class, says

from plantroom.errors import CatalogueError, ExpressionError
from plantroom.times import SECOND
from rules.engine import RuleStatus
from rules.expression import check

CLS = make_class()


def error(text: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        check(text, CLS)
    return str(caught.value)


def test_e24_for_at_the_end_is_the_on_delay() -> None:
    assert compiled("flow < 10 for 60 s").on_delay == 60 * SECOND
    assert compiled("running and flow < 10 for 1 min").on_delay == 60 * SECOND
    for text in ("flow < 10 for 10 s", "(flow < 10 for 10 s)"):
        assert Rig({"r": text}).run(flow=every(5, 20, 1)) == [("raise", 10)]
    with pytest.raises(CatalogueError, match="said twice"):
        Rig({"r": {"when": "flow < 10 for 10 s", "on_delay": "5s"}})
    assert "unit of time" in error("flow < 10 for 3 bar")


def test_e25_for_in_parentheses_is_a_condition() -> None:
    rig = Rig({"r": "(running for 10 s) and flow < 10"})
    assert rig.run(flow={0: 1, 5: 1, 9: 1, 10: 1, 11: 50}, running={0: 1}) == [("raise", 10), ("clear", 11)]
    negated = Rig({"r": "not (running for 10 s)"})
    # true for less is false, and so its contrary is true
    assert negated.run(running={0: 1, 5: 1, 10: 1, 15: 0}) == [("raise", 0), ("clear", 10), ("raise", 15)]
    unknown = Rig({"r": "not (running for 10 s)"})
    assert unknown.step(("flow", 0, 1), ("running", 5, 1, BAD)) == []


def test_e26_duration_is_a_time() -> None:
    rig = Rig({"r": "duration(running) > 8 s"})
    assert rig.run(running={0: 1, 8: 1, 9: 1, 10: 0}) == [("raise", 9), ("clear", 10)]
    zero = Rig({"r": "duration(running) == 0 s"})
    assert zero.run(running={0: 0, 5: 1, 6: 1}) == [("raise", 0), ("clear", 6)]
    unknown = Rig({"r": "duration(running) < 8 s"})
    assert unknown.step(("flow", 0, 1)) == []
    assert "truth value is needed" in error("duration(flow) > 5 s")
    assert "different quantities" in error("duration(running) > 5 bar")


def test_e27_they_start_again_as_delays_do() -> None:
    rule = {"r": "(running for 20 s) or trip"}
    assert Rig(rule).run(running={0: 1, 10: 0, 15: 1, 30: 1, 35: 1}) == [("raise", 35)]
    assert Rig(rule).step(*(("running", at, 1, BAD if at == 10 else 0) for at in (0, 10, 15, 30, 35))) == [
        ("raise", 35)
    ]
    assert Rig(rule).run(running={0: 1, 30: 1}) == [("raise", 30)]
    assert Rig(rule).run(running={0: 1, 31: 1, 50: 1, 51: 1}) == [("raise", 51)]


def test_e28_they_do_not_stand_inside_each_other() -> None:
    assert "inside each other" in error("(running and (trip for 5 s) for 10 s) and trip")
    assert "inside each other" in error("duration((trip for 5 s)) > 10 s")
    assert check("count((trip for 5 s) over 1 h) > 3", CLS).points == ("trip",)


def test_e20_what_stands_inside_for_is_not_relaxed() -> None:
    rig = Rig({"r": "(flow < 10 for 5 s) and running"})
    assert rig.run(flow={0: 1, 5: 1, 6: 11}, running={0: 1}) == [("raise", 5), ("clear", 6)]
    with pytest.raises(CatalogueError, match="deadband does nothing"):
        Rig({"r": {"when": "(flow < 10 for 5 s) and running", "deadband": {"flow": "2 m3/h"}}})
    assert holds("known(flow) and flow > 10", flow=6) is True


def test_e36_previous_is_the_reading_before_the_last() -> None:
    rig = Rig({"r": "flow - previous(flow) > 5"})
    assert rig.run(flow={0: 50, 5: 52, 10: 58, 15: 58}) == [("raise", 10), ("clear", 15)]
    assert Rig({"r": "not previous(running)"}).run(running={0: 0, 5: 1, 10: 1}) == [
        ("raise", 5),
        ("clear", 10),
    ]
    words = Rig({"r": 'previous(mode) == "fault" and mode == "normal"'})
    assert words.run(mode={0: "fault", 5: "normal", 10: "normal"}) == [("raise", 5), ("clear", 10)]
    bad = Rig({"r": "previous(flow) < 99"})
    assert bad.step(("flow", 0, 1, BAD), ("flow", 5, 1)) == []
    assert bad.step(("flow", 500, 1)) == [("raise", 500)]  # the one before is old, not stale
    assert "name of a point" in error("previous(rated_flow) > 3")
    assert "name of a point" in error("previous(flow + 1) > 3")


def test_e36_a_reading_behind_its_equipment_is_the_last_one_too() -> None:
    rig = Rig({"r": "previous(flow) > 5"})
    rig.step(("flow", 0, 10), ("running", 10, 1))
    assert rig.step(("flow", 8, 1)) == []
    assert rig.step(("running", 12, 1)) == [("raise", 12)]
    assert rig.step(("flow", 14, 1)) == [("clear", 14)]


def test_e37_known_is_never_unknown() -> None:
    assert says("known(flow)") is False
    assert says("known(flow)", flow=3) is True
    assert says("not known(flow > 3)") is True
    assert says("known(running and trip)", running=0) is True
    assert says("known(mode)", mode=0) is True


def test_e38_the_first_that_is_known() -> None:
    text = "first_known(pressure, other_pressure, 7) > 5"
    assert says(text, pressure=4, other_pressure=900) is False
    assert says(text, other_pressure=600) is True
    assert says(text) is True
    assert says("first_known(pressure, other_pressure) > 5") is None
    assert "two numbers or more" in error("first_known(flow) > 3")
    assert "different quantities" in error("first_known(flow, pressure) > 3")
    assert holds("first_known(pressure, 7) > 5", pressure=4.9) is True


def test_a_state_for_people_counts_what_lasts() -> None:
    rig = Rig({"r": {"when": "(running for 10 s) or trip", "on_delay": "1min"}})
    rig.step(("running", 0, 1), ("trip", 0, 0), ("running", 5, 1))
    assert rig.engine.state_of(1)["r"].status is RuleStatus.NORMAL
    rig.step(("running", 10, 1))
    state = rig.engine.state_of(1)["r"]
    assert (state.status, state.since) == (RuleStatus.PENDING, T0 + 10 * SECOND)

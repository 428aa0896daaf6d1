"""The terms of a class file, sentence by sentence of rules/README.md."""

import pytest
from ruletools import Rig, make_class

from plantroom.catalogue import Catalogue
from plantroom.errors import CatalogueError, ExpressionError
from rules.expression import check, check_catalogue

TERMS = {
    "loaded": "running and flow > 10",
    "head": "pressure - other_pressure",
    "state": {"off": "not running", "idle": "flow < 5", "full": "loaded and flow > 50"},
}


def error(text: str, terms: object = TERMS) -> str:
    with pytest.raises(ExpressionError) as caught:
        check(text, make_class(terms=terms))
    return str(caught.value)


def states(word: str) -> Rig:
    return Rig({"r": f'state == "{word}"'}, terms=TERMS)


def test_e31_rules_and_later_terms_use_terms() -> None:
    assert Rig({"r": "loaded and trip"}, terms=TERMS).run(
        running={0: 1}, trip={0: 1}, flow={0: 5, 5: 11, 10: 4}
    ) == [("raise", 5), ("clear", 10)]
    assert "unknown name 'loaded'" in error("running", {"early": "loaded and trip", "loaded": "running"})
    assert "did you mean 'loaded'" in error("laoded")


def test_e32_a_term_is_what_its_text_is() -> None:
    rule = Rig({"r": "head > 2 bar"}, terms=TERMS)
    assert rule.run(other_pressure={0: 100}, pressure={0: 2.9, 5: 3.1}) == [("raise", 5)]
    assert "truth value is needed" in error("head")
    assert "a number is needed" in error("loaded + 1 > 3")


def test_e33_the_first_state_that_holds() -> None:
    flow = {0: 60, 5: 3, 10: 30, 15: 60}
    running = {0: 0, 5: 1}
    assert states("off").run(running=running, flow=flow) == [("raise", 0), ("clear", 5)]
    assert states("idle").run(running=running, flow=flow) == [("raise", 5), ("clear", 10)]
    assert states("other").run(running=running, flow=flow) == [("raise", 10), ("clear", 15)]
    assert states("full").run(running=running, flow=flow) == [("raise", 15)]


def test_e33_a_state_is_unknown_behind_an_unknown_text() -> None:
    assert Rig({"r": 'state != "off"'}, terms=TERMS).run(flow={0: 3}) == []
    assert Rig({"r": 'state == "off"'}, terms=TERMS).run(running={0: 0}) == [("raise", 0)]
    assert Rig({"r": "not known(state)"}, terms=TERMS).run(running={0: 1}) == [("raise", 0)]


def test_e34_a_state_compares_with_its_words() -> None:
    assert "did you mean 'idle'" in error('state == "idel"')
    assert "compare it with a word" in error("state")
    assert "has no order" in error('state > "off"')
    assert "not a number" in error("state + 1 > 2")


def test_e35_a_wrong_term_is_an_error_at_its_place() -> None:
    terms = {"good": "running", "bad": "flwo > 3", "worse": {"a": "trip", "b": "flow"}}
    cls = make_class({"r": "bad"}, terms=terms)
    [problem] = check_catalogue(Catalogue({"thing": cls}))
    assert problem.key == "terms.1.is"
    assert "flwo" in problem.message
    [other] = check_catalogue(Catalogue({"thing": make_class(terms={"worse": terms["worse"]})}))
    assert other.key == "terms.0.states.b"
    with pytest.raises(CatalogueError):
        Rig({"r": "bad"}, terms=terms)


def test_terms_enter_windows_too() -> None:
    rig = Rig({"r": "changes(state over 1 min) >= 2"}, terms=TERMS)
    running = {0: 0, 10: 1, 30: 0}
    assert rig.run(running=running, flow={0: 3, 65: 3}) == [("raise", 60)]

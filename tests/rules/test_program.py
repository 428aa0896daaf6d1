"""Programs compute what terms say, whichever of them share rows and levels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_engine import PlainEngine
from ruletools import DEFAULTS, POINTS, ROWS, compiled, make_class

from plantroom.model import PointTable
from rules.language.deadband import default_width
from rules.language.terms import PointValue
from rules.program import Fixed, Part, Program

TEXTS = [
    "flow < 10",
    "flow < 10 and running",
    "not (flow < 10) or pressure > 5",
    "abs(pressure - other_pressure) * 2 > 3 bar",
    "flow / rated_flow < 30 % or max(flow, 12) < 5 + flow / 2",
    "running != trip",
    'mode != "normal" and mode != "fault"',
    "first_known(current, 3 A) > 4 and not known(pressure)",
    "min(flow, 30, current * 1 m3/h / 1 A) >= 12",
    "current / flow > 1 A / 2 m3/h",
    "temperature + 10 K > hot or other_temperature < temperature - rise",
    "share * rated_flow > 30 and running or trip and not running",
]
CLS = make_class()
RULES = [compiled(text) for text in TEXTS]
WIDTHS = [default_width(spec, spec.normal) for spec in CLS.points]
VALUES = {
    "running": [0, 1],
    "trip": [0, 1],
    "mode": [0, 1, 4],
    "flow": [0, 9, 12, 18, 60],
    "pressure": [4, 5.1, 9],
    "other_pressure": [100, 500],
    "temperature": [20, 85],
    "other_temperature": [50, 100, 190],
    "current": [0, 5, 20],
}


def run(order: list[int], columns: list[dict[str, float]]) -> list[list[bool | None]]:
    """What every text says of every column, by a program of all of them laid out in an order."""
    count = len(columns)
    fixed = Fixed(np.array(DEFAULTS)[:, None], np.array(WIDTHS)[:, None])
    rows = {PointValue(row): row for row in range(len(POINTS))}
    program = Program([Part([RULES[index].raises for index in order], rows, fixed)])
    board = np.full((len(POINTS), count), np.nan)
    for at, values in enumerate(columns):
        for key, value in values.items():
            board[ROWS[key], at] = value
    _, truths = program.run(board, np.zeros(count, dtype=np.int64))
    found = [[(None, True, False)[value] for value in row] for row in truths.tolist()]
    return [found[order.index(index)] for index in range(len(RULES))]


class Plain(PlainEngine):
    """The plain engine's terms, with the two that only programs need to know."""

    def __init__(self) -> None:
        super().__init__(CLS, PointTable([], []))
        self.parameters = DEFAULTS

    def number(self, term):
        if type(term).__name__ == "FirstKnown":
            return next((found for item in term.items if (found := self.number(item)) is not None), None)
        return super().number(term)

    def truth(self, term, relax):
        if type(term).__name__ == "Known":
            return self.number(term.item) is not None
        return super().truth(term, relax)


@st.composite
def columns(draw: st.DrawFn) -> list[dict[str, float]]:
    one = st.fixed_dictionaries({}, optional={key: st.sampled_from(of) for key, of in VALUES.items()})
    return draw(st.lists(one, min_size=1, max_size=6))


@settings(max_examples=150, deadline=None)
@given(columns(), st.permutations(range(len(TEXTS))))
def test_programs_say_what_terms_say(found: list[dict[str, float]], order: list[int]) -> None:
    plain = Plain()
    expected = []
    for rule in RULES:
        says = []
        for values in found:
            plain.values = {row: values.get(key) for key, row in ROWS.items()}
            says.append(plain.truth(rule.raises, 0))
        expected.append(says)
    assert run(list(order), found) == expected


def test_what_reads_no_reading_is_computed_once_for_each_equipment() -> None:
    fixed = Fixed(np.array([[50.0, 20.0], [10, 10], [80, 80], [90, 90], [40, 40], [2, 2]]), np.zeros((13, 2)))
    rows = {PointValue(row): row for row in range(len(POINTS))}
    program = Program([Part([compiled("flow < share * rated_flow").raises], rows, fixed)])
    board = np.full((len(POINTS), 3), np.nan)
    board[ROWS["flow"]] = 30
    _, truths = program.run(board, np.array([0, 1, 0]))
    assert truths.tolist() == [[1, -1, 1]]


def test_a_quotient_by_zero_is_unknown_and_stays_so() -> None:
    says = run(list(range(len(RULES))), [{"flow": 0.0, "current": 5.0}])[9]
    assert says == [None]

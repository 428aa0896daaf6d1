"""Terms in the few operations that programs run: comparisons are < <= ==, and `not`."""

from __future__ import annotations

from collections.abc import Mapping

from rules.language.terms import (
    NUMBERS,
    Absolute,
    AllOf,
    AnyOf,
    Arithmetic,
    Choice,
    Coded,
    Comparison,
    Constant,
    Extreme,
    FirstKnown,
    Flag,
    Known,
    Not,
    ParameterValue,
    PointValue,
    Same,
    Scaled,
    Term,
    WidthOf,
    parts,
)
from rules.program.plan import Plan


class Speller:
    """Enters the terms of one class, the `part`-th of a program, into a plan.

    `rows` says in which row of the board each term that comes from outside stands.
    """

    def __init__(self, plan: Plan, part: int, rows: Mapping[Term, int]) -> None:
        self._plan = plan
        self._part = part
        self._rows = rows

    def node(self, term: Term) -> int:
        """The node of a term, entered with all that it needs."""
        if term in self._rows:
            return self._plan.node("outside", about=(self._rows[term],))
        if isinstance(term, Constant):
            return self._plan.constant(term.value)
        if is_fixed(term, self._rows):
            return self._plan.fixed(self._part, term, number=isinstance(term, NUMBERS))
        return self._number(term) if isinstance(term, NUMBERS) else self._truth(term)

    def _of(self, op: str, *items: Term, about: tuple[object, ...] = ()) -> int:
        return self._plan.node(op, *(self.node(item) for item in items), about=about)

    def _number(self, term: Term) -> int:
        match term:
            case Arithmetic(op, left, right):
                return self._of(op, left, right)
            case Scaled(item, factor, offset):
                return self._of("scaled", item, about=(factor, offset))
            case Extreme(largest, items):
                return self._of("largest" if largest else "smallest", *items)
            case FirstKnown(items):
                return self._of("first known", *items)
            case Choice(items):
                return self._of("choice", *items)
            case Absolute(item):
                return self._of("absolute", item)
            case _:
                raise TypeError(f"nobody says where this comes from: {term}")

    def _truth(self, term: Term) -> int:  # noqa: PLR0911  one for each kind of term
        match term:
            case Flag(row):
                return self._of("<", Constant(0.5), PointValue(row))
            case Coded(row, code):
                return self._of("==", PointValue(row), Constant(float(code)))
            case Comparison(op, left, right):
                return self._comparison(op, left, right)
            case Not(item):
                return self._of("not", item)
            case AllOf(items):
                return self._of("all", *items)
            case AnyOf(items):
                return self._of("any", *items)
            case Same(left, right):
                return self._of("same", left, right)
            case Known(item):
                return self._of("known number" if isinstance(item, NUMBERS) else "known truth", item)
            case _:
                raise TypeError(f"nobody says what this means: {term}")

    def _comparison(self, op: str, left: Term, right: Term) -> int:
        if op == "!=":
            return self._plan.node("not", self._of("==", left, right))
        if op in (">", ">="):
            return self._of("<" if op == ">" else "<=", right, left)
        return self._of(op, left, right)


def is_fixed(term: Term, outside: Mapping[Term, int]) -> bool:
    """Whether a term reads no reading, so that it has one value for each equipment."""
    if term in outside:
        return False
    if isinstance(term, Constant | ParameterValue | WidthOf):
        return True
    inner = list(parts(term))
    return bool(inner) and all(is_fixed(part, outside) for part in inner)

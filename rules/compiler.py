"""Checked terms -> functions over columns, built from closures; nothing is ever evaluated from text.

Three-valued logic in two masks: where a condition is known to be true, and where it is known to be false.
Where neither holds it is unknown. NaN is the unknown number: every ordering with it is False, so unknown
falls out of both masks by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from plantroom.readings import Bools, Float64s
from rules.columns import Columns, NumberFunction, Width, larger, number, width
from rules.terms import AllOf, AnyOf, Coded, Comparison, Flag, Not, NumberTerm, Same, TruthTerm

Mask: TypeAlias = Callable[[Columns], Bools]

_ORDERS: Mapping[str, np.ufunc] = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
_CONTRARY = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class Masks(NamedTuple):
    """Where a condition is known to be true, and where it is known to be false."""

    true: Mask
    false: Mask


class Compiler:
    """Turns truth terms into masks. `given` are the rule's deadbands by row of their point.

    `relax` 1 makes comparisons easier by their deadband, 0 leaves them as written; under a negation the
    relaxed ones become harder, since the negation is what holds the alarm.
    """

    def __init__(self, given: Mapping[int, float]) -> None:
        self.given = given

    def masks(self, term: TruthTerm, *, relaxed: bool) -> Masks:
        """Both masks of a condition."""
        relax = 1 if relaxed else 0
        return Masks(self.true(term, relax), self.false(term, relax))

    def true(self, term: TruthTerm, relax: int) -> Mask:  # noqa: PLR0911  one for each kind of term
        """A function from columns to bool[n]: where `term` is known to be true."""
        match term:
            case Flag(row):
                return lambda columns: columns.points[row] > 0.5
            case Coded(row, code):
                return lambda columns: columns.points[row] == code
            case Comparison(op, left, right):
                return self._compare(op, left, right, self._shift(op, left, right, relax))
            case Same(left, right):
                pairs = ((self.true, self.true), (self.false, self.false))
                return _any([_all([one(left, 0), two(right, 0)]) for one, two in pairs])
            case Not(item):
                return self.false(item, -relax)
            case AllOf(items):
                return _all([self.true(item, relax) for item in items])
            case AnyOf(items):
                return _any([self.true(item, relax) for item in items])

    def false(self, term: TruthTerm, relax: int) -> Mask:  # noqa: PLR0911  one for each kind of term
        """A function from columns to bool[n]: where `term` is known to be false."""
        match term:
            case Flag(row):
                return lambda columns: columns.points[row] <= 0.5
            case Coded(row, code):
                return lambda columns: _differ(columns.points[row], cast(Float64s, code))
            case Comparison(op, left, right):
                return self._compare(_CONTRARY[op], left, right, self._shift(op, left, right, relax))
            case Same(left, right):
                pairs = ((self.true, self.false), (self.false, self.true))
                return _any([_all([one(left, 0), two(right, 0)]) for one, two in pairs])
            case Not(item):
                return self.true(item, -relax)
            case AllOf(items):
                return _any([self.false(item, relax) for item in items])
            case AnyOf(items):
                return _all([self.false(item, relax) for item in items])

    def _shift(self, op: str, left: NumberTerm, right: NumberTerm, relax: int) -> NumberFunction | None:
        """How far the right side moves, so that `op` is easier (or harder, under a negation) to hold."""
        if relax == 0 or op in ("==", "!="):
            return None
        found = _width(left, right, self.given) or _width(left, right, None)
        if found is None:
            return None
        sign, of = (relax if op in ("<", "<=") else -relax), found.function
        return of if sign > 0 else lambda columns: -of(columns)

    @staticmethod
    def _compare(op: str, left: NumberTerm, right: NumberTerm, shift: NumberFunction | None) -> Mask:
        first, second = number(left), number(right)
        if op == "==":
            return lambda columns: first(columns) == second(columns)
        if op == "!=":
            return lambda columns: _differ(first(columns), second(columns))
        order = _ORDERS[op]
        if shift is None:
            return lambda columns: cast(Bools, order(first(columns), second(columns)))
        return lambda columns: cast(Bools, order(first(columns), second(columns) + shift(columns)))


def _width(left: NumberTerm, right: NumberTerm, given: Mapping[int, float] | None) -> Width | None:
    return larger(width(left, given), width(right, given))


def _differ(first: Float64s, second: Float64s) -> Bools:
    # != would call NaN different, but unknown is neither the same nor different
    return (first < second) | (first > second)


def _all(parts: list[Mask]) -> Mask:
    return lambda columns: reduce(np.logical_and, (part(columns) for part in parts))


def _any(parts: list[Mask]) -> Mask:
    return lambda columns: reduce(np.logical_or, (part(columns) for part in parts))


def width_rows(term: TruthTerm) -> frozenset[int]:
    """The points whose deadband has an effect in a rule."""
    match term:
        case Comparison("<" | "<=" | ">" | ">=", left, right):
            found = _width(left, right, None)
            return frozenset() if found is None else found.rows
        case Not(item):
            return width_rows(item)
        case AllOf(items) | AnyOf(items):
            return frozenset[int]().union(*(width_rows(item) for item in items))
        case _:
            return frozenset()

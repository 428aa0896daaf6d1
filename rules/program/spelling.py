"""Terms in the few forms that programs run: comparisons with < <= ==, and `not`."""

from __future__ import annotations

from typing import cast

from rules.language.terms import (
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
    NumberTerm,
    PointValue,
    Same,
    Scaled,
    Term,
    TruthTerm,
)


def spelled(term: Term) -> Term:  # noqa: PLR0911, PLR0912, C901  one for each kind of term
    """The term with flags, codes and > >= != written as comparisons with < <= == and `not`."""
    match term:
        case Flag(row):
            return Comparison("<", Constant(0.5), PointValue(row))
        case Coded(row, code):
            return Comparison("==", PointValue(row), Constant(float(code)))
        case Comparison(op, left, right):
            first, second = _number(left), _number(right)
            if op == "!=":
                return Not(Comparison("==", first, second))
            if op in (">", ">="):
                return Comparison("<" if op == ">" else "<=", second, first)
            return Comparison(op, first, second)
        case Not(item):
            return Not(_truth(item))
        case AllOf(items):
            return AllOf(tuple(_truth(item) for item in items))
        case AnyOf(items):
            return AnyOf(tuple(_truth(item) for item in items))
        case Same(left, right):
            return Same(_truth(left), _truth(right))
        case Known(item):
            return Known(spelled(item))
        case Choice(items):
            return Choice(tuple(_truth(item) for item in items))
        case Arithmetic(op, left, right):
            return Arithmetic(op, _number(left), _number(right))
        case Extreme(largest, items):
            return Extreme(largest, tuple(_number(item) for item in items))
        case FirstKnown(items):
            return FirstKnown(tuple(_number(item) for item in items))
        case Absolute(item):
            return Absolute(_number(item))
        case Scaled(item, factor, offset):
            return Scaled(_number(item), factor, offset)
        case _:
            return term  # what comes from outside keeps its spelling


def _number(term: NumberTerm) -> NumberTerm:
    return cast(NumberTerm, spelled(term))


def _truth(term: TruthTerm) -> TruthTerm:
    return cast(TruthTerm, spelled(term))

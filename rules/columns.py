"""Checked numbers -> functions over columns, and the deadband that goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from plantroom.readings import Float64s
from rules.terms import (
    Absolute,
    Arithmetic,
    Constant,
    Extreme,
    NumberTerm,
    ParameterValue,
    PointValue,
    Scaled,
    point_rows,
)


class Columns(NamedTuple):
    """What conditions are asked about, one column an equipment at an instant.

    Shapes: points float64[P, n] and parameters float64[Q, n] by the class's order, NaN unknown; widths
    float64[P, n], the default deadbands. Units: each row in its point's or parameter's unit.
    """

    points: Float64s
    parameters: Float64s
    widths: Float64s


NumberFunction: TypeAlias = Callable[[Columns], Float64s]

_ARITHMETIC: Mapping[str, np.ufunc] = {"+": np.add, "-": np.subtract, "*": np.multiply}


def number(term: NumberTerm) -> NumberFunction:  # noqa: PLR0911  one for each kind of term
    """A function from columns to float64[n], or to one number where the term reads nothing."""
    match term:
        case Constant(value):
            return lambda _: cast(Float64s, value)
        case PointValue(row):
            return lambda columns: columns.points[row]
        case ParameterValue(row):
            return lambda columns: columns.parameters[row]
        case Scaled(item, factor, offset):
            inner = number(item)
            return lambda columns: inner(columns) * factor + offset
        case Absolute(item):
            inner = number(item)
            return lambda columns: np.abs(inner(columns))
        case Extreme(largest, items):
            pick, parts = (np.maximum if largest else np.minimum), [number(item) for item in items]
            return lambda columns: reduce(pick, (part(columns) for part in parts))
        case Arithmetic("/", left, right):
            above, below = number(left), number(right)
            return lambda columns: _quotient(above(columns), below(columns))
        case Arithmetic(op, left, right):
            apply, first, second = _ARITHMETIC[op], number(left), number(right)
            return lambda columns: cast(Float64s, apply(first(columns), second(columns)))


def _quotient(above: Float64s, below: Float64s) -> Float64s:
    return np.where(below == 0, np.nan, above / below) if np.ndim(below) else above / below


class Width(NamedTuple):
    """The deadband of a number: the rows of the points that it comes from, and its function over columns."""

    rows: frozenset[int]
    function: NumberFunction


def width(term: NumberTerm, given: Mapping[int, float] | None) -> Width | None:  # noqa: PLR0911  one for each kind of term
    """The deadband of a side of a comparison, in its unit; None where it has none.

    `given` are the widths that the rule gives, by row, and other points then have none; with None each point
    has its default. The README says how widths go through arithmetic.
    """
    match term:
        case PointValue(row):
            if given is None:
                return Width(frozenset({row}), lambda columns: columns.widths[row])
            if row not in given:
                return None
            fixed = cast(Float64s, given[row])
            return Width(frozenset({row}), lambda _: fixed)
        case Scaled(item, factor, _):
            return _times(width(item, given), lambda _: cast(Float64s, factor))
        case Absolute(item):
            return width(item, given)
        case Extreme(_, items):
            return reduce(larger, (width(item, given) for item in items))
        case Arithmetic("+" | "-", left, right):
            return larger(width(left, given), width(right, given))
        case Arithmetic("*", left, right) if not point_rows(left):
            return _times(width(right, given), number(left))
        case Arithmetic("*", left, right) if not point_rows(right):
            return _times(width(left, given), number(right))
        case Arithmetic("/", left, right) if not point_rows(right):
            below = number(right)
            return _times(width(left, given), lambda columns: _quotient(cast(Float64s, 1.0), below(columns)))
        case _:
            return None


def larger(first: Width | None, second: Width | None) -> Width | None:
    """The larger of two deadbands, equipment by equipment."""
    if first is None or second is None:
        return first or second
    one, two = first.function, second.function
    return Width(first.rows | second.rows, lambda columns: np.maximum(one(columns), two(columns)))


def _times(of: Width | None, factor: NumberFunction) -> Width | None:
    if of is None:
        return None
    inner = of.function
    return Width(of.rows, lambda columns: inner(columns) * np.abs(factor(columns)))

"""Arithmetic on checked numbers: which quantities combine, in which unit, and what the result measures.

A number without a unit (measure None) takes the unit of what it stands beside; beside a temperature in a sum
it is a difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from plantroom.errors import ExpressionError
from rules.language import measures
from rules.language import tree as syntax
from rules.language.measures import Measure
from rules.language.terms import Absolute, Arithmetic, Constant, Extreme, NumberTerm, Scaled


@dataclass(frozen=True, slots=True)
class Numeric:
    """A checked number and what it measures; None is a number without a unit."""

    term: NumberTerm
    measure: Measure | None


def combine(op: str, left: Numeric, right: Numeric, tree: syntax.Binary) -> Numeric:
    """left op right.

    Raises: ExpressionError where the quantities do not combine.
    """
    if op in ("+", "-"):
        return _sum(op, left, right, tree)
    for side, at in ((left, tree.left), (right, tree.right)):
        if side.measure is not None and side.measure.absolute:
            raise _error(at, "a temperature cannot be multiplied or divided; take a difference first")
    if op == "/" and right.term == Constant(0.0):
        raise _error(tree.right, "division by zero")
    if right.measure is None:
        return Numeric(_arithmetic(op, left.term, right.term, tree), left.measure)
    if left.measure is None and op == "*":
        return Numeric(_arithmetic(op, left.term, right.term, tree), right.measure)
    left, right = _ratio_of_one(left), _ratio_of_one(right)
    measure = measures.times(
        left.measure or measures.NUMBER, right.measure or measures.NUMBER, 1 if op == "*" else -1
    )
    return _ratio_of_one(Numeric(_arithmetic(op, left.term, right.term, tree), measure))


def _sum(op: str, left: Numeric, right: Numeric, tree: syntax.Binary) -> Numeric:
    if left.measure is not None and left.measure.absolute:
        return _from_temperature(op, left, left.measure, right, tree, at=tree.right)
    if right.measure is not None and right.measure.absolute:
        if op == "-":
            hint = " (write a number that is a temperature with its unit)" if left.measure is None else ""
            raise _error(tree.right, f"a temperature cannot be taken from a difference{hint}")
        return _from_temperature(op, right, right.measure, left, tree, at=tree.left)
    if left.measure is None and right.measure is None:
        return Numeric(_arithmetic(op, left.term, right.term, tree), None)
    common = counterpart(left, right, tree)
    term = _arithmetic(op, convert(left, common, tree.left), convert(right, common, tree.right), tree)
    return Numeric(term, common)


def _from_temperature(
    op: str, base: Numeric, scale: Measure, other: Numeric, tree: syntax.Binary, *, at: syntax.Tree
) -> Numeric:
    """A temperature moved by a difference, or the difference of two temperatures."""
    if other.measure is not None and other.measure.absolute:
        if op == "+":
            raise _error(at, "two temperatures cannot be added; add a difference in K")
        return Numeric(_arithmetic(op, base.term, convert(other, scale, at), tree), scale.difference)
    return Numeric(_arithmetic(op, base.term, convert(other, scale.difference, at), tree), scale)


def counterpart(left: Numeric, right: Numeric, tree: syntax.Tree) -> Measure:
    """The measure in which two numbers meet: the left one's, or the right one's where the left has none.

    Raises: ExpressionError where two plain numbers meet, or a plain number and a product of quantities.
    """
    common = left.measure or right.measure
    if common is None:
        raise _error(tree, "two plain numbers have no unit to meet in")
    if common.compound and (left.measure is None or right.measure is None):
        raise _error(tree, f"a plain number has no unit beside {common.quantity}")
    return common


def convert(item: Numeric, wanted: Measure, at: syntax.Tree) -> NumberTerm:
    """The number on the scale `wanted`.

    Raises: ExpressionError where the quantities differ.
    """
    if item.measure is None:
        return item.term
    if not item.measure.matches(wanted):
        raise _error(
            at, f"{_named(item.measure)} does not go with {_named(wanted)}: they are different quantities"
        )
    factor, offset = measures.conversion(item.measure, wanted)
    return _scaled(item.term, factor, offset)


def minus(item: Numeric, tree: syntax.Tree) -> Numeric:
    """The negative.

    Raises: ExpressionError for a temperature.
    """
    if item.measure is not None and item.measure.absolute:
        raise _error(tree, "a temperature has no negative; take a difference first")
    return Numeric(_scaled(item.term, -1.0, 0.0), item.measure)


def size(item: Numeric, tree: syntax.Tree) -> Numeric:
    """The number without its sign.

    Raises: ExpressionError for a temperature.
    """
    if item.measure is not None and item.measure.absolute:
        raise _error(tree, "abs of a temperature means nothing; take a difference first")
    if isinstance(item.term, Constant):
        return Numeric(Constant(abs(item.term.value)), item.measure)
    return Numeric(Absolute(item.term), item.measure)


def extreme(largest: bool, items: Sequence[Numeric], tree: syntax.Call) -> Numeric:
    """The largest or smallest of the numbers, in the unit of the first that has one.

    Raises: ExpressionError where they measure different quantities.
    """
    first = next((item for item in items if item.measure is not None), items[0])
    if first.measure is None:
        values = [item.term.value for item in items if isinstance(item.term, Constant)]
        return Numeric(Constant(max(values) if largest else min(values)), None)
    terms = []
    for item, at in zip(items, tree.items, strict=True):
        common = counterpart(first, item, at)
        terms.append(convert(item, common, at))
    return Numeric(Extreme(largest, tuple(terms)), first.measure)


def _ratio_of_one(item: Numeric) -> Numeric:
    """A ratio on the scale of one, so that 5 % multiplies as 0.05; anything else as it is."""
    if item.measure is None or item.measure.plain != "ratio":
        return item
    return Numeric(_scaled(item.term, item.measure.scale, 0.0), replace(measures.RATIO))


def _scaled(term: NumberTerm, factor: float, offset: float) -> NumberTerm:
    if factor == 1.0 and offset == 0.0:
        return term
    if isinstance(term, Constant):
        return Constant(rescale(term.value, factor) + offset)
    return Scaled(term, factor, offset)


def rescale(value: float, factor: float) -> float:
    """value x factor, dividing where the factor is 1/n, so that 7 % is 0.07 and not its neighbour."""
    inverse = round(1 / factor) if 0 < factor < 1 else 0
    return value / inverse if inverse and 1 / inverse == factor else value * factor


def _arithmetic(op: str, left: NumberTerm, right: NumberTerm, tree: syntax.Tree) -> NumberTerm:
    if not (isinstance(left, Constant) and isinstance(right, Constant)):
        return Arithmetic(op, left, right)
    a, b = left.value, right.value
    if op == "/" and b == 0:
        raise _error(tree, "division by zero")
    value = a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b
    if not math.isfinite(value):
        raise _error(tree, "the number is too large")
    return Constant(value)


def _named(measure: Measure) -> str:
    return f"{measure.quantity} ({measure.symbol})" if measure.symbol else measure.quantity


def _error(tree: syntax.Tree, message: str) -> ExpressionError:
    return ExpressionError(message, tree.line, tree.column)

"""How far a value must come back before a raised alarm may clear: widths given, and widths by default.

An alarm is raised by its condition as written and held by the same condition relaxed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from plantroom.catalogue import EquipmentClass, FaultRule, PointSpec
from plantroom.errors import UnitError
from plantroom.model import PointKind
from plantroom.units import difference_scale, unit
from rules.language.arithmetic import rescale
from rules.language.terms import (
    Absolute,
    AllOf,
    AnyOf,
    Arithmetic,
    Comparison,
    Constant,
    Elapsed,
    Extreme,
    FirstKnown,
    Not,
    NumberTerm,
    PointValue,
    Scaled,
    TruthTerm,
    WidthOf,
    Windowed,
    point_rows,
)

DEFAULT_SHARE: Mapping[str, float] = {"flow": 0.05, "pressure": 0.02, "temperature": 0.01}
"""Share of the span (the width of the point's normal range) by quantity of its unit.
Source: ISA-18.2 and EEMUA 191 guidance."""
LEVEL_SHARE = 0.05
"""The same for a level: a point in % whose key ends in `level`."""

_WIDTH = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(.*?)\s*")


class DeadbandError(Exception):
    """A deadband entry is wrong; `point` is its key."""

    def __init__(self, point: str, message: str) -> None:
        self.point = point
        super().__init__(message)


def default_width(spec: PointSpec, normal: tuple[float, float] | None) -> float:
    """The width of a point without an entry, in its unit; `normal` is the range that the equipment has.

    Source: ISA-18.2 and EEMUA 191 guidance.
    """
    if spec.kind is not PointKind.ANALOG or normal is None:
        return 0.0
    share = DEFAULT_SHARE.get(unit(spec.unit).quantity, 0.0)
    if spec.unit == "%" and spec.key.endswith("level"):
        share = LEVEL_SHARE
    return share * (normal[1] - normal[0])


def given_widths(rule: FaultRule, cls: EquipmentClass) -> dict[int, float]:
    """Row of a point -> the width that the rule gives it, in the point's unit.

    Raises: DeadbandError.
    """
    rows = {spec.key: row for row, spec in enumerate(cls.points)}
    widths = {}
    for key, text in rule.deadband.items():
        if key not in rows:
            raise DeadbandError(key, "no such point in the class")
        spec = cls.points[rows[key]]
        if spec.kind not in (PointKind.ANALOG, PointKind.COUNTER):
            raise DeadbandError(key, f"a point that is {spec.kind} has no deadband")
        widths[rows[key]] = _width(key, text, spec.unit)
    return widths


def _width(key: str, text: str, wanted: str) -> float:
    match = _WIDTH.fullmatch(text)
    if match is None:
        raise DeadbandError(key, f"{text!r} is not a width: write a number and a unit, such as 0.1 {wanted}")
    value = float(match[1])
    if not match[2]:
        return value  # a number without a unit takes that of the point, as everywhere in the language
    try:
        return rescale(value, difference_scale(match[2], wanted))
    except UnitError as failure:
        raise DeadbandError(key, str(failure)) from None


@dataclass(frozen=True, slots=True)
class Width:
    """The deadband of a number in its unit, and the rows of the points that it comes from."""

    rows: frozenset[int]
    term: NumberTerm


_LEVELS = ("mean", "min", "max", "ewma", "percentile")
"""Window functions whose result moves as their source does."""


def width(term: NumberTerm, given: Mapping[int, float] | None) -> Width | None:  # noqa: PLR0911  one for each kind of term
    """The deadband of a side of a comparison; None where it has none.

    `given` are the widths that the rule gives, by row, and other points then have none; with None each point
    has its default. The README says how widths go through arithmetic.
    """
    match term:
        case PointValue(row):
            if given is None:
                return Width(frozenset({row}), WidthOf(row))
            return Width(frozenset({row}), Constant(given[row])) if row in given else None
        case Windowed(function, source) if function in _LEVELS and isinstance(source, _MOVING):
            return width(source, given)
        case Scaled(item, factor, _):
            return _times(width(item, given), Constant(abs(factor)))
        case Absolute(item):
            return width(item, given)
        case Extreme(_, items):
            return reduce(larger, (width(item, given) for item in items))
        case FirstKnown(items):
            return reduce(larger, (width(item, given) for item in items))
        case Arithmetic("+" | "-", left, right):
            return larger(width(left, given), width(right, given))
        case Arithmetic("*", left, right) if not point_rows(left):
            return _times(width(right, given), Absolute(left))
        case Arithmetic("*", left, right) if not point_rows(right):
            return _times(width(left, given), Absolute(right))
        case Arithmetic("/", left, right) if not point_rows(right):
            return _times(width(left, given), Absolute(Arithmetic("/", Constant(1.0), right)))
        case _:
            return None


_MOVING = (PointValue, Scaled, Absolute, Extreme, FirstKnown, Arithmetic)


def larger(first: Width | None, second: Width | None) -> Width | None:
    """The larger of two deadbands, equipment by equipment."""
    if first is None or second is None:
        return first or second
    if first.term == second.term:
        return Width(first.rows | second.rows, first.term)
    if isinstance(first.term, Constant) and isinstance(second.term, Constant):
        return Width(first.rows | second.rows, Constant(max(first.term.value, second.term.value)))
    return Width(first.rows | second.rows, Extreme(True, (first.term, second.term)))


def _times(of: Width | None, factor: NumberTerm) -> Width | None:
    if of is None:
        return None
    if isinstance(of.term, Constant) and isinstance(factor, Constant):
        return Width(of.rows, Constant(of.term.value * factor.value))
    return Width(of.rows, Arithmetic("*", of.term, factor))


def relaxed(  # noqa: PLR0911  one for each kind of term
    term: TruthTerm, given: Mapping[int, float], sign: int = 1
) -> TruthTerm:
    """The condition with every comparison made easier by its deadband, or harder with `sign` -1.

    Under `not` it is the other way round, so that the alarm holds longer. What stands inside `==`, `!=`,
    `for` and `duration` is as written.
    """
    match term:
        case AllOf((item, Comparison(_, Elapsed(same), _))) if same == item:
            return term
        case Comparison(op, left, right) if op not in ("==", "!="):
            found = _side_width(left, right, given)
            if found is None:
                return term
            shift = "+" if (sign > 0) == (op in ("<", "<=")) else "-"
            return Comparison(op, left, Arithmetic(shift, right, found.term))
        case Not(item):
            return Not(relaxed(item, given, -sign))
        case AllOf(items):
            return AllOf(tuple(relaxed(item, given, sign) for item in items))
        case AnyOf(items):
            return AnyOf(tuple(relaxed(item, given, sign) for item in items))
        case _:
            return term


def _side_width(left: NumberTerm, right: NumberTerm, given: Mapping[int, float]) -> Width | None:
    own = larger(width(left, given), width(right, given))
    return own or larger(width(left, None), width(right, None))


def width_rows(term: TruthTerm) -> frozenset[int]:
    """The points whose deadband has an effect in a rule."""
    match term:
        case AllOf((item, Comparison(_, Elapsed(same), _))) if same == item:
            return frozenset()
        case Comparison("<" | "<=" | ">" | ">=", left, right):
            found = larger(width(left, None), width(right, None))
            return frozenset() if found is None else found.rows
        case Not(item):
            return width_rows(item)
        case AllOf(items) | AnyOf(items):
            return frozenset[int]().union(*(width_rows(item) for item in items))
        case _:
            return frozenset()

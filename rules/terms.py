"""A checked rule text: every unit converted, every name a row, every operand of the right type.

Numbers and truth values are apart, so that nothing checked can mix them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

NumberTerm: TypeAlias = "Constant | PointValue | ParameterValue | Scaled | Arithmetic | Extreme | Absolute"
TruthTerm: TypeAlias = "Flag | Coded | Comparison | Same | Not | AllOf | AnyOf"


@dataclass(frozen=True, slots=True)
class Constant:
    """A number known from the text."""

    value: float


@dataclass(frozen=True, slots=True)
class PointValue:
    """The latest value of the class's point at `row`, in its unit."""

    row: int


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """The value of the class's parameter at `row`, in its unit."""

    row: int


@dataclass(frozen=True, slots=True)
class Scaled:
    """factor x item + offset: a change of unit, or of sign."""

    item: NumberTerm
    factor: float
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`op` is one of + - * /; a quotient by zero is unknown."""

    op: str
    left: NumberTerm
    right: NumberTerm


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest or the smallest item; unknown if any is."""

    largest: bool
    items: tuple[NumberTerm, ...]


@dataclass(frozen=True, slots=True)
class Absolute:
    """The size of the item without its sign."""

    item: NumberTerm


@dataclass(frozen=True, slots=True)
class Flag:
    """A binary point as a truth value."""

    row: int


@dataclass(frozen=True, slots=True)
class Coded:
    """Whether an enum point has this code."""

    row: int
    code: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`op` is one of < <= > >= == !=, both sides in one unit."""

    op: str
    left: NumberTerm
    right: NumberTerm


@dataclass(frozen=True, slots=True)
class Same:
    """Whether two truth values agree."""

    left: TruthTerm
    right: TruthTerm


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    item: TruthTerm


@dataclass(frozen=True, slots=True)
class AllOf:
    """`and`: false if any item is, else unknown if any item is."""

    items: tuple[TruthTerm, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`or`: true if any item is, else unknown if any item is."""

    items: tuple[TruthTerm, ...]


def point_rows(term: NumberTerm | TruthTerm) -> frozenset[int]:
    """The rows of the points that a term reads."""
    match term:
        case PointValue(row) | Flag(row) | Coded(row, _):
            return frozenset({row})
        case Scaled(item) | Absolute(item) | Not(item):
            return point_rows(item)
        case Arithmetic(_, left, right) | Comparison(_, left, right) | Same(left, right):
            return point_rows(left) | point_rows(right)
        case Extreme(_, items) | AllOf(items) | AnyOf(items):
            return frozenset[int]().union(*(point_rows(item) for item in items))
        case _:
            return frozenset()

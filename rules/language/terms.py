"""A checked rule text: every unit converted, every name resolved, every operand of the right type.

Numbers and truth values are apart, so that nothing checked can mix them. Terms are compared by what they are,
so that equal parts of several rules are one part when they run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias

from plantroom.times import Nanos

NumberTerm: TypeAlias = (
    "Constant | PointValue | ParameterValue | WidthOf | Calendar | Previous | Related | Windowed | Elapsed"
    " | Choice | FirstKnown | Scaled | Arithmetic | Extreme | Absolute"
)
TruthTerm: TypeAlias = "Flag | Coded | Comparison | Same | Known | Not | AllOf | AnyOf"
Term: TypeAlias = "NumberTerm | TruthTerm"


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
class WidthOf:
    """The default deadband of the point at `row`, in its unit."""

    row: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """`hour` (0 to 24), `weekday` (1 Monday to 7) or `month` (1 to 12) in the site's zone."""

    name: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The reading before the last one of the point at `row`."""

    row: int


@dataclass(frozen=True, slots=True)
class Related:
    """A point of other equipment, or what `how` makes of the known ones of a group.

    `relation` is one of parent, served_by, children, serves, space, system; `how` one of value, sum, mean,
    min, max, any, all, count (truth values as 1 and 0). `unit` is the unit of the result.
    """

    relation: str
    key: str
    how: str
    unit: str


@dataclass(frozen=True, slots=True)
class Windowed:
    """What a window function says over the bars of a source.

    Units: `span` and `step` ns; the source in its own unit; `limit` and `minimum` in the source's unit.
    """

    function: str
    source: Term
    where: TruthTerm | None
    span: Nanos
    step: Nanos
    text: str
    series: str
    """What enters its bars, as text: the source and the condition."""
    limit: NumberTerm | None = None
    """What `time_to` looks for, or the share of `percentile`, or the least move of `reversals`."""
    counter: bool = False
    """Whether the source only grows, so that a fall is a reset."""
    unit: str = ""
    """Of `limit`, where it is one that the source may reach."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """For how many seconds the item has been known true without interruption; 0 while it is false."""

    item: TruthTerm


@dataclass(frozen=True, slots=True)
class Choice:
    """The index of the first item that holds, or their number where none does."""

    items: tuple[TruthTerm, ...]


@dataclass(frozen=True, slots=True)
class FirstKnown:
    """The first item that is known."""

    items: tuple[NumberTerm, ...]


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
class Known:
    """Whether the item is known; never unknown itself."""

    item: Term


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


NUMBERS = (
    Constant,
    PointValue,
    ParameterValue,
    WidthOf,
    Calendar,
    Previous,
    Related,
    Windowed,
    Elapsed,
    Choice,
    FirstKnown,
    Scaled,
    Arithmetic,
    Extreme,
    Absolute,
)
TRUTHS = (Flag, Coded, Comparison, Same, Known, Not, AllOf, AnyOf)
_TERMS = (*NUMBERS, *TRUTHS)


def parts(term: Term) -> Iterator[Term]:
    """The terms that a term is made of directly, in the order of its fields."""
    for field in fields(term):
        value = getattr(term, field.name)
        if isinstance(value, _TERMS):
            yield value
        elif isinstance(value, tuple):
            yield from value


def walk(term: Term, *, into_windows: bool = True) -> Iterator[Term]:
    """The term and all below it; without `into_windows` a window is a leaf."""
    yield term
    if isinstance(term, Windowed) and not into_windows:
        return
    for part in parts(term):
        yield from walk(part, into_windows=into_windows)


def point_rows(term: Term, *, into_windows: bool = True) -> frozenset[int]:
    """The rows of the points that a term reads; without `into_windows` only those that it reads now."""
    return frozenset(
        part.row
        for part in walk(term, into_windows=into_windows)
        if isinstance(part, PointValue | Flag | Coded | Previous)
    )

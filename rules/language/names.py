"""What a name in a rule's text may mean: a point, a parameter, a term of the class, the calendar."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from plantroom.catalogue import Catalogue, EquipmentClass, PointSpec
from plantroom.errors import ExpressionError
from plantroom.model import PointKind
from plantroom.units import unit
from rules.language import measures
from rules.language import tree as syntax
from rules.language.arithmetic import Numeric
from rules.language.terms import (
    Calendar,
    Choice,
    Comparison,
    Constant,
    Flag,
    NumberTerm,
    ParameterValue,
    PointValue,
    TruthTerm,
)
from rules.language.terms import Coded as CodedTerm

CALENDAR = ("hour", "weekday", "month")
ONE = ("parent", "served_by")
GROUPS = ("children", "serves", "space", "system")


@dataclass(frozen=True, slots=True)
class Worded:
    """An enum point or a state term; it means something only beside one of its words."""

    term: NumberTerm
    key: str
    words: tuple[tuple[str, int], ...]

    def named(self) -> str:
        """Its words, quoted, for people."""
        return ", ".join(f'"{word}"' for word, _ in self.words)

    def equals(self, code: int) -> TruthTerm:
        """Whether it has this code."""
        if isinstance(self.term, PointValue):
            return CodedTerm(self.term.row, code)
        return Comparison("==", self.term, Constant(float(code)))


@dataclass(frozen=True, slots=True)
class Quoted:
    """A word by itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """A point of a group of equipment; it means something only inside a function over groups."""

    relation: str
    spec: PointSpec


Checked: TypeAlias = "Numeric | TruthTerm | Worded | Quoted | Group"


class Names:
    """The names that texts of one class may use, and the terms defined so far."""

    def __init__(self, cls: EquipmentClass, catalogue: Catalogue | None) -> None:
        self.cls = cls
        self.points = {spec.key: (row, spec) for row, spec in enumerate(cls.points)}
        self.parameters = {spec.key: (row, spec) for row, spec in enumerate(cls.parameters)}
        self.terms: dict[str, Checked] = {}
        self._classes = [cls] if catalogue is None else list(catalogue)

    def find(self, tree: syntax.Name) -> Checked:
        """What a name means. Raises: ExpressionError for an unknown one, with the nearest known."""
        if tree.key in self.terms:
            return self.terms[tree.key]
        if tree.key in self.parameters:
            row, parameter = self.parameters[tree.key]
            return Numeric(ParameterValue(row), measures.of_unit(parameter.unit))
        if tree.key in self.points:
            return _point(*self.points[tree.key])
        if tree.key in CALENDAR:
            return Numeric(Calendar(tree.key), measures.NUMBER)
        near = nearest(tree.key, [*self.points, *self.parameters, *self.terms, *CALENDAR])
        raise error(tree, f"unknown name {tree.key!r} in class {self.cls.key!r}{near}")

    def row_of(self, tree: syntax.Tree) -> tuple[int, PointSpec] | None:
        """The row and the point where the tree is the bare name of a point."""
        return self.points.get(tree.key) if isinstance(tree, syntax.Name) else None

    def member(self, tree: syntax.Member) -> PointSpec:
        """The point that `relation.key` names, which all classes that have it define alike.

        Raises: ExpressionError for an unknown relation, an unknown point, or one that classes differ about.
        """
        if tree.relation not in (*ONE, *GROUPS):
            near = nearest(tree.relation, (*ONE, *GROUPS)) or f"; there are {', '.join((*ONE, *GROUPS))}"
            raise error(tree, f"unknown relation {tree.relation!r}{near}")
        found = [spec for cls in self._classes if (spec := cls.point(tree.key)) is not None]
        if not found:
            near = nearest(tree.key, {spec.key for cls in self._classes for spec in cls.points})
            raise error(tree, f"no class has a point {tree.key!r}{near}")
        first = found[0]
        for spec in found:
            if spec.kind is not first.kind or unit(spec.unit).quantity != unit(first.unit).quantity:
                raise error(tree, f"classes differ about what {tree.key!r} measures")
        if first.kind is PointKind.ENUM:
            raise error(
                tree, f"{tree.key!r} is an enumeration: other equipment is asked for numbers and flags"
            )
        return first


def _point(row: int, spec: PointSpec) -> Checked:
    if spec.kind is PointKind.BINARY:
        return Flag(row)
    if spec.kind is PointKind.ENUM:
        return Worded(PointValue(row), spec.key, tuple((spec.values or {}).items()))
    return Numeric(PointValue(row), measures.of_unit(spec.unit))


def states(key: str, branches: Iterable[tuple[str, TruthTerm]]) -> Worded:
    """A state term: the first branch that holds, `other` where none does."""
    found = list(branches)
    words = [*(word for word, _ in found), "other"]
    return Worded(
        Choice(tuple(term for _, term in found)), key, tuple((word, at) for at, word in enumerate(words))
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def error(tree: syntax.Tree, message: str) -> ExpressionError:
    """An error at the tree's place; a message that begins with a verb gets its subject."""
    if message.startswith(("is ", "compares with ")) and isinstance(tree, syntax.Name):
        message = f"{tree.key!r} {message}"
    elif message.startswith(("is ", "compares ")):
        message = f"this {message}"
    return ExpressionError(message, tree.line, tree.column)
